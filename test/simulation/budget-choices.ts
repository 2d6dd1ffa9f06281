/** What the administrators of a simulated world choose from: plans of every scope, window and kind. */
import type { BudgetPlanDocument } from '../../src/kernel/index.ts';
import type { Random } from '../../src/testing/index.ts';

interface PlanShape {
  readonly plan: Omit<BudgetPlanDocument, 'id' | 'limit'>;
  /** Limits, in whole units. */
  readonly from: number;
  readonly to: number;
}

const [shared, perMember, unlimited] = ['shared', 'perMember', 'unlimited'] as const;
const minute = { everyMs: 60_000, from: 7 };
const rolling = { rollingMs: 60_000 };
const bucket = { bucketMs: 30_000 };
const everyone = (kind: 'team' | 'principal' | 'agent' | 'session' | 'action' | 'tool' | 'model') =>
  ({ kind, every: true }) as const;

/** Plans of an org, by id; one id is always of one kind, so that setting it again raises or lowers it. */
const orgShapes: Readonly<Record<string, PlanShape>> = {
  principals: {
    plan: {
      unit: 'usd',
      scope: everyone('principal'),
      sharing: perMember,
      window: minute,
      warnAt: 50,
    },
    from: 10,
    to: 80,
  },
  clerk: {
    plan: {
      unit: 'actions',
      scope: { kind: 'agent', id: 'clerk' },
      sharing: shared,
      window: bucket,
    },
    from: 4,
    to: 20,
  },
  agents: {
    plan: { unit: 'concurrent', scope: everyone('agent'), sharing: perMember, window: unlimited },
    from: 2,
    to: 12,
  },
  sessions: {
    plan: {
      unit: 'usd',
      scope: everyone('session'),
      sharing: perMember,
      window: unlimited,
      onOverrun: 'continue',
      warnAt: 20,
    },
    from: 5,
    to: 60,
  },
  pay: {
    plan: {
      unit: 'usd',
      scope: { kind: 'action', id: 'order.pay' },
      sharing: shared,
      window: rolling,
    },
    from: 10,
    to: 60,
  },
  actions: {
    plan: {
      unit: 'actions',
      scope: everyone('action'),
      sharing: shared,
      window: rolling,
      warnAt: 80,
    },
    from: 10,
    to: 80,
  },
  tools: {
    plan: { unit: 'usd', scope: everyone('tool'), sharing: perMember, window: bucket },
    from: 8,
    to: 60,
  },
  toolTime: {
    plan: {
      unit: 'seconds',
      scope: { kind: 'tool', id: 'look' },
      sharing: shared,
      window: { every: 'day', zone: 'UTC' },
    },
    from: 60,
    to: 900,
  },
  models: {
    plan: {
      unit: 'tokens',
      scope: everyone('model'),
      sharing: perMember,
      window: minute,
      onOverrun: 'continue',
      downgradeAt: 60,
      downgradeTo: 'small',
    },
    from: 1_000,
    to: 12_000,
  },
  small: {
    plan: {
      unit: 'usd',
      scope: { kind: 'model', id: 'small' },
      sharing: shared,
      window: unlimited,
    },
    from: 5,
    to: 60,
  },
  desk: {
    plan: {
      unit: 'usd',
      scope: { kind: 'team', id: 'desk' },
      sharing: shared,
      window: rolling,
      askAt: 90,
    },
    from: 10,
    to: 100,
  },
  teams: {
    plan: { unit: 'actions', scope: everyone('team'), sharing: perMember, window: minute },
    from: 8,
    to: 60,
  },
};

/** Plans of the installation. */
const hostShapes: Readonly<Record<string, PlanShape>> = {
  all: {
    plan: {
      unit: 'usd',
      scope: { kind: 'all' },
      sharing: shared,
      window: { everyMs: 300_000 },
      onOverrun: 'continue',
      acknowledgeAll: true,
    },
    from: 40,
    to: 300,
  },
  orgs: {
    plan: {
      unit: 'concurrent',
      scope: { kind: 'org', every: true },
      sharing: perMember,
      window: unlimited,
    },
    from: 4,
    to: 16,
  },
};

export interface PlanChoice {
  readonly org: string;
  readonly person: string;
  readonly document: BudgetPlanDocument;
  /** The limit in the unit's smallest steps. */
  readonly limit: number;
}

/** One plan to set, at some limit. `again` says how often plans of an id were closed: ids are not used again. */
export function choosePlan(random: Random, again: (name: string) => number): PlanChoice {
  const person = random.weighted({ root: 10, gus: 4, host: 4 });
  const org = { root: 'acme', gus: 'globex', host: '*' }[person];
  const shapes = person === 'host' ? hostShapes : orgShapes;
  const name = random.pick(Object.keys(shapes));
  const shape = shapes[name];
  if (shape === undefined) throw new Error(`there is no plan ${name}`);
  const limit = random.integer(shape.from, shape.to);
  const id = `${name}-${again(`${org}/${name}`)}`;
  return {
    org,
    person,
    document: { ...shape.plan, id, limit },
    limit: shape.plan.unit === 'usd' ? limit * 1_000_000 : limit,
  };
}

export interface ModelChoice {
  readonly name: string;
  readonly inputTokensMax: number;
  readonly outputTokensMax: number;
}

/** Which model a call is of follows from its order, so that it can be asked for again. */
export function modelOf(order: string): ModelChoice {
  const number = Number(order.slice(2));
  const names = ['small', 'large', 'cloud/small', 'small', 'ghost', 'small'];
  const name = names[number - 1] ?? 'small';
  return { name, inputTokensMax: number * 100, outputTokensMax: number * 50 };
}

/** What a provider answers: mostly what it took; now and then nothing, nonsense, more, or from another model. */
export function modelAnswer(
  random: Random,
  { name, inputTokensMax, outputTokensMax }: ModelChoice,
) {
  const inputTokens = random.integer(1, inputTokensMax);
  const outputTokens = random.integer(0, outputTokensMax);
  const honest = { inputTokens, outputTokens };
  const how = random.weighted({
    honest: 60,
    missing: 8,
    negative: 8,
    inconsistent: 4,
    more: 4,
    dearer: 5,
    unpriced: 6,
  });
  switch (how) {
    case 'honest':
      return { model: name, usage: honest };
    case 'missing':
      return {};
    case 'negative':
      return { model: name, usage: { ...honest, outputTokens: -outputTokens - 1 } };
    case 'inconsistent':
      return { model: name, usage: { ...honest, cacheReadTokens: inputTokens + 1 } };
    case 'more':
      return { model: name, usage: { inputTokens, outputTokens: outputTokensMax + 10 } };
    case 'dearer':
      return { model: 'large', usage: honest };
    case 'unpriced':
      return { model: 'somebody-else', usage: honest };
  }
}
