/**
 * Reminding of tickets that nobody decides: that others may decide now, and, as often as the policy says,
 * those who may. The right of the others comes with the time, whether anybody was told or not.
 */
import type { TicketRecord } from './approval-record.ts';
import type { DecideTicket } from '../command.ts';
import type { HandlerFor } from '../handled.ts';
import { isSystem } from '../principal.ts';
import { reject } from '../rejection.ts';

export const remindTicket: HandlerFor<DecideTicket> = (view, command, { now }) => {
  const ticket = view.get('ticket', command.ticket);
  if (!isSystem(command.by)) return { rejection: reject('permission-denied') };
  if (ticket === undefined) return { rejection: reject('ticket-unknown') };
  const next = nextReminder(ticket);
  if (next === undefined || now < next.at) return { rejection: reject('not-due') };
  const { session, id } = ticket;
  return {
    events: [{ type: next.type, session, data: { ticket: id } }],
    subject: { kind: 'ticket', key: id },
  };
};

/** What somebody has to be told next of a ticket that is pending, and from which log time (ms) on. */
export function nextReminder(
  ticket: TicketRecord,
): { readonly type: 'ticket-escalated' | 'ticket-reminded'; readonly at: number } | undefined {
  if (ticket.status !== 'pending') return undefined;
  const { escalation, escalated, remindMs, requestedAt, remindedAt = requestedAt } = ticket;
  const escalates =
    escalation === undefined || escalated === true
      ? undefined
      : ({ type: 'ticket-escalated', at: escalation.at } as const);
  const reminds =
    remindMs === undefined
      ? undefined
      : ({ type: 'ticket-reminded', at: remindedAt + remindMs } as const);
  if (escalates === undefined || reminds === undefined) return escalates ?? reminds;
  return escalates.at <= reminds.at ? escalates : reminds;
}
