/**
 * Commitments: what the log holds in place of content that names people or must be erasable.
 *
 * An entry holds `commit(salt, text)`; the salt and the text are stored beside the log. Showing
 * both proves what was said. Erasing them leaves the entry, and so every hash and proof, as it was.
 *
 * Why a salt: much of what is committed to has few possible values (an amount, a name, yes or no),
 * and a bare hash of such a value is found by trying them all. A fresh random salt of 16 bytes or
 * more per commitment makes that hopeless once the salt is erased, and keeps equal values from
 * looking equal.
 *
 * Why the length of the salt is hashed as well: otherwise the same bytes could be cut into salt and
 * text at another place, and one commitment would open to two texts.
 */
import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';

const commitmentPrefix = 0x02;
const secretBytesMin = 16;
/** The salt's length has to fit the one byte that it is hashed with. */
const saltBytesMax = 255;
const hexForm = /^(?:[0-9a-f]{2})+$/;

/** Hex SHA-256(0x02 || length of salt, one byte || salt || UTF-8 of `bytes`). */
export function commit(saltHex: string, bytes: string): string {
  const hashed = Buffer.allocUnsafe(committedBytesMax(bytes));
  return hash('sha256', hashed.subarray(0, writeCommitted(hashed, 0, saltHex, bytes)), 'hex');
}

/** A bound for what `writeCommitted` writes: UTF-8 has at most three bytes for a UTF-16 unit. */
export function committedBytesMax(bytes: string): number {
  return 2 + saltBytesMax + 3 * bytes.length;
}

/** Writes what a commitment is the hash of, and returns where it ends. */
export function writeCommitted(
  target: Buffer,
  offset: number,
  saltHex: string,
  bytes: string,
): number {
  assertSecret('salt', saltHex);
  const saltBytes = saltHex.length / 2;
  if (saltBytes > saltBytesMax) throw new RangeError(`a salt has at most ${saltBytesMax} bytes`);
  assertWellFormed(bytes);
  target[offset] = commitmentPrefix;
  target[offset + 1] = saltBytes;
  target.write(saltHex, offset + 2, 'hex');
  const start = offset + 2 + saltBytes;
  return start + target.write(bytes, start);
}

/** A key for `keyedDigest`, prepared once: preparing it costs more than a digest. */
export interface DigestKey {
  readonly secret: KeyObject;
}

export function digestKey(keyHex: string): DigestKey {
  assertSecret('key', keyHex);
  return { secret: createSecretKey(Buffer.from(keyHex, 'hex')) };
}

/**
 * Hex HMAC-SHA-256(key, label || 0x00 || UTF-8 of `bytes`): a name for a value that only holders of
 * the key can compute, equal for equal values. The label keeps digests of different purposes apart.
 */
export function keyedDigest(key: DigestKey, label: string, bytes: string): string {
  if (label.includes('\0')) throw new RangeError('a label must not contain U+0000');
  assertWellFormed(label);
  assertWellFormed(bytes);
  return createHmac('sha256', key.secret).update(`${label}\0${bytes}`).digest('hex');
}

function assertSecret(name: string, hex: string): void {
  if (!hexForm.test(hex)) throw new TypeError(`a ${name} is lower-case hex`);
  if (hex.length < 2 * secretBytesMin) {
    throw new RangeError(`a ${name} has at least ${secretBytesMin} bytes`);
  }
}

/** UTF-8 writes every lone surrogate as U+FFFD, so two ill-formed texts could share one digest. */
function assertWellFormed(text: string): void {
  if (!text.isWellFormed()) throw new TypeError('text with a lone surrogate has no UTF-8 form');
}
