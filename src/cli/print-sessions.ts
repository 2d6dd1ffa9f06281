/** Prints the sessions of a log with their state, budgets and pending tickets. */
import {
  available,
  type BudgetRecord,
  budgetKey,
  formatAmount,
  type SessionRecord,
} from '../kernel/index.ts';
import type { Storage } from '../storage/storage.ts';
import { type OpenLogFile, withLogFile } from './log-file.ts';
import { plainTable } from './table.ts';
import { colorsFor, jsonLine, print, shown, terminal } from './terminal.ts';
import { timeText } from './time-text.ts';

export interface SessionsOptions {
  readonly log: string;
  readonly status?: string;
  readonly json?: true;
}

const pageSize = 1_000;

const columns = [
  'session',
  'agent',
  'principal',
  'mode',
  'status',
  'opened',
  'entries',
  'tickets',
  'used/limit',
];

export function printSessions(file: string, options: SessionsOptions): Promise<void> {
  return withLogFile(file, options.log, (opened) => printFrom(opened, options));
}

async function printFrom({ storage }: OpenLogFile, options: SessionsOptions): Promise<void> {
  const rows: string[][] = [];
  for await (const session of sessionsOf(storage)) {
    if (options.status !== undefined && session.status !== options.status) continue;
    const budgets = await budgetsOf(storage, session);
    if (options.json === true) await print(jsonLine(sessionJson(session, budgets)));
    else rows.push(sessionRow(session, budgets).map(shown));
  }
  if (options.json === true) return;
  const table = plainTable(columns, rows, colorsFor(terminal().stdout));
  await print(rows.length === 0 ? 'no sessions' : table);
}

async function* sessionsOf(storage: Storage): AsyncGenerator<SessionRecord> {
  for (let after: string | undefined; ;) {
    const { records } = await storage.scanRecords({
      kind: 'session',
      limit: pageSize,
      ...(after === undefined ? {} : { after }),
    });
    for (const { value } of records) yield JSON.parse(value) as SessionRecord;
    if (records.length < pageSize) return;
    after = records.at(-1)?.key;
  }
}

async function budgetsOf(storage: Storage, session: SessionRecord): Promise<BudgetRecord[]> {
  const scope = `session:${session.id}`;
  const keys = session.units.map((unit) => ({ kind: 'budget', key: budgetKey(scope, unit) }));
  const { records } = await storage.readRecords(keys);
  return records.map(({ value }) => JSON.parse(value) as BudgetRecord);
}

function sessionRow(session: SessionRecord, budgets: readonly BudgetRecord[]): string[] {
  const { id, org, principal, agent, mode, status, openedAt, sequence, pendingTickets } = session;
  const used = budgets.map((budget) => {
    const { unit, limit, posted, reserved, frozen } = budget;
    const text = `${formatAmount(unit, posted + reserved)}/${formatAmount(unit, limit)} ${unit}`;
    return frozen ? `${text} (frozen)` : text;
  });
  return [
    id,
    agent,
    `${org}/${principal}`,
    mode,
    status,
    timeText(openedAt),
    String(sequence),
    String(pendingTickets.length),
    used.join(', ') || 'no limits',
  ];
}

function sessionJson(session: SessionRecord, budgets: readonly BudgetRecord[]): object {
  const { id, org, principal, agent, mode, status, openedAt, sequence, openPermits } = session;
  return {
    id,
    org,
    principal,
    agent,
    mode,
    status,
    openedAt: timeText(openedAt),
    entries: sequence,
    openPermits,
    pendingTickets: session.pendingTickets.length,
    budgets: Object.fromEntries(
      budgets.map((budget) => [
        budget.unit,
        {
          limit: formatAmount(budget.unit, budget.limit),
          posted: formatAmount(budget.unit, budget.posted),
          reserved: formatAmount(budget.unit, budget.reserved),
          available: formatAmount(budget.unit, available(budget)),
          frozen: budget.frozen,
        },
      ]),
    ),
  };
}
