/** Prints what is used and left of each account, or whom the plans bind. */
import { type Forecast, forecastOf } from '../engine/budgets/forecast.ts';
import { lintBudgets } from '../engine/budgets/lint.ts';
import { budgetUsage } from '../engine/budgets/report.ts';
import { type BudgetRow, rowsNow, rowsOfAllWindows } from '../engine/budgets/rows.ts';
import { scanAll } from '../engine/store/scan.ts';
import { formatAmount } from '../kernel/index.ts';
import type { WindowDocument } from '../kernel/index.ts';
import type { Storage } from '../storage/storage.ts';
import { CommandError, exitCodes } from './exit.ts';
import { type OpenLogFile, withLogFile } from './log-file.ts';
import { planScopeText } from './plan-text.ts';
import { plainTable } from './table.ts';
import { colorsFor, jsonLine, print, shown, terminal } from './terminal.ts';
import { timeText } from './time-text.ts';
import type { LogOptions } from './store-options.ts';

export interface BudgetsOptions extends LogOptions {
  readonly org?: string;
  readonly past?: true;
  readonly lint?: true;
  readonly forecast?: true;
  readonly json?: true;
}

const columns = [
  'plan',
  'scope',
  'window',
  'unit',
  'limit',
  'member',
  'since',
  'posted',
  'reserved',
  'left',
  'use',
];
const forecastColumns = ['a day', 'limit reached'];

export function printBudgets(file: string, options: BudgetsOptions): Promise<void> {
  return withLogFile(file, options, (opened) => printFrom(opened, options));
}

async function printFrom({ storage, head }: OpenLogFile, options: BudgetsOptions): Promise<void> {
  const { org, past, lint, forecast, json } = options;
  if ([past, lint, forecast].filter((each) => each === true).length > 1) {
    throw new CommandError('`--past`, `--lint` and `--forecast` exclude each other');
  }
  const orgs = org === undefined ? await orgsOf(storage) : [org];
  if (lint === true) return printLint(storage, orgs, json === true);
  // As the next command would have it: the log's time never goes back.
  const now = Math.max(head.at, Date.now());
  const rows: string[][] = [];
  for (const each of orgs) {
    for (const usage of await budgetUsage(storage, each, now)) {
      for (const row of past === true ? rowsOfAllWindows(usage) : rowsNow(usage, now)) {
        const future = forecast === true ? forecastOf(row, now) : undefined;
        if (json === true) {
          const more = forecast === true ? { forecast: forecastJson(row, future) } : {};
          await print(jsonLine({ ...budgetJson(row), ...more }));
        } else {
          const cells = forecast === true ? forecastCells(row, future, now) : [];
          rows.push([...budgetCells(row), ...cells, row.frozen ? 'frozen' : ''].map(shown));
        }
      }
    }
  }
  if (json === true) return;
  const heads = [...columns, ...(forecast === true ? forecastColumns : []), ''];
  const table = plainTable(heads, rows, colorsFor(terminal().stdout));
  await print(rows.length === 0 ? 'no budget plans' : table);
}

/** The orgs that have plans, in the order of their names; the installation comes first. */
async function orgsOf(storage: Storage): Promise<readonly string[]> {
  const orgs: string[] = [];
  for await (const { key } of scanAll(storage, { kind: 'plans' })) orgs.push(key);
  return orgs;
}

/** Whom plans bind, and what is likely not meant. */
async function printLint(storage: Storage, orgs: readonly string[], json: boolean): Promise<void> {
  let found = 0;
  for (const org of orgs) {
    const { matches, findings } = await lintBudgets(storage, org);
    found += findings.length;
    if (json) {
      for (const [plan, members] of Object.entries(matches)) {
        const own = findings.filter((finding) => finding.plan === plan);
        await print(jsonLine({ org, plan, members: members ?? null, findings: own }));
      }
      continue;
    }
    for (const [plan, members] of Object.entries(matches)) {
      const bound = members === undefined ? 'teams, which the log does not list' : listed(members);
      await print(`${shown(`${org}/${plan}`)} binds ${shown(bound)}`);
    }
    for (const { plan, code, message } of findings) {
      await print(`${shown(`${org}/${plan}`)} ${code}: ${shown(message)}`);
    }
  }
  if (found > 0) process.exitCode = exitCodes.bad;
}

const listedMax = 5;

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'nothing';
  const more = names.length - listedMax;
  return `${names.slice(0, listedMax).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function budgetCells(row: BudgetRow): string[] {
  const { org, plan, member, start, posted, reserved, left } = row;
  const text = (amount: number): string => formatAmount(plan.unit, amount);
  return [
    `${org}/${plan.id}`,
    planScopeText(plan),
    windowText(plan.window),
    plan.unit,
    text(plan.limit),
    member ?? '-',
    start === undefined ? '-' : start === 0 ? 'ever' : timeText(start),
    text(posted),
    text(reserved),
    left === undefined ? '-' : text(left),
    left === undefined ? '-' : bar(plan.limit, left),
  ];
}

function forecastCells({ plan }: BudgetRow, future: Forecast | undefined, now: number): string[] {
  if (future === undefined) return ['-', '-'];
  const { perDay, reachedAt } = future;
  const when =
    reachedAt === undefined ? 'not in this window' : reachedAt <= now ? 'now' : timeText(reachedAt);
  return [formatAmount(plan.unit, perDay), when];
}

function forecastJson({ plan }: BudgetRow, future: Forecast | undefined): object | null {
  if (future === undefined) return null;
  const { perDay, reachedAt } = future;
  return {
    perDay: formatAmount(plan.unit, perDay),
    reachedAt: reachedAt === undefined ? null : timeText(reachedAt),
  };
}

function budgetJson(row: BudgetRow): object {
  const { org, plan, member, start, posted, reserved, left, frozen } = row;
  const text = (amount: number): string => formatAmount(plan.unit, amount);
  return {
    org,
    plan: plan.id,
    scope: plan.scope,
    sharing: plan.sharing,
    window: plan.window,
    unit: plan.unit,
    limit: text(plan.limit),
    member: member ?? null,
    start: start === undefined ? null : timeText(start),
    posted: text(posted),
    reserved: text(reserved),
    left: left === undefined ? null : text(left),
    frozen,
  };
}

function windowText(window: WindowDocument): string {
  if (window === 'unlimited') return 'unlimited';
  if ('every' in window) return `${window.every}, ${window.zone}`;
  if ('bucketMs' in window) return `refilled in ${window.bucketMs} ms`;
  return 'everyMs' in window ? `every ${window.everyMs} ms` : `rolling ${window.rollingMs} ms`;
}

const barLength = 10;

/** Full only where nothing is left. */
function bar(limit: number, left: number): string {
  const used = left === 0 ? barLength : Math.floor(((limit - left) / limit) * barLength);
  return '#'.repeat(used).padEnd(barLength, '.');
}
