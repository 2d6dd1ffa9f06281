/** Options as callers give them: what is misspelt is refused, since it may have been a limit. */
import { everyOrg, isName, isOpaque } from '../kernel/index.ts';
import { type ControlPlaneError, fault } from './error.ts';

/** Throws `input-invalid` where the options are no object, or have a member that is not listed. */
export function assertMembers(what: string, options: unknown, known: readonly string[]): void {
  assertSomeObject(what, options);
  // An accessor of its class can be read all the same: an `AbortController` has a `signal`.
  if (isOpaque(options) && !known.some((name) => name in options)) throw unreadable(what);
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const names = known.map((name) => `\`${name}\``).join(', ');
  throw fault('input-invalid', `\`${unknown}\` is not known in ${what}; known are ${names}`);
}

/** Throws `input-invalid` for what has no members that could be taken over. */
export function assertObject(what: string, value: unknown): asserts value is object {
  assertSomeObject(what, value);
  if (isOpaque(value)) throw unreadable(what);
}

function assertSomeObject(what: string, value: unknown): asserts value is object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  throw fault('input-invalid', `${what} must be an object`);
}

function unreadable(what: string): ControlPlaneError {
  return fault('input-invalid', `${what} must be an object with members, and no Map or the like`);
}

/** Throws `input-invalid` for what is given and no truth value: it would be taken for one of the two. */
export function assertTruth(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw fault('input-invalid', `\`${name}\` is neither true nor false`);
}

/** Throws `input-invalid` for what is no list: a text would be taken for its letters. */
export function assertList(what: string, value: unknown): void {
  if (!Array.isArray(value)) throw fault('input-invalid', `${what} is no list`);
}

/** Throws `input-invalid` for what can be no org: what is asked of it would have an empty answer. */
export function assertOrg(org: unknown): asserts org is string {
  if (isName(org) || org === everyOrg) return;
  throw fault('input-invalid', 'an org is given by its name');
}
