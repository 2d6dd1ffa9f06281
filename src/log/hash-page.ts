/**
 * Some consecutive entries, and what lies beside them, as bytes that are to have given hashes: the
 * part of a check that needs no understanding of entries and so can be done in another thread.
 *
 * Each item is what a leaf or a commitment is the hash of, first byte included: 0x00 makes it an
 * entry, whose hash goes into the tree; 0x02 makes it a content.
 */
import { hash } from 'node:crypto';
import { committedBytesMax, writeCommitted } from './commitment.ts';
import type { SealedEntry } from './entry.ts';
import { appendLeaves, emptyFrontier, rootHash } from './merkle.ts';

/** Plain data that crosses threads. */
export interface HashPage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each item ends; the next one starts there. */
  readonly ends: readonly number[];
  /** The hash that each item is to have, in hex. */
  readonly hashes: readonly string[];
}

export interface Hashed {
  /** Number of the first item that has another hash. */
  readonly failed: number | undefined;
  /** Root of the tree over all entries so far; without meaning once an item failed. */
  readonly root: string;
}

export interface Committed {
  readonly field: string;
  readonly salt: string;
  readonly text: string;
}

const leafPrefix = 0;

/** Hashes pages in the order of the log, from its start. */
export class PageHasher {
  #frontier = emptyFrontier;

  check({ bytes, ends, hashes }: HashPage): Hashed {
    const leaves: string[] = [];
    let from = 0;
    for (const [item, expected] of hashes.entries()) {
      const end = ends[item] ?? from;
      if (hash('sha256', bytes.subarray(from, end), 'hex') !== expected) {
        return { failed: item, root: '' };
      }
      if (bytes[from] === leafPrefix) leaves.push(expected);
      from = end;
    }
    this.#frontier = appendLeaves(this.#frontier, leaves);
    return { failed: undefined, root: rootHash(this.#frontier) };
  }
}

/** Collects a page, into a buffer that an earlier page gave back where there is one. */
export class HashPageBuilder {
  /** For each item, the field that it is the content of; null for an entry. */
  readonly fields: (string | null)[] = [];
  readonly #ends: number[] = [];
  readonly #hashes: string[] = [];
  #bytes: Buffer<ArrayBuffer>;
  #end = 0;

  constructor(spare: ArrayBuffer | undefined) {
    this.#bytes = spare === undefined ? Buffer.alloc(0) : Buffer.from(spare);
  }

  get page(): HashPage {
    return { bytes: this.#bytes, ends: this.#ends, hashes: this.#hashes };
  }

  addEntry({ body, leaf }: SealedEntry): void {
    this.#makeRoom(1 + 3 * body.length);
    this.#bytes[this.#end] = leafPrefix;
    this.#add(this.#end + 1 + this.#bytes.write(body, this.#end + 1), leaf, null);
  }

  /** Throws where the salt or the text is none that could have been committed to. */
  addContent({ field, salt, text }: Committed, commitment: string): void {
    this.#makeRoom(committedBytesMax(text));
    this.#add(writeCommitted(this.#bytes, this.#end, salt, text), commitment, field);
  }

  #add(end: number, hashed: string, field: string | null): void {
    this.#end = end;
    this.fields.push(field);
    this.#ends.push(end);
    this.#hashes.push(hashed);
  }

  #makeRoom(bytes: number): void {
    const needed = this.#end + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = larger;
  }
}
