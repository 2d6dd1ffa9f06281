/** The tickets of a log, as the store has them. */
import { compareText, ticketStates, type TicketRecord } from '../../kernel/index.ts';
import type { Storage } from '../../storage/storage.ts';
import { fault } from '../error.ts';
import { assertMembers } from '../known-members.ts';
import { scanAll } from '../store/scan.ts';

export interface TicketQuery {
  /** Only tickets in this state. */
  readonly status?: TicketRecord['status'] | undefined;
}

/** Throws `input-invalid` for a state that no ticket can be in: an empty list would say that none waits. */
export function assertTicketQuery(query: TicketQuery): void {
  assertMembers('a query of tickets', query, ['status']);
  const states = Object.keys(ticketStates);
  if (query.status === undefined || states.includes(query.status)) return;
  throw fault('input-invalid', `\`status\` is one of ${states.join(', ')}`);
}

/** Tickets of an org, or of all, oldest first. */
export async function listTickets(
  storage: Storage,
  query: TicketQuery & { readonly org?: string } = {},
): Promise<readonly TicketRecord[]> {
  const { org, status } = query;
  const found: TicketRecord[] = [];
  for await (const { value } of scanAll(storage, { kind: 'ticket' })) {
    const ticket = JSON.parse(value) as TicketRecord;
    if (org !== undefined && ticket.org !== org) continue;
    if (status === undefined || ticket.status === status) found.push(ticket);
  }
  return found.toSorted(
    (left, right) => left.requestedIndex - right.requestedIndex || compareText(left.id, right.id),
  );
}
