/** Budget plans with what is used of them: the accounts of each, as committed. */
import {
  available,
  type BudgetPlan,
  type BudgetRecord,
  formatAmount,
  planName,
  planScopeOf,
  type RecordsByKind,
} from '../kernel/index.ts';
import type { Storage } from '../storage/storage.ts';

/** One account of a plan. Amounts are exact decimal texts of the plan's unit. */
export interface BudgetAccount {
  /** Whose it is; `*` where all share it. */
  readonly member: string;
  /** Log time (ms) at which its window, or slice of a rolling window, started. */
  readonly start: number;
  readonly reserved: string;
  readonly posted: string;
  /** What was left under the limit in force when something was last reserved. */
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

const pageSize = 1_000;

/** The plans of an org, by id. */
export async function budgetUsage(storage: Storage, org: string): Promise<readonly BudgetUsage[]> {
  const { records } = await storage.readRecords([{ kind: 'plans', key: org }]);
  const [record] = records;
  if (record === undefined) return [];
  const { plans } = JSON.parse(record.value) as RecordsByKind['plans'];
  const usage: BudgetUsage[] = [];
  for (const plan of plans) {
    const accounts = await accountsOf(storage, planName(org, plan.id));
    usage.push({ org, plan, limit: formatAmount(plan.unit, plan.limit), accounts });
  }
  return usage;
}

async function accountsOf(storage: Storage, parent: string): Promise<readonly BudgetAccount[]> {
  const accounts: BudgetAccount[] = [];
  for (let after: string | undefined; ;) {
    const { records } = await storage.scanRecords({
      kind: 'budget',
      parent,
      limit: pageSize,
      ...(after === undefined ? {} : { after }),
    });
    for (const { value } of records) accounts.push(accountOf(JSON.parse(value) as BudgetRecord));
    if (records.length < pageSize) return accounts;
    after = records.at(-1)?.key;
  }
}

function accountOf(budget: BudgetRecord): BudgetAccount {
  const { member = '', start = 0 } = planScopeOf(budget.scope) ?? {};
  const text = (amount: number): string => formatAmount(budget.unit, amount);
  return {
    member,
    start,
    reserved: text(budget.reserved),
    posted: text(budget.posted),
    left: text(available(budget)),
    frozen: budget.frozen,
  };
}
