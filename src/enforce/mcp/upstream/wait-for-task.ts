/**
 * A call that a server of 2026-07-28 answered with a task (SEP-2663): asked about until it has ended, with
 * what the server needs of the client meanwhile, and cancelled where nobody waits any more.
 */
import { ProtocolError, type Tool } from '@modelcontextprotocol/client';
import type { Clock } from '../../../engine/index.ts';
import { taskLimits } from '../config/config.ts';
import type { ClientRequest } from '../protocol/client-request.ts';
import type { RawResult } from '../protocol/raw-result.ts';
import { withRelatedTask } from '../protocol/related-task.ts';
import { unlessAborted } from '../protocol/unless-aborted.ts';
import { checked } from './checked-result.ts';
import { progressIn, type ServerTask } from './server-task.ts';

const givenUp = 'nobody waits for it any more';

export interface WaitTerms {
  readonly tool: Tool;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Sends a request about the task, which gives up when `signal` fires. */
  readonly send: (method: string, params: RawResult, signal?: AbortSignal) => Promise<RawResult>;
  /** What the client can be asked. */
  readonly questions: readonly string[];
  /** Asks the client, in the server's name for the task. */
  readonly ask: (request: ClientRequest) => Promise<RawResult>;
  /** The server has the task. */
  readonly onTask?: ((task: Omit<ServerTask, 'at'>) => void) | undefined;
}

/** Throws what the call failed with, or an error where nobody knows what it did. */
export async function waitForTask(begun: RawResult, terms: WaitTerms): Promise<RawResult> {
  const { taskId } = begun;
  if (typeof taskId !== 'string' || taskId === '') throw new Error('its task has no `taskId`');
  const about: Answering = { taskId, answered: new Set(), terms, latest: begun };
  terms.onTask?.({ id: taskId, progress: async () => progressIn(about.latest) });
  let ended: RawResult;
  try {
    ended = await untilEnded(about);
  } catch (failure) {
    void terms.send('tasks/cancel', { taskId }).catch(() => {});
    // Whatever it was, the task was begun: it is no refusal, and the server was there.
    throw new Error(failure instanceof Error ? failure.message : String(failure), {
      cause: failure,
    });
  }
  const { status, result, error } = ended;
  if (status === 'completed') return checked(terms.tool, Object(result) as RawResult);
  if (status === 'failed') throw failureOf(error);
  throw new Error(`its task is ${String(status)}`);
}

async function untilEnded(about: Answering): Promise<RawResult> {
  const { taskId, terms } = about;
  for (;;) {
    const task = about.latest;
    const { status } = task;
    if (status !== 'working' && status !== 'input_required') return task;
    if (status === 'input_required') await answer(task, about);
    await pause(task, terms);
    about.latest = await terms.send('tasks/get', { taskId }, terms.signal);
  }
}

interface Answering {
  readonly taskId: string;
  /** What was asked and answered already: a server repeats its questions until it has the answers. */
  readonly answered: Set<string>;
  readonly terms: WaitTerms;
  /** The task as the server told it last. */
  latest: RawResult;
}

async function answer(task: RawResult, { taskId, answered, terms }: Answering): Promise<void> {
  const asked = Object.entries(Object(task['inputRequests']) as RawResult);
  for (const [key, question] of asked.filter(([each]) => !answered.has(each))) {
    const { method, params } = Object(question) as Partial<ClientRequest>;
    if (method === undefined || !terms.questions.includes(method)) {
      throw new Error(`its task asks for \`${String(method)}\`, which nobody can be asked`);
    }
    answered.add(key);
    const { signal } = terms;
    const asking = { method, params: withRelatedTask(Object(params) as RawResult, taskId), signal };
    const said = await unlessAborted(signal, terms.ask(asking), givenUp);
    await terms.send('tasks/update', { taskId, inputResponses: { [key]: said } }, signal);
  }
}

/** As long as the server says, within bounds. */
async function pause({ pollIntervalMs: asked }: RawResult, terms: WaitTerms): Promise<void> {
  const { pollIntervalMs, pollIntervalMsMin, pollIntervalMsMax } = taskLimits;
  const ms = typeof asked === 'number' ? asked : pollIntervalMs;
  const { promise, resolve } = Promise.withResolvers<void>();
  const within = Math.min(Math.max(ms, pollIntervalMsMin), pollIntervalMsMax);
  const cancel = terms.clock.after(within, resolve);
  await unlessAborted(terms.signal, promise, givenUp).finally(cancel);
}

/** A failed task is a call that was answered with an error of the protocol. */
function failureOf(error: unknown): Error {
  const { code, message } = Object(error) as {
    readonly code?: unknown;
    readonly message?: unknown;
  };
  if (typeof code !== 'number' || typeof message !== 'string') {
    return new Error('its task failed, and it does not say how');
  }
  return new ProtocolError(code, message);
}
