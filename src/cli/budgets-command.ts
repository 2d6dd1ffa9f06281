/** `budgets`: the budget plans of a log, and what is used and left of each account. */
import type { Command } from 'commander';
import { budgetUsage, lintBudgets, scanAll } from '../engine/index.ts';
import { everyOrg, formatAmount, isName, quoted } from '../kernel/index.ts';
import type { WindowDocument } from '../kernel/index.ts';
import type { Storage } from '../storage/storage.ts';
import { type BudgetRow, rowsNow, rowsOfAllWindows } from './budget-rows.ts';
import { timeText } from './events-command.ts';
import { CommandError, exitCodes } from './exit.ts';
import { type OpenLogFile, withLogFile } from './log-file.ts';
import { planScopeText } from './plan-text.ts';
import { plainTable } from './table.ts';
import { colorsFor, jsonLine, print, shown } from './terminal.ts';

interface BudgetsOptions {
  readonly log: string;
  readonly org?: string;
  readonly past?: true;
  readonly lint?: true;
  readonly json?: true;
}

export function addBudgetsCommand(program: Command): void {
  program
    .command('budgets')
    .description('Print the budget plans of a log, with what is used and left of each.')
    .argument('<file>', 'the file of a control plane, as given to `sqlite()`')
    .option('--log <name>', 'which log of the file', 'main')
    .option('--org <org>', 'only plans of this org; `*` for those of the installation')
    .option('--past', 'every account there is, those of windows that are over too')
    .option('--lint', 'whom each plan binds as far as the log knows, and what is likely not meant')
    .option('--json', 'one JSON object a line, amounts as exact decimal texts')
    .addHelpText(
      'after',
      `
One line for each member with an account in the window that is now. \`*\` as the
member means that all share one account; \`-\` means that nothing was used yet.
\`posted\` is used up, \`reserved\` is held by calls that have not ended, and \`left\`
is what new calls may reserve, or 0 once the account is frozen by an overrun. In
the bar, # is used or held. A rolling window is one line, the slices that count
now together; with --past each slice is a line, and nothing is said of what is
left, as that is for all slices together.

The tables are read as they stand: \`agent-control-plane verify\` tells whether
they are what the log says. Budgets of sessions are shown by \`sessions\`.

Examples:
  $ agent-control-plane budgets control-plane.db
  $ agent-control-plane budgets control-plane.db --org acme --past
  $ agent-control-plane budgets control-plane.db --lint
  $ agent-control-plane budgets control-plane.db --json | jq -r 'select(.frozen) | .plan'

Exit codes: 0 printed, 1 lint found something, 2 the file could not be read.`,
    )
    .action((file: string, options: BudgetsOptions) =>
      withLogFile(file, options.log, (opened) => printBudgets(opened, options)),
    );
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
  '',
];

async function printBudgets({ storage, head }: OpenLogFile, options: BudgetsOptions) {
  const { org, past, lint, json } = options;
  const isOrg = org === undefined || org === everyOrg || isName(org);
  if (!isOrg) {
    throw new CommandError(
      `${quoted(org)} cannot be an org`,
      'name one, or `*` for the installation',
    );
  }
  const orgs = org === undefined ? await orgsOf(storage) : [org];
  if (lint === true) return printLint(storage, orgs, json === true);
  // As the next command would have it: the log's time never goes back.
  const now = Math.max(head.at, Date.now());
  const rows: string[][] = [];
  for (const each of orgs) {
    for (const usage of await budgetUsage(storage, each)) {
      for (const row of past === true ? rowsOfAllWindows(usage) : rowsNow(usage, now)) {
        if (json === true) await print(jsonLine(budgetJson(row)));
        else rows.push(budgetCells(row).map(shown));
      }
    }
  }
  if (json === true) return;
  const table = plainTable(columns, rows, colorsFor(process.stdout));
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
  const { org, plan, member, start, posted, reserved, left, frozen } = row;
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
    frozen ? 'frozen' : '',
  ];
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
  return 'everyMs' in window ? `every ${window.everyMs} ms` : `rolling ${window.rollingMs} ms`;
}

const barLength = 10;

/** Full only where nothing is left. */
function bar(limit: number, left: number): string {
  const used = left === 0 ? barLength : Math.floor(((limit - left) / limit) * barLength);
  return '#'.repeat(used).padEnd(barLength, '.');
}
