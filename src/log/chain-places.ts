/**
 * The part of a log's check that needs no hashing: each entry stands at its index, names the leaf
 * before it, was sealed for this log, does not go back in time, and continues its session.
 *
 * Promises nothing about bytes: whoever uses it alone has to hash each body and compare it with
 * its leaf. `ChainVerifier` does both.
 *
 * The first fault is final. Every later call reports it again, so that a caller who drives on past
 * a fault cannot end with a clean result.
 */
import { EntryError, readEntry } from './entry.ts';
import type { Entry, SealedEntry } from './entry.ts';

export type ChainFaultCode =
  | 'gap'
  | 'leaf-mismatch'
  | 'malformed'
  /** Not damage: a newer version wrote the entry, and this one cannot judge it. */
  | 'unknown-format'
  | 'chain-broken'
  | 'time-reversed'
  | 'sequence-gap'
  | 'size-mismatch'
  | 'root-mismatch';

export interface ChainFault {
  /** The index at which the log stops being what it claims to be. */
  readonly index: number;
  readonly code: ChainFaultCode;
  readonly message: string;
}

/** What is said where hashes differ, whoever computed them. */
export const hashFaults = {
  'leaf-mismatch': 'the body is not the one that was hashed',
  'root-mismatch': 'the tree over the entries has another root than the head',
} as const;

export type ChainResult =
  | { readonly ok: true; readonly entry: Entry }
  | { readonly ok: false; readonly fault: ChainFault };

export interface PlacesStart {
  readonly size: number;
  /** Leaf hash of the last entry before the start, null at the very start. */
  readonly previous: string | null;
  /** Log time of that entry. */
  readonly at: number;
  /**
   * Last sequence number of every session that has one. Without it, a start past index 0 takes the
   * first number that it meets in each session on trust.
   */
  readonly sequences?: ReadonlyMap<string, number>;
}

const veryStart: PlacesStart = { size: 0, previous: null, at: 0 };

export class ChainPlaces {
  readonly #log: string;
  readonly #sequences: Map<string, number>;
  readonly #trustsFirstSequence: boolean;
  #size: number;
  #previous: string | null;
  #at: number;
  #fault: ChainFault | undefined;

  constructor(options: { readonly log: string; readonly start?: PlacesStart }) {
    const { log, start = veryStart } = options;
    this.#log = log;
    this.#size = start.size;
    this.#previous = start.previous;
    this.#at = start.at;
    this.#sequences = new Map(start.sequences);
    this.#trustsFirstSequence = start.size > 0 && start.sequences === undefined;
  }

  get fault(): ChainFault | undefined {
    return this.#fault;
  }

  /** Number of entries that were accepted, those before the start included. */
  get size(): number {
    return this.#size;
  }

  /** When the last entry was sealed, in log time. */
  get at(): number {
    return this.#at;
  }

  /** Where the check stands, to start another one from. */
  get position(): PlacesStart {
    const position = { size: this.#size, previous: this.#previous, at: this.#at };
    // A map with holes must not pass for a whole one at the next start.
    if (this.#trustsFirstSequence) return position;
    return { ...position, sequences: new Map(this.#sequences) };
  }

  push({ index, body, leaf }: SealedEntry): ChainResult {
    if (this.#fault !== undefined) return { ok: false, fault: this.#fault };
    if (index !== this.#size) {
      return this.refuse('gap', `entry ${index} stands where ${this.#size} belongs`);
    }
    let entry: Entry;
    try {
      entry = readEntry(body);
    } catch (error) {
      if (!(error instanceof EntryError)) throw error;
      return this.refuse(error.code, error.message);
    }
    return this.#judge(entry) ?? this.#accept(entry, leaf);
  }

  /** Whether a head is that of the entries so far, its root aside. */
  finish(head: { readonly size: number; readonly previous: string | null }): void {
    if (head.size !== this.#size) {
      this.refuse(
        'size-mismatch',
        `the head counts ${head.size} entries, the log has ${this.#size}`,
      );
    } else if (head.previous !== this.#previous) {
      this.refuse('chain-broken', 'the last entry is not the one that the head names');
    }
  }

  /** Makes a fault that was found elsewhere the final one, unless there is one already. */
  refuse(code: ChainFaultCode, message: string): ChainResult {
    this.#fault ??= { index: this.#size, code, message };
    return { ok: false, fault: this.#fault };
  }

  /** What the entry says about its place, against the place where it was found. */
  #judge(entry: Entry): ChainResult | undefined {
    if (entry.log !== this.#log) {
      return this.refuse('chain-broken', `the entry was sealed for log \`${entry.log}\``);
    }
    if (entry.index !== this.#size) {
      return this.refuse('chain-broken', `the entry was sealed for index ${entry.index}`);
    }
    if (entry.previous !== this.#previous) {
      return this.refuse('chain-broken', 'the entry was sealed after another one');
    }
    if (entry.at < this.#at) {
      return this.refuse('time-reversed', `log time ${entry.at} follows ${this.#at}`);
    }
    return this.#judgeSequence(entry);
  }

  #judgeSequence({ session, sequence }: Entry): ChainResult | undefined {
    if (session === undefined || sequence === undefined) return undefined;
    const last = this.#sequences.get(session);
    if (last === undefined && this.#trustsFirstSequence) return undefined;
    const next = (last ?? 0) + 1;
    if (sequence === next) return undefined;
    const place = `session \`${session}\` has ${sequence} where ${next} belongs`;
    return this.refuse('sequence-gap', place);
  }

  #accept(entry: Entry, leaf: string): ChainResult {
    const { session, sequence } = entry;
    if (session !== undefined && sequence !== undefined) this.#sequences.set(session, sequence);
    this.#size += 1;
    this.#previous = leaf;
    this.#at = entry.at;
    return { ok: true, entry };
  }
}
