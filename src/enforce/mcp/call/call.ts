/**
 * One `tools/call`, from the client's words to the server's answer: decided, permitted, forwarded, settled.
 *
 * Nothing is decided here. The name is looked up exactly, the arguments are read once and forwarded as they
 * were decided on, and whatever comes of it is settled before the client hears of it.
 */
import { type CallToolResult, ProtocolError } from '@modelcontextprotocol/client';
import {
  ControlPlaneError,
  type Decision,
  type Session,
  thrownMessage,
} from '../../../engine/index.ts';
import { limits } from '../../../kernel/index.ts';
import { ActionRefused } from '../../action-refused.ts';
import { recordAttempt } from '../../attempt.ts';
import { type CallOptions, grant, type Granted, settle } from '../../granted.ts';
import { passingLimits, type ResultTerms, taskLimits } from '../config/config.ts';
import { forwardedMeta, metaKeys, withoutHopMeta } from '../protocol/meta-keys.ts';
import type { RawResult } from '../protocol/raw-result.ts';
import type { Catalogue } from '../tools/catalogue.ts';
import type { OfferedTool } from '../tools/definition.ts';
import { callAsTask, runsTasks, taskProgress } from '../upstream/run-as-task.ts';
import { UpstreamUnavailable } from '../upstream/unavailable.ts';
import type { ForwardOptions, Upstream } from '../upstream/upstream.ts';
import type { Answers } from './answers.ts';
import type { TaskWork } from './client-tasks.ts';
import { CallFailed, type Refusal, refusalOf, refusalResult } from './refusal.ts';
import { shownResult, tooLarge } from './shown-result.ts';

/** What a call is made in: one client's control session, and the servers it has. */
export interface Calling {
  readonly control: Session;
  readonly catalogue: Catalogue;
  readonly answers: Answers;
  readonly results: ResultTerms;
  readonly upstream: (server: string) => Upstream | undefined;
}

/** A call as the client made it. */
export interface ToolCall extends Pick<ForwardOptions, 'onprogress' | 'logLevel'> {
  readonly name: string;
  readonly arguments: unknown;
  readonly meta: Readonly<Record<string, unknown>> | undefined;
  /** Fires when the client gives up. */
  readonly signal: AbortSignal;
  /** Where the client made it as a task, or may be answered with one. */
  readonly task?: Pick<TaskWork, 'ttlMs' | 'onRunning'>;
  /** What is done about a call that waits for an approver: `again` once its ticket may be decided. */
  readonly onPending: (decision: Decision) => Promise<'again' | undefined>;
}

/** Never throws: what goes wrong is a result that says so. */
export async function callTool(calling: Calling, call: ToolCall): Promise<CallToolResult> {
  const tool = calling.catalogue.get(call.name);
  const withStructure = tool?.raw.outputSchema === undefined;
  try {
    if (tool !== undefined) return await governed(calling, call, tool);
    return refusalResult(await unknownTool(calling, call), { withStructure });
  } catch (failure) {
    return refusalResult(refusalOf(failure), { withStructure });
  }
}

async function governed(
  calling: Calling,
  call: ToolCall,
  tool: OfferedTool,
): Promise<CallToolResult> {
  const { control, answers } = calling;
  const idempotencyKey = keyOf(call.meta);
  const read = control.read(call.arguments ?? {});
  const upstream = calling.upstream(tool.server);
  if (upstream === undefined) throw new UpstreamUnavailable(tool.server, 'it is not there');
  // Nothing is decided, reserved or asked for what cannot be sent.
  assertThere(calling, upstream);
  const options: CallOptions = {
    signal: call.signal,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  };
  let granted: Awaited<ReturnType<typeof grant>>;
  try {
    granted = await grantOrAsk(call, () => grant(control, tool.bound, read, options));
  } catch (failure) {
    const given = ActionRefused.is(failure)
      ? await givenBefore(calling, failure.decision, { tool, upstream })
      : undefined;
    if (given === undefined) throw failure;
    return given;
  }
  if ('rehearsed' in granted) throw new ActionRefused(granted.decision, 'dry-run');
  const answer = answered(calling, { call, tool, upstream, granted });
  if (idempotencyKey !== undefined) answers.remember(granted.decision.id, answer);
  return await answer;
}

function assertThere({ catalogue }: Pick<Calling, 'catalogue'>, upstream: Upstream): void {
  const problem = catalogue.problemOf(upstream);
  if (problem !== undefined) throw new UpstreamUnavailable(upstream.name, problem);
}

/** The answer to the same call when it was made before, as it is remembered here or kept beside the log. */
async function givenBefore(
  { control, answers }: Calling,
  { id, replayed }: Decision,
  served: Served,
): Promise<CallToolResult | undefined> {
  const given = answers.of(id);
  if (given !== undefined || !replayed) return given;
  const kept = await control.resultOf(id);
  // Of a call that failed without a result, the text of the failure is kept.
  if (!isToolResult(kept)) return undefined;
  const answer = Promise.resolve(sized(kept, served));
  answers.remember(id, answer);
  return answer;
}

function isToolResult(value: unknown): value is CallToolResult {
  return Array.isArray((Object(value) as RawResult)['content']);
}

/** An edited call, or an approval that was void, may have to be asked about anew; not for ever. */
const askingsMax = 3;

async function grantOrAsk<T>(
  { onPending }: Pick<ToolCall, 'onPending'>,
  decide: () => Promise<T>,
): Promise<T> {
  for (let asked = 0; ; asked += 1) {
    try {
      return await decide();
    } catch (failure) {
      const waits = ActionRefused.is(failure) && failure.decision.outcome === 'require-approval';
      if (!waits || failure.decision.ticket === undefined || asked >= askingsMax) throw failure;
      if ((await onPending(failure.decision)) !== 'again') throw failure;
    }
  }
}

/** Never throws. */
async function answered(calling: Calling, forwarding: Forwarding): Promise<CallToolResult> {
  const withStructure = forwarding.tool.raw.outputSchema === undefined;
  try {
    return sized(await forwarded(calling, forwarding), forwarding);
  } catch (failure) {
    return refusalResult(refusalOf(failure), { withStructure });
  }
}

/** Within the size that results of this server may have. */
function sized(result: CallToolResult, { tool, upstream }: Served): CallToolResult {
  const withStructure = tool.raw.outputSchema === undefined;
  const refusal = tooLarge(result, upstream.config.resultBytesMax);
  return refusal === undefined ? result : refusalResult(refusal, { withStructure });
}

/** By which tool of which server. */
interface Served {
  readonly tool: OfferedTool;
  readonly upstream: Upstream;
}

interface Forwarding extends Served {
  readonly call: ToolCall;
  readonly granted: Granted;
}

/** Sends the call and settles its permit by what came of it. */
async function forwarded(
  calling: Calling,
  { call, tool, upstream, granted }: Forwarding,
): Promise<CallToolResult> {
  const { control, results: terms } = calling;
  const meta = forwardedMeta(call.meta);
  const params = {
    arguments: granted.read.value,
    ...(meta === undefined ? {} : { _meta: meta }),
  };
  let result: RawResult;
  try {
    // It may have been started again while somebody was asked.
    assertThere(calling, upstream);
    result = await sent(call, { tool, upstream, params, signal: granted.signal });
  } catch (failure) {
    const outcome = outcomeOf(failure, granted.signal);
    const settlement = { outcome, result: thrownMessage(failure) } as const;
    const settled = await settle(control, granted, settlement, failure);
    const said = String(settled.result).slice(0, passingLimits.failureLengthMax);
    throw new CallFailed(failedCall(tool.name, said, { outcome, granted }));
  }
  const outcome = result['isError'] === true ? 'failed' : 'succeeded';
  // Guardrails judge what is shown: what is left out between two halves would put them together.
  const shown = shownResult(withoutHopMeta(result), { server: tool.server, terms });
  const settled = await settle(control, granted, { outcome, result: shown });
  return settled.result as CallToolResult;
}

interface Sending extends Pick<Forwarding, 'tool' | 'upstream'> {
  readonly params: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
}

/** As a task where the client knows of it and the server runs it so, or the tool runs in no other way. */
function sent({ task, onprogress, logLevel }: ToolCall, sending: Sending): Promise<RawResult> {
  const { tool, upstream, params, signal } = sending;
  const { taskSupport } = tool.raw.execution ?? {};
  const wanted = taskSupport === 'required' || (taskSupport === 'optional' && task !== undefined);
  const { ttlMs = taskLimits.ttlMs, onRunning } = task ?? {};
  if (!wanted || !runsTasks(upstream)) {
    const onTask = onRunning;
    return upstream.callTool(tool.raw, params, { signal, onprogress, logLevel, onTask });
  }
  const onCreated = (id: string): void => {
    onRunning?.({ at: upstream, id, progress: () => taskProgress(upstream, id) });
  };
  const terms = { signal, onprogress, logLevel, ttlMs, onCreated };
  return callAsTask(upstream, tool.raw, params, terms);
}

/** A server that answered with an error says that it failed; of one that did not answer, nobody knows. */
function outcomeOf(failure: unknown, signal: AbortSignal): 'failed' | 'unknown' {
  if (signal.aborted) return 'unknown';
  if (failure instanceof UpstreamUnavailable) return 'failed';
  return failure instanceof ProtocolError ? 'failed' : 'unknown';
}

/** `said`: what the failure says, as it may be passed on. */
function failedCall(
  tool: string,
  said: string,
  { outcome, granted }: { readonly outcome: 'failed' | 'unknown'; readonly granted: Granted },
): Refusal {
  const decision = granted.decision.id;
  const { reason } = granted.permit.signal as { readonly reason: unknown };
  if (granted.permit.signal.aborted && ControlPlaneError.is(reason)) {
    const message = `\`${tool}\` was stopped (${reason.code}); whether it did anything is not known`;
    return { code: reason.code, message, decision };
  }
  if (outcome === 'failed') {
    return {
      code: 'upstream-error',
      message: `\`${tool}\` failed: ${said}`,
      decision,
    };
  }
  const message = `\`${tool}\` gave no answer: ${said}`;
  const help = 'whether it did anything is not known; find out before you call it again';
  return { code: 'upstream-no-answer', message, help, decision };
}

/** A call of a tool that is not there is denied like any other, and recorded. */
async function unknownTool({ control, catalogue }: Calling, call: ToolCall): Promise<Refusal> {
  const { name } = call;
  const meant = catalogue.meant(name);
  const refused = catalogue.refused.find((each) => each.name === name);
  const key = keyOf(call.meta);
  const decision: Decision = await recordAttempt(control, {
    name,
    input: call.arguments ?? {},
    ...(key === undefined ? {} : { idempotencyKey: key }),
  });
  if (decision.outcome !== 'allow') {
    const refusal = refusalOf(new ActionRefused(decision));
    const help = refused?.problem ?? (meant.length > 0 ? `it may mean ${meant.join(' or ')}` : '');
    return help === '' ? refusal : { ...refusal, help };
  }
  return { code: 'tool-unknown', message: 'no server offers this tool (tool-unknown)' };
}

/** The key under which a client makes a call once. Throws for one that cannot be a key. */
function keyOf(meta: ToolCall['meta']): string | undefined {
  const key = meta?.[metaKeys.idempotencyKey];
  if (key === undefined) return undefined;
  const fits = typeof key === 'string' && /^[\x21-\x7e]+$/.test(key);
  if (fits && key.length <= limits.idempotencyKeyLengthMax) return key;
  const message =
    `\`${metaKeys.idempotencyKey}\` must be 1 to ${limits.idempotencyKeyLengthMax} ` +
    'printable characters of ASCII without spaces';
  throw new ControlPlaneError('input-invalid', message);
}
