/** What a session may be given by the one that it works on behalf of. */
import { type CallScope, scopeProblem } from './call-scope.ts';
import { limits } from '../limits.ts';

/** What a session was given by the one it works on behalf of. */
export interface DelegationTerms extends Partial<CallScope> {
  /** Log time, ms, from which on nothing more is allowed. */
  readonly expiresAt?: number;
  /** How many sessions deep it may be delegated further; 0 for not at all. */
  readonly depth?: number;
}

/** What is wrong with terms from outside, or undefined. */
export function delegationProblem(terms: DelegationTerms, now: number): string | undefined {
  const { expiresAt, depth, ...scope } = terms;
  if (Object.keys(scope).length > 0) {
    const problem = scopeProblem({ actions: ['**'], ...scope });
    if (problem !== undefined) return problem;
  }
  if (expiresAt !== undefined && !(Number.isSafeInteger(expiresAt) && expiresAt > now)) {
    return 'it would have expired already';
  }
  const isDepth = (value: number): boolean =>
    Number.isSafeInteger(value) && value >= 0 && value <= limits.sessionDepthMax;
  if (depth !== undefined && !isDepth(depth)) {
    return `\`depth\` must be a whole number from 0 to ${limits.sessionDepthMax}`;
  }
  return undefined;
}
