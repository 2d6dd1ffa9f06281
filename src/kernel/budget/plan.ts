/**
 * Budget plans: what an administrator says about spending. Whom it is about, in which unit, how much, over
 * which window, and whether all share one account or each member has one of their own.
 *
 * Nothing is meant by omission: a scope names one member or says `every`, the sharing is stated, and a plan
 * over all orgs has to be acknowledged.
 */
import { exactly, isUnit, parseAmount, unitProblem } from '../amount.ts';
import { limits } from '../limits.ts';
import { isModelName } from '../model/catalogue-document.ts';
import { isName, isQualifiedName, quoted } from '../name.ts';
import { everyOrg } from '../org.ts';
import { canonicalOrder } from '../order.ts';
import { fitsBucket } from './bucket.ts';
import { checkWindow } from './check-window.ts';
import type { WindowDocument } from './window.ts';

export const budgetScopeKinds = [
  'org',
  'team',
  'principal',
  'agent',
  'session',
  'action',
  'tool',
  'model',
] as const;
export type BudgetScopeKind = (typeof budgetScopeKinds)[number];

/** `all` is every call in every org, and only for plans of the installation. */
export type BudgetScope =
  | { readonly kind: 'all' }
  | { readonly kind: BudgetScopeKind; readonly id: string }
  | { readonly kind: BudgetScopeKind; readonly every: true };

/** A plan as people write it; amounts are exact decimal texts or whole numbers of the unit. */
export interface BudgetPlanDocument {
  /** Unique within its org. */
  readonly id: string;
  /** `usd`, `tokens`, `actions`, `seconds` of tool time, `concurrent` calls, or a unit of one's own. */
  readonly unit: string;
  readonly limit: string | number;
  readonly scope: BudgetScope;
  /** One account for all members together, or one for each. A scope of one member is `shared`. */
  readonly sharing: 'shared' | 'perMember';
  readonly window: WindowDocument;
  /** What an overrun does to the account: `freeze` where nothing is said. */
  readonly onOverrun?: 'freeze' | 'continue';
  /** What the first refusal does: `deny` alone where nothing is said; `halt` engages the kill switch too. */
  readonly onExhausted?: 'deny' | 'halt';
  /** Percent of the limit from which an event warns, once in each account. */
  readonly warnAt?: number;
  /** Percent of the limit from which an approver is asked. */
  readonly askAt?: number;
  /** Percent of the limit from which calls of other models are steered to `downgradeTo`. */
  readonly downgradeAt?: number;
  /** The catalogue's id of a model. */
  readonly downgradeTo?: string;
  /** Has to be said of a scope of `all`. */
  readonly acknowledgeAll?: true;
}

/** A plan as the log keeps it; the limit in the unit's smallest steps. */
export interface BudgetPlan {
  readonly id: string;
  readonly unit: string;
  readonly limit: number;
  readonly scope: BudgetScope;
  readonly sharing: 'shared' | 'perMember';
  readonly window: WindowDocument;
  readonly onOverrun: 'freeze' | 'continue';
  readonly onExhausted: 'deny' | 'halt';
  /** 0 where nothing warns. */
  readonly warnAt: number;
  /** 0 where nobody is asked. */
  readonly askAt: number;
  /** 0, and an empty name, where no model is asked for in place of another. */
  readonly downgradeAt: number;
  readonly downgradeTo: string;
}

type Members = Readonly<Record<string, unknown>>;

const members: readonly string[] = [
  'id',
  'unit',
  'limit',
  'scope',
  'sharing',
  'window',
  'onOverrun',
  'onExhausted',
  'warnAt',
  'askAt',
  'downgradeAt',
  'downgradeTo',
  'acknowledgeAll',
];

/** The plan of an org, or what is wrong with it. `value` must be plain JSON data. */
export function checkPlan(
  value: unknown,
  org: string,
): { readonly plan: BudgetPlan } | { readonly problem: string } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { problem: 'a budget plan must be an object' };
  }
  const given = value as Members;
  const unknown = Object.keys(given).find((name) => !members.includes(name));
  if (unknown !== undefined) {
    return { problem: `${quoted(unknown)} is not known; known are ${members.join(', ')}` };
  }
  const { id, unit, limit, scope, sharing, window } = given;
  const { onOverrun = 'freeze', onExhausted = 'deny', warnAt, askAt } = given;
  const { downgradeAt, downgradeTo } = given;
  if (!isName(id)) return { problem: `${quoted(id)} cannot be the id of a budget plan` };
  const problem = (text: string): { readonly problem: string } => ({
    problem: `budget plan ${quoted(id)}: ${text}`,
  });
  if (!isUnit(unit)) return problem(unitProblem(unit));
  const amount = parseAmount(unit, limit);
  if (amount === undefined) {
    return problem(`\`limit\` must be an exact amount in ${quoted(unit)} from 0 up; ${exactly}`);
  }
  const scopeWrong = scopeProblem(scope, org, given);
  if (scopeWrong !== undefined) return problem(scopeWrong);
  if (sharing !== 'shared' && sharing !== 'perMember') {
    return problem('`sharing` must be `shared` or `perMember`');
  }
  if (sharing === 'perMember' && !Object.hasOwn(scope as object, 'every')) {
    return problem('`perMember` needs a scope of `every` member; of one there is one account');
  }
  const windowCheck = checkWindow(window);
  if ('problem' in windowCheck) return problem(windowCheck.problem);
  if (unit === 'concurrent' && window !== 'unlimited') {
    return problem('calls that run at the same time are counted over no window: `unlimited`');
  }
  if (windowCheck.window.kind === 'bucket' && !fitsBucket(amount, windowCheck.window.bucketMs)) {
    return problem('`limit` times `bucketMs` is more than can be counted exactly');
  }
  if (onOverrun !== 'freeze' && onOverrun !== 'continue') {
    return problem('`onOverrun` must be `freeze` or `continue`');
  }
  if (onExhausted !== 'deny' && onExhausted !== 'halt') {
    return problem('`onExhausted` must be `deny` or `halt`');
  }
  if (onExhausted === 'halt' && (scope as BudgetScope).kind === 'team') {
    return problem('a team cannot be halted: there is no kill switch for teams');
  }
  if (![warnAt, askAt, downgradeAt].every((each) => each === undefined || isPercent(each))) {
    return problem('`warnAt`, `askAt` and `downgradeAt` must be whole percents from 1 to 99');
  }
  if ((downgradeAt === undefined) !== (downgradeTo === undefined)) {
    return problem('`downgradeAt` and `downgradeTo` belong together');
  }
  if (downgradeTo !== undefined && !isModelName(downgradeTo)) {
    return problem('`downgradeTo` must be the id of a model');
  }
  const plan: BudgetPlan = {
    id,
    unit,
    limit: amount,
    scope: scope as BudgetScope,
    sharing,
    window: window as WindowDocument,
    onOverrun,
    onExhausted,
    warnAt: isPercent(warnAt) ? warnAt : 0,
    askAt: isPercent(askAt) ? askAt : 0,
    downgradeAt: isPercent(downgradeAt) ? downgradeAt : 0,
    downgradeTo: downgradeTo ?? '',
  };
  // In the order that it will have when it is read back from the log.
  return { plan: canonicalOrder(plan) as BudgetPlan };
}

function scopeProblem(scope: unknown, org: string, plan: Members): string | undefined {
  if (typeof scope !== 'object' || scope === null || Array.isArray(scope)) {
    return '`scope` must say whom the budget is for';
  }
  const { kind, id, every, ...more } = scope as Members;
  if (Object.keys(more).length > 0) return '`scope` has only `kind`, and `id` or `every`';
  const acknowledged = plan['acknowledgeAll'];
  if (kind === 'all') {
    if (acknowledged !== true) {
      return 'a scope of `all` needs `acknowledgeAll: true`: it is about every call in every org';
    }
    if (id !== undefined || every !== undefined) return 'a scope of `all` has no `id` or `every`';
    return org === everyOrg ? undefined : 'a scope of `all` is for plans of the installation';
  }
  if (acknowledged !== undefined) return '`acknowledgeAll` is only for a scope of `all`';
  if (!(budgetScopeKinds as readonly unknown[]).includes(kind)) {
    return `the kind of \`scope\` must be one of all, ${budgetScopeKinds.join(', ')}`;
  }
  if ((id === undefined) === (every === undefined)) {
    return '`scope` must have either `id`, or `every: true`';
  }
  if (every !== undefined) return every === true ? undefined : '`every` must be true';
  if (kind === 'org' && id !== org && org !== everyOrg) return 'the org must be the plan’s own';
  const isLong = kind === 'principal' || kind === 'session';
  if (kind === 'model') return isModelName(id) ? undefined : `${quoted(id)} is no model`;
  return (isLong ? isQualifiedName(id) : isName(id))
    ? undefined
    : `${quoted(id)} is no ${String(kind)}`;
}

function isPercent(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0 && (value as number) < 100;
}

/** All plans of one org, or of the installation. */
export interface PlansRecord {
  readonly org: string;
  /** By id. */
  readonly plans: readonly BudgetPlan[];
  /** Ids of plans that were closed: none is used again, or it would go on with the old accounts. */
  readonly closed: readonly string[];
}

/** Why one more plan cannot be kept, or undefined where it can. */
export function isFull({ plans, closed }: PlansRecord): boolean {
  return plans.length >= limits.budgetPlansMax || closed.length >= limits.budgetPlansClosedMax;
}

/** What the accounts of a plan are listed under. */
export function planName(org: string, id: string): string {
  return `plan:${org}/${id}`;
}

const planScope = /^(plan:[^:]+):(.+)@(\d+)$/;

/** What the scope of a plan's account says; undefined for a session's own budget. */
export function planScopeOf(
  scope: string,
): { readonly plan: string; readonly member: string; readonly start: number } | undefined {
  const [, plan, member, start] = planScope.exec(scope) ?? [];
  if (plan === undefined || member === undefined) return undefined;
  return { plan, member, start: Number(start) };
}
