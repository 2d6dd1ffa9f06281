/**
 * The Merkle tree of RFC 6962 (certificate transparency), as far as writing a log needs it.
 *
 * Leaves and nodes are hashed under different prefixes, so that no inner node can pass for an
 * entry. A tree of n leaves is kept as its frontier: the hashes of the perfect subtrees that n's
 * binary digits stand for, largest first. That is at most 53 hashes, enough to append and to
 * compute the root, and a frontier is a value: keeping an old one is how a failed commit is undone.
 *
 * Hashes are lower-case hex of SHA-256.
 */
import { hash } from 'node:crypto';

export interface Frontier {
  /** Number of leaves. */
  readonly size: number;
  /** Hashes of the perfect subtrees, left to right. */
  readonly hashes: readonly string[];
}

/** The root of a tree without leaves: the hash of no bytes. */
export const emptyRoot = hash('sha256', '', 'hex');

export const emptyFrontier: Frontier = Object.freeze({ size: 0, hashes: Object.freeze([]) });

/** SHA-256(0x00 || data). A string stands for its UTF-8 bytes, and so has to be well-formed. */
export function leafHash(data: Uint8Array | string): string {
  if (typeof data === 'string') return hash('sha256', `\0${data}`, 'hex');
  const bytes = Buffer.allocUnsafe(data.length + 1);
  bytes[0] = 0;
  bytes.set(data, 1);
  return hash('sha256', bytes, 'hex');
}

/** Reused by every call: hashing is synchronous and copies nothing out. */
const nodeBytes = Buffer.alloc(65);
nodeBytes[0] = 1;

/** SHA-256(0x01 || left || right). */
export function nodeHash(leftHex: string, rightHex: string): string {
  if (!isHash(leftHex) || !isHash(rightHex)) throw new TypeError(notAHash);
  return joined(leftHex, rightHex);
}

const notAHash = 'a hash is 64 lower-case hex digits';

/** `nodeHash` of what is known to be lower case. */
function joined(leftHex: string, rightHex: string): string {
  const left = nodeBytes.write(leftHex, 1, 'hex');
  const right = nodeBytes.write(rightHex, 33, 'hex');
  if (left !== 32 || right !== 32) throw new TypeError(notAHash);
  return hash('sha256', nodeBytes, 'hex');
}

/** 0 for each hex digit by its code, -1 for all that is none: stricter than Buffer's reader. */
const digits = new Int8Array(256).fill(-1);
for (const digit of '0123456789abcdef') digits[digit.charCodeAt(0)] = 0;

/** Whether a text is a hash as this file writes it. */
export function isHash(text: unknown): text is string {
  if (typeof text !== 'string' || text.length !== 64) return false;
  // A table costs an eighth of a regular expression here, and each entry is asked.
  let seen = 0;
  for (let index = 0; index < 64; index += 1) seen |= digits[text.charCodeAt(index)] ?? -1;
  return seen === 0;
}

/** A frontier from parts that were stored: refuses parts that no tree has. */
export function frontierOf(parts: Frontier): Frontier {
  const { size, hashes } = parts;
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new RangeError(`\`${size}\` is not a tree size`);
  }
  if (hashes.length !== perfectSubtrees(size) || !hashes.every(isHash)) {
    throw new RangeError(`the stored frontier does not fit a tree of ${size} leaves`);
  }
  return { size, hashes: [...hashes] };
}

/** The number of one-digits in the size. Division, because sizes outgrow 32-bit operators. */
function perfectSubtrees(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}

export function appendLeaf(frontier: Frontier, leafHex: string): Frontier {
  return appendLeaves(frontier, [leafHex]);
}

export function appendLeaves(frontier: Frontier, leaves: readonly string[]): Frontier {
  const hashes = [...frontier.hashes];
  let { size } = frontier;
  for (const leaf of leaves) {
    if (!isHash(leaf)) throw new TypeError('a leaf is 64 lower-case hex digits');
    let subtree = leaf;
    // Each trailing one-digit is a perfect subtree as large as this one: the two make the next.
    for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) {
      subtree = joined(takeLast(hashes), subtree);
    }
    hashes.push(subtree);
    size += 1;
  }
  return { size, hashes };
}

function takeLast(hashes: string[]): string {
  const last = hashes.pop();
  if (last === undefined) throw new RangeError('the frontier has fewer hashes than its size needs');
  return last;
}

export function rootHash(frontier: Frontier): string {
  const rest = [...frontier.hashes];
  let root = rest.pop();
  if (root === undefined) return emptyRoot;
  for (let left = rest.pop(); left !== undefined; left = rest.pop()) root = nodeHash(left, root);
  return root;
}
