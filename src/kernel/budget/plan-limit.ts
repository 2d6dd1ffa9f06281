/** The plan behind an account. */
import type { StateView } from '../record.ts';
import { planScopeOf } from './plan.ts';

/** The limit in force of the plan that an account belongs to; undefined for a session's own budget. */
export function planLimit(view: StateView, scope: string): number | undefined {
  const [, org, id] = /^plan:([^/]+)\/(.+)$/.exec(planScopeOf(scope)?.plan ?? '') ?? [];
  if (org === undefined) return undefined;
  return view.get('plans', org)?.plans.find((plan) => plan.id === id)?.limit;
}
