/** How many plans an org can have: each is looked at in every call, and the id of a closed one is kept. */
import { expect, test } from 'vitest';
import type { SetBudget } from '../command.ts';
import { limits } from '../limits.ts';
import type { StateView } from '../record.ts';
import { setBudget } from './handle-budget.ts';
import { checkPlan, type PlansRecord } from './plan.ts';

const document = {
  id: 'p-0',
  unit: 'actions',
  limit: 1,
  scope: { kind: 'org', id: 'acme' },
  sharing: 'shared',
  window: 'unlimited',
} as const;

const by = { id: 'ada', org: 'acme', roles: ['admin'], via: 'assertion' } as const;

/** What becomes of a plan in an org that has so many already, and closed so many others. */
function setIn(plans: number, closed: number, plan: object): string {
  const checked = checkPlan(document, 'acme');
  if ('problem' in checked) throw new Error(checked.problem);
  const record: PlansRecord = {
    org: 'acme',
    plans: Array.from({ length: plans }, (_, n) => ({ ...checked.plan, id: `p-${n}` })),
    closed: Array.from({ length: closed }, (_, n) => `closed-${n}`),
  };
  const view = { get: (kind: string) => (kind === 'plans' ? record : undefined) } as StateView;
  const command: SetBudget = { kind: 'set-budget', id: 'c-1', by, org: 'acme', plan };
  const result = setBudget(view, command, { now: 0, index: 0 });
  return 'rejection' in result ? result.rejection.code : 'done';
}

const { budgetPlansMax, budgetPlansClosedMax } = limits;
const another = { ...document, id: 'another' };

test.each([
  [budgetPlansMax - 1, budgetPlansClosedMax - 1, 'done'],
  [budgetPlansMax, 0, 'budget-plans-limit'],
  [1, budgetPlansClosedMax, 'budget-plans-limit'],
])('of %i plans and %i closed ones, one more is %s', (plans, closed, code) => {
  expect(setIn(plans, closed, another)).toBe(code);
});

test('where there are as many as can be, the limit of one of them can be changed all the same', () => {
  const more = { ...document, limit: 2 };
  expect(setIn(budgetPlansMax, budgetPlansClosedMax, more)).toBe('done');
});
