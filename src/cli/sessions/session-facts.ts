/** What is told of a session wherever it is: its facts for programs, and its own budgets. */
import {
  available,
  type BudgetRecord,
  budgetKey,
  formatAmount,
  type SessionRecord,
} from '../../kernel/index.ts';
import type { Storage } from '../../storage/storage.ts';
import { timeText } from '../time-text.ts';

export async function sessionBudgets(
  storage: Storage,
  session: SessionRecord,
): Promise<readonly BudgetRecord[]> {
  const scope = `session:${session.id}`;
  const keys = session.units.map((unit) => ({ kind: 'budget', key: budgetKey(scope, unit) }));
  const { records } = await storage.readRecords(keys);
  return records.map(({ value }) => JSON.parse(value) as BudgetRecord);
}

export function sessionJson(session: SessionRecord, budgets: readonly BudgetRecord[]): object {
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

/** What is used of a budget, and its limit. */
export function usedText({ unit, limit, posted, reserved, frozen }: BudgetRecord): string {
  const text = `${formatAmount(unit, posted + reserved)}/${formatAmount(unit, limit)} ${unit}`;
  return frozen ? `${text} (frozen)` : text;
}
