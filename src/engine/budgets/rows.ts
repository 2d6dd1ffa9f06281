/** What there is to show of a budget plan: its accounts now, or in every window there was. */
import {
  type BudgetPlan,
  checkWindow,
  type CompiledWindow,
  limits,
  parseAmount,
  sliceCounts,
  windowAt,
} from '../../kernel/index.ts';
import type { BudgetAccount, BudgetUsage } from './report.ts';

/** Amounts in the unit's smallest step. */
export interface BudgetRow {
  readonly org: string;
  readonly plan: BudgetPlan;
  /** Whose account it is, `*` where all share it; undefined where nothing was used yet. */
  readonly member: string | undefined;
  /** Log time (ms) from which on is counted; undefined where nothing was used yet. */
  readonly start: number | undefined;
  readonly posted: number;
  readonly reserved: number;
  /** What new calls may reserve; undefined for a slice, which has no limit of its own. */
  readonly left: number | undefined;
  readonly frozen: boolean;
}

/** One row for each member with an account that counts at log time `now`, or one that says there is none. */
export function rowsNow({ org, plan, accounts }: BudgetUsage, now: number): readonly BudgetRow[] {
  const counts = countsAt(plan, now);
  const byMember = Map.groupBy(accounts.filter(counts), ({ member }) => member);
  if (byMember.size === 0) return [rowOf(org, plan, [])];
  return [...byMember.values()].map((counted) => rowOf(org, plan, counted));
}

/** One row for each account there ever was, by member and window. */
export function rowsOfAllWindows({ org, plan, accounts }: BudgetUsage): readonly BudgetRow[] {
  if (accounts.length === 0) return [rowOf(org, plan, [])];
  const ofSlices = typeof plan.window === 'object' && 'rollingMs' in plan.window;
  return accounts.map((account) => {
    const row = rowOf(org, plan, [account]);
    return ofSlices ? { ...row, left: undefined } : row;
  });
}

function countsAt(plan: BudgetPlan, now: number): (account: BudgetAccount) => boolean {
  const window = compiledWindow(plan);
  if (window.kind === 'rolling') return ({ start }) => sliceCounts(window, start, now);
  if (window.kind === 'bucket') return () => true;
  const current = windowAt(window, now).start;
  return ({ start }) => start === current;
}

export function compiledWindow(plan: BudgetPlan): CompiledWindow {
  const check = checkWindow(plan.window);
  if ('problem' in check) throw new Error(`assertion: plan ${plan.id}: ${check.problem}`);
  return check.window;
}

/** The accounts of one member that count together, under the plan's limit as it is now. */
function rowOf(org: string, plan: BudgetPlan, accounts: readonly BudgetAccount[]): BudgetRow {
  const [first] = accounts;
  const posted = sum(plan.unit, accounts, 'posted');
  const reserved = sum(plan.unit, accounts, 'reserved');
  const frozen = accounts.some((account) => account.frozen);
  return {
    org,
    plan,
    member: first?.member,
    start: first?.start,
    posted,
    reserved,
    left: frozen ? 0 : Math.max(0, plan.limit - posted - reserved),
    frozen,
  };
}

/** Capped where the kernel's own sum is: at what can be counted exactly. */
function sum(
  unit: string,
  accounts: readonly BudgetAccount[],
  amount: 'posted' | 'reserved',
): number {
  return accounts.reduce(
    (total, account) =>
      Math.min(limits.amountMax, total + (parseAmount(unit, account[amount]) ?? 0)),
    0,
  );
}
