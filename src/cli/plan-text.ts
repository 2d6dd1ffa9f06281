/** A budget plan in words. */
import type { BudgetPlan } from '../kernel/index.ts';

/** Whom a plan is for, and whether its members share one account. */
export function planScopeText({ scope, sharing }: Pick<BudgetPlan, 'scope' | 'sharing'>): string {
  if (scope.kind === 'all') return 'all';
  if ('id' in scope) return `${scope.kind} ${scope.id}`;
  return `every ${scope.kind}, ${sharing === 'shared' ? 'together' : 'each'}`;
}
