/**
 * The tasks of one client that run, and the store in which they are kept: whatever era of the protocol it
 * speaks, a task is the gateway's own, under an id of the gateway's own, whatever the server behind calls it.
 */
import type { CallToolResult } from '@modelcontextprotocol/client';
import type { KeptTask, TaskStatus, TaskStore } from './task-store.ts';

/** Whose tasks these are. */
export interface TaskOwner {
  /** Clients of the same context have the same tasks. */
  readonly context: string;
  /** One more runs, until `ended` resolves. */
  readonly begun?: ((ended: Promise<void>) => void) | undefined;
}

type Ended = (task: KeptTask, result: CallToolResult) => void;

export class RunningTasks {
  readonly store: TaskStore;
  readonly #owner: TaskOwner;
  /** Those that this client made. */
  readonly #running = new Map<KeptTask, Promise<void>>();

  constructor(store: TaskStore, owner: TaskOwner) {
    this.store = store;
    this.#owner = owner;
  }

  /** Why it can have no task more, or undefined. */
  get problem(): string | undefined {
    return this.store.problem(this.#owner.context);
  }

  get kept(): readonly KeptTask[] {
    return this.store.of(this.#owner.context);
  }

  /** Keeps a task that runs from now on; `ended` says what becomes of it with its result. */
  keep(
    made: Pick<KeptTask, 'id' | 'ttlMs' | 'stop' | 'result' | 'questions' | 'running'>,
    ended: Ended,
  ): KeptTask {
    const now = this.store.clock.now();
    const { context, begun } = this.#owner;
    const task: KeptTask = { ...made, context, createdAt: now, changedAt: now, status: 'working' };
    this.store.add(task);
    const following = this.#follow(task, ended);
    this.#running.set(task, following);
    begun?.(following);
    return task;
  }

  async #follow(task: KeptTask, ended: Ended): Promise<void> {
    const result = await task.result;
    this.#running.delete(task);
    task.running = undefined;
    task.questions?.close('the call is over');
    ended(task, result);
  }

  /** What has ended, or was cancelled, stays so. */
  change(task: KeptTask, status: TaskStatus): void {
    if (task.status !== 'working') return;
    task.status = status;
    task.changedAt = this.store.clock.now();
  }

  /** Stops the call as one that its client gave up. */
  cancel(task: KeptTask): void {
    this.change(task, 'cancelled');
    task.stop.abort(new Error('the client cancelled the task'));
  }

  /** As a server calls the task that it runs for this one of the client's. */
  nameAtServer(at: object, id: string): string | undefined {
    const task = [...this.#running.keys()].find((each) => each.id === id);
    return task?.running?.at === at ? task.running.id : undefined;
  }

  /** As the client calls the task that a server runs for it. */
  nameAtClient(at: object, id: string): string | undefined {
    return this.as(at, id)?.id;
  }

  /** The client's task that a server calls so. */
  as(at: object, id: unknown): KeptTask | undefined {
    const isMeant = ({ running }: KeptTask): boolean => running?.at === at && running.id === id;
    return [...this.#running.keys()].find(isMeant);
  }

  /** Throws the same error of the protocol for a task of somebody else as for one that is not there. */
  find(id: unknown): KeptTask {
    return this.store.find(this.#owner.context, id);
  }

  /** Resolves once nothing runs any more that this client began. */
  async ended(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  /** Stops what runs of this client, and waits until servers were told and all is settled. */
  async close(): Promise<void> {
    for (const task of this.#running.keys()) {
      this.store.remove(task);
      task.stop.abort(new Error('the client went away'));
    }
    await this.ended();
  }
}
