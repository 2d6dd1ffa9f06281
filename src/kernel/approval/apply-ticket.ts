/** Tickets and the bindings that find them. */
import { grantGiven } from './apply-grant.ts';
import { sessionOf } from '../session/apply-session.ts';
import { originOf } from '../session/origin.ts';
import type { Event, EventPosition } from '../event.ts';
import type { ApproverTerms, TicketRecord } from './approval-record.ts';
import type { RecordChange, StateView } from '../record.ts';
import { pendingTicketsChange } from '../session/principal-record.ts';
import { bindingKey } from './ticket.ts';
import { nextTicketStatus, type TicketMove, type TicketStatus } from './ticket-states.ts';

/** What happens to a ticket and leaves it undecided. */
type UndecidingEvent =
  | 'ticket-requested'
  | 'ticket-endorsed'
  | 'ticket-edited'
  | 'ticket-escalated'
  | 'ticket-reminded';

type TicketEvent = Extract<Event, { readonly type: `ticket-${string}` }>;

export function applyTicket(
  view: StateView,
  event: TicketEvent,
  position: EventPosition,
): readonly RecordChange[] {
  if (event.type === 'ticket-requested') return requested(view, event, position);
  const ticket = view.get('ticket', event.data.ticket);
  if (ticket === undefined) throw new Error('assertion: a ticket that was never requested');
  if (event.type === 'ticket-endorsed') {
    const approvals = [...(ticket.approvals ?? []), position.by.id];
    const { grant } = event.data;
    const value = { ...ticket, approvals, ...(grant === undefined ? {} : { grant }) };
    return [{ kind: 'ticket', key: ticket.id, value }];
  }
  if (event.type === 'ticket-edited') return edited(ticket, event, position);
  if (event.type === 'ticket-escalated' || event.type === 'ticket-reminded') {
    const told = event.type === 'ticket-escalated' ? { escalated: true as const } : {};
    const value = { ...ticket, ...told, remindedAt: position.at };
    return [{ kind: 'ticket', key: ticket.id, value }];
  }
  const value: TicketRecord = {
    ...ticket,
    status: moved(ticket, moves[event.type]),
    decidedBy: position.by.id,
    decidedAt: position.at,
    ...(event.type === 'ticket-approved' ? { expiresAt: event.data.expiresAt } : {}),
  };
  const change: RecordChange = { kind: 'ticket', key: ticket.id, value };
  const counted = ticket.status === 'pending' ? [pendingTicketsChange(view, ticket, -1)] : [];
  const given = event.type === 'ticket-approved' ? event.data.grant : undefined;
  const grants = given === undefined ? [] : [grantGiven(view, ticket, given.terms, position)];
  return [change, ...counted, ...grants];
}

/** What was approved so far was approved of another call. */
function edited(
  { approvals: _approvals, grant: _grant, ...ticket }: TicketRecord,
  { data }: Extract<TicketEvent, { readonly type: 'ticket-edited' }>,
  { by, index }: EventPosition,
): readonly RecordChange[] {
  const { argumentsDigest, resource, estimate } = data;
  const value = { ...ticket, argumentsDigest, resource, estimate, edited: { by: by.id, index } };
  const binding = bindingKey(ticket.session, ticket.tool, argumentsDigest);
  return [
    { kind: 'ticket', key: ticket.id, value },
    { kind: 'binding', key: binding, value: { ticket: ticket.id } },
  ];
}

const moves: Readonly<Record<Exclude<TicketEvent['type'], UndecidingEvent>, TicketMove>> = {
  'ticket-approved': 'approve',
  'ticket-denied': 'deny',
  'ticket-cancelled': 'cancel',
  'ticket-expired': 'expire',
};

/** The pair assertion: whatever is recorded of a ticket is in the table. */
export function moved({ id, status }: TicketRecord, move: TicketMove): TicketStatus {
  const next = nextTicketStatus(status, move);
  if (next === undefined) throw new Error(`assertion: ticket ${id} is ${status}`);
  return next;
}

/** Left out of the record is what is left out of the event. */
function approverTermsOf({
  approverRoles,
  approverPrincipals,
  quorum,
  reasonRequired,
  escalation,
  remindMs,
}: ApproverTerms): ApproverTerms {
  return {
    approverRoles,
    ...(approverPrincipals === undefined ? {} : { approverPrincipals }),
    ...(quorum === undefined ? {} : { quorum }),
    ...(reasonRequired === undefined ? {} : { reasonRequired }),
    ...(escalation === undefined ? {} : { escalation }),
    ...(remindMs === undefined ? {} : { remindMs }),
  };
}

function requested(
  view: StateView,
  event: Extract<TicketEvent, { readonly type: 'ticket-requested' }>,
  position: EventPosition,
): readonly RecordChange[] {
  const session = sessionOf(view, event.session);
  const { data } = event;
  const ticket: TicketRecord = {
    id: data.ticket,
    ...originOf(session),
    ...(data.agentOwner === undefined ? {} : { agentOwner: data.agentOwner }),
    ...(data.credential === undefined ? {} : { credential: data.credential }),
    tool: data.tool,
    action: data.action,
    ...(data.model === undefined ? {} : { model: data.model }),
    resource: data.resource,
    argumentsDigest: data.argumentsDigest,
    definition: data.definition,
    policyVersion: data.policyVersion,
    estimate: data.estimate,
    ...(data.plans === undefined ? {} : { plans: data.plans }),
    risk: data.risk,
    reason: data.reason,
    ...approverTermsOf(data),
    status: 'pending',
    requestedAt: position.at,
    requestedIndex: position.index,
    expiresAt: data.expiresAt,
    decidedBy: '',
    decidedAt: 0,
  };
  const binding = bindingKey(session.id, data.tool, data.argumentsDigest);
  return [
    { kind: 'ticket', key: ticket.id, value: ticket },
    { kind: 'binding', key: binding, value: { ticket: ticket.id } },
    pendingTicketsChange(view, ticket, 1),
  ];
}
