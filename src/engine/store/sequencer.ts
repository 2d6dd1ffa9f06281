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
// Not the global one: a host's tests may have put a fake in its place, which never runs.
import { setImmediate } from 'node:timers';
import { type Command, limits } from '../../kernel/index.ts';
import {
  type AppendResult,
  type Batch,
  type Storage,
  StorageError,
} from '../../storage/storage.ts';
import { type Answered, BatchInProgress, type DecidedBatch, type Submission } from './batch.ts';
import type { PlacedEvent } from './placed-event.ts';
import type { Clock } from '../clock.ts';
import { ControlPlaneError, fault } from '../error.ts';
import { OutsideFootprint } from './record-cache.ts';
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

/** How often an append whose outcome is unknown is looked for or repeated, and a lost race is. */
const resolveAttemptsMax = 5;
const conflictAttemptsMax = 1_000;
const retryDelayMs = 20;
/** Commands decided, or answered, before the event loop has its turn: a large batch must not hold it up. */
const commandsPerTurn = 16;

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

export class Sequencer {
  readonly #options: SequencerOptions;
  #queue: Waiting[] = [];
  /** Commands that must be written as soon as the store is back, whoever has stopped waiting for them. */
  #journal: Submission[] = [];
  #running: Promise<void> | undefined;
  #hinted = false;
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

  /** Another process may have appended: looks once what is under way is over. */
  hint(): void {
    if (this.#hinted) return;
    this.#hinted = true;
    void this.#followHint();
  }

  /** Waits for what is queued, then takes no more. */
  async close(): Promise<void> {
    if (this.#state === 'open') this.#state = 'closing';
    while (this.#running !== undefined) await this.#running;
    await this.#writeJournal();
  }

  /** Whether a kill that took effect in this process could not be written. */
  get unwritten(): boolean {
    return this.#journal.length > 0;
  }

  #start(): void {
    this.#running ??= this.#run();
  }

  async #followHint(): Promise<void> {
    // Whoever was just answered may ask again at once, and a commit looks for itself.
    do {
      await this.#running;
      await nextTurn();
    } while (this.#running !== undefined);
    // From here on another hint can tell of something that this look misses.
    this.#hinted = false;
    await this.follow();
  }

  async #followOnce(): Promise<void> {
    try {
      this.#options.onEvents(await this.#options.replica.follow());
    } catch (failure) {
      this.#stopIfInconsistent(failure);
    } finally {
      this.#running = undefined;
      if (this.#queue.length > 0 || this.#journal.length > 0) this.#start();
    }
  }

  async #run(): Promise<void> {
    try {
      // Commands submitted in the same turn of the event loop belong to the same batch.
      await Promise.resolve();
      while (this.#journal.length > 0 || this.#queue.length > 0) {
        if (!(await this.#writeJournal())) {
          // Whoever was told so may have asked again at once: nobody else would look at the queue.
          if (this.#queue.length > 0) continue;
          return;
        }
        const batch = this.#queue.splice(0, limits.batchCommandsMax);
        await this.#commit(batch, () => {
          batch.push(...this.#queue.splice(0, limits.batchCommandsMax - batch.length));
        });
        // Many callers were answered: those that ask again at once belong to one batch, not to two.
        if (batch.length > 1) await nextTurn();
      }
    } finally {
      this.#running = undefined;
    }
  }

  /** False where it could not be written: then nothing else is decided either, and is told so. */
  async #writeJournal(): Promise<boolean> {
    const journal = this.#journal.splice(0);
    const failed = await this.#commit(
      journal.map((submission) => ({ ...submission, resolve: () => {}, reject: () => {} })),
    );
    if (!failed) return true;
    this.#journal.unshift(...journal);
    const reason = fault('store-unavailable', 'a kill could not be written yet');
    for (const each of this.#queue.splice(0)) each.reject(reason);
    return false;
  }

  /**
   * Commits one batch. Settles every waiting command, whatever happens; true where the store failed. `fill`
   * is called before the batch is decided, and may add to it.
   */
  async #commit(waiting: readonly Waiting[], fill: () => void = () => {}): Promise<boolean> {
    if (waiting.length === 0) return false;
    const again: Waiting[] = [];
    try {
      const decided = await this.#decideAndAppend(waiting, fill);
      for (const [position, outcome] of decided.outcomes.entries()) {
        if (position > 0 && position % commandsPerTurn === 0) await nextTurn();
        const each = waiting[position];
        if (each === undefined) continue;
        if ('answered' in outcome) each.resolve(outcome.answered);
        else if (waiting.length > 1 && outcome.failure instanceof OutsideFootprint)
          again.push(each);
        else each.reject(fault('internal-error', undefined, outcome.failure));
      }
      // What others of its batch did made a command read more than was loaded: it was not decided.
      this.#queue.unshift(...again);
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

  async #decideAndAppend(
    submissions: readonly Submission[],
    fill: () => void,
  ): Promise<DecidedBatch> {
    const inDoubt: DecidedBatch[] = [];
    try {
      return await this.#attempt(submissions, inDoubt, fill);
    } catch (failure) {
      // Once in doubt, a command is never said to be undecided.
      if (inDoubt.length === 0 || !StorageError.is(failure)) throw failure;
      throw fault('outcome-unknown', failure.message, failure);
    }
  }

  async #attempt(
    submissions: readonly Submission[],
    inDoubt: DecidedBatch[],
    fill: () => void,
  ): Promise<DecidedBatch> {
    const { log, replica, clock, onEvents } = this.#options;
    for (let attempt = 0; attempt < conflictAttemptsMax; attempt += 1) {
      onEvents(await replica.takeTurn(commandsOf(submissions), clock.now()));
      // What has come while the turn was waited for goes along. What is in doubt is found again by what it
      // was decided from: nothing is added to it.
      if (inDoubt.length === 0) fill();
      const commands = commandsOf(submissions);
      const now = clock.now();
      onEvents(await replica.load(commands, now));
      // Loading may have followed the log, to behind what was in doubt: to decide that anew would double it.
      const landed = await this.#landed(inDoubt);
      if (landed !== undefined) return landed;
      // While the event loop has its turns nobody else changes the state: only the sequencer does.
      const batch = new BatchInProgress(log, replica.head, replica.cache, now);
      for (const [position, submission] of submissions.entries()) {
        if (position > 0 && position % commandsPerTurn === 0) await nextTurn();
        batch.decide(submission);
      }
      const decided = batch.finish();
      const result = await this.#append(decided, inDoubt);
      if (result.status === 'appended') {
        for (const change of decided.changes) replica.cache.put(change);
        replica.advance(decided.batch.head);
        onEvents(decided.events);
        return decided;
      }
      const race = result.status === 'conflict' ? { size: result.size, commands } : undefined;
      onEvents(await replica.follow(race));
      if (result.status === 'in-doubt') {
        await this.#options.clock.sleep(retryDelayMs * 2 ** inDoubt.length);
      }
    }
    const message = 'other processes won every race for the log';
    throw fault(inDoubt.length > 0 ? 'outcome-unknown' : 'overloaded', message);
  }

  /**
   * Appends a batch. `in-doubt`: the store cannot tell, and the batch is not in the log now; it is put
   * among those that may still get there.
   */
  async #append(
    decided: DecidedBatch,
    inDoubt: DecidedBatch[],
  ): Promise<AppendResult | { readonly status: 'in-doubt' }> {
    try {
      return await this.#options.storage.append(decided.batch);
    } catch (failure) {
      if (!StorageError.is(failure) || !failure.ambiguous) throw failure;
      const unknown = fault('outcome-unknown', failure.message, failure);
      if (await this.#isInLog(decided.batch, unknown)) return { status: 'appended' };
      inDoubt.push(decided);
      if (inDoubt.length >= resolveAttemptsMax) throw unknown;
      return { status: 'in-doubt' };
    }
  }

  /** The batch, of those once in doubt, that reached the log after all. */
  async #landed(inDoubt: readonly DecidedBatch[]): Promise<DecidedBatch | undefined> {
    for (const decided of inDoubt) {
      if (this.#options.replica.head.size <= decided.batch.expectedSize) continue;
      if (await this.#isInLog(decided.batch, fault('outcome-unknown'))) return decided;
    }
    return undefined;
  }

  /** Resolves an append whose outcome is unknown by reading the log, never by guessing. */
  async #isInLog({ expectedSize, entries }: Batch, unknown: ControlPlaneError): Promise<boolean> {
    const [first] = entries;
    if (first === undefined) return false;
    for (let attempt = 0; attempt < resolveAttemptsMax; attempt += 1) {
      try {
        const [entry] = await this.#options.storage.readEntries(expectedSize, 1);
        return entry?.leaf === first.leaf;
      } catch {
        await this.#options.clock.sleep(retryDelayMs * 2 ** attempt);
      }
    }
    throw unknown;
  }
}

function commandsOf(submissions: readonly Submission[]): readonly Command[] {
  return submissions.map(({ command }) => command);
}

function asFault(failure: unknown): unknown {
  if (ControlPlaneError.is(failure)) return failure;
  if (StorageError.is(failure)) {
    return fault('store-unavailable', `${failure.code}: ${failure.message}`, failure);
  }
  return fault('internal-error', undefined, failure);
}
