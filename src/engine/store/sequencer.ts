/**
 * The sequencer: the single write path, and the only caller of `storage.append`.
 *
 * Commands queue; while one commit is running the next batch grows (no timer: an idle sequencer commits at
 * once). A batch is decided on the replica's state and appended only if the log still has the size it was
 * decided on; otherwise the events of others are read and the batch is decided again. Answers go out after
 * the commit and never before. While other processes append too, whoever has the turn decides for all that
 * wait: commands are left to it, and those that others left are decided here.
 *
 * CRASH: before `append` nothing happened; during it the batch is whole or absent; after it the answers are
 * lost and the log has them, under the commands' ids and idempotency keys.
 */
// Not the global one: a host's tests may have put a fake in its place, which never runs.
import { setImmediate } from 'node:timers';
import { type Command, limits } from '../../kernel/index.ts';
import { Appends } from './appends.ts';
import { type Storage, StorageError, type TurnNews } from '../../storage/storage.ts';
import { type Answered, BatchInProgress, type DecidedBatch, urgentIn } from './batch.ts';
import type { Outcome, Submission } from './batch.ts';
import { OwnParcel } from './own-parcel.ts';
import { type LeftParcel, readParcels, repliesTo } from './parcel.ts';
import type { PlacedEvent } from './placed-event.ts';
import type { Clock } from '../clock.ts';
import { ControlPlaneError, fault } from '../error.ts';
import { OutsideFootprint } from './record-cache.ts';
import type { Replica } from './replica.ts';

interface Waiting extends Submission {
  /** Another process had it and could not decide it. */
  readonly isReturned?: boolean;
  readonly resolve: (answered: Answered) => void;
  readonly reject: (failure: unknown) => void;
}

type Decided = Outcome | null | undefined;

export interface SequencerOptions {
  readonly log: string;
  readonly storage: Storage;
  readonly replica: Replica;
  readonly clock: Clock;
  /** How long the events of others may be left unread while others decide what is asked here, ms. */
  readonly pollMs: number;
  /** Names this sequencer to others that decide for it: a unique id. */
  readonly sender: string;
  /** Called with every committed event, this process's and others', in the order of the log. */
  readonly onEvents: (events: readonly PlacedEvent[]) => void;
}

/** How often a batch is decided again that lost a race. */
const conflictAttemptsMax = 1_000;
/** A process without commands of its own decides for others so often, and then lets one of them. */
const turnsForOthersMax = 4;
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
  /** Index behind the last event that is no routine, as far as is known: those before the start count too. */
  #urgentTo: number;
  /** When the events of others were last read while others decided. */
  #newsAt = 0;
  #state: 'open' | 'closing' | ControlPlaneError = 'open';
  readonly #own: OwnParcel;
  /** How many turns in a row this process has had for others alone. */
  #turnsForOthers = 0;

  constructor(options: SequencerOptions) {
    this.#options = options;
    this.#own = new OwnParcel(options.storage, options.replica, options.sender);
    this.#urgentTo = options.replica.head.size;
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
      this.#route(await this.#options.replica.follow());
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
      while (this.#journal.length > 0 || this.#queue.length > 0 || this.#hasTurn) {
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
        if (batch.length !== 1) await nextTurn();
      }
    } finally {
      this.#running = undefined;
    }
  }

  /** Between commits of others: their events are not waited for each time. */
  #wantsNews(): boolean {
    const now = this.#options.clock.now();
    if (now >= this.#newsAt && now < this.#newsAt + this.#options.pollMs) return false;
    this.#newsAt = now;
    return true;
  }

  /** Then others may have left something to be decided; it takes or leaves it. */
  get #hasTurn(): boolean {
    return this.#options.storage.turns?.kept === true;
  }

  #route(events: readonly PlacedEvent[]): void {
    this.#own.saw(events);
    this.#urgentTo = Math.max(this.#urgentTo, urgentIn(events));
    this.#options.onEvents(events);
  }

  /** False where it could not be written: then nothing else is decided either, and is told so. */
  async #writeJournal(): Promise<boolean> {
    if (this.#journal.length === 0) return true;
    // It belongs into the log in which it was ordered: the chain of another one would break.
    if (typeof this.#state !== 'string') return false;
    const journal = this.#journal.splice(0);
    const failed = await this.#commit(
      journal.map((submission) => ({
        ...submission,
        isReturned: true,
        resolve: () => {},
        reject: () => {},
      })),
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
    const again: Waiting[] = [];
    try {
      const outcomes = await this.#decided(waiting, fill);
      for (const [position, each] of waiting.entries()) {
        if (position > 0 && position % commandsPerTurn === 0) await nextTurn();
        const outcome = outcomes[position];
        if (outcome === undefined) again.push(each);
        else if (outcome === null) again.push({ ...each, isReturned: true });
        else if ('answered' in outcome) each.resolve(outcome.answered);
        else if (waiting.length > 1 && outcome.failure instanceof OutsideFootprint)
          again.push(each);
        else each.reject(fault('internal-error', undefined, outcome.failure));
      }
      // What others of its batch did made a command read more than was loaded: it was not decided. Nor was
      // what came along while another process decided the rest.
      this.#queue.unshift(...again);
      return false;
    } catch (failure) {
      this.#stopIfInconsistent(failure);
      void this.#options.storage.turns?.leave();
      const reason = asFault(failure);
      for (const each of waiting) each.reject(reason);
      return true;
    }
  }

  /** Anything that contradicts what this process has seen ends its work: it must not decide on either. */
  #stopIfInconsistent(failure: unknown): void {
    const found = inconsistencyIn(failure);
    if (found === undefined) return;
    if (this.#state === 'open') this.#state = found;
    for (const each of this.#queue.splice(0)) each.reject(found);
  }

  /** Null and undefined stand for a command that was not decided: by others, or at all. */
  async #decided(waiting: readonly Waiting[], fill: () => void): Promise<readonly Decided[]> {
    const { storage, replica, clock } = this.#options;
    const appends = new Appends(storage, clock);
    try {
      const isLeft = waiting.length > 0 && !waiting.some(({ isReturned }) => isReturned === true);
      if (isLeft && storage.turns?.wanted === true && !storage.turns.kept) {
        const answers = await this.#own.leave(waiting, this.#wantsNews());
        this.#route(replica.takeForeign());
        if (answers !== undefined) return answers.map(outcomeOf);
      }
      return await this.#attempt(waiting, appends, fill);
    } catch (failure) {
      if (inconsistencyIn(failure) !== undefined) throw failure;
      // A command that others may still decide is never said to be undecided.
      const answers = await this.#own.takeBack(() => this.#hasLanded(appends));
      this.#route(replica.takeForeign());
      if (answers !== undefined) return answers.map(outcomeOf);
      // Nor is one that is in doubt.
      if (!appends.areInDoubt || !StorageError.is(failure)) throw failure;
      throw fault('outcome-unknown', failure.message, failure);
    }
  }

  async #attempt(
    submissions: readonly Submission[],
    appends: Appends,
    fill: () => void,
  ): Promise<readonly Decided[]> {
    const { replica, clock, storage } = this.#options;
    for (let attempt = 0; attempt < conflictAttemptsMax; attempt += 1) {
      const taken = await replica.takeTurn(commandsOf(submissions), clock.now(), this.#own.name);
      const turn = taken === 'in-vain' ? undefined : taken;
      this.#route(replica.takeForeign());
      const answers = await this.#own.answers(turn?.own, () => this.#hasLanded(appends));
      this.#route(replica.takeForeign());
      if (answers !== undefined) {
        await storage.turns?.leave();
        return answers.map(outcomeOf);
      }
      // Whoever waited in vain goes on as if there were no turns, and would decide on what was there before.
      if (taken === 'in-vain') this.#route(await replica.follow());
      // What has come while the turn was waited for goes along. What is in doubt is found again by what it
      // was decided from: nothing is added to it.
      if (!appends.areInDoubt) fill();
      const left = appends.areInDoubt ? [] : this.#left(turn, submissions.length);
      if (submissions.length === 0 && left.length === 0) {
        await storage.turns?.leave();
        return [];
      }
      const all = [...submissions, ...left.flatMap((each) => each.submissions)];
      const commands = commandsOf(all);
      const now = clock.now();
      this.#route(await replica.load(commands, now));
      // Loading may have followed the log, to behind what was in doubt: to decide that anew would double it.
      const landed = await this.#landed(appends);
      if (landed !== undefined) return landed;
      const decided = this.#settling(await this.#decide(all, now), submissions.length, left);
      const result = await appends.append(decided);
      if (result.status === 'appended') {
        this.#own.settled();
        for (const change of decided.changes) replica.cache.put(change);
        replica.advance(decided.batch.head);
        this.#route(decided.events);
        return decided.outcomes.slice(0, submissions.length);
      }
      const race = result.status === 'conflict' ? { size: result.size, commands } : undefined;
      this.#route(await replica.follow(race));
      if (result.status === 'in-doubt') await appends.pause();
    }
    const message = 'other processes won every race for the log';
    throw fault(appends.areInDoubt ? 'outcome-unknown' : 'overloaded', message);
  }

  /** The outcomes of what was in doubt, where it is in the log by now. */
  async #landed(appends: Appends): Promise<readonly Outcome[] | undefined> {
    const landed = await appends.landed(this.#options.replica.head.size);
    if (landed !== undefined) this.#own.settled();
    return landed?.outcomes;
  }

  async #hasLanded(appends: Appends): Promise<boolean> {
    return (await this.#landed(appends)) !== undefined;
  }

  /** What others left, beside so many commands; nothing, once it is time that one of them has the turn. */
  #left(turn: TurnNews | undefined, own: number): readonly LeftParcel[] {
    const { replica } = this.#options;
    this.#turnsForOthers = own === 0 ? this.#turnsForOthers + 1 : 0;
    const isOver = this.#state !== 'open' || this.#turnsForOthers > turnsForOthersMax;
    if (turn === undefined || isOver) return [];
    const room = limits.batchCommandsMax - own;
    return readParcels(turn.parcels, room, (commands) => replica.knows(commands));
  }

  async #decide(submissions: readonly Submission[], now: number): Promise<DecidedBatch> {
    const { log, replica } = this.#options;
    // While the event loop has its turns nobody else changes the state: only the sequencer does.
    const batch = new BatchInProgress(log, replica.head, replica.cache, now);
    for (const [position, submission] of submissions.entries()) {
      if (position > 0 && position % commandsPerTurn === 0) await nextTurn();
      batch.decide(submission);
    }
    return batch.finish();
  }

  /** The batch, with what it settles: this process's own parcel, and those of others. */
  #settling(decided: DecidedBatch, own: number, left: readonly LeftParcel[]): DecidedBatch {
    if (!this.#own.isOpen && left.length === 0) return decided;
    const urgentTo = Math.max(this.#urgentTo, urgentIn(decided.events));
    const replies = repliesTo(left, decided.outcomes.slice(own), urgentTo);
    const parcels = { replies, ...(this.#own.isOpen ? { own: this.#own.name } : {}) };
    return { ...decided, batch: { ...decided.batch, parcels } };
  }
}

function outcomeOf(answered: Answered | null): Decided {
  return answered === null ? null : { answered };
}

function commandsOf(submissions: readonly Submission[]): readonly Command[] {
  return submissions.map(({ command }) => command);
}

/** What contradicts what was seen before, also where it is why a caller is told something else. */
function inconsistencyIn(failure: unknown): ControlPlaneError | undefined {
  if (!ControlPlaneError.is(failure)) return undefined;
  return failure.code === 'log-inconsistent' ? failure : inconsistencyIn(failure.cause);
}

function asFault(failure: unknown): unknown {
  if (ControlPlaneError.is(failure)) return failure;
  if (StorageError.is(failure)) {
    return fault('store-unavailable', `${failure.code}: ${failure.message}`, failure);
  }
  return fault('internal-error', undefined, failure);
}
