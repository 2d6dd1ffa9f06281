/**
 * The one policy and the one list of requests that every engine gets, as plain data.
 *
 * Ten rules for each action: the first allows small amounts on orders, the other nine forbid bots
 * more than a few in a foreign currency. What is forbidden overlaps what is allowed, so that an
 * engine which forgets its denies answers differently. Amounts are whole cents, and comparisons are
 * of a value with a constant: every engine here can say that.
 */
const rulesPerAction = 10;
/** As many requests as one engine could hardly remember by accident. */
const timedRequestCount = 4_096;

interface AllowRule {
  readonly effect: 'allow';
  readonly id: string;
  readonly action: string;
  readonly amountAtMost: number;
}

interface DenyRule {
  readonly effect: 'deny';
  readonly id: string;
  readonly action: string;
  readonly amountMoreThan: number;
}

export type SameRule = AllowRule | DenyRule;

/** Allow rules are for resources of this kind, deny rules for agents of that kind. */
export const resourcePattern = 'order/*';
export const agentPattern = '*-bot';
/** Deny rules are for all currencies but these. */
export const homeCurrencies = ['EUR', 'USD'] as const;

export interface SamePolicy {
  readonly actions: readonly string[];
  readonly rules: readonly SameRule[];
}

export interface SameRequest {
  readonly action: string;
  readonly agent: string;
  readonly resource: string;
  readonly amount: number;
  readonly currency: string;
}

export function samePolicy(ruleCount: number): SamePolicy {
  const actionCount = Math.ceil(ruleCount / rulesPerAction);
  const actions = Array.from({ length: actionCount }, (_, index) => `service-${index}.call`);
  const rules = Array.from({ length: ruleCount }, (_, index) => {
    const action = actions[Math.floor(index / rulesPerAction)] ?? '';
    return ruleOf(index, action);
  });
  return { actions, rules };
}

function ruleOf(index: number, action: string): SameRule {
  const id = `rule-${index}`;
  return index % rulesPerAction === 0
    ? { effect: 'allow', id, action, amountAtMost: 10_000 }
    : { effect: 'deny', id, action, amountMoreThan: 1_000 + (index % 1_000) };
}

/** For engines without patterns: what the patterns would have said, worked out before the clock. */
export function isOrder({ resource }: SameRequest): boolean {
  return resource.startsWith('order/');
}

export function isBot({ agent }: SameRequest): boolean {
  return agent.endsWith('-bot');
}

interface RequestKind extends Omit<SameRequest, 'action' | 'resource' | 'amount'> {
  /** In cents, or the most that no rule of the action forbids. */
  readonly amount: number | 'least-limit';
  readonly folder: 'order' | 'invoice';
  /** Where the action has all of its ten rules. */
  readonly allowed: boolean;
}

const small = { agent: 'refund-bot', folder: 'order', amount: 4_200, currency: 'EUR' } as const;

/** Half of them are allowed; the limits themselves are among them. */
const kinds: readonly RequestKind[] = [
  { ...small, allowed: true },
  { ...small, amount: 42_000, allowed: false },
  { ...small, currency: 'GBP', agent: 'clerk', allowed: true },
  { ...small, currency: 'GBP', allowed: false },
  { ...small, amount: 10_000, allowed: true },
  { ...small, amount: 10_001, allowed: false },
  { ...small, amount: 'least-limit', currency: 'GBP', allowed: true },
  { ...small, folder: 'invoice', allowed: false },
];

export interface SameRequests {
  readonly all: readonly SameRequest[];
  /** The first so many of `all` are timed; those after them are only compared. */
  readonly timed: number;
  /** What must come out where every action has ten rules. */
  readonly allowed: readonly boolean[];
}

/** The same in every run: a small generator with a fixed seed chooses the actions. */
export function sameRequests({ actions, rules }: SamePolicy): SameRequests {
  const leastLimits = leastLimitsOf(rules);
  let state = 1;
  const allowed: boolean[] = [];
  const all = Array.from({ length: timedRequestCount }, (_, index): SameRequest => {
    state = (state * 48_271) % 2_147_483_647;
    const action = actions[state % actions.length] ?? '';
    const kind = kinds[index % kinds.length] ?? { ...small, allowed: true };
    const { folder, agent, currency } = kind;
    const amount = kind.amount === 'least-limit' ? (leastLimits.get(action) ?? 0) : kind.amount;
    allowed.push(kind.allowed);
    return { action, agent, resource: `${folder}/o-${index}`, amount, currency };
  });
  const { agent, amount, currency } = small;
  const unknown = { action: 'service.unknown', agent, resource: 'order/o-1', amount, currency };
  return { all: [...all, unknown], timed: all.length, allowed: [...allowed, false] };
}

function leastLimitsOf(rules: readonly SameRule[]): ReadonlyMap<string, number> {
  const least = new Map<string, number>();
  for (const rule of rules) {
    if (rule.effect === 'allow') continue;
    const { action, amountMoreThan } = rule;
    least.set(action, Math.min(amountMoreThan, least.get(action) ?? amountMoreThan));
  }
  return least;
}
