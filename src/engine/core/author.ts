/**
 * Whose command it is where nobody has to be named: then it is the host's. Whoever names somebody and has
 * nobody, such as a request for which nobody was established, is not the host: two principals would be one.
 */
import type { Principal } from '../../identity/principal.ts';
import type { PrincipalReference } from '../../kernel/index.ts';
import { fault } from '../error.ts';
import type { Core } from './core.ts';

/** A last argument that may be left out. */
export type Author = readonly [by?: Principal];

/** Throws `principal-not-minted`. */
export function authorOf(core: Core, host: Principal, given: Author): PrincipalReference {
  return authorIn(core, host, given.length === 0 ? {} : { by: given[0] });
}

/** The same of an order that may name one. Throws `principal-not-minted`. */
export function authorIn(
  core: Core,
  host: Principal,
  order: { readonly by?: Principal | undefined },
): PrincipalReference {
  const by = 'by' in order ? order.by : host;
  if (by === undefined) throw fault('principal-not-minted');
  return core.referenceOf(by);
}
