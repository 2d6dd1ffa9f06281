/**
 * Who may mint principals: the host's own assertion, API keys, and the authenticators that the host gave.
 *
 * A credential is checked once, here; whether it still is good is the kernel's to say at every command.
 */
import type { Authenticated, Authenticator } from '../../identity/authenticator.ts';
import { mintAssertion, type IdentityAssertion } from '../../identity/assertion.ts';
import type { Principal } from '../../identity/principal.ts';
import {
  isGrantableRole,
  isQualifiedName,
  quoted,
  type RecordsByKind,
  rolePermissions,
} from '../../kernel/index.ts';
import { isSecretOf, readApiKey } from './api-keys.ts';
import type { Core } from '../core/core.ts';
import { assertMembers } from '../known-members.ts';
import { fault } from '../error.ts';

/** Mints principals: nothing else does, and nothing that a caller states is ever an identity. */
export interface Identity {
  /** The host says who somebody is, and the log says that the host said so. */
  assert(assertion: IdentityAssertion): Principal;
  /**
   * Whom a credential belongs to: an API key, or what the authenticator called `via` understands. Throws
   * `credential-invalid`, or what the authenticator throws, such as an `AuthenticationError`.
   */
  authenticate(credential: string, via?: string): Promise<Principal>;
  /** What `via` may be: `api-key`, and the names of the authenticators that the host gave. */
  readonly ways: readonly string[];
}

/** Of a key that does not exist, so that it takes as long to refuse as one that does. */
const nobodysHash = '0'.repeat(64);

export type AuthenticatorsByName = ReadonlyMap<string, Authenticator>;

/** Names by which the log tells the control plane's own ways of establishing somebody. */
const reserved: ReadonlySet<string> = new Set([
  'api-key',
  'host-assertion',
  'configuration',
  'internal',
]);

/** Throws `input-invalid` where two authenticators, or one and the control plane, share a name. */
export function authenticatorsByName(
  authenticators: readonly Authenticator[] = [],
): AuthenticatorsByName {
  const byName = new Map<string, Authenticator>();
  for (const authenticator of authenticators) {
    const { name } = authenticator;
    if (!isQualifiedName(name) || reserved.has(name) || byName.has(name)) {
      throw fault('input-invalid', `no authenticator can be called ${quoted(name)}`);
    }
    byName.set(name, authenticator);
  }
  return byName;
}

/** A misspelt team would leave a principal out of the budget that its team shares. */
const assertionKnown = [
  'id',
  'org',
  'roles',
  'teams',
] as const satisfies readonly (keyof IdentityAssertion)[];

export function identityOf(core: Core, byName: AuthenticatorsByName): Identity {
  return Object.freeze({
    assert: (assertion: IdentityAssertion) => {
      assertMembers('the identity of a principal', assertion, assertionKnown);
      return minted(core, assertion, 'host-assertion');
    },
    authenticate: (credential: string, via = 'api-key') =>
      via === 'api-key'
        ? byApiKey(core, credential)
        : byAuthenticator(core, byName, credential, via),
    ways: Object.freeze(['api-key', ...byName.keys()]),
  });
}

async function byAuthenticator(
  core: Core,
  byName: AuthenticatorsByName,
  credential: string,
  via: string,
): Promise<Principal> {
  const authenticator = byName.get(via);
  if (authenticator === undefined) {
    throw fault('input-invalid', `there is no authenticator ${quoted(via)}`);
  }
  const {
    id,
    org,
    roles,
    teams = [],
    expiresAt,
  } = vouched(await authenticator.authenticate(credential));
  if (expiresAt !== undefined && !Number.isSafeInteger(expiresAt)) {
    throw fault('credential-invalid', 'when it ends is no whole number of milliseconds');
  }
  const ends = expiresAt === undefined ? {} : { expiresAt };
  return minted(core, { id, org, roles, teams }, via, ends);
}

/** A misspelt end would let whoever it vouches for act for ever. */
const authenticatedKnown = [
  ...assertionKnown,
  'expiresAt',
] as const satisfies readonly (keyof Authenticated)[];

/** Whoever knows nobody by a credential may say so by saying nothing, whatever the types ask for. */
function vouched(answer: Authenticated | null | undefined): Authenticated {
  if (typeof answer === 'object' && answer !== null) {
    assertMembers('what the authenticator answers', answer, authenticatedKnown);
    return answer;
  }
  throw fault('credential-invalid', 'the authenticator vouches for nobody');
}

function minted(
  core: Core,
  assertion: IdentityAssertion,
  via: string,
  more: { readonly credential?: string; readonly expiresAt?: number } = {},
): Principal {
  const { cache } = core.options.replica;
  const isRole = (role: unknown): boolean =>
    isGrantableRole(role) ||
    (typeof role === 'string' && role !== 'system' && rolePermissions(cache, role) !== undefined);
  try {
    return mintAssertion(core, assertion, { via, isRole, ...more });
  } catch (failure) {
    throw fault('input-invalid', failure instanceof Error ? failure.message : '', failure);
  }
}

async function byApiKey(core: Core, apiKey: string): Promise<Principal> {
  const read = typeof apiKey === 'string' ? readApiKey(apiKey) : undefined;
  if (read === undefined) throw fault('credential-invalid', 'it does not look like an API key');
  const { cache } = core.options.replica;
  let record = cache.peek('key', read.id);
  if (record === undefined) {
    // Another process may have issued it since this one last looked.
    await core.follow();
    record = cache.peek('key', read.id);
  }
  const isTheirs = isSecretOf(read.secret, record?.secretHash ?? nobodysHash);
  if (record === undefined || !isTheirs) {
    throw fault('credential-invalid', 'there is no such API key');
  }
  assertGood(record, core.now);
  const { org, principal: id, roles, teams = [] } = record;
  return minted(core, { id, org, roles, teams }, 'api-key', { credential: record.id });
}

/** Early, for a helpful answer: the kernel asks again at each command, by the log's state and time. */
function assertGood(record: RecordsByKind['key'], now: number): void {
  const name = quoted(record.id);
  if (record.revoked) throw fault('credential-invalid', `API key ${name} was revoked`);
  if (record.expiresAt !== undefined && now >= record.expiresAt) {
    throw fault('credential-invalid', `API key ${name} expired`);
  }
}
