/** The host's own assertion of an identity: the simplest authenticator, explicit and logged as such. */
import { isGrantableRole, isName, isQualifiedName, limits, quoted } from '../kernel/index.ts';
import { Principal } from './principal.ts';

export interface IdentityAssertion {
  /** Such as `user:ada` or `service:billing`. */
  readonly id: string;
  readonly org: string;
  /** `agent`, `operator`, `approver`, `auditor`, `admin`. */
  readonly roles: readonly string[];
}

/** Mints a principal. Throws a `TypeError` where the assertion is not well-formed. */
export function mintAssertion(
  issuer: object,
  { id, org, roles }: IdentityAssertion,
  via: string,
): Principal {
  if (!isQualifiedName(id)) throw new TypeError(`principal id ${quoted(id)} is not valid`);
  if (!isName(org)) throw new TypeError(`org ${quoted(org)} is not valid`);
  if (!Array.isArray(roles) || roles.length > limits.rolesMax) {
    throw new TypeError(`roles must be a list of at most ${limits.rolesMax}`);
  }
  // Read once: what is checked is what is minted, also where a list answers differently each time.
  const given = Array.from<string>(roles);
  for (const role of given) {
    if (!isGrantableRole(role)) throw new TypeError(`role ${quoted(role)} is not known`);
  }
  return new Principal(issuer, { id, org, roles: given, via });
}
