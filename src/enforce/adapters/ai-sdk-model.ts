/**
 * Language models of the Vercel AI SDK (`ai` 7), governed: generate and stream.
 *
 * `governModel` gives back a model that the SDK takes like any other. Each call of it is decided first, with
 * the most that it can cost reserved, and is settled by the provider's own count before its end is passed on.
 * The model inside is in a closure: whoever has only the governed one cannot go around it.
 */
import { assertSession } from '../a-session.ts';
import { APICallError, wrapLanguageModel } from 'ai';
import {
  assertList,
  assertMembers,
  ControlPlaneError,
  type Session,
  type ToolDeclaration,
  assertTruth,
} from '../../engine/index.ts';
import { type ModelReport, quoted } from '../../kernel/index.ts';
import { ActionRefused } from '../action-refused.ts';
import { settle, settleFailed, settleUnbegun } from '../granted.ts';
import { grantModel, type GrantedModel } from '../models/call-model.ts';
import { assertApproval } from './ai-sdk-attempt.ts';
import { takenOnce } from './ai-sdk-params.ts';
import { readPrompt } from './ai-sdk-prompt.ts';
import { capAmongOptions, serversNamed } from './ai-sdk-provider-options.ts';
import { governedStream } from './ai-sdk-stream.ts';
import { thinkingTokens } from './ai-sdk-thinking.ts';
import type { AnyModel, CallParams, Generated, WrappedModel } from './ai-sdk-types.ts';
import { countOf, reportOf } from './ai-sdk-usage.ts';

export interface GovernModelOptions {
  /** The most output tokens of each call, where the call itself does not say. */
  readonly maxOutputTokens?: number;
  /** The most input tokens of a prompt, by a tokenizer; by default no more than it has bytes. */
  readonly countInput?: (params: CallParams) => number;
  /** The tokens that the provider adds to the cap for thinking; by default what its options say. */
  readonly countThinking?: (params: CallParams) => number;
  /** The fewest tokens that a part of a streamed answer can be; by default one. */
  readonly countOutput?: (delta: string) => number;
  /** Models that calls may go to instead where a budget asks for it. */
  readonly downgradeTo?: readonly AnyModel[];
  /** Names of tools that may run at the provider, out of reach of any guard; none by default. */
  readonly providerTools?: readonly string[];
  /** Whether a call that needs an approver waits for one, or is refused with its ticket. */
  readonly approval?: 'wait' | 'refuse';
  /** Whether prompts are kept beside the log and shown to guardrails, or only a digest of each. */
  readonly keepPrompts?: boolean;
  /** The tool that the calls are of; `modelTool` by default. */
  readonly tool?: ToolDeclaration;
}

/** The same model, governed in a session. A call that is refused throws `ActionRefused`. */
export function governModel(
  session: Session,
  model: AnyModel,
  options: GovernModelOptions = {},
): WrappedModel {
  assertSession(session);
  assertOptions(options);
  const models = byName([model, ...(options.downgradeTo ?? [])]);
  const granting = async (given: CallParams) => {
    const params = takenOnce(given);
    const granted = await decide(session, model.modelId, params, options);
    const target = models.get(granted.terms.name);
    if (target === undefined) throw new Error('assertion: a model that was not given');
    return { granted, target, capped: cappedParams(params, granted, options) };
  };
  return wrapLanguageModel({
    model,
    middleware: {
      specificationVersion: 'v4',
      wrapGenerate: async ({ params }) => {
        const { granted, target, capped } = await granting(params);
        const { result, content, report } = await settledOnFailure(session, granted, async () =>
          answerOf(await target.doGenerate(capped)),
        );
        const settled = await settle(session, granted, {
          outcome: 'succeeded',
          result: content,
          model: report,
        });
        const kept = { ...result, content: settled.result as typeof content };
        return settled.redacted === 0 ? kept : withoutOtherCopies(kept);
      },
      wrapStream: async ({ params }) => {
        const { granted, target, capped } = await granting(params);
        return settledOnFailure(session, granted, async () => {
          const result = await target.doStream(capped);
          const stream = governedStream(session, granted, result.stream, options.countOutput);
          return { ...result, stream };
        });
      },
    },
  });
}

/** Read before it is settled: what cannot be read as an answer is a call that failed. */
function answerOf(result: Generated) {
  const { content, usage, response } = result;
  return { result, content, report: reportOf(usage, response?.modelId) };
}

const optionsKnown = [
  'maxOutputTokens',
  'countInput',
  'countThinking',
  'countOutput',
  'downgradeTo',
  'providerTools',
  'approval',
  'keepPrompts',
  'tool',
] as const satisfies readonly (keyof GovernModelOptions)[];

/**
 * Throws `input-invalid`. A misspelt cap would be none, and of a text in place of a list each part would be
 * the name of a tool that may run out of reach.
 */
function assertOptions(options: GovernModelOptions): void {
  assertMembers('the options of a governed model', options, optionsKnown);
  const { approval, keepPrompts, ...given } = options;
  for (const list of ['providerTools', 'downgradeTo'] as const) {
    if (given[list] !== undefined) assertList(`\`${list}\``, given[list]);
  }
  for (const count of ['countInput', 'countThinking', 'countOutput'] as const) {
    if (!['undefined', 'function'].includes(typeof given[count])) {
      throw new ControlPlaneError('input-invalid', `\`${count}\` is no function`);
    }
  }
  const { maxOutputTokens: cap } = given;
  if (cap !== undefined && !(Number.isSafeInteger(cap) && cap >= 0)) {
    const message = '`maxOutputTokens` is no whole number of tokens from 0 up';
    throw new ControlPlaneError('input-invalid', message);
  }
  assertApproval(approval);
  assertTruth('keepPrompts', keepPrompts);
}

/** What was taken out of the content is in the provider's own words, too. */
function withoutOtherCopies(result: Generated): Generated {
  const { providerMetadata: _, response, ...rest } = result;
  if (response === undefined) return rest;
  const { body: __, ...kept } = response;
  return { ...rest, response: kept };
}

/** Throws `tool-ungovernable` where two go by one name: one would be called for the other. */
function byName(models: readonly AnyModel[]): ReadonlyMap<string, WrappedModel> {
  const named = new Map<string, WrappedModel>();
  for (const model of models) {
    const { modelId } = assertModel(model);
    if (named.has(modelId)) {
      const message = `two models are called \`${modelId}\``;
      throw new ControlPlaneError('tool-ungovernable', message);
    }
    named.set(modelId, raw(model));
  }
  return named;
}

/** The SDK takes a name for a model of its gateway; what it would make of it is nothing that is governed. */
function assertModel(model: AnyModel): AnyModel {
  const given: unknown = model;
  if (typeof given === 'object' && given !== null && 'doGenerate' in given) return model;
  const what = typeof given === 'string' ? quoted(given) : `a value of type ${typeof given}`;
  throw new ControlPlaneError('tool-ungovernable', `${what} is no model`, {
    help: 'give the model itself, as its provider makes it: `openai(…)`, `gateway(…)`',
  });
}

/** The model itself, whatever version of the interface it implements, without a middleware. */
function raw(model: AnyModel): WrappedModel {
  return wrapLanguageModel({ model, middleware: [] });
}

async function decide(
  session: Session,
  model: string,
  params: CallParams,
  options: GovernModelOptions,
): Promise<GrantedModel> {
  assertToolsWithinReach(params, options.providerTools ?? []);
  const { tokensMax, digest, plain } = readPrompt(params);
  const maxInputTokens = options.countInput?.(params) ?? tokensMax;
  const { reserved } = outputOf(params, options);
  const { downgradeTo = [], approval = 'wait', keepPrompts, tool } = options;
  const granted = await grantModel(session, {
    model,
    input: keepPrompts === true ? { digest, prompt: plain() } : { digest },
    downgradeTo: downgradeTo.map(({ modelId }) => modelId),
    waitForApproval: approval === 'wait',
    ...(maxInputTokens === undefined ? {} : { maxInputTokens }),
    ...(reserved === undefined ? {} : { maxOutputTokens: reserved }),
    ...(params.abortSignal === undefined ? {} : { signal: params.abortSignal }),
    ...(tool === undefined ? {} : { tool }),
  });
  if ('rehearsed' in granted) throw new ActionRefused(granted.decision, 'dry-run');
  return granted;
}

/** What the provider runs itself, no guard of ours sees. */
function assertToolsWithinReach(params: CallParams, allowed: readonly string[]): void {
  const { tools = [], providerOptions } = params;
  const tool = tools.find(({ type, name }) => type === 'provider' && !allowed.includes(name));
  const server = serversNamed(providerOptions).find((name) => !allowed.includes(name));
  if (tool === undefined && server === undefined) return;
  const what =
    tool === undefined
      ? `what MCP server ${quoted(server)} has is run by`
      : `tool \`${tool.name}\` runs at`;
  throw new ControlPlaneError(
    'tool-ungovernable',
    `${what} the provider, out of reach of a guard`,
    { help: 'leave it out, or name it in `providerTools`' },
  );
}

/**
 * The cap on what is said, and what may be thought beside it, where they are known. Reserved is the sum, and
 * no less than the provider's own options ask for; what cannot be added up is bounded by the model alone.
 */
function outputOf(params: CallParams, { maxOutputTokens, countThinking }: GovernModelOptions) {
  const cap = params.maxOutputTokens ?? maxOutputTokens;
  const thinking =
    countThinking === undefined
      ? thinkingTokens(params)
      : countOf('countThinking', countThinking(params));
  const isKnown = cap !== undefined && thinking !== undefined;
  const asked = capAmongOptions(params.providerOptions);
  return { cap, thinking, reserved: isKnown ? Math.max(cap, asked) + thinking : undefined };
}

/** What the provider is told: no more than was reserved for. */
function cappedParams(
  params: CallParams,
  { terms, signal }: GrantedModel,
  options: GovernModelOptions,
): CallParams {
  const { cap, thinking = 0 } = outputOf(params, options);
  const left = Math.max(1, terms.outputTokensMax - thinking);
  const maxOutputTokens = Math.min(cap ?? left, left);
  return { ...params, maxOutputTokens, abortSignal: signal };
}

/** A call that failed is charged in full, unless the provider says that it refused to do anything. */
async function settledOnFailure<T>(
  session: Session,
  granted: GrantedModel,
  call: () => PromiseLike<T>,
): Promise<T> {
  if (granted.signal.aborted) throw (await settleUnbegun(session, granted)).thrown;
  try {
    return await session.attend(granted.signal, call);
  } catch (failure) {
    const model: ModelReport = isRefusal(failure) ? { refused: true } : {};
    throw (await settleFailed(session, granted, failure, { model })).thrown;
  }
}

/** Statuses of HTTP with which a provider turns a request away before any model has seen it. */
const refusals: ReadonlySet<number | undefined> = new Set([
  400, 401, 402, 403, 404, 405, 413, 415, 422, 429,
]);

function isRefusal(failure: unknown): boolean {
  return APICallError.isInstance(failure) && refusals.has(failure.statusCode);
}
