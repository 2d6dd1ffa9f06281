/** For receivers: whether a webhook is from who shares the secret, unaltered, and recent. */
import { timingSafeEqual } from 'node:crypto';
import { assertKnown } from './notifier.ts';
import { keysOf, macOf, type WebhookSecrets } from './signature.ts';

/** Headers as Node gives them. Names in any case. */
export type ReceivedHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** As Node gives them, or the `Headers` of a fetch request. */
type AnyHeaders = ReceivedHeaders | Iterable<readonly [name: string, value: string]>;

export interface VerifyWebhookOptions {
  /** How far the timestamp may be from `now`, either way, ms: five minutes by default, a day at most. */
  readonly toleranceMs?: number;
  /** The receiver's time, ms since the epoch: `Date.now()`. */
  readonly now: number;
}

const optionsKnown = [
  'toleranceMs',
  'now',
] as const satisfies readonly (keyof VerifyWebhookOptions)[];

/** A webhook that is genuine. A receiver drops an id that it has seen within the tolerance. */
export interface VerifiedWebhook {
  readonly id: string;
  /** When it was sent, ms since the epoch. */
  readonly sentAt: number;
}

export type WebhookProblem = 'header-missing' | 'header-invalid' | 'too-old' | 'not-signed';

/** A webhook that must not be acted on. Thrown, so that a receiver that forgets to look is safe. */
export class WebhookRefused extends Error {
  readonly code: WebhookProblem;

  constructor(code: WebhookProblem, message: string) {
    super(message);
    this.name = 'WebhookRefused';
    this.code = code;
  }
}

const idPattern = /^[A-Za-z0-9_-]{1,128}$/;
const timestampPattern = /^[0-9]{1,12}$/;
/** Bounds how many there are to compare, too. */
const signaturesPattern = /^[\u0020-\u007e]{1,4096}$/;
/** Nobody keeps the ids of longer ago, and without an end whatever was sent once could be sent again. */
const toleranceMsMax = 86_400_000;

/**
 * Checks a webhook's headers against its raw body: the bytes as they came, before anything parsed them.
 * Throws `WebhookRefused` where they do not hold, and a `TypeError` where a secret can be none or an option
 * is out of range.
 */
export function verifyWebhook(
  headers: AnyHeaders,
  rawBody: string | Uint8Array,
  secrets: WebhookSecrets,
  options: VerifyWebhookOptions,
): VerifiedWebhook {
  assertKnown('the check of a webhook', options, optionsKnown);
  const { toleranceMs = 300_000, now } = options;
  const keys = keysOf(secrets);
  if (!Number.isFinite(now)) throw new TypeError('`now` is a number of milliseconds');
  if (typeof toleranceMs !== 'number' || !(toleranceMs >= 0 && toleranceMs <= toleranceMsMax)) {
    throw new TypeError(`\`toleranceMs\` is a number from 0 to ${toleranceMsMax}`);
  }
  const id = headerOf(headers, 'webhook-id', idPattern);
  const timestamp = headerOf(headers, 'webhook-timestamp', timestampPattern);
  const signature = headerOf(headers, 'webhook-signature', signaturesPattern);
  const sentAt = Number(timestamp) * 1_000;
  if (Math.abs(now - sentAt) > toleranceMs) {
    throw new WebhookRefused('too-old', 'the webhook’s timestamp is too far from now');
  }
  const body = typeof rawBody === 'string' ? Buffer.from(rawBody, 'utf8') : rawBody;
  const expected = keys.map((key) => macOf(key, { id, timestamp, body }));
  if (!isSigned(signature, expected)) {
    throw new WebhookRefused('not-signed', 'no signature of the webhook is by a known secret');
  }
  return { id, sentAt };
}

/** Every signature is held against every key: how long it takes says nothing about which was close. */
function isSigned(header: string, expected: readonly Uint8Array[]): boolean {
  let found = false;
  for (const part of header.split(' ')) {
    if (!part.startsWith('v1,')) continue;
    const given = Buffer.from(part.slice('v1,'.length), 'base64');
    for (const mac of expected) {
      if (given.length === mac.length && timingSafeEqual(given, mac)) found = true;
    }
  }
  return found;
}

function headerOf(headers: AnyHeaders, name: string, pattern: RegExp): string {
  const entries = Symbol.iterator in headers ? [...headers] : Object.entries(headers);
  const found = entries
    .filter(([each, value]) => each.toLowerCase() === name && value !== undefined)
    .flatMap(([, value]) => value);
  const [value, ...others] = found;
  if (value === undefined) throw new WebhookRefused('header-missing', `there is no \`${name}\``);
  if (others.length > 0 || !pattern.test(value)) {
    throw new WebhookRefused('header-invalid', `\`${name}\` is not one header of its form`);
  }
  return value;
}
