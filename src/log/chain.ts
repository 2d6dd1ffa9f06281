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
import { ChainPlaces, hashFaults } from './chain-places.ts';
import type { ChainFault, ChainResult, PlacesStart } from './chain-places.ts';
export type { ChainFault, ChainFaultCode, ChainResult } from './chain-places.ts';
import type { SealedEntry } from './entry.ts';
import { appendLeaf, emptyFrontier, frontierOf, leafHash, rootHash } from './merkle.ts';
import type { Frontier } from './merkle.ts';

/** A place in a log that was verified earlier, from which to go on. */
export interface ChainStart extends Omit<PlacesStart, 'size'> {
  readonly frontier: Frontier;
}

export interface ChainHead {
  readonly size: number;
  readonly root: string;
  readonly previous: string | null;
}

const veryStart: ChainStart = { frontier: emptyFrontier, previous: null, at: 0 };

export class ChainVerifier {
  readonly #places: ChainPlaces;
  #frontier: Frontier;

  constructor(options: { readonly log: string; readonly start?: ChainStart }) {
    const { log, start = veryStart } = options;
    this.#frontier = frontierOf(start.frontier);
    this.#places = new ChainPlaces({ log, start: { ...start, size: this.#frontier.size } });
  }

  /** Where the verifier stands, to start another one from. */
  get position(): ChainStart {
    const { size: _, ...position } = this.#places.position;
    return { ...position, frontier: this.#frontier };
  }

  push(stored: SealedEntry): ChainResult {
    const { index, body, leaf } = stored;
    if (index === this.#places.size && leafHash(body) !== leaf) {
      return this.#places.refuse('leaf-mismatch', hashFaults['leaf-mismatch']);
    }
    const result = this.#places.push(stored);
    if (result.ok) this.#frontier = appendLeaf(this.#frontier, leaf);
    return result;
  }

  finish(head: ChainHead): ChainFault | undefined {
    this.#places.finish(head);
    if (head.root !== rootHash(this.#frontier)) {
      this.#places.refuse('root-mismatch', hashFaults['root-mismatch']);
    }
    return this.#places.fault;
  }
}
