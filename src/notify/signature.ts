/**
 * Signatures of webhooks by the conventions of Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body`,
 * as `v1,<base64>`, and secrets written as `whsec_<base64>`.
 */
import { createHmac } from 'node:crypto';

/** A text that begins with `whsec_` is base64; any other text stands for its UTF-8 bytes. */
export type WebhookSecret = string | Uint8Array;

/** One secret, or several while one takes the place of another. */
export type WebhookSecrets = WebhookSecret | readonly WebhookSecret[];

const secretBytesMin = 24;
const secretsMax = 8;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The keys of secrets; throws a `TypeError`, which never shows them, where one cannot be a secret. */
export function keysOf(secrets: WebhookSecrets): readonly Uint8Array[] {
  // What an environment that lacks it gives is undefined.
  if (!isSecret(secrets) && !Array.isArray(secrets)) {
    throw new TypeError('the secret of a webhook is text, bytes, or a list of these');
  }
  const list = isSecret(secrets) ? [secrets] : secrets.slice();
  if (list.length === 0 || list.length > secretsMax) {
    throw new TypeError(`a webhook has 1 to ${secretsMax} secrets`);
  }
  return list.map(keyOf);
}

function isSecret(secret: unknown): secret is WebhookSecret {
  return typeof secret === 'string' || secret instanceof Uint8Array;
}

function keyOf(secret: WebhookSecret): Uint8Array {
  if (!isSecret(secret)) throw new TypeError('a secret of a webhook is text or bytes');
  const key = typeof secret === 'string' ? bytesOf(secret) : Uint8Array.from(secret);
  if (key.length < secretBytesMin) {
    throw new TypeError(`a webhook’s secret has at least ${secretBytesMin} bytes`);
  }
  return key;
}

function bytesOf(secret: string): Uint8Array {
  if (!secret.startsWith('whsec_')) return Buffer.from(secret, 'utf8');
  const encoded = secret.slice('whsec_'.length);
  if (!base64.test(encoded)) throw new TypeError('what follows `whsec_` in a secret is base64');
  return Buffer.from(encoded, 'base64');
}

export interface SignedParts {
  /** Has no dot, so that the parts cannot be shifted against each other. */
  readonly id: string;
  /** Seconds since the epoch, as written in the header. */
  readonly timestamp: string;
  /** The bytes of the body as they are on the wire. */
  readonly body: Uint8Array;
}

/** The 32 bytes of the signature. */
export function macOf(key: Uint8Array, { id, timestamp, body }: SignedParts): Uint8Array {
  return createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
}

/** The header: one signature for each key. */
export function signatureHeader(keys: readonly Uint8Array[], parts: SignedParts): string {
  return keys.map((key) => `v1,${Buffer.from(macOf(key, parts)).toString('base64')}`).join(' ');
}
