/**
 * The commands that this process has left to whoever has the turn: at any time one parcel at most, and what
 * became of it.
 *
 * INVARIANT: while a parcel is open, its commands are decided here only in a batch that names it, which is
 * appended only if nobody answered it. Where that cannot be had, it is taken back first.
 */
import {
  type ParcelName,
  type ParcelState,
  type Storage,
  StorageError,
} from '../../storage/storage.ts';
import type { Answered, Submission } from './batch.ts';
import { fault } from '../error.ts';
import { parcelText, replyIn } from './parcel.ts';
import type { PlacedEvent } from './placed-event.ts';
import type { Replica } from './replica.ts';

interface Open {
  readonly commands: ReadonlySet<string>;
  /** Whether the log has an entry of one of them: then all were decided. */
  isInLog: boolean;
}

/** What others answered; null stands for a command that its sender has to decide. */
export type Answers = readonly (Answered | null)[];

export class OwnParcel {
  readonly #storage: Storage;
  readonly #replica: Replica;
  readonly #sender: string;
  #number = 0;
  #open: Open | undefined;

  constructor(storage: Storage, replica: Replica, sender: string) {
    this.#storage = storage;
    this.#replica = replica;
    this.#sender = sender;
  }

  /** Of the last parcel, or of one that never was. */
  get name(): ParcelName {
    return { sender: this.#sender, number: this.#number };
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Has to be told of every event. */
  saw(events: readonly PlacedEvent[]): void {
    const open = this.#open;
    if (open === undefined || open.isInLog) return;
    open.isInLog = events.some(({ command }) => open.commands.has(command));
  }

  /**
   * Leaves the commands; the answers, where they came. What is new is taken over too where it is wanted, or
   * where somebody may wait for it.
   */
  async leave(
    submissions: readonly Submission[],
    wantsNews: boolean,
  ): Promise<Answers | undefined> {
    this.#number += 1;
    const commands = submissions.map(({ command }) => command);
    this.#open = { commands: new Set(commands.map(({ id }) => id)), isInLog: false };
    const parcel = { ...this.name, text: parcelText(submissions) };
    const heard = await this.#replica.entrust(parcel, commands, wantsNews);
    return this.#answered(heard?.own);
  }

  /** The batch that named it is committed. */
  settled(): void {
    this.#open = undefined;
  }

  /**
   * The answers, where they came by now. Undefined: a batch that names it may be appended, or it is not open
   * any more. `state` is what came with a turn; without one it is taken back. Throws `outcome-unknown`.
   */
  async answers(
    state: ParcelState | undefined,
    hasLanded: () => Promise<boolean>,
  ): Promise<Answers | undefined> {
    if (this.#open === undefined || state?.status === 'waiting') return undefined;
    return (await this.#answered(state)) ?? this.takeBack(hasLanded);
  }

  /**
   * The answers, where they came; otherwise nobody can answer it any more. `hasLanded`: whether a batch of
   * this process that was in doubt, and named it, is in the log. Throws `outcome-unknown`.
   */
  async takeBack(hasLanded: () => Promise<boolean>): Promise<Answers | undefined> {
    if (this.#open === undefined) return undefined;
    const { turns } = this.#storage;
    const open = this.#open;
    try {
      const answers = await this.#answered(await turns?.reclaim(this.name));
      if (answers !== undefined) return answers;
      await this.#replica.catchUp();
    } catch (failure) {
      this.#open = undefined;
      throw fault('outcome-unknown', 'what became of it in another process is not known', failure);
    }
    this.saw(this.#replica.foreign);
    this.#open = undefined;
    if (!open.isInLog || (await hasLanded())) return undefined;
    throw fault('outcome-unknown', 'another process decided it, and its answer is lost');
  }

  async #answered(state: ParcelState | undefined): Promise<Answers | undefined> {
    if (state?.status !== 'answered') return undefined;
    const { answers, urgentTo } = replyIn(state.text);
    const left = this.#open?.commands.size;
    this.#open = undefined;
    // To decide the others here could double them.
    if (answers.length !== left) throw fault('outcome-unknown', 'its answer makes no sense');
    try {
      if (this.#replica.head.size < urgentTo) await this.#replica.catchUp();
    } catch (failure) {
      // Its commands are decided, whatever else cannot be read now: the next look at the log finds it.
      if (!StorageError.is(failure)) throw failure;
    }
    return answers;
  }
}
