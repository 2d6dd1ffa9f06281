/**
 * Options of the JWT authenticator, and the settings that they come to. What is missing, unknown or out of
 * range is refused where the authenticator is built, so that a misspelt check is not a check left out.
 */
import { isName, limits } from '../kernel/index.ts';
import { type ClaimMapping, claimReader, type ClaimReader } from './claims.ts';
import { isTrustworthy } from './fetch-text.ts';
import { jwtLimits } from './jwt-limits.ts';
import { GivenKeys, type KeySource } from './key-set.ts';
import { checkMembers, listFrom, wholeWithin } from './option-checks.ts';
import type { ClaimExpectations } from './registered-claims.ts';
import { RemoteKeys } from './remote-keys.ts';
import { isObject } from './signed-token.ts';
import { wallClock } from './wall-clock.ts';

/** Asymmetric algorithms only: whoever can check a token cannot make one. */
const asymmetricAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

export type JwtAlgorithm = (typeof asymmetricAlgorithms)[number];

/** Where the issuer publishes its keys. `https`, or `http` to this machine only. */
export interface PublishedKeys {
  readonly jwksUri: string;
  /** How long fetched keys are used; ten minutes. A withdrawn key is refused after this at the latest. */
  readonly maxAgeMs?: number;
  /** How long after a fetch no unknown key causes another one; 30 s. */
  readonly cooldownMs?: number;
  /** How long a fetch may take; 5 s. */
  readonly timeoutMs?: number;
}

/** Keys that the host states: a JWK Set (RFC 7517) of public keys. */
export interface StatedKeys {
  readonly jwks: { readonly keys: readonly object[] };
}

export interface JwtOptions {
  /** Names the issuer in the log: `okta` is recorded as `jwt:okta`. */
  readonly name: string;
  /** `iss`, compared exactly. */
  readonly issuer: string;
  /** `aud` has to hold this, or one of these. */
  readonly audience: string | readonly string[];
  readonly algorithms: readonly JwtAlgorithm[];
  readonly keys: PublishedKeys | StatedKeys;
  readonly claims: ClaimMapping;
  /** The `typ` that a token must have, such as `at+jwt`; without it, `typ` is not looked at. */
  readonly typ?: string;
  /** Refuses tokens that were issued longer ago, by `iat`, which is mandatory then. */
  readonly maxTokenAgeMs?: number;
  /** How far the issuer’s clock may be off; 5 s. */
  readonly clockToleranceMs?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** Says in the log that it was a token, and keeps the names of other ways to establish an identity free. */
const namePrefix = 'jwt:';

const optionNames = [
  'name',
  'issuer',
  'audience',
  'algorithms',
  'keys',
  'claims',
  'typ',
  'maxTokenAgeMs',
  'clockToleranceMs',
  'now',
];

/** Options, checked. */
export interface JwtSettings {
  readonly name: string;
  readonly algorithms: ReadonlySet<string>;
  readonly typ: string | undefined;
  readonly keys: KeySource;
  readonly expected: ClaimExpectations;
  readonly readClaims: ClaimReader;
  readonly now: () => number;
}

/** Throws a `TypeError` where the options are not valid. */
export function settingsOf(options: JwtOptions): JwtSettings {
  checkMembers('options', options, optionNames);
  const { name, issuer, typ, maxTokenAgeMs, now = wallClock } = options;
  if (!isName(name) || name.length > limits.nameLengthMax - namePrefix.length) {
    throw new TypeError('`name` is not a valid name');
  }
  if (typeof now !== 'function') throw new TypeError('`now` is not a function');
  if (!isText(issuer)) throw new TypeError('`issuer` is not text');
  if (typ !== undefined && !isText(typ)) throw new TypeError('`typ` is not text');
  return {
    name: `${namePrefix}${name}`,
    algorithms: algorithmsOf(options.algorithms),
    typ: typ === undefined ? undefined : mediaType(typ),
    keys: keySourceOf(options.keys, now),
    expected: {
      issuer,
      audiences: audiencesOf(options.audience),
      clockToleranceMs: wholeWithin('clockToleranceMs', options.clockToleranceMs, {
        least: 0,
        most: jwtLimits.clockToleranceMsMax,
        fallback: jwtLimits.clockToleranceMs,
      }),
      maxTokenAgeMs:
        maxTokenAgeMs === undefined
          ? undefined
          : wholeWithin('maxTokenAgeMs', maxTokenAgeMs, {
              least: 1,
              most: jwtLimits.tokenAgeMsMax,
              fallback: maxTokenAgeMs,
            }),
    },
    readClaims: claimReader(options.claims),
    now,
  };
}

/** `none`, and the `HS` algorithms with which a public key would be the secret, are not among them. */
function algorithmsOf(given: readonly string[]): ReadonlySet<string> {
  const algorithms = listFrom(given);
  const isKnown = (each: unknown): each is JwtAlgorithm =>
    (asymmetricAlgorithms as readonly unknown[]).includes(each);
  if (algorithms.length === 0 || !algorithms.every(isKnown)) {
    throw new TypeError(`\`algorithms\` is not a list of ${asymmetricAlgorithms.join(', ')}`);
  }
  return new Set(algorithms);
}

function audiencesOf(given: string | readonly string[]): readonly string[] {
  const audiences = listFrom(given);
  if (audiences.length > 0 && audiences.every(isText)) return audiences;
  throw new TypeError('`audience` is not text, or a list of texts');
}

function keySourceOf(given: PublishedKeys | StatedKeys, now: () => number): KeySource {
  if (isObject(given) && Object.hasOwn(given, 'jwks')) {
    checkMembers('keys', given, ['jwks']);
    return new GivenKeys(given['jwks']);
  }
  checkMembers('keys', given, ['jwksUri', 'maxAgeMs', 'cooldownMs', 'timeoutMs']);
  const { jwksUri, maxAgeMs, cooldownMs, timeoutMs } = given as PublishedKeys;
  const url = URL.parse(jwksUri);
  if (url === null || !isTrustworthy(url)) {
    throw new TypeError('`keys.jwksUri` is no `https` address, or `http` to this machine');
  }
  const keptMs = wholeWithin('keys.maxAgeMs', maxAgeMs, {
    least: jwtLimits.cooldownMsMin,
    most: jwtLimits.keysMaxAgeMsMax,
    fallback: jwtLimits.keysMaxAgeMs,
  });
  return new RemoteKeys({
    url,
    now,
    maxAgeMs: keptMs,
    // Not longer than keys are kept, or there would be a time without keys in which none may be fetched.
    cooldownMs: wholeWithin('keys.cooldownMs', cooldownMs, {
      least: jwtLimits.cooldownMsMin,
      most: keptMs,
      fallback: Math.min(jwtLimits.cooldownMs, keptMs),
    }),
    timeoutMs: wholeWithin('keys.timeoutMs', timeoutMs, {
      least: 1,
      // Keys age from when they were asked for: a longer wait would bring keys that are too old already.
      most: Math.min(jwtLimits.fetchTimeoutMsMax, keptMs),
      fallback: Math.min(jwtLimits.fetchTimeoutMs, keptMs),
    }),
  });
}

/** RFC 7515, 4.1.9: without regard to case, and `application/` may be left out. */
export function mediaType(typ: string): string {
  const lower = typ.toLowerCase();
  return lower.startsWith('application/') ? lower.slice('application/'.length) : lower;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
