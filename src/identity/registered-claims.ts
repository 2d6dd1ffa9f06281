/**
 * The registered claims of RFC 7519, checked: who issued the token, for whom, and when it is good.
 *
 * `exp` is mandatory. The time is that of the caller; all amounts are milliseconds, NumericDates are seconds.
 */
import { limits } from '../kernel/index.ts';
import { AuthenticationError } from './authenticator.ts';
import { ownMember, type Claims } from './signed-token.ts';

export interface ClaimExpectations {
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly clockToleranceMs: number;
  /** Milliseconds since the token was issued; `iat` is mandatory where it is set. */
  readonly maxTokenAgeMs?: number | undefined;
}

/** Throws, or gives the milliseconds since the epoch from which the token is refused. */
export function checkRegisteredClaims(
  claims: Claims,
  expected: ClaimExpectations,
  now: number,
): number {
  // A clock that gives no number would make every comparison below false, and every token valid.
  if (!Number.isFinite(now)) throw new TypeError('`now` does not give a number');
  if (ownMember(claims, 'iss') !== expected.issuer) {
    throw new AuthenticationError('token-issuer-wrong', `expected \`${expected.issuer}\``);
  }
  checkAudience(ownMember(claims, 'aud'), expected.audiences);
  return checkTimes(claims, expected, now);
}

function checkAudience(claim: unknown, audiences: readonly string[]): void {
  const named: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  const known = named.every((each) => typeof each === 'string');
  if (!known || !audiences.some((audience) => named.includes(audience))) {
    throw new AuthenticationError('token-audience-wrong', `expected \`${audiences.join('`, `')}\``);
  }
}

function checkTimes(
  claims: Claims,
  { clockToleranceMs, maxTokenAgeMs }: ClaimExpectations,
  now: number,
): number {
  const expires = dateOf(claims, 'exp');
  const notBefore = dateOf(claims, 'nbf');
  const issued = dateOf(claims, 'iat');
  if (expires === undefined) throw new AuthenticationError('claims-invalid', '`exp` is missing');
  if (maxTokenAgeMs !== undefined && issued === undefined) {
    throw new AuthenticationError('claims-invalid', '`iat` is missing');
  }
  const tooOld =
    maxTokenAgeMs === undefined || issued === undefined ? Infinity : issued + maxTokenAgeMs;
  const expiresAt = Math.min(expires, tooOld) + clockToleranceMs;
  if (now >= expiresAt) {
    throw new AuthenticationError('token-expired', tooOld < expires ? 'by its age' : 'by `exp`');
  }
  for (const [name, from] of Object.entries({ nbf: notBefore, iat: issued })) {
    if (from !== undefined && from - clockToleranceMs > now) {
      throw new AuthenticationError('token-not-yet-valid', `by \`${name}\``);
    }
  }
  return expiresAt;
}

/** A NumericDate in milliseconds, rounded down. */
function dateOf(claims: Claims, name: string): number | undefined {
  const seconds = ownMember(claims, name);
  if (seconds === undefined) return undefined;
  const ms = typeof seconds === 'number' ? Math.floor(seconds * 1_000) : Number.NaN;
  if (!(ms >= 0 && ms <= limits.windowInstantMax)) {
    throw new AuthenticationError('claims-invalid', `\`${name}\` is not a date in seconds`);
  }
  return ms;
}
