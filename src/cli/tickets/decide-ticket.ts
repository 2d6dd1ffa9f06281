/** Denies or cancels a ticket, and says what became of one. */
import type { TicketRecord } from '../../kernel/index.ts';
import { acting } from '../acting.ts';
import type { ActingOptions } from '../acting-options.ts';
import { jsonLine, print, shown } from '../terminal.ts';
import { timeText } from '../time-text.ts';
import { ticketJson } from './ticket-facts.ts';

export interface DecideOptions extends ActingOptions {
  readonly reason?: string;
}

export function decideTicket(
  ruling: 'deny' | 'cancel',
  { file, ticket }: { readonly file: string; readonly ticket: string },
  options: DecideOptions,
): Promise<void> {
  const { reason, json } = options;
  return acting(file, options, async (plane, by) => {
    const order = { ticket, by, ...(reason === undefined ? {} : { reason }) };
    const record = await (ruling === 'deny' ? plane.deny(order) : plane.cancel(order));
    await printRuled(record, json === true);
  });
}

/** The ticket as a ruling left it. */
export function printRuled(ticket: TicketRecord, json: boolean): Promise<void> {
  if (json) return print(jsonLine(ticketJson(ticket)));
  const { id, status, decidedBy, expiresAt, approvals = [], quorum = 1 } = ticket;
  const text =
    status === 'pending'
      ? `ticket ${id} has ${approvals.length} of ${quorum} approvals`
      : `ticket ${id} ${status} by ${decidedBy}`;
  const until = status === 'approved' ? `; the call can be made until ${timeText(expiresAt)}` : '';
  return print(shown(`${text}${until}`));
}
