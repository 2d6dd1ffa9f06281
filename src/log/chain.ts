/**
 * Checks a log entry by entry, in order, in one pass and in bounded work per entry: one hash, one
 * `JSON.parse` and the tree's amortised node.
 *
 * Promises: after `push` accepted entries from the start and `finish` accepted a head, no body was
 * changed, removed, added or moved since that head was made. This is as good as the head: whoever
 * can rewrite the log can rewrite the head stored with it, so a head that came from elsewhere (a
 * signed checkpoint, an exported anchor) is what makes the check evidence.
 *
 * The first fault is final. Every later call reports it again, so that a caller who drives on past
 * a fault cannot end with a clean result.
 */
import { EntryError, readEntry } from './entry.ts';
import type { Entry, SealedEntry } from './entry.ts';
import { appendLeaf, emptyFrontier, frontierOf, leafHash, rootHash } from './merkle.ts';
import type { Frontier } from './merkle.ts';

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

export type ChainResult =
  | { readonly ok: true; readonly entry: Entry }
  | { readonly ok: false; readonly fault: ChainFault };

/** A place in a log that was verified earlier, from which to go on. */
export interface ChainStart {
  readonly frontier: Frontier;
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

export interface ChainHead {
  readonly size: number;
  readonly root: string;
  readonly previous: string | null;
}

const veryStart: ChainStart = { frontier: emptyFrontier, previous: null, at: 0 };

export class ChainVerifier {
  readonly #log: string;
  readonly #sequences: Map<string, number>;
  readonly #trustsFirstSequence: boolean;
  #frontier: Frontier;
  #previous: string | null;
  #at: number;
  #fault: ChainFault | undefined;

  constructor(options: { readonly log: string; readonly start?: ChainStart }) {
    const { log, start = veryStart } = options;
    this.#log = log;
    this.#frontier = frontierOf(start.frontier);
    this.#previous = start.previous;
    this.#at = start.at;
    this.#sequences = new Map(start.sequences);
    this.#trustsFirstSequence = this.#frontier.size > 0 && start.sequences === undefined;
  }

  /** Where the verifier stands, to start another one from. */
  get position(): ChainStart {
    const position = { frontier: this.#frontier, previous: this.#previous, at: this.#at };
    // A map with holes must not pass for a whole one at the next start.
    if (this.#trustsFirstSequence) return position;
    return { ...position, sequences: new Map(this.#sequences) };
  }

  push(stored: SealedEntry): ChainResult {
    if (this.#fault !== undefined) return { ok: false, fault: this.#fault };
    const { index, body, leaf } = stored;
    const { size } = this.#frontier;
    if (index !== size) return this.#refuse('gap', `entry ${index} stands where ${size} belongs`);
    if (leafHash(body) !== leaf) {
      return this.#refuse('leaf-mismatch', 'the body is not the one that was hashed');
    }
    let entry: Entry;
    try {
      entry = readEntry(body);
    } catch (error) {
      if (!(error instanceof EntryError)) throw error;
      return this.#refuse(error.code, error.message);
    }
    return this.#judge(entry) ?? this.#accept(entry, leaf);
  }

  finish(head: ChainHead): ChainFault | undefined {
    if (this.#fault !== undefined) return this.#fault;
    const { size } = this.#frontier;
    if (head.size !== size) {
      this.#refuse('size-mismatch', `the head counts ${head.size} entries, the log has ${size}`);
    } else if (head.previous !== this.#previous) {
      this.#refuse('chain-broken', 'the last entry is not the one that the head names');
    } else if (head.root !== rootHash(this.#frontier)) {
      this.#refuse('root-mismatch', 'the tree over the entries has another root than the head');
    }
    return this.#fault;
  }

  /** What the entry says about its place, against the place where it was found. */
  #judge(entry: Entry): ChainResult | undefined {
    const { size } = this.#frontier;
    if (entry.log !== this.#log) {
      return this.#refuse('chain-broken', `the entry was sealed for log \`${entry.log}\``);
    }
    if (entry.index !== size) {
      return this.#refuse('chain-broken', `the entry was sealed for index ${entry.index}`);
    }
    if (entry.previous !== this.#previous) {
      return this.#refuse('chain-broken', 'the entry was sealed after another one');
    }
    if (entry.at < this.#at) {
      return this.#refuse('time-reversed', `log time ${entry.at} follows ${this.#at}`);
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
    return this.#refuse('sequence-gap', place);
  }

  #accept(entry: Entry, leaf: string): ChainResult {
    const { session, sequence } = entry;
    if (session !== undefined && sequence !== undefined) this.#sequences.set(session, sequence);
    this.#frontier = appendLeaf(this.#frontier, leaf);
    this.#previous = leaf;
    this.#at = entry.at;
    return { ok: true, entry };
  }

  #refuse(code: ChainFaultCode, message: string): ChainResult {
    this.#fault = { index: this.#frontier.size, code, message };
    return { ok: false, fault: this.#fault };
  }
}
