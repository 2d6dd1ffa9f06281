/** Options as callers give them: what is misspelt is refused, since it may have been a limit. */
import { fault } from './error.ts';

/** Throws `input-invalid` where the options are no object, or have a member that is not listed. */
export function assertMembers(what: string, options: unknown, known: readonly string[]): void {
  assertObject(what, options);
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const names = known.map((name) => `\`${name}\``).join(', ');
  throw fault('input-invalid', `\`${unknown}\` is not known in ${what}; known are ${names}`);
}

/** Throws `input-invalid` for what has no members. */
export function assertObject(what: string, options: unknown): asserts options is object {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return;
  throw fault('input-invalid', `${what} must be an object`);
}
