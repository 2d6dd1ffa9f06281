/** The host's own assertion of an identity: the simplest authenticator, explicit and logged as such. */
import {
  compareText,
  grantableRoles,
  isName,
  isQualifiedName,
  limits,
  nameForm,
  qualifiedNameForm,
  quoted,
} from '../kernel/index.ts';
import { Principal } from './principal.ts';

export interface IdentityAssertion {
  /** Such as `user:ada` or `service:billing`. */
  readonly id: string;
  readonly org: string;
  /** `agent`, `operator`, `approver`, `auditor`, `admin`, `platform-admin`, or roles of the active policy. */
  readonly roles: readonly string[];
  /** Teams within the org, by which budgets may be shared. */
  readonly teams?: readonly string[];
}

/** How an identity was established, and which roles there are. */
export interface Minting {
  readonly via: string;
  readonly isRole: (role: unknown) => boolean;
  /** Id of the API key, where it was one. */
  readonly credential?: string;
  /** Log time, ms, at which the credential ends; a whole number. */
  readonly expiresAt?: number;
}

/** Mints a principal. Throws a `TypeError` where the assertion is not well-formed. */
export function mintAssertion(
  issuer: object,
  { id, org, roles, teams = [] }: IdentityAssertion,
  { via, isRole, credential, expiresAt }: Minting,
): Principal {
  if (!isQualifiedName(id))
    throw new TypeError(
      `principal id ${quoted(id)} is not valid: it may have ${qualifiedNameForm}`,
    );
  if (!isName(org)) throw new TypeError(`org ${quoted(org)} is not valid: it may have ${nameForm}`);
  if (!Array.isArray(roles) || roles.length > limits.rolesMax) {
    throw new TypeError(`roles must be a list of at most ${limits.rolesMax}`);
  }
  // Read once: what is checked is what is minted, also where a list answers differently each time.
  const given = Array.from<string>(roles);
  for (const role of given) {
    if (!isRole(role))
      throw new TypeError(
        `role ${quoted(role)} is not known; built in are ${grantableRoles.join(', ')}`,
      );
  }
  if (!Array.isArray(teams) || teams.length > limits.teamsMax) {
    throw new TypeError(`teams must be a list of at most ${limits.teamsMax}`);
  }
  const joined = [...new Set(Array.from<string>(teams))].toSorted(compareText);
  const odd = joined.find((team) => !isName(team));
  if (odd !== undefined)
    throw new TypeError(`team ${quoted(odd)} is not valid: it may have ${nameForm}`);
  return new Principal(issuer, {
    id,
    org,
    roles: given,
    via,
    teams: joined,
    ...(credential === undefined ? {} : { credential }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  });
}
