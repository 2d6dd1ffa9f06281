/**
 * Tasks that are kept, running or not, each for whom it was made and for nobody else (2025-11-25). Over HTTP
 * that is a principal, over all its connections; otherwise one connection. Every task ends with its time.
 */
import {
  type CallToolResult,
  ProtocolError,
  ProtocolErrorCode,
  type Task,
} from '@modelcontextprotocol/client';
import type { Clock } from '../../../engine/index.ts';
import { taskLimits } from '../config/config.ts';
import type { TaskProgress } from '../upstream/run-as-task.ts';

/** A task as its server has it. */
export interface ServerTask {
  /** Which connection to which server: ids of tasks are that one's own. */
  readonly at: object;
  readonly id: string;
  readonly progress: () => Promise<TaskProgress | undefined>;
}

export interface KeptTask {
  readonly id: string;
  /** For whom: the same text, the same authorization context. */
  readonly context: string;
  readonly ttlMs: number;
  readonly createdAt: number;
  readonly stop: AbortController;
  /** Never rejects. */
  readonly result: Promise<CallToolResult>;
  status: Task['status'];
  changedAt: number;
  running: ServerTask | undefined;
}

export class TaskStore {
  readonly clock: Clock;
  readonly #kept = new Map<string, { readonly task: KeptTask; readonly forget: () => void }>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Throws an error of the protocol where there are too many. */
  assertRoom(context: string): void {
    const { tasksMax, tasksOfAllMax } = taskLimits;
    if (this.of(context).length >= tasksMax) {
      const message = `a client has at most ${tasksMax} tasks; wait until one expires`;
      throw new ProtocolError(ProtocolErrorCode.InvalidRequest, message);
    }
    if (this.#kept.size < tasksOfAllMax) return;
    const message = 'there are too many tasks; wait until one expires';
    throw new ProtocolError(ProtocolErrorCode.InvalidRequest, message);
  }

  /** Until its time is over: then it is stopped where it still runs, and known no more. */
  add(task: KeptTask): void {
    const forget = this.clock.after(task.ttlMs, () => {
      this.#kept.delete(task.id);
      task.stop.abort(new Error('the time of the task is over'));
    });
    this.#kept.set(task.id, { task, forget });
  }

  has({ id }: KeptTask): boolean {
    return this.#kept.has(id);
  }

  /** Throws the same error of the protocol for a task of somebody else as for one that is not there. */
  find(context: string, id: unknown): KeptTask {
    const task = typeof id === 'string' ? this.#kept.get(id)?.task : undefined;
    if (task?.context === context) return task;
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'there is no such task');
  }

  of(context: string): readonly KeptTask[] {
    return [...this.#kept.values()].flatMap(({ task }) => (task.context === context ? [task] : []));
  }

  remove({ id }: KeptTask): void {
    this.#kept.get(id)?.forget();
    this.#kept.delete(id);
  }
}

/** As clients are shown it. */
export function shownTask({ id, status, createdAt, changedAt, ttlMs }: KeptTask): Task {
  return {
    taskId: id,
    status,
    createdAt: new Date(createdAt).toISOString(),
    lastUpdatedAt: new Date(changedAt).toISOString(),
    ttl: ttlMs,
    pollInterval: taskLimits.pollIntervalMs,
  };
}
