/** Whether a principal is one of those that a ticket asks. */
import { compileGlobs } from '../policy/glob.ts';
import type { PrincipalReference } from '../principal.ts';

/** One of the roles, and a match in each of the lists of patterns. */
export function isAsked(
  by: PrincipalReference,
  roles: readonly string[],
  principals: readonly (readonly string[])[] = [],
): boolean {
  const hasRole = by.roles.some((role) => roles.includes(role));
  return hasRole && principals.every((names) => compileGlobs(names)(by.id));
}
