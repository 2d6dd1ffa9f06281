/** Usage is what budgets posted, whoever it is grouped by; bounds and orgs let nothing else through. */
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type ControlPlane,
  openControlPlane,
  systemClock,
  type UsageQuery,
  type UsageRow,
} from '../../src/engine/index.ts';
import { callModel } from '../../src/enforce/models/call-model.ts';
import { guard } from '../../src/enforce/guard.ts';
import { formatAmount, parseAmount } from '../../src/kernel/index.ts';
import { memory } from '../../src/storage/memory.ts';

const dayMs = 86_400_000;
const start = Date.UTC(2026, 0, 5, 12);

const policy = {
  format: 1,
  version: 1,
  actions: { 'model.call': {}, 'file.read': {}, 'file.erase': {} },
  tiers: { unrestricted: ['model.call', 'file.read'], blocked: ['file.erase'] },
};
const prices = {
  format: 1,
  version: 1,
  currency: 'USD',
  models: {
    small: { aliases: ['small-1'], prices: [{ input: '1', output: '2', inputTokensMax: 1_000 }] },
    large: { prices: [{ input: '10', output: '30', cacheRead: '1', inputTokensMax: 1_000 }] },
  },
};
const read = {
  name: 'read',
  action: 'file.read',
  estimate: { usd: '0.5' },
  execute: (call: { cost: string }) => call,
  usage: (_: unknown, { cost }: { cost: string }) => ({ usd: cost, pages: 3 }),
};
const erase = { name: 'erase', action: 'file.erase', execute: () => 'gone' };

interface Stage {
  readonly plane: ControlPlane;
  readonly wait: (ms: number) => void;
}

async function stage(): Promise<Stage> {
  let now = start;
  const plane = await openControlPlane({
    storage: memory(),
    policy,
    prices,
    agents: ['bot', 'cat'],
    tools: [read, erase],
    clock: { ...systemClock, now: () => now },
  });
  const scope = { kind: 'principal', every: true } as const;
  const terms = { scope, sharing: 'perMember', limit: '1000000', onOverrun: 'continue' } as const;
  for (const org of ['acme', 'zeta']) {
    for (const unit of ['usd', 'tokens']) {
      const plan = {
        ...terms,
        id: `${unit}-day`,
        unit,
        window: { every: 'day', zone: 'UTC' },
      } as const;
      await plane.setBudget({ org, plan });
    }
  }
  const wait = (ms: number): void => {
    now += ms;
  };
  return { plane, wait };
}

interface Call {
  readonly org: 'acme' | 'zeta';
  readonly principal: 'ann' | 'bob';
  readonly agent: 'bot' | 'cat';
  readonly what: 'small-1' | 'large' | 'unlisted' | 'read' | 'erase';
  readonly end: 'good' | 'fails' | 'without usage' | 'other model' | 'never';
  readonly input: number;
  readonly output: number;
  readonly waitMs: number;
}

const calls: fc.Arbitrary<Call> = fc.record({
  org: fc.constantFrom('acme', 'zeta'),
  principal: fc.constantFrom('ann', 'bob'),
  agent: fc.constantFrom('bot', 'cat'),
  what: fc.constantFrom('small-1', 'large', 'unlisted', 'read', 'erase'),
  end: fc.constantFrom('good', 'good', 'fails', 'without usage', 'other model', 'never'),
  input: fc.integer({ min: 0, max: 1_500 }),
  output: fc.integer({ min: 0, max: 150 }),
  waitMs: fc.constantFrom(0, 1, dayMs / 3, 2 * dayMs),
});

async function perform({ plane, wait }: Stage, call: Call): Promise<void> {
  const { org, principal: id, agent, what, end, input: inputTokens, output: outputTokens } = call;
  const principal = plane.identity.assert({ id, org, roles: ['agent'] });
  const session = await plane.openSession({ principal, agent });
  wait(call.waitMs);
  const running =
    what === 'read'
      ? guard(session, read)({ cost: formatAmount('usd', inputTokens) })
      : what === 'erase'
        ? guard(session, erase)({})
        : callModel(session, { model: what, maxOutputTokens: 100 }, async () => {
            // A call may end on another day than it began on, or not before its time is over.
            wait(call.waitMs);
            if (end === 'fails') throw new Error('no answer');
            if (end === 'never') wait(dayMs);
            if (end === 'without usage') return { result: 'x' };
            const usage = { inputTokens, outputTokens, cacheReadTokens: Math.min(1, inputTokens) };
            return { result: 'x', usage, ...(end === 'other model' ? { model: 'large' } : {}) };
          });
  await running.catch(() => {});
}

/** What budgets posted, by org, principal and day, in smallest steps. */
async function posted(plane: ControlPlane, unit: string): Promise<Record<string, string>> {
  const sums: Record<string, string> = {};
  for (const org of ['acme', 'zeta']) {
    for (const { plan, accounts } of await plane.budgets(org)) {
      if (plan.unit !== unit) continue;
      for (const { member, start: day, posted: amount } of accounts) {
        if (amount === '0') continue;
        sums[`${org} ${member} ${new Date(day).toISOString().slice(0, 10)}`] = amount;
      }
    }
  }
  return sums;
}

function bySubject(rows: readonly UsageRow[], unit: string): Record<string, string> {
  const entries = rows.map(({ group, amounts }) => [
    `${group.org} ${group.principal ?? ''} ${group.day ?? ''}`,
    amounts[unit] ?? '0',
  ]);
  return Object.fromEntries(entries.filter(([, amount]) => amount !== '0')) as Record<
    string,
    string
  >;
}

const sum = (rows: readonly UsageRow[], pick: (row: UsageRow) => number): number =>
  rows.reduce((total, row) => total + pick(row), 0);
const micro = (row: UsageRow): number =>
  parseAmount('usd', row.amounts['usd'] ?? '0') ?? Number.NaN;

test('what is reported of a person and a day is what the budgets of that day posted', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(calls, { minLength: 1, maxLength: 12 }), async (list) => {
      const here = await stage();
      const { plane } = here;
      for (const call of list) await perform(here, call);
      const rows = await plane.usage({ by: ['principal', 'day'] });
      for (const unit of ['usd', 'tokens']) {
        expect(bySubject(rows, unit)).toEqual(await posted(plane, unit));
      }
      // Any other grouping is the same money, and the same calls, cut otherwise.
      const queries: UsageQuery['by'][] = [[], ['model', 'agent'], ['session'], ['tool', 'action']];
      for (const by of queries) {
        const others = await plane.usage({ by });
        expect(sum(others, micro)).toBe(sum(rows, micro));
        expect(sum(others, ({ calls: count }) => count)).toBe(list.length);
      }
      // Two orgs are the whole, and neither report has a row of the other.
      const orgs = await Promise.all(
        ['acme', 'zeta'].map((org) => plane.usage({ org, by: ['principal', 'day'] })),
      );
      expect(orgs.flat()).toEqual(rows);
      // A cut in time, wherever it is, parts the calls into those before and those after.
      const cut = start + dayMs * list.length;
      const parts = [{ to: cut }, { from: cut }].map((bounds) =>
        plane.usage({ ...bounds, by: [] }),
      );
      const cutRows = (await Promise.all(parts)).flat();
      expect(sum(cutRows, micro)).toBe(sum(rows, micro));
      await plane.close();
    }),
    { numRuns: 25 },
  );
}, 120_000);

describe('of calls that are known', () => {
  let here: Stage;
  beforeAll(async () => {
    here = await stage();
    const { wait } = here;
    const base = {
      org: 'acme',
      principal: 'ann',
      agent: 'bot',
      input: 1_000,
      output: 100,
    } as const;
    await perform(here, { ...base, what: 'large', end: 'good', waitMs: 0 });
    wait(1_000);
    await perform(here, { ...base, what: 'small-1', end: 'other model', waitMs: 0 });
    await perform(here, { ...base, what: 'small-1', end: 'without usage', waitMs: 0 });
    await perform(here, { ...base, what: 'unlisted', end: 'good', waitMs: 0 });
    wait(1_000);
    await perform(here, { ...base, org: 'zeta', what: 'read', end: 'good', waitMs: 0 });
    await perform(here, { ...base, org: 'zeta', what: 'erase', end: 'good', waitMs: 0 });
  });

  test('rows say what was called, refused, charged, counted, not known, and answered by others', async () => {
    const rows = await here.plane.usage({ org: 'acme', by: ['model'] });
    const none = { input: '0', output: '0', cacheRead: '0', cacheWrite: '0', reasoning: '0' };
    expect(rows.map(({ amounts, ...row }) => ({ ...row, usd: amounts['usd'] }))).toEqual([
      {
        group: { org: 'acme', model: 'large' },
        calls: 1,
        refused: 0,
        open: 0,
        tokens: { ...none, input: '1000', output: '100', cacheRead: '1' },
        problems: 0,
        otherModel: 0,
        usd: '0.012991',
      },
      {
        group: { org: 'acme', model: 'small' },
        calls: 2,
        refused: 0,
        open: 0,
        tokens: { ...none, input: '1000', output: '100', cacheRead: '1' },
        problems: 1,
        otherModel: 1,
        // One at the price of the model that answered, one in full.
        usd: '0.014191',
      },
      {
        group: { org: 'acme', model: 'unlisted' },
        calls: 1,
        refused: 1,
        open: 0,
        tokens: none,
        problems: 0,
        otherModel: 0,
        usd: undefined,
      },
    ]);
  });

  test('units that no budget counts are reported as well', async () => {
    const rows = await here.plane.usage({ org: 'zeta', by: ['tool'] });
    expect(rows.map(({ group, amounts, refused }) => [group.tool, amounts, refused])).toEqual([
      ['erase', {}, 1],
      ['read', { pages: '3', tokens: '0', usd: '0.001' }, 0],
    ]);
  });

  test('`from` is in and `to` is not, to the millisecond', async () => {
    const count = async (bounds: { from?: number; to?: number }): Promise<number> =>
      sum(await here.plane.usage({ ...bounds, by: [] }), ({ calls: each }) => each);
    expect(await count({ from: start + 1_000, to: start + 2_000 })).toBe(3);
    expect(await count({ from: start + 1_001, to: start + 2_000 })).toBe(0);
    expect(await count({ from: start + 1_000, to: start + 2_001 })).toBe(5);
    expect(await count({ to: start })).toBe(0);
    expect(await count({ to: start + 1 })).toBe(1);
    expect(await count({ from: start + 2_001 })).toBe(0);
  });

  test('without an org every row says whose it is, so that no two orgs share one', async () => {
    const rows = await here.plane.usage({ by: ['principal'] });
    expect(rows.map(({ group }) => group)).toEqual([
      { org: 'acme', principal: 'ann' },
      { org: 'zeta', principal: 'ann' },
    ]);
    expect(await here.plane.usage({ org: 'nobody', by: ['principal'] })).toEqual([]);
  });

  test('what cannot be asked is refused', async () => {
    const refused: readonly (readonly [UsageQuery, string])[] = [
      [{ org: 'a b', by: [] }, 'cannot be an org'],
      [{ from: 1.5, by: [] }, 'no log time'],
      [{ to: -1, by: [] }, 'no log time'],
      [{ to: Number.NaN, by: [] }, 'no log time'],
      [{ by: ['crew' as 'org'] }, 'cannot be grouped by `crew`'],
    ];
    for (const [query, says] of refused) {
      await expect(here.plane.usage(query)).rejects.toThrow(says);
    }
  });
});

test('a call that is decided at `to` does not count, also while one from before runs', async () => {
  const here = await stage();
  const { plane, wait } = here;
  const principal = plane.identity.assert({ id: 'ann', org: 'acme', roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'bot' });
  const call = { model: 'small', maxOutputTokens: 10 };
  const rows = await callModel(session, call, async () => {
    wait(1_000);
    await callModel(session, call, async () => ({ result: 'y' }));
    return { result: await plane.usage({ to: start + 1_000, by: [] }) };
  });
  expect(rows).toMatchObject([{ calls: 1, open: 1 }]);
  await plane.close();
});

test('a call that ends after the bounds counts where it began; one that has not ended is open', async () => {
  const here = await stage();
  const { plane, wait } = here;
  const principal = plane.identity.assert({ id: 'ann', org: 'acme', roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'bot' });
  const first = { to: start + 1, by: ['day'] } as const;
  await callModel(session, { model: 'small', maxOutputTokens: 10 }, async () => {
    const [during] = await plane.usage(first);
    expect(during).toMatchObject({ calls: 1, open: 1, amounts: {} });
    wait(60_000);
    return { result: 'x', usage: { inputTokens: 10, outputTokens: 10 } };
  });
  const rows = await plane.usage(first);
  expect(rows).toMatchObject([{ group: { day: '2026-01-05' }, calls: 1, open: 0 }]);
  expect(rows[0]?.amounts['usd']).toBe('0.00003');
  expect(await plane.usage({ from: start + 1, by: [] })).toEqual([]);
  await plane.close();
});

test('sums beyond what one amount can be are exact', async () => {
  const { plane } = await stage();
  const principal = plane.identity.assert({ id: 'ann', org: 'acme', roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'bot' });
  const most = formatAmount('usd', Number.MAX_SAFE_INTEGER);
  const unbounded = {
    ...read,
    name: 'huge',
    usage: () => ({ credits: Number.MAX_SAFE_INTEGER, usd: most }),
  };
  await plane.registerTool(unbounded);
  for (const plan of await plane.budgets('acme')) {
    await plane.closeBudget({ org: 'acme', id: plan.plan.id });
  }
  for (let call = 0; call < 3; call += 1) await guard(session, unbounded)({ cost: '0' });
  const [row] = await plane.usage({ by: [] });
  expect(row?.amounts).toEqual({ credits: '27021597764222973', usd: '27021597764.222973' });
  await plane.close();
});

test('a call whose time ran out is charged in full in every unit, and for what it tells later beyond that', async () => {
  let now = start;
  const tasks: (() => void)[] = [];
  const after = (_: number, task: () => void): (() => void) => {
    tasks.push(task);
    return () => {};
  };
  const clock = { ...systemClock, now: () => now, after };
  const plane = await openControlPlane({
    storage: memory(),
    policy,
    prices,
    agents: ['bot'],
    clock,
  });
  const scope = { kind: 'principal', every: true } as const;
  const terms = { scope, sharing: 'perMember', window: 'unlimited', limit: '1000000' } as const;
  await plane.setBudget({ org: 'acme', plan: { ...terms, id: 'tokens', unit: 'tokens' } });
  const principal = plane.identity.assert({ id: 'ann', org: 'acme', roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'bot' });
  const call = { model: 'small', maxInputTokens: 500, maxOutputTokens: 100 };
  const given = async () => {
    const [row] = await plane.usage({ by: ['model'] });
    const [budget] = await plane.budgets('acme');
    return { row, posted: budget?.accounts[0]?.posted };
  };
  let before: Awaited<ReturnType<typeof given>> | undefined;
  await callModel(session, call, async () => {
    now += dayMs;
    for (const task of tasks.splice(0)) task();
    // Whatever is decided next is decided after what fell due.
    await plane.openSession({ principal, agent: 'bot' });
    before = await given();
    return { result: 'late', usage: { inputTokens: 900, outputTokens: 1 } };
  }).catch(() => {});
  const types: string[] = [];
  for await (const { type } of plane.events()) types.push(type);
  expect(types).toEqual(expect.arrayContaining(['permit-expired', 'usage-late']));
  expect(before).toMatchObject({
    row: {
      calls: 1,
      open: 0,
      problems: 1,
      amounts: { usd: '0.0007', tokens: '600', 'tokens.output': '100' },
      tokens: { input: '0', output: '0' },
    },
    posted: '600',
  });
  expect(await given()).toMatchObject({
    row: {
      calls: 1,
      problems: 1,
      amounts: { usd: '0.000902', tokens: '901', 'tokens.output': '100' },
      tokens: { input: '900', output: '1' },
    },
    posted: '901',
  });
  await plane.close();
});

test('a call of somebody in two teams is in the rows of both, and of nobody’s in one of its own', async () => {
  const plane = await openControlPlane({ storage: memory(), policy, prices, agents: ['bot'] });
  for (const teams of [['blue', 'red'], ['red'], []]) {
    const id = `user-${teams.length}`;
    const principal = plane.identity.assert({ id, org: 'acme', roles: ['agent'], teams });
    const session = await plane.openSession({ principal, agent: 'bot' });
    const usage = { inputTokens: 10, outputTokens: 0 };
    const call = { model: 'small', maxInputTokens: 500, maxOutputTokens: 100 };
    await callModel(session, call, () => Promise.resolve({ result: '', usage }));
  }
  const rows = await plane.usage({ by: ['team'] });
  expect(rows.map((row) => [row.group.team, row.calls, row.tokens.input])).toEqual([
    ['', 1, '10'],
    ['blue', 1, '10'],
    ['red', 2, '20'],
  ]);
  expect((await plane.usage({ by: [] }))[0]).toMatchObject({ calls: 3 });
  await plane.close();
});

test('what is left of a budget, and when it is used up at the rate so far', async () => {
  let now = Date.UTC(2026, 0, 1);
  const clock = { ...systemClock, now: () => now };
  const setting = { storage: memory(), policy, prices, agents: ['bot'], clock };
  const plane = await openControlPlane(setting);
  const scope = { kind: 'org', id: 'acme' } as const;
  const window = { every: 'month', zone: 'UTC' } as const;
  const terms = {
    id: 'month',
    unit: 'tokens',
    limit: 100,
    scope,
    sharing: 'shared',
    window,
  } as const;
  await plane.setBudget({ org: 'acme', plan: { ...terms, limit: '1000' } });
  const principal = plane.identity.assert({ id: 'ann', org: 'acme', roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'bot' });
  now += 4 * dayMs;
  const usage = { inputTokens: 200, outputTokens: 0 };
  const call = { model: 'small', maxInputTokens: 500, maxOutputTokens: 100 };
  await callModel(session, call, () => Promise.resolve({ result: '', usage }));
  const [headroom] = await plane.headroom('acme');
  expect(headroom).toEqual({
    plan: 'month',
    unit: 'tokens',
    limit: '1000',
    member: '*',
    posted: '200',
    reserved: '0',
    left: '800',
    frozen: false,
    forecast: { perDay: '50', reachedAt: Date.UTC(2026, 0, 21) },
  });
  await plane.close();
});
