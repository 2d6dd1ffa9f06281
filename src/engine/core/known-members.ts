/** Options as callers give them: what is misspelt is refused, since it may have been a limit. */
export { assertMembers } from '../error.ts';
