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
import type { PlacedEvent } from '../store/placed-event.ts';
import { stayAlive } from '../clock.ts';
import type { Core } from '../core/core.ts';
import { checkedDate } from '../core/checked-date.ts';
import { assertMembers, assertObject } from '../known-members.ts';
import { fault } from '../error.ts';
import { checkedText, committed, readArguments } from '../core/payload.ts';
import { plainScope, type WrittenScope } from '../access/scopes.ts';
import { checkedAmounts, checkedKey } from '../core/session-input.ts';
import { reading, sessionSecret, storedSession } from '../store/store-read.ts';

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
  const { records } = await reading(options.storage.readRecords([{ kind: 'ticket', key }]));
  const [record] = records;
  return record === undefined ? undefined : (JSON.parse(record.value) as TicketRecord).session;
}

function grantTerms(order: GrantOrder): GrantTerms {
  assertObject('the terms of a grant', order);
  const { uses, expiresAt, cost, sessionOnly, ...scope } = order;
  // What is no boolean must not turn a grant for one session into one for all.
  if (sessionOnly !== undefined && typeof sessionOnly !== 'boolean') {
    throw fault('input-invalid', '`sessionOnly` is true or false');
  }
  return {
    ...plainScope(scope),
    cost: checkedAmounts(cost ?? {}),
    uses,
    expiresAt: checkedDate('expiresAt', expiresAt),
    ...(sessionOnly === true ? { sessionOnly } : {}),
  };
}

/** The grants of an org that are neither used up, expired nor revoked, oldest first. */
export function listGrants({ options }: Core, org: string): readonly GrantListed[] {
  const now = options.clock.now();
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

/** How long somebody waits for a ticket. */
export interface TicketWait {
  /** Ends the wait, not the ticket. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits until a ticket is decided by anyone, on any surface, or a kill switch covers it. Rejects with
 * `closed` when the control plane closes: the ticket stays and can be used after a restart. Rejects with the
 * signal's reason when that is aborted, and then waits for nothing any more.
 */
export async function ticketDecided(
  core: Core,
  ticket: string,
  wait: TicketWait = {},
): Promise<'approved' | 'refused'> {
  assertMembers('the options of waiting for a ticket', wait, ['signal']);
  const { signal } = wait;
  // Another process may have asked since this one last looked: what is not known is not refused yet.
  if (core.options.replica.cache.peek('ticket', ticket) === undefined) await core.follow();
  signal?.throwIfAborted();
  return decidedOf(core, ticket, signal);
}

function decidedOf(
  core: Core,
  ticket: string,
  signal: AbortSignal | undefined,
): Promise<'approved' | 'refused'> {
  const { cache } = core.options.replica;
  return new Promise((resolve, fail) => {
    const answer = (): 'approved' | 'refused' | undefined => {
      const record = cache.peek('ticket', ticket);
      if (record?.status === 'pending' && !core.isKilled(record)) return undefined;
      return record?.status === 'approved' ? 'approved' : 'refused';
    };
    const known = answer();
    if (known !== undefined) return resolve(known);
    const rest = stayAlive();
    const waitNoMore = (): void => {
      rest();
      signal?.removeEventListener('abort', onAbort);
    };
    const onAbort = (): void => {
      stop();
      waitNoMore();
      fail(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    const stop = core.listen(
      (events) => {
        const decided = events.some((each) => concerns(each, ticket)) ? answer() : undefined;
        if (decided === undefined) return;
        stop();
        waitNoMore();
        resolve(decided);
      },
      () => {
        waitNoMore();
        fail(fault('closed'));
      },
    );
  });
}

function concerns({ event }: PlacedEvent, ticket: string): boolean {
  if (event.type === 'kill-engaged') return true;
  return event.type.startsWith('ticket-') && 'ticket' in event.data && event.data.ticket === ticket;
}
