/**
 * Reserving for one call: room in every account that applies, or in none.
 *
 * Besides the session's own budgets these are the accounts of all plans in whose scope the call is. Warnings
 * and exhaustion are events of the same commit.
 */
import { type Amounts, amountOf } from '../amount.ts';
import type { Event } from '../event.ts';
import { limits } from '../limits.ts';
import type { SessionRecord, StateView } from '../record.ts';
import { reject, type Rejection } from '../rejection.ts';
import {
  available,
  type BudgetRecord,
  budgetKey,
  isFrozen,
  openBudget,
  refusalOf,
  type Reservation,
} from './account.ts';
import { takenAt } from './bucket.ts';
import type { KillScope } from '../kill/latch.ts';
import { modelIdOf } from '../model/model-call.ts';
import { everyOrg } from '../org.ts';
import type { BudgetPlan } from './plan.ts';
import { type PlanAccount, planAccounts } from './plan-account.ts';
import type { BudgetSubject } from './subject.ts';

export interface Reserving {
  /** Of no use where a downgrade is asked for. */
  readonly reservations: readonly Reservation[];
  /** Warnings, once each. */
  readonly events: readonly Event[];
  /** Why an approver has to look at it, where a plan says so. */
  readonly ask: string | undefined;
  /** The model that a plan asks for in place of the call's own, and why. */
  readonly downgrade: { readonly to: string; readonly message: string } | undefined;
}

export interface NotReserved {
  readonly refusal: Rejection;
  /** Exhaustion, and the kill that it may bring. */
  readonly events: readonly Event[];
}

export interface Need {
  readonly session: SessionRecord;
  readonly subject: BudgetSubject;
  readonly estimate: Amounts;
  readonly runTimeoutMs: number;
  readonly decision: string;
  /** Log time. */
  readonly at: number;
}

/** Units that the control plane counts itself. */
export const countedUnits = { seconds: 'seconds', concurrent: 'concurrent' } as const;

export function reserveAll(view: StateView, need: Need): Reserving | NotReserved {
  const reservations: Reservation[] = [];
  for (const { key, unit } of sessionAccounts(view, need.session)) {
    const amount = amountNeeded(need, unit);
    const budget = view.get('budget', key);
    if (budget === undefined) throw new Error(`assertion: budget ${key} is missing`);
    const refusal = refusalOf(budget, amount);
    if (refusal !== undefined) return { refusal, events: [] };
    reservations.push({ amount, budget: key, unit });
  }
  const plans = [view.get('plans', need.subject.org), view.get('plans', everyOrg)];
  const attributed = planAccounts(plans, need.subject, need.at);
  if ('unattributable' in attributed) {
    return { refusal: reject('budget-unattributable', attributed.unattributable), events: [] };
  }
  const events: Event[] = [];
  let ask: string | undefined;
  let downgrade: Reserving['downgrade'];
  for (const account of attributed.accounts) {
    const { plan, key } = account;
    const amount = amountNeeded(need, plan.unit);
    const counted = counting(view, account, need.at);
    const refusal = refusalOf(counted, amount);
    const used = plan.limit - available(counted) + amount;
    const to = downgradeOf(view, plan, need.subject);
    const isShort = refusal?.code === 'budget-exceeded';
    // Where there is no room for this model there may be for the one that is asked for.
    if (to !== undefined && (isShort || passes(used, plan.limit, plan.downgradeAt))) {
      downgrade ??= { to, message: downgradeMessage(plan) };
      if (isShort) continue;
    }
    if (refusal !== undefined) {
      return { refusal, events: exhausted(view, account, refusal, need) };
    }
    if (
      passes(used, plan.limit, plan.warnAt) &&
      isNews(view.get('budget', key)?.warnedAt, plan.limit)
    ) {
      events.push(warned(account, used, need));
    }
    if (passes(used, plan.limit, plan.askAt)) {
      ask ??= `budget plan \`${plan.id}\` asks from ${plan.askAt} % of its limit on`;
    }
    reservations.push(reservationIn(account, amount));
  }
  return { reservations, events, ask, downgrade };
}

/** The session's own budgets, and those of every session that it works on behalf of. */
function sessionAccounts(
  view: StateView,
  session: SessionRecord,
): readonly { readonly key: string; readonly unit: string }[] {
  const above = (session.ancestors ?? []).map((id) => {
    const ancestor = view.get('session', id);
    if (ancestor === undefined) throw new Error(`assertion: session ${id} is missing`);
    return ancestor;
  });
  return [session, ...above].flatMap(({ id, units }) =>
    units.map((unit) => ({ key: budgetKey(`session:${id}`, unit), unit })),
  );
}

function downgradeMessage({ id, downgradeAt }: BudgetPlan): string {
  return `budget plan \`${id}\` asks for another model from ${downgradeAt} % of its limit on`;
}

/** The id of the model that a plan asks for in place of the call's own; whatever name the plan has for it. */
function downgradeOf(
  view: StateView,
  { downgradeTo }: BudgetPlan,
  { model }: BudgetSubject,
): string | undefined {
  if (model === undefined || downgradeTo === '') return undefined;
  const id = modelIdOf(view.get('prices', 'active'), downgradeTo);
  return id === model ? undefined : id;
}

/** Members in canonical order; see `Reservation`. */
function reservationIn({ plan, key, bucketMs }: PlanAccount, amount: number): Reservation {
  const { limit, onOverrun, unit } = plan;
  return {
    amount,
    ...(bucketMs === undefined ? {} : { bucketMs }),
    budget: key,
    limit,
    ...(onOverrun === 'continue' ? { onOverrun } : {}),
    unit,
  };
}

/** All accounts that count now as one, under the limit in force now. */
function counting(
  view: StateView,
  { plan, member, counted, bucketMs }: PlanAccount,
  at: number,
): BudgetRecord {
  let [reserved, posted, reservedEver, frozen] = [0, 0, 0, false];
  for (const key of counted) {
    const each = view.get('budget', key);
    if (each === undefined) continue;
    // Of a bucket, what has not flowed back yet counts, and nothing else.
    reserved += bucketMs === undefined ? each.reserved : 0;
    const used =
      bucketMs === undefined ? each.posted : takenAt(each.bucket, plan.limit, bucketMs, at);
    posted = Math.min(limits.amountMax, posted + used);
    reservedEver = Math.max(reservedEver, each.reservedEver);
    frozen ||= isFrozen(each, plan.limit);
  }
  const name = `plan ${plan.id}${member === '*' ? '' : ` of ${member}`}`;
  return { ...openBudget(name, plan.unit, plan.limit), reserved, posted, reservedEver, frozen };
}

/** Seconds are the longest that the tool may run; each call is one of those that run at the same time. */
function amountNeeded({ estimate, runTimeoutMs }: Need, unit: string): number {
  if (unit === countedUnits.seconds) return Math.ceil(runTimeoutMs / 1_000);
  return unit === countedUnits.concurrent ? 1 : amountOf(estimate, unit);
}

/** Whether an amount is at or above a percentage of the limit, exactly; 0 percent is never passed. */
function passes(used: number, limit: number, percent: number): boolean {
  return percent > 0 && BigInt(used) * 100n >= BigInt(limit) * BigInt(percent);
}

/** What was told under one limit is told again under a higher one. */
function isNews(toldAt: number | undefined, limit: number): boolean {
  return toldAt === undefined || limit > toldAt;
}

function warned({ plan, key }: PlanAccount, used: number, need: Need): Event {
  const { limit, unit, warnAt } = plan;
  const data = { budget: key, unit, limit, used, percent: warnAt, decision: need.decision };
  return { type: 'budget-warned', session: need.session.id, data };
}

/** The first refusal for want of room is an event, and where the plan says so, the end of all work in it. */
function exhausted(
  view: StateView,
  { plan, key, bucketMs }: PlanAccount,
  { code }: Rejection,
  need: Need,
): readonly Event[] {
  // What fills up by itself has no window that ends: it would halt once, and after that release never again.
  const refills = bucketMs !== undefined || plan.unit === countedUnits.concurrent;
  const haltsAgain = refills && plan.onExhausted === 'halt';
  const isTold = !isNews(view.get('budget', key)?.exhaustedAt, plan.limit);
  if (code !== 'budget-exceeded' || (isTold && !haltsAgain)) return [];
  const { limit, unit } = plan;
  const data = { budget: key, unit, limit, decision: need.decision };
  const event: Event = { type: 'budget-exhausted', session: need.session.id, data };
  if (plan.onExhausted !== 'halt') return [event];
  const scope = killScopeOf(plan, need.subject);
  return [event, { type: 'kill-engaged', data: { scope } }];
}

/** Whoever shares the account stops: one member, or the org. */
function killScopeOf({ scope, sharing }: BudgetPlan, subject: BudgetSubject): KillScope {
  const { org } = subject;
  if (scope.kind === 'all') return { kind: 'system' };
  const isOfOne = 'id' in scope || sharing === 'perMember';
  if (!isOfOne) return { kind: 'org', org };
  switch (scope.kind) {
    case 'principal':
    case 'session':
      return { kind: scope.kind, org, id: subject[scope.kind] };
    case 'agent':
    case 'action':
    case 'tool':
      return { kind: scope.kind, org, name: subject[scope.kind] };
    case 'model':
      return { kind: 'model', org, name: subject.model ?? '' };
    default:
      return { kind: 'org', org };
  }
}
