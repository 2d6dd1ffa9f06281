/** Budget plans: set, raised, lowered and closed, by whoever may, with what was before. */
import { type BudgetPlan, checkPlan, isFull, type PlansRecord } from './plan.ts';
import type { CloseBudget, SetBudget } from '../command.ts';
import type { HandlerFor } from '../handled.ts';
import { isName, quoted } from '../name.ts';
import { sameJson } from '../order.ts';
import { everyOrg } from '../org.ts';
import type { PrincipalReference } from '../principal.ts';
import type { StateView } from '../record.ts';
import { reject, type Rejection } from '../rejection.ts';
import { notPermitted, permitsIn } from '../rights/rights.ts';

export const setBudget: HandlerFor<SetBudget> = (view, command) => {
  const refusal = refusalFor(view, command.by, command.org);
  if (refusal !== undefined) return { rejection: refusal };
  const checked = checkPlan(command.plan, command.org);
  if ('problem' in checked) return { rejection: reject('budget-invalid', checked.problem) };
  const { plan } = checked;
  const { org } = command;
  const record: PlansRecord = view.get('plans', org) ?? { org, plans: [], closed: [] };
  const before = record.plans.find(({ id }) => id === plan.id) ?? null;
  const subject = { kind: 'plans', key: org } as const;
  if (before !== null && sameJson(before, plan)) return { events: [], subject, replayed: true };
  if (before === null && isFull(record)) return { rejection: reject('budget-plans-limit') };
  if (record.closed.includes(plan.id)) {
    const message = `budget plan ${quoted(plan.id)} was closed`;
    return { rejection: reject('budget-invalid', message, 'set one with another id') };
  }
  if (before !== null && !sameJson(countedBy(before), countedBy(plan))) {
    const message = `budget plan ${quoted(plan.id)} has another unit, scope, sharing or window`;
    const help = 'close it and set one with another id: what it has counted would not be counted';
    return { rejection: reject('budget-invalid', message, help) };
  }
  return { events: [{ type: 'budget-set', data: { org, before, plan } }], subject };
};

export const closeBudget: HandlerFor<CloseBudget> = (view, command) => {
  const refusal = refusalFor(view, command.by, command.org);
  if (refusal !== undefined) return { rejection: refusal };
  const { org } = command;
  const plan = view.get('plans', org)?.plans.find(({ id }) => id === command.plan);
  if (plan === undefined) return { rejection: reject('budget-unknown') };
  return {
    events: [{ type: 'budget-closed', data: { org, plan } }],
    subject: { kind: 'plans', key: org },
  };
};

/** An admin's own org; every org, and the installation, where the principal may act for all of them. */
function refusalFor(view: StateView, by: PrincipalReference, org: string): Rejection | undefined {
  if (!permitsIn(view, by, 'set-budget', org)) return notPermitted(view, by, 'set-budget', org);
  return org === everyOrg || isName(org)
    ? undefined
    : reject('budget-invalid', 'the org is no name');
}

/** What of a plan its accounts are made by: another limit keeps them, another unit would not. */
function countedBy({ unit, scope, sharing, window }: BudgetPlan): object {
  return { unit, scope, sharing, window };
}
