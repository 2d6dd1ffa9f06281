/** Grants: given, used and revoked. What is used up or expired is dropped; the log has it. */
import { addAmounts, type Amounts } from '../amount.ts';
import type { EventPosition } from '../event.ts';
import { isKept } from './grant.ts';
import { type GrantHolder, type GrantTerms, holderKey } from './grant-terms.ts';
import type { GrantRecord, TicketRecord } from './approval-record.ts';
import type { RecordChange, StateView } from '../record.ts';

function changed(holder: GrantHolder, grants: readonly GrantRecord[]): RecordChange {
  const { org, principal, agent } = holder;
  return { kind: 'grants', key: holderKey(holder), value: { org, principal, agent, grants } };
}

export function grantGiven(
  view: StateView,
  ticket: TicketRecord,
  terms: GrantTerms,
  { index, at, by }: EventPosition,
): RecordChange {
  const { approverRoles, approverPrincipals, quorum, reasonRequired } = ticket;
  const grant: GrantRecord = {
    id: ticket.id,
    session: ticket.session,
    terms,
    approvers: {
      approverRoles,
      ...(approverPrincipals === undefined ? {} : { approverPrincipals }),
      ...(quorum === undefined ? {} : { quorum }),
      ...(reasonRequired === undefined ? {} : { reasonRequired }),
    },
    risk: ticket.risk,
    ...(ticket.credential === undefined ? {} : { credential: ticket.credential }),
    index,
    givenBy: by.id,
    ...(ticket.approvals === undefined ? {} : { endorsedBy: ticket.approvals }),
    givenAt: at,
    revoked: false,
    used: 0,
    spent: {},
  };
  const held = view.get('grants', holderKey(ticket))?.grants ?? [];
  return changed(ticket, [...held.filter((each) => isKept(each, at)), grant]);
}

export function grantUsed(
  view: StateView,
  holder: GrantHolder,
  id: string,
  cost: Amounts,
  at: number,
): RecordChange {
  const held = view.get('grants', holderKey(holder))?.grants ?? [];
  if (!held.some((each) => each.id === id)) throw new Error('assertion: a grant that is not there');
  const grants = held.map((each) =>
    each.id === id ? { ...each, used: each.used + 1, spent: addAmounts(each.spent, cost) } : each,
  );
  return changed(
    holder,
    grants.filter((each) => isKept(each, at)),
  );
}

export function grantRevoked(view: StateView, holder: GrantHolder, id: string): RecordChange {
  const held = view.get('grants', holderKey(holder))?.grants ?? [];
  return changed(
    holder,
    held.map((each) => (each.id === id ? { ...each, revoked: true } : each)),
  );
}
