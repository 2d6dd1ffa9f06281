/**
 * Which accounts a call has to have room in, by the plans that there are. A plan over every member of a kind
 * denies a call that has no such member: what cannot be attributed is not exempt.
 */
import { quoted } from '../name.ts';
import { type CompiledWindow, sliceAt, sliceCounts, windowAt } from './window.ts';
import { budgetKey } from './account.ts';
import { checkWindow } from './check-window.ts';
import { type BudgetPlan, type BudgetScopeKind, planName, type PlansRecord } from './plan.ts';
import type { BudgetSubject } from './subject.ts';

/** One account that a call reserves in. */
export interface PlanAccount {
  readonly plan: BudgetPlan;
  /** Whose account it is; `*` where it is shared. */
  readonly member: string;
  /** The account that the reservation is made in. */
  readonly key: string;
  /** All accounts that count against the limit now: of a rolling window, one for each slice. */
  readonly counted: readonly string[];
  /** Of a token bucket. */
  readonly bucketMs?: number;
}

export type Attributed =
  | { readonly accounts: readonly PlanAccount[] }
  | { readonly unattributable: string };

interface CompiledPlan {
  readonly plan: BudgetPlan;
  readonly window: CompiledWindow;
}

const compiled = new WeakMap<PlansRecord, readonly CompiledPlan[]>();

function compile(record: PlansRecord): readonly CompiledPlan[] {
  const known = compiled.get(record);
  if (known !== undefined) return known;
  const plans = record.plans.map((plan): CompiledPlan => {
    const check = checkWindow(plan.window);
    if ('problem' in check) throw new Error(`assertion: plan ${plan.id}: ${check.problem}`);
    return { plan, window: check.window };
  });
  compiled.set(record, plans);
  return plans;
}

/** The accounts of all plans that apply to a call at a log time. */
export function planAccounts(
  records: readonly (PlansRecord | undefined)[],
  subject: BudgetSubject,
  at: number,
): Attributed {
  const accounts: PlanAccount[] = [];
  for (const record of records) {
    if (record === undefined) continue;
    for (const { plan, window } of compile(record)) {
      const found = membersOf(plan, subject);
      if (found === undefined) {
        const { kind } = plan.scope;
        const message = `budget plan ${quoted(plan.id)} is for every ${kind}, and the call has none`;
        return { unattributable: message };
      }
      // Members of a plan of the installation are told apart by their org.
      const ownOrg = record.org === subject.org ? '' : `${subject.org}/`;
      const names = plan.sharing === 'shared' ? found.slice(0, 1).map(() => '*') : found;
      for (const name of names) {
        const member = name === '*' ? name : `${ownOrg}${name}`;
        accounts.push(accountOf(record.org, plan, window, member, at));
      }
    }
  }
  return { accounts };
}

/** The plans that count a call, or cannot leave it out, as `org/id`. */
export function plansCounting(
  records: readonly (PlansRecord | undefined)[],
  subject: BudgetSubject,
): readonly string[] {
  return records.flatMap((record) =>
    (record?.plans ?? [])
      .filter((plan) => membersOf(plan, subject)?.length !== 0)
      .map(({ id }) => `${record?.org ?? ''}/${id}`),
  );
}

/** The members of a plan's scope that the call is of; undefined where it lacks what the plan needs. */
function membersOf({ scope }: BudgetPlan, subject: BudgetSubject): readonly string[] | undefined {
  if (scope.kind === 'all') return ['*'];
  const own = valuesOf(scope.kind, subject);
  // Which model a call is of is not left out by a call that is of none.
  if (scope.kind === 'model' && subject.model === undefined) return [];
  if ('id' in scope) return own.filter((each) => each === scope.id);
  return own.length === 0 ? undefined : own;
}

function valuesOf(kind: BudgetScopeKind, subject: BudgetSubject): readonly string[] {
  if (kind === 'team') return subject.teams;
  const value = subject[kind] ?? '';
  return value === '' ? [] : [value];
}

function accountOf(
  org: string,
  plan: BudgetPlan,
  window: CompiledWindow,
  member: string,
  at: number,
): PlanAccount {
  const keyAt = (start: number): string =>
    budgetKey(`${planName(org, plan.id)}:${member}@${start}`, plan.unit);
  if (window.kind === 'bucket') {
    const key = keyAt(0);
    return { plan, member, key, counted: [key], bucketMs: window.bucketMs };
  }
  if (window.kind !== 'rolling') {
    const key = keyAt(windowAt(window, at).start);
    return { plan, member, key, counted: [key] };
  }
  const current = sliceAt(window, at).start;
  const counted: string[] = [];
  for (let start = current; start >= 0 && sliceCounts(window, start, at); start -= window.sliceMs) {
    counted.push(keyAt(start));
  }
  return { plan, member, key: keyAt(current), counted };
}
