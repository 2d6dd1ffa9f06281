/**
 * A call that a server of 2026-07-28 answered with a task (SEP-2663): asked about until it has ended, with
 * what the server needs of the client meanwhile, and cancelled where nobody waits any more.
 */
import { ProtocolError, type Tool } from '@modelcontextprotocol/client';
import { type Clock, thrownMessage } from '../../../engine/index.ts';
import { taskLimits } from '../config/config.ts';
import type { ClientRequest } from '../protocol/client-request.ts';
import type { RawResult } from '../protocol/raw-result.ts';
import { withRelatedTask } from '../protocol/related-task.ts';
import { unlessAborted } from '../../unless-aborted.ts';
import { checked } from './checked-result.ts';
import { progressIn, type ServerTask, type TaskProgress } from './server-task.ts';

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
  /** The server has the task. Says whether the client can be asked more than one question at once. */
  readonly onTask?: ((task: Omit<ServerTask, 'at'>) => boolean) | undefined;
}

/** Throws what the call failed with, or an error where nobody knows what it did. */
export async function waitForTask(begun: RawResult, terms: WaitTerms): Promise<RawResult> {
  const { taskId } = begun;
  if (typeof taskId !== 'string' || taskId === '') throw new Error('its task has no `taskId`');
  const about = new Asking(begun, taskId, terms);
  let ended: RawResult;
  try {
    ended = await about.untilEnded();
  } catch (failure) {
    void terms.send('tasks/cancel', { taskId }).catch(() => {});
    // Whatever it was, the task was begun: it is no refusal, and the server was there.
    throw new Error(thrownMessage(failure), { cause: failure });
  } finally {
    about.close();
  }
  const { status, result, error } = ended;
  if (status === 'completed') return checked(terms.tool, Object(result) as RawResult);
  if (status === 'failed') throw failureOf(error);
  throw new Error(`its task is ${String(status)}`);
}

/** The questions of one task, each of which is asked once, however often its server repeats it. */
class Asking {
  readonly #taskId: string;
  readonly #terms: WaitTerms;
  /** By the server's keys; each ends the question that it is of. */
  readonly #asked = new Map<string, AbortController>();
  readonly #failed = Promise.withResolvers<never>();
  readonly #isAtOnce: boolean;
  /** As the server told it last. */
  #task: RawResult;

  constructor(begun: RawResult, taskId: string, terms: WaitTerms) {
    this.#task = begun;
    this.#taskId = taskId;
    this.#terms = terms;
    this.#failed.promise.catch(() => {});
    const progress = async (): Promise<TaskProgress | undefined> => progressIn(this.#task);
    this.#isAtOnce = terms.onTask?.({ id: taskId, progress }) ?? false;
  }

  async untilEnded(): Promise<RawResult> {
    const { send, signal } = this.#terms;
    while (this.#task['status'] === 'working' || this.#task['status'] === 'input_required') {
      await this.#ask();
      await this.#unlessFailed(pause(this.#task, this.#terms));
      const asking = send('tasks/get', { taskId: this.#taskId }, signal);
      this.#task = await this.#unlessFailed(asking);
    }
    return this.#task;
  }

  #unlessFailed<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#failed.promise]);
  }

  /** Asks what the server asks now, and no more what it asks no more. */
  async #ask(): Promise<void> {
    const isAsking = this.#task['status'] === 'input_required';
    const questions = isAsking ? (Object(this.#task['inputRequests']) as RawResult) : {};
    for (const [key, asked] of this.#asked) {
      if (!Object.hasOwn(questions, key)) asked.abort(new Error('the server asks it no more'));
    }
    for (const [key, question] of Object.entries(questions)) {
      if (this.#asked.has(key)) continue;
      const { method, params } = Object(question) as Partial<ClientRequest>;
      if (method === undefined || !this.#terms.questions.includes(method)) {
        throw new Error(`its task asks for \`${String(method)}\`, which nobody can be asked`);
      }
      const answered = this.#answer(key, { method, params });
      if (this.#isAtOnce) answered.catch(this.#failed.reject);
      else await answered;
    }
  }

  async #answer(key: string, { method, params }: ClientRequest): Promise<void> {
    const { send, ask, signal: everything } = this.#terms;
    const asked = new AbortController();
    this.#asked.set(key, asked);
    const signal = AbortSignal.any([everything, asked.signal]);
    const about = withRelatedTask(Object(params) as RawResult, this.#taskId);
    try {
      const said = await unlessAborted(signal, ask({ method, params: about, signal }), givenUp);
      const inputResponses = { [key]: said };
      await send('tasks/update', { taskId: this.#taskId, inputResponses }, everything);
    } catch (failure) {
      if (!asked.signal.aborted) throw failure;
      // It may be asked again one day: nobody has answered it.
      this.#asked.delete(key);
    }
  }

  /** Nobody waits for an answer any more. */
  close(): void {
    for (const asked of this.#asked.values()) asked.abort(new Error(givenUp));
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
