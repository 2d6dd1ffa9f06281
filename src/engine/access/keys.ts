/** API keys: issued, listed and revoked. A key's text is in the answer to its issue, and nowhere else. */
import type { Principal } from '../../identity/principal.ts';
import { compareText, type RecordsByKind } from '../../kernel/index.ts';
import { checkedDate } from '../core/checked-date.ts';
import { assertMembers, assertOrg } from '../known-members.ts';
import { apiKeyText, idInKeyText, secretHashOf } from './api-keys.ts';
import { authorIn } from '../core/author.ts';
import type { Core } from '../core/core.ts';
import { fault } from '../error.ts';
import { checkedText, committed } from '../core/payload.ts';

export interface KeyOrder {
  /** Id of the principal that whoever shows the key will be, such as `service:billing`. */
  readonly principal: string;
  readonly roles: readonly string[];
  readonly teams?: readonly string[];
  /** The issuer's own org where it is left out; the host, which is of none, has to name it. */
  readonly org?: string;
  /** When it ends; without it, when it is revoked. */
  readonly expiresAt?: Date;
  /** Who issues it: may give no role that permits what the issuer may not do. The host by default. */
  readonly by?: Principal;
  readonly reason?: string;
}

/** A misspelt `expiresAt` would make a key that never ends. */
const orderKnown = [
  'principal',
  'roles',
  'teams',
  'org',
  'expiresAt',
  'by',
  'reason',
] as const satisfies readonly (keyof KeyOrder)[];

export interface IssuedKey {
  readonly id: string;
  /** The key itself: shown this once, and kept nowhere. */
  readonly key: string;
}

/** A key as it is listed. */
export type KeyListed = Omit<RecordsByKind['key'], 'secretHash'>;

export class Keys {
  readonly #core: Core;
  readonly #host: Principal;

  /** Use `ControlPlane.keys`. */
  constructor(core: Core, host: Principal) {
    this.#core = core;
    this.#host = host;
  }

  /** Issues a key. Throws `permission-denied`, or `key-invalid` where it could establish nobody. */
  async issue(order: KeyOrder): Promise<IssuedKey> {
    const { ids, clock } = this.#core.options;
    assertMembers('the terms of a key', order, orderKnown);
    const by = authorIn(this.#core, this.#host, order);
    const { expiresAt, org = 'by' in order ? by.org : undefined } = order;
    if (org === undefined) {
      throw fault('input-invalid', 'the terms of a key name no `org`, and the host is of none');
    }
    const teams = order.teams === undefined ? [] : plainList('teams', order.teams);
    const secret = ids.secret();
    const { record } = await this.#core.submit(
      by,
      {
        kind: 'issue-key',
        key: {
          id: ids.next(clock.now()),
          org,
          principal: order.principal,
          roles: plainList('roles', order.roles),
          ...(teams.length === 0 ? {} : { teams: teams.toSorted(compareText) }),
          secretHash: secretHashOf(secret),
          ...(expiresAt === undefined ? {} : { expiresAt: checkedDate('expiresAt', expiresAt) }),
        },
      },
      'key',
      committed(ids, { reason: checkedText('the reason', order.reason) }),
    );
    return { id: record.id, key: apiKeyText(record.id, secret) };
  }

  /** Revokes a key: from its next command on, nobody is whom it established, in any process. */
  async revoke(order: {
    readonly key: string;
    readonly by?: Principal;
    readonly reason?: string;
  }): Promise<KeyListed> {
    assertMembers('the options of revoking a key', order, ['key', 'by', 'reason']);
    assertNoKeyText(order.key);
    const { record } = await this.#core.submit(
      authorIn(this.#core, this.#host, order),
      { kind: 'revoke-key', key: order.key },
      'key',
      committed(this.#core.options.ids, { reason: checkedText('the reason', order.reason) }),
    );
    return keyListed(record);
  }

  /** The keys of an org, revoked ones included, oldest first. */
  list(org: string): readonly KeyListed[] {
    assertOrg(org);
    return [...this.#core.options.replica.cache.live('key')]
      .filter((key) => key.org === org)
      .toSorted((left, right) => left.issuedAt - right.issuedAt || compareText(left.id, right.id))
      .map(keyListed);
  }
}

/** Whoever has a key that leaked has its text at hand. A refusal would stand in the log with it, for ever. */
function assertNoKeyText(given: unknown): void {
  const id = typeof given === 'string' ? idInKeyText(given) : undefined;
  if (id === undefined) return;
  throw fault(
    'input-invalid',
    `it is a key, and not the id of one: revoke it by its id, \`${id}\``,
  );
}

/** All of it but the hash. */
export function keyListed(record: RecordsByKind['key']): KeyListed {
  const { id, org, principal, roles, teams, expiresAt, revoked, issuedBy, issuedAt } = record;
  return {
    id,
    org,
    principal,
    roles,
    ...(teams === undefined ? {} : { teams }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    revoked,
    issuedBy,
    issuedAt,
  };
}

/** Read once: what is checked is what is recorded. */
function plainList(what: string, list: readonly string[]): readonly string[] {
  const read: unknown = Array.isArray(list) ? Array.from<unknown>(list) : undefined;
  if (!Array.isArray(read) || !read.every((each) => typeof each === 'string')) {
    throw fault('input-invalid', `${what} must be a list of names`);
  }
  return read;
}
