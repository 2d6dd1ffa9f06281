/** Tasks as a client of 2025-11-25 makes and sees them: calls that it does not wait for. */
import {
  type CallToolResult,
  type Notification,
  type Progress,
  ProtocolError,
  ProtocolErrorCode,
  type Task,
} from '@modelcontextprotocol/client';
import { systemIds } from '../../../engine/ids.ts';
import { taskLimits } from '../config/config.ts';
import type { HearProgress } from '../protocol/progress-tokens.ts';
import type { RawResult } from '../protocol/raw-result.ts';
import { withRelatedTask } from '../protocol/related-task.ts';
import { taskAnswer } from '../protocol/task-answers.ts';
import { unlessAborted } from '../../unless-aborted.ts';
import { progressIn, type ServerTask } from '../upstream/server-task.ts';
import type { RunningTasks } from './running-tasks.ts';
import type { KeptTask } from './task-store.ts';

export interface TaskWork {
  readonly signal: AbortSignal;
  readonly ttlMs: number;
  /** Tells where it runs; says whether the client can be asked several things at once. */
  readonly onRunning: (task: ServerTask) => boolean;
  /** Tells how far it is; undefined where the client did not ask for that. */
  readonly onprogress: HearProgress | undefined;
}

/** A task as its client wants it. */
export interface TaskWish {
  /** How long it shall be kept, ms. */
  readonly ttl?: unknown;
  /** Under which the client wants to hear how far it is, for as long as it runs. */
  readonly progressToken?: unknown;
}

export const taskStatus = 'notifications/tasks/status';

export class ClientTasks {
  readonly #tasks: RunningTasks;
  /** Says to the client how far a task is: at any time, since the call itself was answered long ago. */
  readonly #tell: (notification: Notification) => void;
  /** Those that were made here: of others a client of 2025-11-25 hears nothing. */
  readonly #made = new WeakSet<KeptTask>();

  constructor(tasks: RunningTasks, tell: (notification: Notification) => void) {
    this.#tasks = tasks;
    this.#tell = tell;
  }

  /** `work` never rejects. Throws an error of the protocol where there are too many tasks. */
  start(
    { ttl, progressToken }: TaskWish,
    work: (options: TaskWork) => Promise<CallToolResult>,
  ): RawResult {
    const { problem } = this.#tasks;
    if (problem !== undefined) throw new ProtocolError(ProtocolErrorCode.InvalidRequest, problem);
    const stop = new AbortController();
    const ttlMs = ttlOf(ttl);
    const onRunning = (running: ServerTask): boolean => {
      task.running = running;
      return true;
    };
    const onprogress =
      progressToken === undefined
        ? undefined
        : (progress: Progress): void => this.#tellProgress(task, { ...progress, progressToken });
    const terms = { signal: stop.signal, ttlMs, onRunning, onprogress };
    const result = Promise.resolve().then(() => work(terms));
    const id = systemIds.next(this.#tasks.store.clock.now());
    const made = { id, ttlMs, stop, result, running: undefined, questions: undefined };
    const task = this.#tasks.keep(made, (ended, { isError }) => {
      this.#tasks.change(ended, isError === true ? 'failed' : 'completed');
      if (this.#tasks.store.has(ended)) this.#tellStatus(shownTask(ended));
    });
    this.#made.add(task);
    return taskAnswer({ task: shownTask(task) });
  }

  #tellStatus(params: RawResult): void {
    this.#tell({ method: taskStatus, params });
  }

  /** A task that has ended, or is kept no more, gets no further. */
  #tellProgress(task: KeptTask, progress: RawResult): void {
    if (task.status !== 'working' || !this.#tasks.store.has(task)) return;
    const params = withRelatedTask(progress, task.id);
    this.#tell({ method: 'notifications/progress', params });
  }

  /** A server said how far one of its tasks is. That it has ended is told once its call is settled. */
  heard(at: object, said: RawResult): void {
    const task = this.#tasks.as(at, said['taskId']);
    const progress = progressIn(said);
    if (task?.status !== 'working' || progress === undefined || !this.#made.has(task)) return;
    this.#tellStatus({ ...shownTask(task), ...progress });
  }

  async get(id: unknown): Promise<RawResult> {
    const task = this.#tasks.find(id);
    const progress = await task.running?.progress().catch(() => undefined);
    // It may have ended meanwhile: then that is what counts.
    const runs = task.status === 'working';
    return { ...shownTask(task), ...(runs ? progress : undefined) };
  }

  /** Waits until the task has ended, or `signal` fires. */
  async result(id: unknown, signal: AbortSignal): Promise<RawResult> {
    const task = this.#tasks.find(id);
    const result = await unlessAborted(signal, task.result, 'the client no longer waits');
    return withRelatedTask(result, task.id);
  }

  list(): RawResult {
    return { tasks: this.#tasks.kept.map((task) => shownTask(task)) };
  }

  /** Stops the call as one that its client gave up. */
  cancel(id: unknown): RawResult {
    const task = this.#tasks.find(id);
    if (task.status !== 'working') {
      const message = `the task is ${task.status}, and cannot be cancelled`;
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, message);
    }
    this.#tasks.cancel(task);
    return shownTask(task);
  }
}

/** As clients of 2025-11-25 are shown it. */
function shownTask({ id, status, createdAt, changedAt, ttlMs }: KeptTask): Task {
  return {
    taskId: id,
    status,
    createdAt: new Date(createdAt).toISOString(),
    lastUpdatedAt: new Date(changedAt).toISOString(),
    ttl: ttlMs,
    pollInterval: taskLimits.pollIntervalMs,
  };
}

/** A client asks for a time; what it gets is in the answer. */
function ttlOf(asked: unknown): number {
  const { ttlMs, ttlMsMin, ttlMsMax } = taskLimits;
  const isTime = typeof asked === 'number' && Number.isSafeInteger(asked) && asked >= 0;
  return isTime ? Math.min(Math.max(asked, ttlMsMin), ttlMsMax) : ttlMs;
}
