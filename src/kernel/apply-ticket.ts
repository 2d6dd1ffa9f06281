/** Tickets and the bindings that find them. */
import { sessionOf } from './apply-session.ts';
import type { Event, EventPosition } from './event.ts';
import type {
  ApproverTerms,
  RecordChange,
  StateView,
  TicketRecord,
  TicketStatus,
} from './record.ts';
import { bindingKey } from './ticket.ts';

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
    return [{ kind: 'ticket', key: ticket.id, value: { ...ticket, approvals } }];
  }
  const value: TicketRecord = {
    ...ticket,
    status: statusAfter[event.type],
    decidedBy: position.by.id,
    decidedAt: position.at,
    ...(event.type === 'ticket-approved' ? { expiresAt: event.data.expiresAt } : {}),
  };
  return [{ kind: 'ticket', key: ticket.id, value }];
}

const statusAfter: Readonly<
  Record<Exclude<TicketEvent['type'], 'ticket-requested' | 'ticket-endorsed'>, TicketStatus>
> = {
  'ticket-approved': 'approved',
  'ticket-denied': 'denied',
  'ticket-cancelled': 'cancelled',
  'ticket-expired': 'expired',
};

/** Left out of the record is what is left out of the event. */
function approverTermsOf({
  approverRoles,
  approverPrincipals,
  quorum,
  reasonRequired,
}: ApproverTerms): ApproverTerms {
  return {
    approverRoles,
    ...(approverPrincipals === undefined ? {} : { approverPrincipals }),
    ...(quorum === undefined ? {} : { quorum }),
    ...(reasonRequired === undefined ? {} : { reasonRequired }),
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
    session: session.id,
    ...(session.ancestors === undefined ? {} : { ancestors: session.ancestors }),
    ...(session.lineage === undefined ? {} : { lineage: session.lineage }),
    org: session.org,
    principal: session.principal,
    agent: session.agent,
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
  ];
}
