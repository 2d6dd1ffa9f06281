/** Options as callers give them: what is misspelt is refused, since it may have been a limit. */
import { fault } from '../error.ts';

/** Throws `input-invalid` where the options are no object, or have a member that is not listed. */
export function assertMembers(what: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw fault('input-invalid', `${what} are no object`);
  }
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const names = known.map((name) => `\`${name}\``).join(', ');
  throw fault('input-invalid', `\`${unknown}\` is not known in ${what}; known are ${names}`);
}
