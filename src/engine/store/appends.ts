/**
 * The appends of one batch, from the first try to the last, and those of them whose outcome is unknown: they
 * may have been written, or be written later. What became of them is read in the log, never guessed.
 */
import {
  type AppendResult,
  type Batch,
  type Storage,
  StorageError,
} from '../../storage/storage.ts';
import type { DecidedBatch } from './batch.ts';
import type { Clock } from '../clock.ts';
import { type ControlPlaneError, fault } from '../error.ts';

/** How often an append whose outcome is unknown is looked for or repeated. */
const resolveAttemptsMax = 5;
const retryDelayMs = 20;

export class Appends {
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #inDoubt: DecidedBatch[] = [];

  constructor(storage: Storage, clock: Clock) {
    this.#storage = storage;
    this.#clock = clock;
  }

  /** Whether one of them may still get into the log. */
  get areInDoubt(): boolean {
    return this.#inDoubt.length > 0;
  }

  /** Appends a batch. `in-doubt`: the store cannot tell, and the batch is not in the log now. */
  async append(decided: DecidedBatch): Promise<AppendResult | { readonly status: 'in-doubt' }> {
    try {
      return await this.#storage.append(decided.batch);
    } catch (failure) {
      if (!StorageError.is(failure) || !failure.ambiguous) throw failure;
      const unknown = fault('outcome-unknown', failure.message, failure);
      if (await this.#isInLog(decided.batch, unknown)) return { status: 'appended' };
      this.#inDoubt.push(decided);
      if (this.#inDoubt.length >= resolveAttemptsMax) throw unknown;
      return { status: 'in-doubt' };
    }
  }

  /** Longer each time. */
  async pause(): Promise<void> {
    await this.#clock.sleep(retryDelayMs * 2 ** this.#inDoubt.length);
  }

  /** The batch, of those once in doubt, that reached the log after all, which has this size now. */
  async landed(size: number): Promise<DecidedBatch | undefined> {
    for (const decided of this.#inDoubt) {
      if (size <= decided.batch.expectedSize) continue;
      if (await this.#isInLog(decided.batch, fault('outcome-unknown'))) return decided;
    }
    return undefined;
  }

  /**
   * By the last entry, which has the hash of all before it: another process that was left the first command
   * may have written the very entry that it has here, and nothing of the others.
   */
  async #isInLog({ entries }: Batch, unknown: ControlPlaneError): Promise<boolean> {
    const last = entries.at(-1);
    if (last === undefined) return false;
    for (let attempt = 0; attempt < resolveAttemptsMax; attempt += 1) {
      try {
        const [entry] = await this.#storage.readEntries(last.index, 1);
        return entry?.leaf === last.leaf;
      } catch {
        await this.#clock.sleep(retryDelayMs * 2 ** attempt);
      }
    }
    throw unknown;
  }
}
