/**
 * Where in the claims of a token something is: the name of a claim, or names of nested members.
 *
 * A text is one name, dots and slashes included, since claims may be called `https://example.com/org`. Nested
 * members are a list: `['realm_access', 'roles']`.
 */
import { jwtLimits } from './jwt-limits.ts';
import { listFrom } from './option-checks.ts';

export type ClaimPath = string | readonly string[];

const inherited = new Set(['__proto__', 'constructor', 'prototype']);

/** The names, read once. Throws a `TypeError` where it is no path. */
export function claimPath(option: string, given: ClaimPath): readonly string[] {
  const steps = listFrom(given);
  const isStep = (step: unknown): step is string =>
    typeof step === 'string' && step !== '' && !inherited.has(step);
  if (steps.length === 0 || steps.length > jwtLimits.claimPathMax || !steps.every(isStep)) {
    throw new TypeError(`\`${option}\` has no valid claim path`);
  }
  return steps;
}

/** A path as messages show it. */
export function showPath(path: readonly string[]): string {
  return `claim \`${path.join('` / `')}\``;
}
