/** What approvers do with tickets: decide them, edit the call, grant more than the one call, revoke that. */
import type { Principal } from '../../identity/principal.ts';
import {
  compareText,
  type GrantHolder,
  type GrantRecord,
  grantStatus,
  type GrantTerms,
  type TicketRecord,
} from '../../kernel/index.ts';
import { digestKey, keyedDigest } from '../../log/index.ts';
import type { Core } from '../core/core.ts';
import { checkedDate } from '../core/checked-date.ts';
import { assertMembers, assertOrg, assertTruth } from '../known-members.ts';
import { fault } from '../error.ts';
import { checkedText, committed, readArguments } from '../core/payload.ts';
import { plainScope, type WrittenScope } from '../access/scopes.ts';
import { checkedAmounts, checkedKey } from '../core/session-input.ts';
import { sessionSecret, storedSession, storedTicket } from '../store/store-read.ts';

export interface TicketRuling {
  readonly ticket: string;
  readonly by: Principal;
  readonly reason?: string;
  readonly idempotencyKey?: string;
}

export interface Approval extends TicketRuling {
  /**
   * The arguments to call with instead. The call is decided again from the start with them; it is not made
   * with the ones that it was asked with.
   */
  readonly edit?: unknown;
  /** What is granted beside the call: later calls that it covers do not wait for an approver. */
  readonly grant?: GrantOrder;
}

export interface GrantOrder extends WrittenScope {
  /** How many calls it is good for, beside the one that was asked about. Zero means zero. */
  readonly uses: number;
  readonly expiresAt: Date;
  /** The most that its calls together may cost, by unit. Zero means zero; a unit not named is not limited. */
  readonly cost?: Readonly<Record<string, string | number>>;
  /** Whether it holds in the session of the ticket alone; in every one of the agent's by default. */
  readonly sessionOnly?: boolean;
}

export interface GrantRevocation {
  readonly grant: string;
  readonly by: Principal;
  readonly reason?: string;
}

const rulingKnown = [
  'ticket',
  'by',
  'reason',
  'idempotencyKey',
] as const satisfies readonly (keyof TicketRuling)[];

const grantKnown = [
  'actions',
  'resources',
  'when',
  'uses',
  'expiresAt',
  'cost',
  'sessionOnly',
] as const satisfies readonly (keyof GrantOrder)[];

/** A grant as it is listed. */
export type GrantListed = GrantRecord & GrantHolder;

export async function approveTicket(core: Core, approval: Approval): Promise<TicketRecord> {
  // A misspelt `edit` would approve the call as it was asked.
  assertMembers('the options of an approval', approval, [...rulingKnown, 'edit', 'grant']);
  const { ticket, by, reason, idempotencyKey, edit, grant } = approval;
  const key = checkedKey(idempotencyKey);
  const edited = 'edit' in approval ? await editOf(core, ticket, edit) : undefined;
  const { record } = await core.submit(
    core.referenceOf(by),
    {
      kind: 'approve-ticket',
      ticket,
      ...(edited === undefined ? {} : { edit: edited.edit }),
      ...(grant === undefined ? {} : { grant: grantTerms(grant) }),
      ...(key === undefined ? {} : { idempotencyKey: key }),
    },
    'ticket',
    committed(core.options.ids, {
      reason: checkedText('the reason', reason),
      arguments: edited?.text,
    }),
  );
  return record;
}

export async function refuseTicket(
  core: Core,
  kind: 'deny-ticket' | 'cancel-ticket',
  ruling: TicketRuling,
): Promise<TicketRecord> {
  assertMembers('the options of a ruling', ruling, rulingKnown);
  const { ticket, by, reason, idempotencyKey } = ruling;
  const key = checkedKey(idempotencyKey);
  const { record } = await core.submit(
    core.referenceOf(by),
    { kind, ticket, ...(key === undefined ? {} : { idempotencyKey: key }) },
    'ticket',
    committed(core.options.ids, { reason: checkedText('the reason', reason) }),
  );
  return record;
}

/** The edited arguments, with their digest as the session that asked would make it. */
async function editOf(core: Core, ticket: string, edit: unknown) {
  const { text, value } = readArguments(edit);
  const asked = await sessionOfTicket(core, ticket);
  if (asked === undefined) return { text, edit: { arguments: value, argumentsDigest: '' } };
  const session = await storedSession(core.options.storage, asked);
  if (session === undefined) throw fault('internal-error', 'a ticket without its session');
  const secret = digestKey(await sessionSecret(core.options.storage, session));
  const argumentsDigest = keyedDigest(secret, 'arguments', text);
  return { text, edit: { arguments: value, argumentsDigest } };
}

/**
 * Undefined for a ticket that does not exist: the kernel refuses it, in the words in which it refuses one of
 * another org.
 */
async function sessionOfTicket({ options }: Core, key: string): Promise<string | undefined> {
  return (await storedTicket(options.storage, key))?.session;
}

function grantTerms(order: GrantOrder): GrantTerms {
  // A misspelt restriction would grant more than was meant.
  assertMembers('the terms of a grant', order, grantKnown);
  const { uses, expiresAt, cost, sessionOnly, ...scope } = order;
  assertTruth('sessionOnly', sessionOnly);
  return {
    ...plainScope(scope),
    // Not for what is null: that may have been a limit which was not found.
    cost: cost === undefined ? {} : checkedAmounts(cost),
    uses,
    expiresAt: checkedDate('expiresAt', expiresAt),
    ...(sessionOnly === true ? { sessionOnly } : {}),
  };
}

/** The grants of an org that are neither used up, expired nor revoked, oldest first. */
export function listGrants({ options, now }: Core, org: string): readonly GrantListed[] {
  assertOrg(org);
  return [...options.replica.cache.live('grants')]
    .filter((held) => held.org === org)
    .flatMap(({ principal, agent, grants }) =>
      grants.map((grant) => ({ org, principal, agent, ...grant })),
    )
    .filter((grant) => grantStatus(grant, now) === 'active')
    .toSorted((left, right) => left.index - right.index || compareText(left.id, right.id));
}

/** Revokes a grant: from the next decision on, it stands in for nobody. Throws `grant-unknown`. */
export async function revokeGrant(core: Core, revocation: GrantRevocation): Promise<void> {
  assertMembers('the options of revoking a grant', revocation, ['grant', 'by', 'reason']);
  const { grant, by, reason } = revocation;
  const reference = core.referenceOf(by);
  const find = () => listGrants(core, reference.org).find(({ id }) => id === grant);
  let found = find();
  if (found === undefined) {
    // Another process may have given it since this one last looked.
    await core.follow();
    found = find();
  }
  const { org, principal, agent } = found ?? { org: reference.org, principal: '', agent: '' };
  await core.submit(
    reference,
    { kind: 'revoke-grant', grant, holder: { org, principal, agent } },
    'grants',
    committed(core.options.ids, { reason: checkedText('the reason', reason) }),
  );
}
