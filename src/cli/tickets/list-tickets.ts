/** Prints tickets, equal ones that are pending in one line. */
import { eventsFrom, firstIndexAt } from '../../engine/store/events-from.ts';
import { listTickets } from '../../engine/tickets/ticket-list.ts';
import type { TicketRecord } from '../../kernel/index.ts';
import type { Storage } from '../../storage/storage.ts';
import { type ActorOptions, isActorGiven } from '../acting-options.ts';
import { amountsText } from '../event-summary.ts';
import { withLogFile } from '../log-file.ts';
import { plainTable } from '../table.ts';
import { brief, colorsFor, jsonLine, print, shown, terminal } from '../terminal.ts';
import { timeText } from '../time-text.ts';
import { ticketJson } from './ticket-facts.ts';
import type { LogOptions } from '../store-options.ts';

export interface TicketListOptions extends ActorOptions, LogOptions {
  readonly org?: string;
  readonly status: TicketRecord['status'] | 'all';
  readonly each?: true;
  readonly json?: true;
}

interface Reader {
  readonly org: string;
  readonly id: string;
}

const hourMs = 3_600_000;

const columns = [
  'ticket',
  'count',
  'agent',
  'action',
  'risk',
  'cost',
  'for',
  'status',
  'until',
  'resource',
];

export async function printTickets(file: string, options: TicketListOptions): Promise<void> {
  const { org, status, json } = options;
  const reader = isActorGiven(options) ? await readerOf(file, options) : undefined;
  await withLogFile(file, options, async ({ storage, head }) => {
    const query = {
      ...(org === undefined ? {} : { org }),
      ...(status === 'all' ? {} : { status }),
    };
    const tickets = await listTickets(storage, query);
    if (json === true) {
      for (const ticket of tickets) await print(jsonLine(ticketJson(ticket)));
    } else {
      const groups = options.each === true ? tickets.map((ticket) => [ticket]) : grouped(tickets);
      const rows = groups.map(rowOf);
      const table = plainTable(columns, rows, colorsFor(terminal().stdout));
      await print(rows.length === 0 ? 'no tickets' : table);
    }
    const now = Math.max(head.at, Date.now());
    if (reader !== undefined) terminal().stderr.write(`${await rateText(storage, reader, now)}\n`);
  });
}

/** Who reads, established as for a command that acts. */
async function readerOf(file: string, options: TicketListOptions): Promise<Reader | undefined> {
  // Whoever says nothing of who reads need not wait for a control plane.
  const { acting } = await import('../acting.ts');
  let reader: Reader | undefined;
  await acting(file, options, async (_, { org, id }) => {
    reader = { org, id };
  });
  return reader;
}

/** Equal pending tickets beside each other, where the oldest of them stands. */
function grouped(tickets: readonly TicketRecord[]): readonly (readonly TicketRecord[])[] {
  const groups = new Map<string, TicketRecord[]>();
  for (const ticket of tickets) {
    const { id, org, agent, tool, action, resource, status } = ticket;
    const key = status === 'pending' ? JSON.stringify([org, agent, tool, action, resource]) : id;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [ticket]);
    else group.push(ticket);
  }
  return [...groups.values()];
}

/** What is not the same in all of a group is not told for it. */
function rowOf(group: readonly TicketRecord[]): string[] {
  const [first] = group;
  if (first === undefined) return [];
  const same = (text: (ticket: TicketRecord) => string): string =>
    new Set(group.map(text)).size === 1 ? text(first) : 'differs';
  const cells = [
    first.id,
    String(group.length),
    `${first.org}/${first.agent}`,
    `${first.action} by ${first.tool}`,
    same(({ risk }) => risk),
    same(({ estimate }) => amountsText(estimate)),
    same(({ principal }) => principal),
    first.status,
    timeText(Math.min(...group.map(({ expiresAt }) => expiresAt))),
  ];
  return [...cells.map(shown), brief(first.resource, 60)];
}

async function rateText(storage: Storage, reader: Reader, now: number): Promise<string> {
  const { size } = await decidedBy(storage, reader, now - hourMs);
  const count = size === 1 ? '1 ticket' : `${size} tickets`;
  return shown(`${reader.org}/${reader.id} decided ${count} in the last hour`);
}

/** The tickets that somebody decided since then, alone or as one of several. */
async function decidedBy(
  storage: Storage,
  { org, id }: Reader,
  since: number,
): Promise<ReadonlySet<string>> {
  const tickets = await listTickets(storage, { org });
  const isOf = (ticket: TicketRecord) =>
    ['approved', 'consumed', 'denied'].includes(ticket.status) &&
    ticket.decidedBy === id &&
    ticket.decidedAt > since;
  const found = new Set(tickets.filter(isOf).map((ticket) => ticket.id));
  // A ticket says who approved it before the last, and not when: that is in the log alone.
  const isShared = tickets.some(
    ({ quorum = 1, status, decidedAt }) =>
      quorum > 1 && (status === 'pending' || decidedAt > since),
  );
  if (!isShared) return found;
  for await (const { event, by } of eventsFrom(storage, await firstIndexAt(storage, since + 1))) {
    const isTheirs = event.type === 'ticket-endorsed' && by.org === org && by.id === id;
    if (isTheirs) found.add(event.data.ticket);
  }
  return found;
}
