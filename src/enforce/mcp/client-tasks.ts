/**
 * Tasks of one client (2025-11-25): calls that it does not wait for. A task is the gateway's own, under an id
 * of the gateway's own: it is known to the client that made it and to nobody else, whatever the server behind
 * calls it, and it goes when its client goes.
 */
import {
  type CallToolResult,
  ProtocolError,
  ProtocolErrorCode,
  type Task,
} from '@modelcontextprotocol/client';
import { systemIds } from '../../engine/ids.ts';
import type { Clock } from '../../engine/index.ts';
import type { RawResult } from './raw-result.ts';

/** What is known of a task where it runs. */
export interface TaskProgress {
  readonly status: 'working' | 'input_required';
  readonly statusMessage?: string;
}

export interface TaskWork {
  readonly signal: AbortSignal;
  readonly ttlMs: number;
  /** Tells how to ask how far it is. */
  readonly onRunning: (progress: () => Promise<TaskProgress | undefined>) => void;
}

export const taskLimits = {
  /** Tasks of one client that are kept, running or not. */
  tasksMax: 256,
  ttlMs: 3_600_000,
  ttlMsMax: 86_400_000,
  pollIntervalMs: 1_000,
} as const;

const relatedTask = 'io.modelcontextprotocol/related-task';

interface Kept {
  readonly id: string;
  readonly ttlMs: number;
  readonly createdAt: number;
  readonly stop: AbortController;
  /** Never rejects. */
  readonly result: Promise<CallToolResult>;
  status: Task['status'];
  changedAt: number;
  progress: (() => Promise<TaskProgress | undefined>) | undefined;
}

export class ClientTasks {
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `work` never rejects. Throws an error of the protocol where the client has too many tasks. */
  start(ttl: unknown, work: (options: TaskWork) => Promise<CallToolResult>): RawResult {
    if (this.#kept.size >= taskLimits.tasksMax) {
      const message = `a client has at most ${taskLimits.tasksMax} tasks; wait until one expires`;
      throw new ProtocolError(ProtocolErrorCode.InvalidRequest, message);
    }
    const stop = new AbortController();
    const now = this.#clock.now();
    const ttlMs = ttlOf(ttl);
    const onRunning = (progress: NonNullable<Kept['progress']>): void => {
      task.progress = progress;
    };
    const begun = Promise.resolve();
    const result = begun.then(() => work({ signal: stop.signal, ttlMs, onRunning }));
    const task: Kept = {
      id: systemIds.next(now),
      ttlMs,
      createdAt: now,
      stop,
      result,
      status: 'working',
      changedAt: now,
      progress: undefined,
    };
    this.#kept.set(task.id, task);
    void this.#follow(task);
    return { task: this.#shown(task) };
  }

  async #follow(task: Kept): Promise<void> {
    const { isError } = await task.result;
    task.progress = undefined;
    if (task.status !== 'cancelled') {
      task.status = isError === true ? 'failed' : 'completed';
      task.changedAt = this.#clock.now();
    }
    const left = task.createdAt + task.ttlMs - this.#clock.now();
    this.#clock.after(Math.max(0, left), () => this.#kept.delete(task.id));
  }

  async get(id: unknown): Promise<RawResult> {
    const task = this.#find(id);
    const progress = await task.progress?.().catch(() => undefined);
    // It may have ended meanwhile: then that is what counts.
    const runs = task.status === 'working';
    return { ...this.#shown(task), ...(runs ? progress : undefined) };
  }

  /** Waits until the task has ended, or `signal` fires. */
  async result(id: unknown, signal: AbortSignal): Promise<RawResult> {
    const task = this.#find(id);
    const { promise: gone, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(new Error('the client no longer waits'));
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const result = await Promise.race([task.result, gone]);
      return { ...result, _meta: { ...result._meta, [relatedTask]: { taskId: task.id } } };
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  list(): RawResult {
    return { tasks: [...this.#kept.values()].map((task) => this.#shown(task)) };
  }

  /** Stops the call as one that its client gave up. */
  cancel(id: unknown): RawResult {
    const task = this.#find(id);
    if (task.status !== 'working') {
      const message = `the task is ${task.status}, and cannot be cancelled`;
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, message);
    }
    task.status = 'cancelled';
    task.changedAt = this.#clock.now();
    task.stop.abort(new Error('the client cancelled the task'));
    return this.#shown(task);
  }

  /** The client is gone: stops what runs, and waits until servers were told and all is settled. */
  async close(): Promise<void> {
    const all = [...this.#kept.values()];
    this.#kept.clear();
    for (const { stop } of all) stop.abort(new Error('the client went away'));
    await Promise.all(all.map(({ result }) => result));
  }

  #find(id: unknown): Kept {
    const task = typeof id === 'string' ? this.#kept.get(id) : undefined;
    if (task !== undefined) return task;
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'there is no such task');
  }

  #shown({ id, status, createdAt, changedAt, ttlMs }: Kept): Task {
    return {
      taskId: id,
      status,
      createdAt: new Date(createdAt).toISOString(),
      lastUpdatedAt: new Date(changedAt).toISOString(),
      ttl: ttlMs,
      pollInterval: taskLimits.pollIntervalMs,
    };
  }
}

/** A client asks for a time; what it gets is in the answer. */
function ttlOf(asked: unknown): number {
  const isTime = typeof asked === 'number' && Number.isSafeInteger(asked) && asked >= 0;
  return isTime ? Math.min(asked, taskLimits.ttlMsMax) : taskLimits.ttlMs;
}
