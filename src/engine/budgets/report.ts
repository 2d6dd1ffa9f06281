/** Budget plans with what is used of them: the accounts of each, as committed. */
import {
  available,
  type BudgetPlan,
  type BudgetRecord,
  formatAmount,
  isFrozen,
  planName,
  planScopeOf,
  takenAt,
  type RecordsByKind,
} from '../../kernel/index.ts';
import type { Storage } from '../../storage/storage.ts';
import { assertOrg } from '../known-members.ts';
import { scanAll } from '../store/scan.ts';

/** One account of a plan. Amounts are exact decimal texts of the plan's unit. */
export interface BudgetAccount {
  /** Whose it is; `*` where all share it. */
  readonly member: string;
  /** Log time (ms) at which its window, or slice of a rolling window, started. */
  readonly start: number;
  readonly reserved: string;
  /** Of a token bucket: what has not flowed back yet, reserved or posted. */
  readonly posted: string;
  /** What the limit leaves beside this account; the slices of a rolling window share one limit. */
  readonly left: string;
  readonly frozen: boolean;
}

export interface BudgetUsage {
  readonly org: string;
  readonly plan: BudgetPlan;
  /** The limit as an exact decimal text. */
  readonly limit: string;
  /** By member and start. Members without an account have used nothing. */
  readonly accounts: readonly BudgetAccount[];
}

/** The plans of an org, by id, at a log time (ms). */
export async function budgetUsage(
  storage: Storage,
  org: string,
  now: number,
): Promise<readonly BudgetUsage[]> {
  assertOrg(org);
  const { records } = await storage.readRecords([{ kind: 'plans', key: org }]);
  const [record] = records;
  if (record === undefined) return [];
  const { plans } = JSON.parse(record.value) as RecordsByKind['plans'];
  const usage: BudgetUsage[] = [];
  for (const plan of plans) {
    const accounts = await accountsOf(storage, plan, planName(org, plan.id), now);
    usage.push({ org, plan, limit: formatAmount(plan.unit, plan.limit), accounts });
  }
  return usage;
}

async function accountsOf(
  storage: Storage,
  plan: BudgetPlan,
  parent: string,
  now: number,
): Promise<readonly BudgetAccount[]> {
  const accounts: BudgetAccount[] = [];
  for await (const { value } of scanAll(storage, { kind: 'budget', parent })) {
    accounts.push(accountOf(plan, JSON.parse(value) as BudgetRecord, now));
  }
  return accounts;
}

function accountOf(
  { limit, window }: BudgetPlan,
  account: BudgetRecord,
  now: number,
): BudgetAccount {
  const isBucket = typeof window === 'object' && 'bucketMs' in window;
  const budget = isBucket
    ? { ...account, reserved: 0, posted: takenAt(account.bucket, limit, window.bucketMs, now) }
    : account;
  const { member = '', start = 0 } = planScopeOf(budget.scope) ?? {};
  const text = (amount: number): string => formatAmount(budget.unit, amount);
  return {
    member,
    start,
    reserved: text(budget.reserved),
    posted: text(budget.posted),
    left: text(available({ ...budget, limit })),
    frozen: isFrozen(budget, limit),
  };
}
