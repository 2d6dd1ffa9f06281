/**
 * Tasks as one client makes and sees them (2025-11-25): calls that it does not wait for. A task is the
 * gateway's own, under an id of the gateway's own, whatever the server behind calls it.
 */
import {
  type CallToolResult,
  type Notification,
  type Progress,
  ProtocolError,
  ProtocolErrorCode,
} from '@modelcontextprotocol/client';
import { systemIds } from '../../../engine/ids.ts';
import { taskLimits } from '../config/config.ts';
import type { RawResult } from '../protocol/raw-result.ts';
import { taskAnswer } from '../protocol/task-answers.ts';
import { unlessAborted } from '../protocol/unless-aborted.ts';
import { withRelatedTask } from '../protocol/related-task.ts';
import type { HearProgress } from '../protocol/progress-tokens.ts';
import { progressIn } from '../upstream/run-as-task.ts';
import { type KeptTask, type ServerTask, shownTask, type TaskStore } from './task-store.ts';

export interface TaskWork {
  readonly signal: AbortSignal;
  readonly ttlMs: number;
  /** Tells where it runs. */
  readonly onRunning: (task: ServerTask) => void;
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

/** Whose tasks these are. */
export interface TaskOwner {
  /** Clients of the same context have the same tasks. */
  readonly context: string;
  /** Says to the client how far a task is: at any time, since the call itself was answered long ago. */
  readonly tell: (notification: Notification) => void;
  /** One more runs, until `ended` resolves. */
  readonly begun?: (ended: Promise<void>) => void;
}

export const taskStatus = 'notifications/tasks/status';

export class ClientTasks {
  readonly #store: TaskStore;
  readonly #owner: TaskOwner;
  /** Those that this client made, and that run. */
  readonly #running = new Map<KeptTask, Promise<void>>();

  constructor(store: TaskStore, owner: TaskOwner) {
    this.#store = store;
    this.#owner = owner;
  }

  /** `work` never rejects. Throws an error of the protocol where there are too many tasks. */
  start(
    { ttl, progressToken }: TaskWish,
    work: (options: TaskWork) => Promise<CallToolResult>,
  ): RawResult {
    const { context, begun } = this.#owner;
    this.#store.assertRoom(context);
    const stop = new AbortController();
    const now = this.#store.clock.now();
    const ttlMs = ttlOf(ttl);
    const onRunning = (running: ServerTask): void => {
      task.running = running;
    };
    const onprogress =
      progressToken === undefined
        ? undefined
        : (progress: Progress): void => this.#tellProgress(task, { ...progress, progressToken });
    const terms = { signal: stop.signal, ttlMs, onRunning, onprogress };
    const result = Promise.resolve().then(() => work(terms));
    const task: KeptTask = {
      id: systemIds.next(now),
      context,
      ttlMs,
      createdAt: now,
      stop,
      result,
      status: 'working',
      changedAt: now,
      running: undefined,
    };
    this.#store.add(task);
    const ended = this.#follow(task);
    this.#running.set(task, ended);
    begun?.(ended);
    return taskAnswer({ task: shownTask(task) });
  }

  async #follow(task: KeptTask): Promise<void> {
    const { isError } = await task.result;
    this.#running.delete(task);
    task.running = undefined;
    if (task.status !== 'cancelled') {
      task.status = isError === true ? 'failed' : 'completed';
      task.changedAt = this.#store.clock.now();
    }
    if (this.#store.has(task)) this.#tellStatus(shownTask(task));
  }

  #tellStatus(params: RawResult): void {
    this.#owner.tell({ method: taskStatus, params });
  }

  /** A task that has ended, or is kept no more, gets no further. */
  #tellProgress(task: KeptTask, progress: RawResult): void {
    if (task.status !== 'working' || !this.#store.has(task)) return;
    const params = withRelatedTask(progress, task.id);
    this.#owner.tell({ method: 'notifications/progress', params });
  }

  /** A server said how far one of its tasks is. That it has ended is told once its call is settled. */
  heard(at: object, said: RawResult): void {
    const task = this.#runningAs(at, said['taskId']);
    const progress = progressIn(said);
    if (task?.status !== 'working' || progress === undefined) return;
    this.#tellStatus({ ...shownTask(task), ...progress });
  }

  /** As a server calls the task that it runs for this one of the client's. */
  nameAtServer(at: object, id: string): string | undefined {
    const task = [...this.#running.keys()].find((each) => each.id === id);
    return task?.running?.at === at ? task.running.id : undefined;
  }

  /** As the client calls the task that a server runs for it. */
  nameAtClient(at: object, id: string): string | undefined {
    return this.#runningAs(at, id)?.id;
  }

  #runningAs(at: object, id: unknown): KeptTask | undefined {
    const isMeant = ({ running }: KeptTask): boolean => running?.at === at && running.id === id;
    return [...this.#running.keys()].find(isMeant);
  }

  async get(id: unknown): Promise<RawResult> {
    const task = this.#find(id);
    const progress = await task.running?.progress().catch(() => undefined);
    // It may have ended meanwhile: then that is what counts.
    const runs = task.status === 'working';
    return { ...shownTask(task), ...(runs ? progress : undefined) };
  }

  /** Waits until the task has ended, or `signal` fires. */
  async result(id: unknown, signal: AbortSignal): Promise<RawResult> {
    const task = this.#find(id);
    const result = await unlessAborted(signal, task.result, 'the client no longer waits');
    return withRelatedTask(result, task.id);
  }

  list(): RawResult {
    return { tasks: this.#store.of(this.#owner.context).map((task) => shownTask(task)) };
  }

  /** Stops the call as one that its client gave up. */
  cancel(id: unknown): RawResult {
    const task = this.#find(id);
    if (task.status !== 'working') {
      const message = `the task is ${task.status}, and cannot be cancelled`;
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, message);
    }
    task.status = 'cancelled';
    task.changedAt = this.#store.clock.now();
    task.stop.abort(new Error('the client cancelled the task'));
    return shownTask(task);
  }

  /** Resolves once nothing runs any more that this client began. */
  async ended(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  /** Stops what runs of this client, and waits until servers were told and all is settled. */
  async close(): Promise<void> {
    for (const task of this.#running.keys()) {
      this.#store.remove(task);
      task.stop.abort(new Error('the client went away'));
    }
    await this.ended();
  }

  #find(id: unknown): KeptTask {
    return this.#store.find(this.#owner.context, id);
  }
}

/** A client asks for a time; what it gets is in the answer. */
function ttlOf(asked: unknown): number {
  const { ttlMs, ttlMsMin, ttlMsMax } = taskLimits;
  const isTime = typeof asked === 'number' && Number.isSafeInteger(asked) && asked >= 0;
  return isTime ? Math.min(Math.max(asked, ttlMsMin), ttlMsMax) : ttlMs;
}
