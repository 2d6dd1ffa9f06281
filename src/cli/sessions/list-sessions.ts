/** Prints the sessions of a log with their state, budgets and pending tickets. */
import type { BudgetRecord, SessionRecord } from '../../kernel/index.ts';
import { type OpenLogFile, withLogFile } from '../log-file.ts';
import { recordsOf } from '../record-list.ts';
import { plainTable } from '../table.ts';
import { colorsFor, jsonLine, print, shown, terminal } from '../terminal.ts';
import { timeText } from '../time-text.ts';
import { sessionBudgets, sessionJson, usedText } from './session-facts.ts';
import type { LogOptions } from '../store-options.ts';

export interface SessionsOptions extends LogOptions {
  readonly status?: string;
  readonly json?: true;
}

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

export function listSessions(file: string, options: SessionsOptions): Promise<void> {
  return withLogFile(file, options, (opened) => printFrom(opened, options));
}

async function printFrom({ storage }: OpenLogFile, options: SessionsOptions): Promise<void> {
  const rows: string[][] = [];
  for await (const session of recordsOf(storage, 'session')) {
    if (options.status !== undefined && session.status !== options.status) continue;
    const budgets = await sessionBudgets(storage, session);
    if (options.json === true) await print(jsonLine(sessionJson(session, budgets)));
    else rows.push(sessionRow(session, budgets).map(shown));
  }
  if (options.json === true) return;
  const table = plainTable(columns, rows, colorsFor(terminal().stdout));
  await print(rows.length === 0 ? 'no sessions' : table);
}

function sessionRow(session: SessionRecord, budgets: readonly BudgetRecord[]): string[] {
  const { id, org, principal, agent, mode, status, openedAt, sequence, pendingTickets } = session;
  return [
    id,
    agent,
    `${org}/${principal}`,
    mode,
    status,
    timeText(openedAt),
    String(sequence),
    String(pendingTickets.length),
    budgets.map(usedText).join(', ') || 'no limits',
  ];
}
