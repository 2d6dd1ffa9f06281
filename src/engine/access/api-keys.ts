/**
 * API keys as texts: `acp_<id>_<secret>`. The log keeps the hash of the secret; the text is shown once.
 *
 * The secret is 32 random bytes, so that a plain SHA-256 of it cannot be searched for, and there is nothing
 * that a slow hash would add.
 */
import { hash, timingSafeEqual } from 'node:crypto';

const shape = /^acp_([0-9A-Za-z-]{1,64})_([0-9a-f]{64})$/;

export function apiKeyText(id: string, secret: string): string {
  return `acp_${id}_${secret}`;
}

export function secretHashOf(secret: string): string {
  return hash('sha256', secret, 'hex');
}

/** The id and secret of a text that looks like a key, or undefined. */
export function readApiKey(
  text: string,
): { readonly id: string; readonly secret: string } | undefined {
  const [, id, secret] = shape.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

/** The id in what may be the text of a key, or of a part of one, among others; undefined where it is none. */
export function idInKeyText(text: string): string | undefined {
  return /acp_([0-9A-Za-z-]{1,64})_/.exec(text)?.[1];
}

/** Compares in constant time: how much of a hash was right is not told by how long a refusal takes. */
export function isSecretOf(secret: string, secretHash: string): boolean {
  const given = Buffer.from(secretHashOf(secret), 'hex');
  const kept = Buffer.from(secretHash, 'hex');
  return given.length === kept.length && timingSafeEqual(given, kept);
}
