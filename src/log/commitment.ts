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
import { assertSecret, assertWellFormed } from './committed-bytes.ts';
import { committedBytesMax, writeCommitted } from './committed-bytes.ts';

/** Hex SHA-256(0x02 || length of salt, one byte || salt || UTF-8 of `bytes`). */
export function commit(saltHex: string, bytes: string): string {
  const hashed = Buffer.allocUnsafe(committedBytesMax(bytes));
  return hash('sha256', hashed.subarray(0, writeCommitted(hashed, 0, saltHex, bytes)), 'hex');
}

/** A key for `keyedDigest`, prepared once: preparing it costs more than a digest. */
export interface DigestKey {
  /** A `KeyObject` of Node's. Its type is not named: whoever reads these may have none of Node's. */
  readonly secret: object;
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
  return createHmac('sha256', key.secret as KeyObject)
    .update(`${label}\0${bytes}`)
    .digest('hex');
}
