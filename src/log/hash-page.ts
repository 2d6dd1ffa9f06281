/**
 * Bytes that are to have given hashes: the part of a log's check that needs no understanding of entries and
 * so can be done in another thread.
 */
import { hash } from 'node:crypto';
import { isEntryItem, type LogPage } from './log-page.ts';
import { appendLeaves, emptyFrontier, rootHash } from './merkle.ts';

/** Plain data that crosses threads. */
export interface HashPage extends Pick<LogPage, 'bytes' | 'ends'> {
  /** The hashes that the first items are to have, in hex; those behind are left alone. */
  readonly hashes: readonly string[];
}

export interface Hashed {
  /** Number of the first item that has another hash. */
  readonly failed: number | undefined;
  /** Root of the tree over all entries so far; without meaning once an item failed. */
  readonly root: string;
}

/** Hashes pages in the order of the log, from its start. */
export class PageHasher {
  #frontier = emptyFrontier;

  check({ bytes, ends, hashes }: HashPage): Hashed {
    const leaves: string[] = [];
    const count = hashes.length;
    let from = 0;
    for (let item = 0; item < count; item += 1) {
      const end = ends[item] ?? from;
      const hashed = hash('sha256', bytes.subarray(from, end), 'hex');
      if (hashes[item] !== hashed) return { failed: item, root: '' };
      if (isEntryItem(bytes, from)) leaves.push(hashed);
      from = end;
    }
    this.#frontier = appendLeaves(this.#frontier, leaves);
    return { failed: undefined, root: rootHash(this.#frontier) };
  }
}
