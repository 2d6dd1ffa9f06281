/** Tickets: approve, deny, cancel, expire. Opening and using one belong to `decision/authorize.ts`. */
import { approveTicket } from './approve-ticket.ts';
import { isAsked } from './asked.ts';
import type { DecideTicket } from '../command.ts';
import type { HandlerFor } from '../handled.ts';
import { quoted } from '../name.ts';
import { answersFor, worksFor } from './on-behalf.ts';
import { isOwner, isSystem, type PrincipalReference } from '../principal.ts';
import type { TicketRecord } from './approval-record.ts';
import type { StateView } from '../record.ts';
import { reject, type Rejection } from '../rejection.ts';
import { permits } from '../rights/rights.ts';
import { engagedAfter } from '../kill/engaged-latch.ts';
import { isOpenTicket, nextTicketStatus, type TicketMove } from './ticket-states.ts';

export const decideTicket: HandlerFor<DecideTicket> = (view, command, context) => {
  const ticket = view.get('ticket', command.ticket);
  const { session } = ticket ?? {};
  const system = isSystem(command.by);
  if (
    ticket === undefined ||
    session === undefined ||
    !(system || maySee(view, command.by, ticket))
  ) {
    return { rejection: reject('ticket-unknown') };
  }
  const subject = { kind: 'ticket', key: ticket.id } as const;
  const due = context.now >= ticket.expiresAt;
  const expired = { type: 'ticket-expired', session, data: { ticket: ticket.id } } as const;
  if (command.kind === 'expire-ticket') {
    const open = isOpenTicket(ticket.status);
    if (!system) return { rejection: reject('permission-denied') };
    return open && due ? { events: [expired], subject } : { rejection: reject('not-due') };
  }
  const refusal = refusalOf(view, command, ticket, context.now);
  if (refusal !== undefined) return { rejection: refusal };
  if (due) return { rejection: reject('ticket-expired'), events: [expired] };
  const data = { ticket: ticket.id };
  if (command.kind === 'cancel-ticket') {
    return { events: [{ type: 'ticket-cancelled', session, data }], subject };
  }
  if (command.kind === 'deny-ticket') {
    return { events: [{ type: 'ticket-denied', session, data }], subject };
  }
  return approveTicket(view, command, ticket, context);
};

/** A reminder moves nothing: it has a handler of its own. */
const moves: Readonly<Partial<Record<DecideTicket['kind'], TicketMove>>> = {
  'approve-ticket': 'approve',
  'deny-ticket': 'deny',
  'cancel-ticket': 'cancel',
  'expire-ticket': 'expire',
};

/** Whoever may do nothing with a ticket does not learn that it exists. */
function maySee(view: StateView, by: PrincipalReference, ticket: TicketRecord): boolean {
  if (ticket.org !== by.org) return false;
  if (isOwner(by, ticket) || permits(view, by, 'decide-ticket')) return true;
  return permits(view, by, 'cancel-ticket');
}

function refusalOf(
  view: StateView,
  command: DecideTicket,
  ticket: TicketRecord,
  now: number,
): Rejection | undefined {
  const { by } = command;
  const requester = isOwner(by, ticket);
  if (command.kind === 'cancel-ticket') {
    const may = isSystem(by) ? isKilled(view, ticket) : permits(view, by, 'cancel-ticket');
    if (!requester && !may) return reject(isSystem(by) ? 'not-due' : 'permission-denied');
  } else {
    if (requester) return reject('self-approval');
    if (worksFor(by.id, ticket)) {
      return reject('self-approval', 'it is asked on behalf of whoever would decide it');
    }
    if (answersFor(view, by.id, ticket)) {
      return reject('self-approval', 'whoever answers for a call cannot decide its ticket');
    }
    if (!permits(view, by, 'decide-ticket') || !mayDecide(by, ticket, now)) {
      return reject(
        'permission-denied',
        'the principal may not decide this ticket',
        whoMay(ticket),
      );
    }
    if (ticket.reasonRequired === true && command.commitments?.['reason'] === undefined) {
      return reject('reason-missing', 'whoever decides this ticket has to say why');
    }
    if (command.kind === 'approve-ticket' && ticket.approvals?.includes(by.id) === true) {
      return reject('approved-already', `${quoted(by.id)} approved it already, and others have to`);
    }
  }
  const move = moves[command.kind];
  if (move === undefined || nextTicketStatus(ticket.status, move) === undefined) {
    return reject('ticket-not-pending', `the ticket is ${ticket.status}`);
  }
  return undefined;
}

/** What the control plane itself cancels: it is void already, and the log is to say so of each. */
function isKilled(view: StateView, ticket: TicketRecord): boolean {
  return engagedAfter(view, ticket.requestedIndex, ticket) !== undefined;
}

/** Whether they are asked: as the policy says, or once the ticket is escalated, as it says then. */
function mayDecide(by: PrincipalReference, ticket: TicketRecord, now: number): boolean {
  const { escalation } = ticket;
  if (isAsked(by, ticket.approverRoles, ticket.approverPrincipals)) return true;
  if (escalation === undefined || now < escalation.at) return false;
  return isAsked(by, escalation.roles, escalation.principals);
}

function whoMay({ approverRoles, approverPrincipals = [] }: TicketRecord): string {
  const roles = `it needs one of the roles ${approverRoles.join(', ')}`;
  const named = approverPrincipals.map((names) => ` and a principal like ${names.join(' or ')}`);
  return `${roles}${named.join('')}`;
}
