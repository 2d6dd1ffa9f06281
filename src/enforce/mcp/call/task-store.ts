/**
 * Tasks that are kept, running or not, each for whom it was made and for nobody else. Over HTTP that is a
 * principal, over all its connections; otherwise one connection. Every task ends with its time.
 */
import {
  type CallToolResult,
  ProtocolError,
  ProtocolErrorCode,
} from '@modelcontextprotocol/client';
import type { Clock } from '../../../engine/index.ts';
import { taskLimits } from '../config/config.ts';
import type { ServerTask } from '../upstream/server-task.ts';
import type { OpenQuestions } from './questions.ts';

export type TaskStatus = 'working' | 'completed' | 'failed' | 'cancelled';

export interface KeptTask {
  /** Nobody can guess it. */
  readonly id: string;
  /** For whom: the same text, the same authorization context. */
  readonly context: string;
  /** From when it was created. */
  ttlMs: number;
  readonly createdAt: number;
  readonly stop: AbortController;
  /** Never rejects. */
  readonly result: Promise<CallToolResult>;
  /** What its server asks, where the client can be asked in answers only. */
  readonly questions: OpenQuestions | undefined;
  status: TaskStatus;
  changedAt: number;
  running: ServerTask | undefined;
}

export class TaskStore {
  readonly clock: Clock;
  readonly #kept = new Map<string, { readonly task: KeptTask; readonly forget: () => void }>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Why no task more can be kept, or undefined. */
  problem(context: string): string | undefined {
    const { tasksMax, tasksOfAllMax } = taskLimits;
    if (this.of(context).length >= tasksMax) {
      return `a client has at most ${tasksMax} tasks; wait until one expires`;
    }
    if (this.#kept.size < tasksOfAllMax) return undefined;
    return 'there are too many tasks; wait until one expires';
  }

  /** Until its time is over: then it is stopped where it still runs, and known no more. */
  add(task: KeptTask): void {
    const forget = this.clock.after(task.ttlMs, () => {
      this.#kept.delete(task.id);
      task.stop.abort(new Error('the time of the task is over'));
    });
    this.#kept.set(task.id, { task, forget });
  }

  /** From now on for so long, whatever its time was. One that is known no more stays so. */
  keepFor(task: KeptTask, ms: number): void {
    if (!this.has(task)) return;
    this.remove(task);
    task.ttlMs = this.clock.now() - task.createdAt + ms;
    const forget = this.clock.after(ms, () => this.#kept.delete(task.id));
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
