/**
 * A model call through any client: decided first, with the most that it can cost reserved; settled by what
 * the provider says it took.
 *
 * Of what is sent to the model only what is given as `input` is kept beside the log.
 */
import { assertSession } from '../a-session.ts';
import {
  assertList,
  assertMembers,
  type AuthorizeRequest,
  bindTool,
  ControlPlaneError,
  modelTool,
  type Permit,
  type Session,
  type Settlement,
  type ToolDeclaration,
} from '../../engine/index.ts';
import {
  amountCovering,
  formatAmount,
  type ModelReport,
  type ModelTerms,
} from '../../kernel/index.ts';
import { ActionRefused } from '../action-refused.ts';
import {
  type CallOptions,
  grant,
  type Granted,
  type Rehearsed,
  settle,
  settleFailed,
  settleUnbegun,
} from '../granted.ts';

export interface ModelCall extends Omit<CallOptions, 'idempotencyKey'> {
  /** As the price catalogue lists it. */
  readonly model: string;
  /** The most output tokens the provider is told to give; the model's own maximum where nothing is said. */
  readonly maxOutputTokens?: number;
  /** The most input tokens the call can have; the model's own maximum where nothing is said. */
  readonly maxInputTokens?: number;
  /** What of the request is kept beside the log and shown to guardrails: plain data. */
  readonly input?: unknown;
  /** Models that the call may go to instead where a budget asks for it. */
  readonly downgradeTo?: readonly string[];
  /** The tool that the call is of; `modelTool` by default. */
  readonly tool?: ToolDeclaration;
}

const callKnown = [
  'model',
  'maxOutputTokens',
  'maxInputTokens',
  'input',
  'downgradeTo',
  'tool',
  'estimate',
  'waitForApproval',
  'signal',
] as const satisfies readonly (keyof ModelCall)[];

/** What whoever sends the request has to keep to. */
export interface ModelContext {
  readonly model: string;
  readonly maxOutputTokens: number;
  /** Fires when the call is killed, its session aborted, its time over, or the caller gives up. */
  readonly signal: AbortSignal;
  readonly permit: Permit;
}

/** What the provider answered. */
export interface ModelAnswer<R> {
  readonly result: R;
  /** Tokens as the provider counted them; where there are none, everything that was reserved is charged. */
  readonly usage?: unknown;
  /** The model that answered, as the provider names it. */
  readonly model?: string | undefined;
  /** A cost in USD that is known to be higher than the computed one. A lower one changes nothing. */
  readonly cost?: string | number | undefined;
}

/** Calls a model. Throws `ActionRefused` where it is not allowed, and what `send` throws. */
export async function callModel<R>(
  session: Session,
  call: ModelCall,
  send: (context: ModelContext) => Promise<ModelAnswer<R>>,
): Promise<R> {
  assertSession(session);
  assertMembers('the options of a model call', call, callKnown);
  if (call.downgradeTo !== undefined) assertList('`downgradeTo`', call.downgradeTo);
  if (typeof send !== 'function') {
    throw new ControlPlaneError('input-invalid', 'there is no function that calls the model');
  }
  const granted = await grantModel(session, call);
  if ('rehearsed' in granted) throw new ActionRefused(granted.decision, 'dry-run');
  const { terms, permit, signal } = granted;
  if (signal.aborted) throw (await settleUnbegun(session, granted)).thrown;
  let settlement: ReturnType<typeof settlementOf>;
  try {
    const { name: model, outputTokensMax: maxOutputTokens } = terms;
    // What is no answer, or cannot be read as one, is a call that failed: its permit does not stay open.
    const context = Object.freeze({ model, maxOutputTokens, signal, permit });
    settlement = settlementOf(await session.attend(signal, () => send(context)));
  } catch (failure) {
    throw (await settleFailed(session, granted, failure)).thrown;
  }
  const { result } = await settle(session, granted, { ...settlement, outcome: 'succeeded' });
  return result as R;
}

export interface GrantedModel extends Granted {
  readonly terms: ModelTerms;
}

/** Decides a model call; where a budget asks for another model that the call may go to, for that one. */
export async function grantModel(
  session: Session,
  call: ModelCall,
): Promise<GrantedModel | Rehearsed> {
  const { tool = modelTool, downgradeTo = [] } = call;
  const bound = bindTool(tool);
  const models = [call.model];
  for (;;) {
    const model = models.at(-1) ?? call.model;
    const read = session.read(argumentsOf(call, model));
    try {
      const granted = await grant(session, bound, read, {
        ...call,
        model: requestOf(call, model),
      });
      if ('rehearsed' in granted) return granted;
      const { model: terms } = granted.decision;
      if (terms === undefined) throw new Error('assertion: a model call without its terms');
      return { ...granted, terms };
    } catch (failure) {
      const wanted = downgrade(failure);
      const other = downgradeTo.find((name) => session.modelId(name) === wanted);
      if (other === undefined || models.includes(other)) throw failure;
      models.push(other);
    }
  }
}

function downgrade(failure: unknown): string | undefined {
  if (!ActionRefused.is(failure) || failure.code !== 'model-downgraded') return undefined;
  return failure.decision.suggestions[0];
}

function requestOf(call: ModelCall, name: string): NonNullable<AuthorizeRequest['model']> {
  const { maxInputTokens: inputTokensMax, maxOutputTokens: outputTokensMax } = call;
  return {
    name,
    ...(inputTokensMax === undefined ? {} : { inputTokensMax }),
    ...(outputTokensMax === undefined ? {} : { outputTokensMax }),
  };
}

function argumentsOf({ maxOutputTokens, maxInputTokens, input }: ModelCall, model: string): object {
  return {
    model,
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(maxInputTokens === undefined ? {} : { maxInputTokens }),
    ...(input === undefined ? {} : { input }),
  };
}

/**
 * What a provider's answer comes to. A cost of a fraction of a micro-USD is rounded up, and one that is no
 * amount is none: the computed one counts.
 */
function settlementOf<R>({
  result,
  usage,
  model,
  cost,
}: ModelAnswer<R>): Pick<Settlement, 'usage' | 'model' | 'result'> {
  const report: ModelReport = {
    usage,
    ...(typeof model === 'string' ? { model } : {}),
  };
  const usd = cost === undefined ? undefined : amountCovering('usd', cost);
  return {
    result,
    model: report,
    ...(usd === undefined ? {} : { usage: { usd: formatAmount('usd', usd) } }),
  };
}
