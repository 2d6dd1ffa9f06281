/** What is told of a ticket wherever it is, and its card as it fits a terminal. */
import { type ApprovalCard, cardText } from '../../approvals/index.ts';
import { formatAmount, type TicketRecord } from '../../kernel/index.ts';
import { colorsFor, type Output } from '../terminal.ts';
import { timeText } from '../time-text.ts';

const widthMin = 40;
const widthElse = 80;

/** The card for a stream: coloured on a terminal, and as wide as that. */
export function cardFor(stream: Output, card: ApprovalCard): string {
  // Some terminals do not know their width, and say 0.
  const { columns = 0 } = stream;
  return cardText(card, {
    color: colorsFor(stream).isColorSupported,
    width: columns === 0 ? widthElse : Math.max(widthMin, columns),
  });
}

function costOf(estimate: TicketRecord['estimate']): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(estimate).map(([unit, amount]) => [unit, formatAmount(unit, amount)]),
  );
}

/** A ticket for programs. */
export function ticketJson(ticket: TicketRecord): object {
  const { id, status, org, principal, agent, session, tool, action, resource, risk } = ticket;
  const { reason, approverRoles, quorum = 1, approvals = [], decidedBy, decidedAt } = ticket;
  return {
    id,
    status,
    org,
    principal,
    agent,
    session,
    tool,
    action,
    resource,
    risk,
    cost: costOf(ticket.estimate),
    reason,
    approverRoles,
    quorum,
    approvals,
    requestedAt: timeText(ticket.requestedAt),
    expiresAt: timeText(ticket.expiresAt),
    decidedBy: decidedBy === '' ? null : decidedBy,
    decidedAt: decidedBy === '' ? null : timeText(decidedAt),
  };
}
