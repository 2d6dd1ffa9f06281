/** Budget plans, and what becomes of their accounts besides reserving and posting. */
import { type BudgetRecord, openBudget } from './account.ts';
import type { BudgetPlan } from './plan.ts';
import type { Event } from '../event.ts';
import { compareText } from '../order.ts';
import type { RecordChange, StateView } from '../record.ts';

type Of<T extends Event['type']> = Extract<Event, { readonly type: T }>;

export function applyPlan(
  view: StateView,
  event: Of<'budget-set' | 'budget-closed'>,
): RecordChange {
  const { org, plan } = event.data;
  const { plans: known, closed } = view.get('plans', org) ?? { plans: [], closed: [] };
  const others = known.filter(({ id }) => id !== plan.id);
  const isClosed = event.type === 'budget-closed';
  const plans: readonly BudgetPlan[] = isClosed ? others : [...others, plan];
  const value = {
    org,
    plans: plans.toSorted((left, right) => compareText(left.id, right.id)),
    closed: isClosed ? [...closed, plan.id].toSorted(compareText) : closed,
  };
  return { kind: 'plans', key: org, value };
}

export function applyNotice(
  view: StateView,
  event: Of<'budget-warned' | 'budget-exhausted'>,
): RecordChange {
  const { budget: key, unit, limit } = event.data;
  const budget = view.get('budget', key) ?? accountAt(key, unit, limit);
  const value: BudgetRecord =
    event.type === 'budget-warned'
      ? { ...budget, warnedAt: limit }
      : { ...budget, exhaustedAt: limit };
  return { kind: 'budget', key, value };
}

/** An account that nothing was reserved in before: its key is its scope and unit. */
export function accountAt(key: string, unit: string, limit: number): BudgetRecord {
  return openBudget(key.slice(0, -(unit.length + 1)), unit, limit);
}
