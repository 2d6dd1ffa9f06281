/**
 * A hash of things whose order does not count: keyed hashes of each, added up. It is the MSet-Add-Hash of
 * Clarke, Devadas, van Dijk, Gassend and Suh, "Incremental Multiset Hash Functions and Their Application to
 * Memory Integrity Checking" (ASIACRYPT 2003), with eight sums modulo 2^32 in place of one modulo 2^256.
 *
 * To whoever does not know the key, what two collections differ in adds up to chance: their sums are the same
 * in one of 2^256 cases. So the key is drawn anew for each use, and neither it nor a sum is shown to anybody.
 */
import { hash } from 'node:crypto';

export const multisetKeyBytes = 32;
const words = 8;

export class MultisetHash {
  readonly #sum = new Uint32Array(words);
  /** The key, with the thing that is added behind it. */
  #keyed: Buffer;

  constructor(key: Uint8Array) {
    if (key.length !== multisetKeyBytes) {
      throw new RangeError(`the key has ${multisetKeyBytes} bytes`);
    }
    this.#keyed = Buffer.from(key);
  }

  add(thing: Uint8Array): void {
    const length = multisetKeyBytes + thing.length;
    if (this.#keyed.length < length) {
      const larger = Buffer.alloc(2 * length);
      larger.set(this.#keyed.subarray(0, multisetKeyBytes));
      this.#keyed = larger;
    }
    this.#keyed.set(thing, multisetKeyBytes);
    // One text costs less than a buffer: there are two for each decision of a log.
    const hashed = hash('sha256', this.#keyed.subarray(0, length), 'binary');
    for (let at = 0; at < words; at += 1) {
      this.#sum[at] = (this.#sum[at] ?? 0) + wordOf(hashed, 4 * at);
    }
  }

  equals(other: MultisetHash): boolean {
    return this.#sum.every((each, at) => each === other.#sum[at]);
  }
}

function wordOf(bytes: string, at: number): number {
  const upper = (bytes.charCodeAt(at + 3) << 8) | bytes.charCodeAt(at + 2);
  return (upper << 16) | (bytes.charCodeAt(at + 1) << 8) | bytes.charCodeAt(at);
}
