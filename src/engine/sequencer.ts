/**
 * The sequencer: the single write path, and the only caller of `storage.append`.
 *
 * Commands queue; while one commit is running the next batch grows (no timer: an idle sequencer commits at
 * once). A batch is decided on the replica's state and appended only if the log still has the size it was
 * decided on; otherwise the events of others are read and the batch is decided again. Answers go out after
 * the commit and never before.
 *
 * CRASH: before `append` nothing happened; during it the batch is whole or absent; after it the answers are
 * lost and the log has them, under the commands' ids and idempotency keys.
 */
import { type Command, limits } from '../kernel/index.ts';
import { type Storage, StorageError } from '../storage/storage.ts';
import {
  type Answered,
  type DecidedBatch,
  decideBatch,
  type PlacedEvent,
  type Submission,
} from './batch.ts';
import type { Clock } from './clock.ts';
import { ControlPlaneError, fault } from './error.ts';
import type { Replica } from './replica.ts';

interface Waiting extends Submission {
  readonly resolve: (answered: Answered) => void;
  readonly reject: (failure: unknown) => void;
}

export interface SequencerOptions {
  readonly log: string;
  readonly storage: Storage;
  readonly replica: Replica;
  readonly clock: Clock;
  /** Called with every committed event, this process's and others', in the order of the log. */
  readonly onEvents: (events: readonly PlacedEvent[]) => void;
}

/** How long an append whose outcome is unknown is looked for, and a lost race is repeated. */
const resolveAttemptsMax = 5;
const conflictAttemptsMax = 1_000;
const retryDelayMs = 20;

export class Sequencer {
  readonly #options: SequencerOptions;
  #queue: Waiting[] = [];
  /** Commands that must be written as soon as the store is back, whoever has stopped waiting for them. */
  #journal: Submission[] = [];
  #running: Promise<void> | undefined;
  #state: 'open' | 'closing' | ControlPlaneError = 'open';

  constructor(options: SequencerOptions) {
    this.#options = options;
  }

  /** Decides and commits a command. Rejects with a `ControlPlaneError` where that could not be done. */
  submit(submission: Submission): Promise<Answered> {
    if (this.#state === 'closing') return Promise.reject(fault('closed'));
    if (this.#state !== 'open') return Promise.reject(this.#state);
    if (this.#queue.length >= limits.queueLengthMax) return Promise.reject(fault('overloaded'));
    return new Promise((resolve, reject) => {
      this.#queue.push({ ...submission, resolve, reject });
      this.#start();
    });
  }

  /** Keeps a command to be written before all others, once the store takes writes again. */
  journal(submission: Submission): void {
    this.#journal.push(submission);
  }

  /** Reads what other processes appended, in between commits. */
  async follow(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    if (this.#state !== 'open') return;
    this.#running = this.#followOnce();
    await this.#running;
  }

  /** Waits for what is queued, then takes no more. */
  async close(): Promise<void> {
    if (this.#state === 'open') this.#state = 'closing';
    while (this.#running !== undefined) await this.#running;
  }

  #start(): void {
    this.#running ??= this.#run();
  }

  async #followOnce(): Promise<void> {
    try {
      this.#options.onEvents(await this.#options.replica.follow());
    } catch (failure) {
      this.#stopIfInconsistent(failure);
    } finally {
      this.#running = undefined;
      if (this.#queue.length > 0) this.#start();
    }
  }

  async #run(): Promise<void> {
    try {
      // Commands submitted in the same turn of the event loop belong to the same batch.
      await Promise.resolve();
      if (this.#journal.length > 0) await this.#writeJournal();
      while (this.#queue.length > 0) {
        const batch = this.#queue.splice(0, limits.batchCommandsMax);
        await this.#commit(batch);
      }
    } finally {
      this.#running = undefined;
    }
  }

  async #writeJournal(): Promise<void> {
    const journal = this.#journal.splice(0);
    const failed = await this.#commit(
      journal.map((submission) => ({ ...submission, resolve: () => {}, reject: () => {} })),
    );
    if (failed) this.#journal.unshift(...journal);
  }

  /** Commits one batch. Settles every waiting command, whatever happens; true where the store failed. */
  async #commit(waiting: readonly Waiting[]): Promise<boolean> {
    try {
      const decided = await this.#decideAndAppend(
        waiting.map(({ command, contents }) => ({ command, contents })),
      );
      for (const [position, outcome] of decided.outcomes.entries()) {
        const each = waiting[position];
        if ('answered' in outcome) each?.resolve(outcome.answered);
        else each?.reject(fault('internal-error', undefined, outcome.failure));
      }
      return false;
    } catch (failure) {
      this.#stopIfInconsistent(failure);
      const reason = asFault(failure);
      for (const each of waiting) each.reject(reason);
      return true;
    }
  }

  /** Anything that contradicts what this process has seen ends its work: it must not decide on either. */
  #stopIfInconsistent(failure: unknown): void {
    if (!ControlPlaneError.is(failure) || failure.code !== 'log-inconsistent') return;
    if (this.#state === 'open') this.#state = failure;
    for (const each of this.#queue.splice(0)) each.reject(failure);
  }

  async #decideAndAppend(submissions: readonly Submission[]): Promise<DecidedBatch> {
    const { log, storage, replica, clock, onEvents } = this.#options;
    const commands: readonly Command[] = submissions.map(({ command }) => command);
    for (let attempt = 0; attempt < conflictAttemptsMax; attempt += 1) {
      onEvents(await replica.load(commands));
      const decided = decideBatch(log, replica.head, replica.cache, submissions, clock.now());
      if (await this.#append(storage, decided)) {
        for (const change of decided.changes) replica.cache.put(change);
        replica.advance(decided.batch.head);
        onEvents(decided.events);
        return decided;
      }
      onEvents(await replica.follow());
    }
    throw fault('overloaded', 'other processes won every race for the log');
  }

  /** True when the batch is in the log, false when another process was first. */
  async #append(storage: Storage, { batch }: DecidedBatch): Promise<boolean> {
    try {
      return (await storage.append(batch)).status === 'appended';
    } catch (failure) {
      if (!StorageError.is(failure) || !failure.ambiguous) throw failure;
      return this.#lookFor(storage, batch.expectedSize, batch.entries[0]?.leaf, failure);
    }
  }

  /** Resolves an append whose outcome is unknown by reading the log, never by guessing. */
  async #lookFor(
    storage: Storage,
    index: number,
    leaf: string | undefined,
    failure: StorageError,
  ): Promise<boolean> {
    for (let attempt = 0; attempt < resolveAttemptsMax; attempt += 1) {
      try {
        const [entry] = await storage.readEntries(index, 1);
        return entry !== undefined && entry.leaf === leaf;
      } catch {
        await new Promise<void>((resolve) => {
          this.#options.clock.after(retryDelayMs * 2 ** attempt, resolve);
        });
      }
    }
    throw fault('outcome-unknown', failure.message, failure);
  }
}

function asFault(failure: unknown): unknown {
  if (ControlPlaneError.is(failure)) return failure;
  if (StorageError.is(failure)) {
    return fault('store-unavailable', `${failure.code}: ${failure.message}`, failure);
  }
  return fault('internal-error', undefined, failure);
}
