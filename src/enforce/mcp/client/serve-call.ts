/**
 * `tools/call` as a client makes it: in one request, or in rounds where somebody has to be asked. A client of
 * 2025 is asked while its call waits; one of 2026-07-28 gets the question as its answer, with a state that is
 * signed, good for this session and method alone, and expires.
 */
import {
  type CallToolResult,
  ProtocolError,
  ProtocolErrorCode,
} from '@modelcontextprotocol/client';
import {
  inputRequired,
  type InputRequiredResult,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { systemIds } from '../../../engine/ids.ts';
import type { Decision } from '../../../engine/index.ts';
import { quoted } from '../../../kernel/index.ts';
import { assertDecided } from '../../granted.ts';
import { approvalQuestion, canShowForm, decideAtClient } from '../call/approval-at-client.ts';
import { callTool, type ToolCall } from '../call/call.ts';
import type { ParkedCall } from '../call/parked.ts';
import { shownQuestion } from '../call/questions.ts';
import { refusalResult } from '../call/refusal.ts';
import { type RoundState, stateSeconds } from '../call/round-states.ts';
import { taskLimits } from '../config/config.ts';
import { declaredWith } from '../protocol/capabilities.ts';
import type { RawResult } from '../protocol/raw-result.ts';
import { declaresTasks } from '../protocol/tasks-extension.ts';
import type { ServerTask } from '../upstream/server-task.ts';
import type { ForwardOptions } from '../upstream/upstream.ts';
import type { GatewaySession } from './gateway-session.ts';

export interface CallRequest {
  readonly name: string;
  readonly arguments: unknown;
  readonly meta: Readonly<Record<string, unknown>> | undefined;
  readonly onprogress: ForwardOptions['onprogress'];
  readonly logLevel: ForwardOptions['logLevel'];
  /** Of a client of 2025-11-25 that does not wait for the result: what it says of the task. */
  readonly task: { readonly ttl?: unknown } | undefined;
  /** A result in the shape that the client's era has for it. */
  readonly shown: (result: CallToolResult) => CallToolResult;
}

/** A client of the later era says with each request what it is able to do. */
function isModern({ mcpReq }: ServerContext): boolean {
  return mcpReq.envelope !== undefined;
}

export function serveCall(
  server: Server,
  session: GatewaySession,
  request: CallRequest,
  context: ServerContext,
): Promise<CallToolResult | InputRequiredResult | RawResult> {
  if (isModern(context)) return serveInRounds(session, request, context);
  const { task, shown: _, ...call } = request;
  if (task === undefined) return serveAtOnce(server, session, call, context.mcpReq);
  return serveAsTask(server, session, { ...call, task });
}

/** Answers with the task, whatever becomes of the call: that is the task's result. */
async function serveAsTask(
  server: Server,
  session: GatewaySession,
  { task, ...call }: Omit<CallRequest, 'shown'> & { readonly task: { readonly ttl?: unknown } },
): Promise<RawResult> {
  const { execution } = session.catalogue.get(call.name)?.raw ?? { execution: anyWay };
  if (execution?.taskSupport === undefined || execution.taskSupport === 'forbidden') {
    const message = `the tool ${quoted(call.name)} does not run as a task`;
    throw new ProtocolError(ProtocolErrorCode.MethodNotFound, message);
  }
  const wish = { ttl: task.ttl, progressToken: call.meta?.['progressToken'] };
  // What goes with the answer to the request ends with it, and the task does not.
  return session.tasks.start(wish, ({ signal, ttlMs, onRunning, onprogress }) =>
    serveAtOnce(server, session, { ...call, onprogress, task: { ttlMs, onRunning } }, { signal }),
  );
}

/** Nobody knows what a tool would have supported that is not there: that is denied, as a task. */
const anyWay = { taskSupport: 'optional' } as const;

function serveAtOnce(
  server: Server,
  session: GatewaySession,
  request: Omit<ToolCall, 'signal' | 'onPending'>,
  { signal }: { readonly signal: AbortSignal },
): Promise<CallToolResult> {
  const onPending = async (decision: Decision): Promise<'again' | undefined> => {
    const { ticket = '' } = decision;
    const { atClient } = session.approvals;
    const canAsk = canShowForm(server.getClientCapabilities() ?? {});
    const question =
      atClient === undefined || !canAsk ? undefined : await approvalQuestion(session.plane, ticket);
    if (atClient === undefined || question === undefined) return waited(session, decision, signal);
    // Whoever decides elsewhere meanwhile ends the question.
    const elsewhere = new AbortController();
    const answered = new AbortController();
    const wait = { signal: answered.signal };
    const decided = session.control.ticketDecided(ticket, wait).then(() => elsewhere.abort());
    decided.catch(() => {});
    const asked = AbortSignal.any([signal, elsewhere.signal]);
    try {
      const answer = await server.elicitInput(question, {
        signal: asked,
        timeout: stateSeconds * 1_000,
      });
      return (await decideAtClient(session.plane, atClient, ticket, answer)) ? 'again' : undefined;
    } catch (failure) {
      if (elsewhere.signal.aborted) return decidedElsewhere(session, decision);
      session.report(`the client could not be asked about ticket ${ticket}: ${String(failure)}`);
      return undefined;
    } finally {
      answered.abort();
    }
  };
  return callTool(session.calling, { ...request, signal, onPending });
}

async function serveInRounds(
  session: GatewaySession,
  request: CallRequest,
  context: ServerContext,
): Promise<CallToolResult | InputRequiredResult | RawResult> {
  const { mcpReq } = context;
  const state = mcpReq.requestState<RoundState>();
  const parked = state?.kind === 'question' ? session.parked.find(state.call) : undefined;
  if (state?.kind === 'question') {
    const answer = mcpReq.inputResponses?.[state.question] as RawResult | undefined;
    if (parked?.answer(state.question, answer) !== true) return goneAway();
    return round(session, parked, request, context);
  }
  let asked: InputRequiredResult | undefined;
  const onPending: ToolCall['onPending'] = async (decision) => {
    const { ticket = '' } = decision;
    const { atClient } = session.approvals;
    const answer = mcpReq.inputResponses?.['approval'];
    if (atClient !== undefined && state?.ticket === ticket && answer !== undefined) {
      return (await decideAtClient(session.plane, atClient, ticket, answer)) ? 'again' : undefined;
    }
    if (atClient !== undefined && canShowForm(declaredWith(mcpReq))) {
      asked = await approvalRound(session, ticket, context);
      if (asked !== undefined) return undefined;
    }
    return waited(session, decision, mcpReq.signal);
  };
  const { task: _, shown, ...made } = request;
  const onRunning = (at: ServerTask): boolean => {
    const task = session.extensionTasks.adopt(call, at, shown);
    if (task !== undefined) call.becomes(task);
    return call.isTask;
  };
  const task = { ttlMs: taskLimits.ttlMs, onRunning };
  const answerable = declaresTasks(declaredWith(mcpReq)) ? { task } : {};
  const call: ParkedCall = session.parked.start(systemIds.next(session.clock.now()), (running) =>
    callTool(session.calling, { ...made, ...answerable, ...running, onPending }),
  );
  const next = await round(session, call, request, context);
  return asked ?? next;
}

/** The result of a call, the task that it became, or the question that it has to ask first. */
async function round(
  session: GatewaySession,
  call: ParkedCall,
  { onprogress }: CallRequest,
  context: ServerContext,
): Promise<CallToolResult | InputRequiredResult | RawResult> {
  const { mcpReq } = context;
  const knowsTasks = declaresTasks(declaredWith(mcpReq));
  const next = await call.next({ signal: mcpReq.signal, onprogress, knowsTasks });
  if (next.kind === 'task') return next.task;
  if (next.kind === 'result') {
    session.parked.forget(call);
    return next.result;
  }
  const { id, request } = next;
  const state = { kind: 'question', call: call.id, question: id } as const;
  return inputRequired({
    inputRequests: { [id]: shownQuestion(request) as never },
    requestState: await session.states.mint(state, context),
  });
}

async function approvalRound(
  session: GatewaySession,
  ticket: string,
  context: ServerContext,
): Promise<InputRequiredResult | undefined> {
  const question = await approvalQuestion(session.plane, ticket);
  if (question === undefined) return undefined;
  return inputRequired({
    inputRequests: { approval: inputRequired.elicit(question) },
    requestState: await session.states.mint({ kind: 'approval', ticket }, context),
  });
}

/** Waits as long as the configuration says for somebody to decide elsewhere. */
async function waited(
  session: GatewaySession,
  decision: Decision,
  signal: AbortSignal,
): Promise<'again' | undefined> {
  const { waitMs } = session.approvals;
  if (waitMs === 0 || signal.aborted) return undefined;
  const over = new AbortController();
  const cancel = session.clock.after(waitMs, () => over.abort());
  const ends = AbortSignal.any([signal, over.signal]);
  try {
    await session.control.ticketDecided(decision.ticket ?? '', { signal: ends });
  } catch (failure) {
    if (ends.aborted) return undefined;
    throw failure;
  } finally {
    cancel();
  }
  return decidedElsewhere(session, decision);
}

async function decidedElsewhere(session: GatewaySession, decision: Decision): Promise<'again'> {
  await assertDecided(session.control, decision);
  return 'again';
}

function goneAway(): CallToolResult {
  const refusal = {
    code: 'call-gone',
    message: 'the call that this answers is over, or was never asked this',
    help: 'make the call again',
  };
  return refusalResult(refusal, { withStructure: false });
}
