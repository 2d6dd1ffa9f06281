/** Budget plans through the control plane: parallel calls, restarts, reports, and who may set what. */
import { expect, test } from 'vitest';
import { bindTool } from '../../src/engine/index.ts';
import { ActionRefused, guard, memory, openControlPlane, verify } from '../../src/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { FakeClock } from '../../src/testing/index.ts';

const tool = { name: 'pay', action: 'order.pay', estimate: { usd: '1' } };
const setting = {
  policy: {
    format: 1,
    version: 1,
    actions: { 'order.pay': {} },
    tiers: { unrestricted: ['order.pay'] },
  },
  agents: ['bot'],
  tools: [tool],
};
const org = 'acme';
const plan = {
  id: 'month',
  unit: 'usd',
  limit: '10',
  scope: { kind: 'org', id: org },
  sharing: 'shared',
  window: { every: 'month', zone: 'UTC' },
} as const;

test('a thousand calls at once against a budget for ten: ten run', async () => {
  const storage = memory();
  const plane = await openControlPlane({ storage, ...setting });
  await plane.setBudget({ org, plan });
  const principal = plane.identity.assert({ id: 'ann', org, roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'bot' });
  let runs = 0;
  const pay = guard(session, { ...tool, execute: () => void (runs += 1) });
  const answers = await Promise.allSettled(Array.from({ length: 1_000 }, (_, n) => pay({ n })));
  const codes = answers.map((each) =>
    each.status === 'fulfilled'
      ? 'ran'
      : ActionRefused.is(each.reason)
        ? each.reason.code
        : String(each.reason),
  );
  expect(runs).toBe(10);
  expect(codes.filter((code) => code === 'ran')).toHaveLength(10);
  expect(codes.filter((code) => code === 'budget-exceeded')).toHaveLength(990);
  const [usage] = await plane.budgets(org);
  expect(usage?.accounts).toMatchObject([{ member: '*', posted: '10', reserved: '0', left: '0' }]);
  expect((await verify(storage)).faults).toEqual([]);
  await plane.close();
});

test('what is spent is spent after a restart, until the next window begins', async () => {
  const fleet = memoryFleet();
  const clock = new FakeClock(Date.UTC(2026, 0, 31, 23, 59));
  const spend = async (): Promise<string> => {
    const plane = await openControlPlane({ storage: fleet(), ...setting, clock });
    await plane.setBudget({ org, plan: { ...plan, limit: '1' } });
    const principal = plane.identity.assert({ id: 'ann', org, roles: ['agent'] });
    const session = await plane.openSession({ principal, agent: 'bot' });
    const answer = await guard(session, { ...tool, execute: () => 'ran' })({}).catch(
      (refusal: unknown) => (ActionRefused.is(refusal) ? refusal.code : 'failed'),
    );
    await plane.close();
    return answer;
  };
  expect(await spend()).toBe('ran');
  expect(await spend()).toBe('budget-exceeded');
  clock.advance(60_000);
  expect(await spend()).toBe('ran');
});

test('another process’s plan binds as soon as it is committed', async () => {
  const fleet = memoryFleet();
  const first = await openControlPlane({ storage: fleet(), ...setting });
  const second = await openControlPlane({ storage: fleet() });
  const principal = first.identity.assert({ id: 'ann', org, roles: ['agent'] });
  const session = await first.openSession({ principal, agent: 'bot' });
  const pay = guard(session, { ...tool, execute: () => 'ran' });
  await pay({});
  await second.setBudget({ org, plan: { ...plan, limit: '0' } });
  await expect(pay({})).rejects.toMatchObject({ code: 'budget-exceeded' });
  await first.close();
  await second.close();
});

test('an admin sets plans of the own org, with the reason beside the log', async () => {
  const plane = await openControlPlane({ storage: memory(), ...setting });
  const by = plane.identity.assert({ id: 'root', org, roles: ['admin'] });
  await plane.setBudget({ org, plan, by, reason: 'the new quarter' });
  await expect(plane.setBudget({ org: 'zeta', plan, by })).rejects.toMatchObject({
    code: 'permission-denied',
  });
  await expect(plane.setBudget({ org: '*', plan, by })).rejects.toMatchObject({
    code: 'permission-denied',
  });
  const reasons: unknown[] = [];
  for await (const { contents } of plane.events({ types: ['budget-set'] })) {
    reasons.push(contents['reason']);
  }
  expect(reasons).toEqual(['the new quarter']);
  await plane.closeBudget({ org, id: 'month', by });
  expect(await plane.budgets(org)).toEqual([]);
  await plane.close();
});

test.each([[null], [[]], ['month']])(
  'a plan that is %j is refused, and sets nothing',
  async (odd) => {
    const plane = await openControlPlane({ storage: memory(), ...setting });
    await expect(plane.setBudget({ org, plan: odd as never })).rejects.toMatchObject({
      code: 'budget-invalid',
      message: expect.stringContaining('a budget plan must be an object') as string,
    });
    expect(await plane.budgets(org)).toEqual([]);
    await plane.close();
  },
);

test('teams come from the identity, and a malformed one is refused', async () => {
  const plane = await openControlPlane({ storage: memory(), ...setting });
  const teamPlan = { ...plan, scope: { kind: 'team', every: true }, sharing: 'perMember' } as const;
  await plane.setBudget({ org, plan: { ...teamPlan, limit: '1' } });
  const call = async (teams?: readonly string[]): Promise<string> => {
    const identity = {
      id: 'ann',
      org,
      roles: ['agent'],
      ...(teams === undefined ? {} : { teams }),
    };
    const principal = plane.identity.assert(identity);
    const session = await plane.openSession({ principal, agent: 'bot' });
    const pay = guard(session, { ...tool, execute: () => 'ran' });
    return pay({}).catch((refusal: unknown) =>
      ActionRefused.is(refusal) ? refusal.code : 'failed',
    );
  };
  expect(await call()).toBe('budget-unattributable');
  expect([await call(['blue']), await call(['blue']), await call(['red'])]).toEqual([
    'ran',
    'budget-exceeded',
    'ran',
  ]);
  await expect(call(['a b'])).rejects.toMatchObject({ code: 'input-invalid' });
  await plane.close();
});

test('lint says whom a plan binds, and what about it is likely not meant', async () => {
  const plane = await openControlPlane({ storage: memory(), ...setting });
  const principal = plane.identity.assert({ id: 'ann', org, roles: ['agent'] });
  await plane.openSession({ principal, agent: 'bot' });
  const each = { kind: 'principal', every: true } as const;
  const set = (id: string, more: object) =>
    plane.setBudget({ org, plan: { ...plan, id, ...more } });
  await set('a-org', { limit: '5' });
  await set('b-org', { limit: '7' });
  await set('each', { scope: each, sharing: 'perMember', limit: '6' });
  await set('small', { scope: each, sharing: 'perMember', limit: '1' });
  await set('daily', { scope: each, sharing: 'perMember', window: { everyMs: 86_400_000 } });
  await set('gone', { scope: { kind: 'tool', id: 'gone' }, limit: '0' });
  await set('hers', { scope: { kind: 'agent', id: 'hers' }, window: 'unlimited' });
  await set('agents', {
    scope: { kind: 'agent', every: true },
    sharing: 'perMember',
    window: { everyMs: 1_000 },
  });
  await set('teams', { scope: { kind: 'team', every: true }, sharing: 'perMember', limit: '1' });
  await plane.registerAgent({ org, name: 'hers' });
  await plane.registerAgent({ org: 'zeta', name: 'theirs' });
  const { matches, findings } = await plane.lintBudgets(org);
  expect(matches).toMatchObject({ 'a-org': [org], each: ['ann'], gone: [], teams: undefined });
  expect(matches).toMatchObject({ hers: ['hers'], agents: ['bot', 'hers'] });
  expect(findings.map((found) => `${found.plan} ${found.code}`).toSorted()).toEqual([
    'a-org overlap',
    'each overlap',
    'each shadowed',
    'gone matches-nothing',
    'gone zero-limit',
  ]);
  await plane.close();
});

const everyPrincipal = { scope: { kind: 'principal', every: true }, sharing: 'perMember' } as const;
const everyOrgOf = { scope: { kind: 'org', every: true }, sharing: 'perMember' } as const;
const ofAll = { scope: { kind: 'all' }, acknowledgeAll: true } as const;

/** What each is about, whose plans they are, the wider plan of 5, the narrower of 10 unless it says otherwise. */
test.each<[string, string, object, object, boolean]>([
  ['each of an org’s principals may spend more', org, {}, everyPrincipal, true],
  ['each asks before the org is at its limit', org, {}, { ...everyPrincipal, askAt: 50 }, false],
  ['each asks once the org is past its limit', org, {}, { ...everyPrincipal, askAt: 51 }, true],
  ['each warns before', org, {}, { ...everyPrincipal, warnAt: 50 }, false],
  [
    'each has another model taken before',
    org,
    {},
    { ...everyPrincipal, downgradeAt: 40, downgradeTo: 'small' },
    false,
  ],
  [
    'each halts at the limit of both',
    org,
    {},
    { ...everyPrincipal, limit: '5', onExhausted: 'halt' },
    false,
  ],
  ['each freezes, and the org goes on', org, { onOverrun: 'continue' }, everyPrincipal, false],
  [
    'both go on after an overrun',
    org,
    { onOverrun: 'continue' },
    { ...everyPrincipal, onOverrun: 'continue' },
    true,
  ],
  [
    'whoever is in no team is refused',
    org,
    {},
    { scope: { kind: 'team', every: true }, sharing: 'perMember' },
    false,
  ],
  ['one team is in the org', org, {}, { scope: { kind: 'team', id: 'blue' } }, true],
  ['one org of the installation is not all of them', '*', {}, everyPrincipal, false],
  ['all orgs together come to more than each', '*', everyOrgOf, ofAll, false],
  ['each org is in all of them', '*', ofAll, everyOrgOf, true],
  ['one org is one of each', '*', everyOrgOf, { scope: { kind: 'org', id: org } }, true],
])('lint says a plan is shadowed only where it has nothing to do: %s', async (...row) => {
  const [, whose, wide, narrow, isShadowed] = row;
  const plane = await openControlPlane({ storage: memory(), ...setting });
  await plane.setBudget({ org: whose, plan: { ...plan, limit: '5', ...wide, id: 'wide' } });
  await plane.setBudget({ org: whose, plan: { ...plan, ...narrow, id: 'narrow' } });
  const { findings } = await plane.lintBudgets(whose);
  const shadowed = findings.filter(({ code }) => code === 'shadowed');
  expect(shadowed.map((each) => each.plan)).toEqual(isShadowed ? ['narrow'] : []);
  await plane.close();
});

test.each([
  ['a raise before an overrun does not thaw what the overrun freezes', '20', '21'],
  ['what freezes under a lowered limit thaws with the first limit above that one', '5', '8'],
])('%s', async (_, meanwhile, afterwards) => {
  const plane = await openControlPlane({ storage: memory(), ...setting });
  const terms = { ...plan, window: 'unlimited' } as const;
  await plane.setBudget({ org, plan: terms });
  const principal = plane.identity.assert({ id: 'ann', org, roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'bot' });
  const overrunning = guard(session, {
    ...tool,
    execute: () => plane.setBudget({ org, plan: { ...terms, limit: meanwhile } }),
    usage: () => ({ usd: '2' }),
  });
  await overrunning({});
  const codeOfNext = () =>
    guard(session, { ...tool, execute: () => 'ran' })({}).catch((refusal: unknown) =>
      ActionRefused.is(refusal) ? refusal.code : 'failed',
    );
  expect(await codeOfNext()).toBe('budget-frozen');
  const isShownFrozen = async () => (await plane.budgets(org))[0]?.accounts[0]?.frozen;
  expect(await isShownFrozen()).toBe(true);
  await plane.setBudget({ org, plan: { ...terms, limit: afterwards } });
  expect(await isShownFrozen()).toBe(false);
  expect(await codeOfNext()).toBe('ran');
  await plane.close();
});

test('a call that ends as it was reserved leaves what was raised after an overrun thawed', async () => {
  const plane = await openControlPlane({ storage: memory(), ...setting });
  const terms = { ...plan, window: 'unlimited' } as const;
  await plane.setBudget({ org, plan: terms });
  const principal = plane.identity.assert({ id: 'ann', org, roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'bot' });
  const reserve = async () => {
    const request = { tool: bindTool(tool), arguments: session.read({}) };
    return session.authorize(request);
  };
  const [overrunning, asReserved] = [(await reserve()).permit, (await reserve()).permit];
  if (overrunning === undefined || asReserved === undefined) throw new Error('no permit');
  await session.settle(overrunning, { outcome: 'succeeded', usage: { usd: '2' } });
  expect((await reserve()).code).toBe('budget-frozen');
  await plane.setBudget({ org, plan: { ...terms, limit: '20' } });
  await session.settle(asReserved, { outcome: 'succeeded' });
  expect((await reserve()).code).toBe('allowed');
  await plane.close();
});

test('a token bucket whose limit was lowered gives nothing back twice', async () => {
  const clock = new FakeClock();
  const policy = { ...setting.policy, actions: { 'order.pay': { runTimeoutMs: 86_400_000 } } };
  const plane = await openControlPlane({ storage: memory(), ...setting, policy, clock });
  const set = (limit: string) =>
    plane.setBudget({ org, plan: { ...plan, limit, window: { bucketMs: 3_600_000 } } });
  await set('100');
  const principal = plane.identity.assert({ id: 'ann', org, roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'bot' });
  const reserve = async (usd: string) => {
    const request = { tool: bindTool(tool), arguments: session.read({ usd }) };
    const { permit } = await session.authorize({ ...request, estimate: { usd } });
    if (permit === undefined) throw new Error('no permit');
    return permit;
  };
  const whole = await reserve('100');
  clock.advance(3_240_000);
  await reserve('50');
  await set('50');
  clock.advance(1_080_000);
  await reserve('1');
  const taken = async () => (await plane.budgets(org))[0]?.accounts[0]?.posted;
  // All of the hundred had flowed back by 36 minutes' flow at the old limit and the rest at the new one.
  expect(await taken()).toBe('46');
  await session.settle(whole, { outcome: 'succeeded', usage: { usd: '0' } });
  expect(await taken()).toBe('46');
  await plane.close();
});
