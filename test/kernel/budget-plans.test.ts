/** Budget plans: whom they bind, over which windows, and what becomes of overruns, warnings and exhaustion. */
import { expect, test } from 'vitest';
import type { BudgetPlanDocument, PrincipalReference } from '../../src/kernel/index.ts';
import { cast, Stage } from './stage.ts';

const host: PrincipalReference = {
  id: 'host',
  org: 'host',
  roles: ['platform-admin'],
  via: 'configuration',
};
const inTeam = (by: PrincipalReference, ...teams: readonly string[]) => ({ ...by, teams });

function plan(more: Partial<BudgetPlanDocument> = {}): BudgetPlanDocument {
  return {
    id: 'p',
    unit: 'actions',
    limit: 10,
    scope: { kind: 'org', id: 'acme' },
    sharing: 'shared',
    window: 'unlimited',
    ...more,
  };
}

function set(
  stage: Stage,
  more: Partial<BudgetPlanDocument> = {},
  by: PrincipalReference = cast.ada,
  org = by.org,
): string {
  return stage.do({ kind: 'set-budget', by, org, plan: plan(more) });
}

const read = { tool: 'read', args: { name: 'a' }, start: true } as const;

/** How many of so many calls are allowed. */
function allowed(stage: Stage, session: string, calls: number, by: PrincipalReference): number {
  let count = 0;
  for (let call = 0; call < calls; call += 1) {
    if (stage.authorize({ ...read, session, by }) === 'allow') count += 1;
  }
  return count;
}

const scopes: readonly BudgetPlanDocument['scope'][] = [
  { kind: 'org', id: 'acme' },
  { kind: 'org', every: true },
  { kind: 'principal', id: 'ann' },
  { kind: 'principal', every: true },
  { kind: 'team', id: 'blue' },
  { kind: 'team', every: true },
  { kind: 'agent', id: 'bot' },
  { kind: 'agent', every: true },
  { kind: 'session', every: true },
  { kind: 'action', id: 'file.read' },
  { kind: 'action', every: true },
  { kind: 'tool', id: 'read' },
  { kind: 'tool', every: true },
];

test.each(scopes)('a thousand calls against a budget for ten get ten permits: %j', (scope) => {
  for (const sharing of 'every' in scope
    ? (['shared', 'perMember'] as const)
    : ['shared' as const]) {
    const stage = Stage.ready();
    expect(set(stage, { scope, sharing })).toBe('done');
    const ann = inTeam(cast.ann, 'blue');
    const session = stage.open({ by: ann, budget: {} });
    expect(allowed(stage, session, 1_000, ann)).toBe(10);
  }
});

test('all scopes together admit what the narrowest does', () => {
  const stage = Stage.ready();
  for (const [n, scope] of scopes.entries()) {
    expect(set(stage, { id: `p-${n}`, scope, limit: 20 - n })).toBe('done');
  }
  const ann = inTeam(cast.ann, 'blue');
  const session = stage.open({ by: ann, budget: { actions: 50 } });
  expect(allowed(stage, session, 100, ann)).toBe(8);
});

test('where one budget has no room, none is reserved in', () => {
  const stage = Stage.ready();
  set(stage, { id: 'wide' });
  set(stage, { id: 'narrow', limit: 1, scope: { kind: 'tool', id: 'read' } });
  const session = stage.open({ budget: { actions: 9 } });
  expect(allowed(stage, session, 5, cast.ann)).toBe(1);
  const reserved = stage.all('budget').map(({ scope, reserved: held }) => [scope, held]);
  expect(reserved).toEqual([
    [`session:${session}`, 1],
    ['plan:acme/narrow:*@0', 1],
    ['plan:acme/wide:*@0', 1],
  ]);
});

test('a shared budget is one for all members, and one per member is not', () => {
  const counts = (['shared', 'perMember'] as const).map((sharing) => {
    const stage = Stage.ready();
    set(stage, { scope: { kind: 'principal', every: true }, sharing });
    const ann = stage.open({ by: cast.ann, budget: {} });
    const bob = stage.open({ by: cast.bob, budget: {} });
    return [allowed(stage, ann, 8, cast.ann), allowed(stage, bob, 20, cast.bob)];
  });
  expect(counts).toEqual([
    [8, 2],
    [8, 10],
  ]);
});

test('more sessions do not make more budget', () => {
  const stage = Stage.ready();
  set(stage, { scope: { kind: 'principal', every: true }, sharing: 'perMember' });
  const each = Array.from({ length: 5 }, () =>
    allowed(stage, stage.open({ budget: { actions: 100 } }), 4, cast.ann),
  );
  expect(each).toEqual([4, 4, 2, 0, 0]);
});

test('a call without what a plan is counted by is denied, not exempt', () => {
  const stage = Stage.ready();
  set(stage, { scope: { kind: 'team', every: true }, sharing: 'perMember' });
  const session = stage.open({ budget: {} });
  expect(stage.authorize({ ...read, session })).toBe('deny budget-unattributable');
  expect(stage.authorize({ ...read, session, by: inTeam(cast.ann, 'red') })).toBe('allow');
});

test.each([
  { kind: 'model', every: true },
  { kind: 'model', id: 'm-1' },
] as const)(
  'the call of a tool is of no model, and a plan for models is not about it: %j',
  (scope) => {
    const stage = Stage.ready();
    expect(set(stage, { scope, sharing: 'shared', limit: 0 })).toBe('done');
    const session = stage.open({ budget: {} });
    expect(stage.authorize({ ...read, session })).toBe('allow');
  },
);

test('somebody in two teams spends from both', () => {
  const stage = Stage.ready();
  set(stage, { scope: { kind: 'team', every: true }, sharing: 'perMember', limit: 3 });
  const both = inTeam(cast.ann, 'blue', 'red');
  const session = stage.open({ by: both, budget: {} });
  expect(allowed(stage, session, 2, both)).toBe(2);
  const red = inTeam(cast.bob, 'red');
  const other = stage.open({ by: red, budget: {} });
  expect(allowed(stage, other, 5, red)).toBe(1);
});

test('budgets of one org neither bind nor see another', () => {
  const stage = Stage.ready();
  set(stage, { limit: 0 });
  const session = stage.open({ by: cast.otherAnn, budget: {} });
  expect(stage.authorize({ ...read, session, by: cast.otherAnn })).toBe('allow');
  expect(set(stage, {}, cast.otherAda, 'acme')).toBe('permission-denied');
});

test('a plan of the installation is the host’s, counts every org, and has to be acknowledged', () => {
  const stage = Stage.ready();
  const all = { scope: { kind: 'all' }, acknowledgeAll: true } as const;
  expect(set(stage, all, cast.otherAda, '*')).toBe('permission-denied');
  expect(set(stage, { scope: { kind: 'all' } }, host, '*')).toBe('budget-invalid');
  expect(set(stage, { ...all, limit: 3 }, host, '*')).toBe('done');
  const here = stage.open({ budget: {} });
  const there = stage.open({ by: cast.otherAnn, budget: {} });
  expect(allowed(stage, here, 2, cast.ann)).toBe(2);
  expect(allowed(stage, there, 5, cast.otherAnn)).toBe(1);
});

test('an installation’s plan per principal tells same names of two orgs apart', () => {
  const stage = Stage.ready();
  const each = {
    scope: { kind: 'principal', every: true },
    sharing: 'perMember',
    limit: 2,
  } as const;
  expect(set(stage, each, host, '*')).toBe('done');
  const here = stage.open({ budget: {} });
  const there = stage.open({ by: cast.otherAnn, budget: {} });
  expect(allowed(stage, here, 5, cast.ann)).toBe(2);
  expect(allowed(stage, there, 5, cast.otherAnn)).toBe(2);
});

test.each([cast.ann, cast.olga, cast.pat, cast.vera])('only admins set budgets: not %j', (by) => {
  const stage = Stage.ready();
  expect(set(stage, {}, by)).toBe('permission-denied');
  set(stage);
  expect(stage.do({ kind: 'close-budget', by, org: 'acme', plan: 'p' })).toBe('permission-denied');
});

test('setting is in the log with before and after; the same again is not', () => {
  const stage = Stage.ready();
  set(stage);
  set(stage);
  set(stage, { limit: 20 });
  const events = stage.log.filter(({ event }) => event.type === 'budget-set');
  expect(events.map(({ event }) => event.data)).toMatchObject([
    { before: null, plan: { limit: 10 } },
    { before: { limit: 10 }, plan: { limit: 20 } },
  ]);
});

test('a raise admits more, a cut below what is used admits nothing further', () => {
  const stage = Stage.ready();
  set(stage, { limit: 2 });
  const session = stage.open({ budget: {} });
  expect(allowed(stage, session, 5, cast.ann)).toBe(2);
  set(stage, { limit: 5 });
  expect(allowed(stage, session, 2, cast.ann)).toBe(2);
  set(stage, { limit: 1 });
  expect(allowed(stage, session, 5, cast.ann)).toBe(0);
});

test.each<Partial<BudgetPlanDocument>>([
  { downgradeAt: 50 },
  { downgradeTo: 'small' },
  { downgradeAt: 0, downgradeTo: 'small' },
  { downgradeAt: 100, downgradeTo: 'small' },
  { downgradeAt: 50, downgradeTo: 'no model' },
  { unit: 'eur@12' },
  { scope: { kind: 'model', id: 'no model' } },
  { window: { bucketMs: 10 } },
  { window: { bucketMs: 60_000 }, limit: Number.MAX_SAFE_INTEGER },
])('a plan that cannot be meant is refused: %j', (more) => {
  const stage = Stage.ready();
  expect(set(stage, more)).toBe('budget-invalid');
});

test('a bucket admits again what has flowed back, and no more', () => {
  const stage = Stage.ready();
  set(stage, { limit: 10, window: { bucketMs: 10_000 } });
  const session = stage.open({ budget: {} });
  expect(allowed(stage, session, 20, cast.ann)).toBe(10);
  stage.now += 3_500;
  expect(allowed(stage, session, 20, cast.ann)).toBe(3);
  stage.now += 500;
  expect(allowed(stage, session, 20, cast.ann)).toBe(1);
  stage.now += 100_000;
  expect(allowed(stage, session, 20, cast.ann)).toBe(10);
});

test.each<Partial<BudgetPlanDocument>>([
  { unit: 'tokens' },
  { scope: { kind: 'org', every: true } },
  { window: { everyMs: 60_000 } },
])('what a plan counts by does not change under it: %j', (more) => {
  const stage = Stage.ready();
  set(stage);
  expect(set(stage, more)).toBe('budget-invalid');
});

test('a closed plan binds nobody, and what it holds is resolved', () => {
  const stage = Stage.ready();
  set(stage, { limit: 1 });
  const session = stage.open({ budget: {} });
  const permit = stage.ask({ ...read, session });
  expect(stage.do({ kind: 'close-budget', by: cast.ada, org: 'acme', plan: 'p' })).toBe('done');
  expect(allowed(stage, session, 3, cast.ann)).toBe(3);
  expect(stage.settle(permit)).toBe('done');
  expect(stage.get('budget', 'plan:acme/p:*@0|actions')).toMatchObject({ posted: 1, reserved: 0 });
  expect(stage.do({ kind: 'close-budget', by: cast.ada, org: 'acme', plan: 'p' })).toBe(
    'budget-unknown',
  );
  expect(set(stage)).toBe('budget-invalid');
});

test('time past the longest run is not charged, and freezes nothing', () => {
  const stage = Stage.ready();
  set(stage, { unit: 'seconds', limit: 100, scope: { kind: 'tool', id: 'pay' } });
  const session = stage.open({ budget: {} });
  const permit = stage.ask({ tool: 'pay', args: { to: 'x', amount: '1' }, session, start: true });
  stage.now += 60_500;
  stage.settle(permit);
  expect(stage.get('budget', 'plan:acme/p:*@0|seconds')).toMatchObject({
    posted: 60,
    frozen: false,
  });
});

test('each window has its own account, and a permit settles in the window it was reserved in', () => {
  const stage = Stage.ready();
  set(stage, { limit: 2, window: { everyMs: 1_000_000 } });
  const session = stage.open({ budget: {} });
  const late = stage.ask({ ...read, session });
  stage.ask({ ...read, session });
  expect(stage.authorize({ ...read, session })).toBe('deny budget-exceeded');
  stage.now = 2_000_000;
  expect(allowed(stage, session, 5, cast.ann)).toBe(2);
  stage.settle(late);
  const posted = stage.all('budget').map(({ scope, posted: used }) => [scope, used]);
  expect(posted).toEqual([
    ['plan:acme/p:*@1000000', 1],
    ['plan:acme/p:*@2000000', 0],
  ]);
});

test('moving a clock back does not open a window again', () => {
  const stage = Stage.ready();
  set(stage, { limit: 1, window: { everyMs: 1_000 } });
  const session = stage.open({ budget: {} });
  expect(allowed(stage, session, 2, cast.ann)).toBe(1);
  expect(stage.get('budget', 'plan:acme/p:*@1000000|actions')?.reserved).toBe(1);
});

test('no stretch of a rolling window holds more than the limit', () => {
  const stage = Stage.ready();
  const rollingMs = 60_000;
  set(stage, { limit: 5, window: { rollingMs } });
  const session = stage.open({ budget: {} });
  const times: number[] = [];
  for (let step = 0; step < 400; step += 1) {
    stage.now += 700 + ((step * 7_919) % 2_600);
    if (stage.authorize({ ...read, session }) === 'allow') times.push(stage.now);
  }
  expect(times.length).toBeGreaterThan(30);
  for (const [n, from] of times.entries()) {
    const within = times.slice(n).filter((at) => at < from + rollingMs);
    expect(within.length).toBeLessThanOrEqual(5);
  }
});

test('an overrun freezes the account, unless the plan lets work go on', () => {
  const codes = (['freeze', 'continue'] as const).map((onOverrun) => {
    const stage = Stage.ready();
    set(stage, { unit: 'usd', limit: '10', onOverrun });
    const session = stage.open({ budget: {} });
    const pay = { tool: 'pay', args: { to: 'x', amount: '1' }, session, start: true } as const;
    stage.settle(stage.ask(pay), { usd: 3_000_000 });
    const types = new Set(stage.log.map(({ event }) => event.type));
    return [stage.authorize(pay), types.has('budget-frozen'), types.has('budget-overrun')];
  });
  expect(codes).toEqual([
    ['deny budget-frozen', true, false],
    ['allow', false, true],
  ]);
});

test('a warning is given once in each account', () => {
  const stage = Stage.ready();
  set(stage, { warnAt: 50 });
  const session = stage.open({ budget: {} });
  allowed(stage, session, 10, cast.ann);
  const warnings = stage.log.filter(({ event }) => event.type === 'budget-warned');
  expect(warnings.map(({ event }) => event.data)).toMatchObject([{ used: 5, percent: 50 }]);
});

test('from a share of the limit on an approver is asked, and a granted call goes through', () => {
  const stage = Stage.ready();
  set(stage, { askAt: 30 });
  const session = stage.open({ budget: {} });
  expect(allowed(stage, session, 2, cast.ann)).toBe(2);
  const asked = { ...read, session };
  expect(stage.authorize(asked)).toBe('require-approval');
  const ticket = stage.commands.at(-1)?.id ?? '';
  expect(stage.do({ kind: 'approve-ticket', by: cast.pat, ticket })).toBe('done');
  expect(stage.authorize(asked)).toBe('allow');
});

test('a raise tells again, halts again, and goes on after an overrun', () => {
  const stage = Stage.ready();
  const scope = { kind: 'principal', every: true } as const;
  const more = { scope, sharing: 'perMember', unit: 'usd', warnAt: 50 } as const;
  set(stage, { ...more, limit: '2' });
  const session = stage.open({ budget: {} });
  const pay = { tool: 'pay', args: { to: 'x', amount: '1' }, session, start: true } as const;
  stage.settle(stage.ask(pay), { usd: 3_000_000 });
  expect(stage.authorize(pay)).toBe('deny budget-frozen');
  set(stage, { ...more, limit: '4' });
  expect([stage.authorize(pay), stage.authorize(pay)]).toEqual(['allow', 'deny budget-exceeded']);
  set(stage, { ...more, limit: '5' });
  expect([stage.authorize(pay), stage.authorize(pay)]).toEqual(['allow', 'deny budget-exceeded']);
  const told = stage.log
    .map(({ event }) => event.type)
    .filter((type) => type.startsWith('budget-'));
  expect(told.filter((type) => type === 'budget-exhausted')).toHaveLength(2);
  expect(told.filter((type) => type === 'budget-warned')).toHaveLength(3);
});

test('the first refusal for want of room is an event, once', () => {
  const stage = Stage.ready();
  set(stage, { limit: 1 });
  const session = stage.open({ budget: {} });
  allowed(stage, session, 5, cast.ann);
  expect(stage.log.filter(({ event }) => event.type === 'budget-exhausted')).toHaveLength(1);
});

test('exhaustion can halt whoever shares the account, and nobody else', () => {
  const stage = Stage.ready();
  const scope = { kind: 'principal', every: true } as const;
  set(stage, { limit: 1, scope, sharing: 'perMember', onExhausted: 'halt' });
  const ann = stage.open({ budget: {} });
  const bob = stage.open({ by: cast.bob, budget: {} });
  expect(allowed(stage, ann, 2, cast.ann)).toBe(1);
  expect(stage.authorize({ ...read, session: ann })).toBe('deny killed');
  expect(stage.authorize({ ...read, session: bob, by: cast.bob })).toBe('allow');
});

test.each<[string, Partial<BudgetPlanDocument>, boolean]>([
  ['a token bucket', { window: { bucketMs: 10_000 } }, true],
  ['calls at the same time', { unit: 'concurrent' }, true],
  ['what is gone for good', {}, false],
])(
  'once a kill switch was released, exhaustion halts once more only what fills up again: %s',
  (_, more, again) => {
    const stage = Stage.ready();
    set(stage, { limit: 2, onExhausted: 'halt', ...more });
    const session = stage.open({ budget: {} });
    const kills = () => stage.log.filter(({ event }) => event.type === 'kill-engaged').length;
    const exhaust = () => {
      const asked = { ...read, session };
      const permits: string[] = [];
      while (stage.authorize(asked) === 'allow') permits.push(stage.commands.at(-1)?.id ?? '');
      for (const permit of permits) stage.settle(permit);
      return permits.length;
    };
    expect([exhaust(), kills()]).toEqual([2, 1]);
    expect(stage.authorize({ ...read, session })).toBe('deny killed');
    const scope = { kind: 'org', org: 'acme' } as const;
    expect(stage.release(scope)).toBe('done');
    stage.now += 20_000;
    expect([exhaust(), kills()]).toEqual(again ? [2, 2] : [0, 1]);
  },
);

test('a session that rehearses neither spends, warns nor halts', () => {
  const stage = Stage.ready();
  set(stage, { limit: 1, warnAt: 10, onExhausted: 'halt' });
  const session = stage.open({ mode: 'dry-run', budget: {} });
  expect(allowed(stage, session, 3, cast.ann)).toBe(3);
  expect(stage.all('budget')).toEqual([]);
  const types = new Set(stage.log.map(({ event }) => event.type));
  expect([types.has('budget-warned'), types.has('kill-engaged')]).toEqual([false, false]);
});

test('seconds are reserved as the longest run, and posted by the log’s clock', () => {
  const stage = Stage.ready();
  set(stage, { unit: 'seconds', limit: 100, scope: { kind: 'tool', id: 'pay' } });
  const session = stage.open({ budget: {} });
  const pay = { tool: 'pay', args: { to: 'x', amount: '1' }, session, start: true } as const;
  const permit = stage.ask(pay);
  const account = () => stage.get('budget', 'plan:acme/p:*@0|seconds');
  expect(account()).toMatchObject({ reserved: 60 });
  expect(stage.authorize(pay)).toBe('deny budget-exceeded');
  stage.now += 2_001;
  stage.settle(permit, { seconds: 0 });
  expect(account()).toMatchObject({ reserved: 0, posted: 3 });
});

test('no more run at the same time than a plan of concurrent calls lets', () => {
  const stage = Stage.ready();
  set(stage, { unit: 'concurrent', limit: 2 });
  const session = stage.open({ budget: {} });
  const first = stage.ask({ ...read, session });
  expect(allowed(stage, session, 3, cast.ann)).toBe(1);
  stage.settle(first, { concurrent: 2 });
  expect(allowed(stage, session, 3, cast.ann)).toBe(1);
});

test.each<[string, object]>([
  ['no scope', { scope: undefined }],
  ['a scope without a member', { scope: { kind: 'principal' } }],
  ['a member and every member', { scope: { kind: 'principal', id: 'a', every: true } }],
  ['an unknown kind', { scope: { kind: 'user', id: 'a' } }],
  ['more in a scope', { scope: { kind: 'agent', id: 'a', team: 'b' } }],
  ['another org', { scope: { kind: 'org', id: 'zeta' } }],
  ['no sharing', { sharing: undefined }],
  ['one account each for one member', { sharing: 'perMember' }],
  ['no window', { window: undefined }],
  ['a window without a zone', { window: { every: 'day' } }],
  ['an unknown zone', { window: { every: 'day', zone: 'Mars/Olympus' } }],
  ['a negative limit', { limit: -1 }],
  ['a limit that is NaN', { limit: Number.NaN }],
  ['a limit past what can be counted', { limit: '9007199254740992' }],
  ['a limit more exact than the unit', { unit: 'usd', limit: '0.0000001' }],
  ['an unknown member', { limits: 5 }],
  ['an acknowledgement without all', { acknowledgeAll: true }],
  ['a percent of 100', { warnAt: 100 }],
  ['a halted team', { scope: { kind: 'team', id: 'a' }, onExhausted: 'halt' }],
  ['a percent of 0', { askAt: 0 }],
  ['concurrent calls over a window', { unit: 'concurrent', window: { everyMs: 60_000 } }],
  ['an id that is no name', { id: 'a b' }],
])('a plan with %s is refused', (_, more) => {
  const stage = Stage.ready();
  const given = JSON.parse(JSON.stringify({ ...plan(), ...more })) as unknown;
  expect(stage.do({ kind: 'set-budget', by: cast.ada, org: 'acme', plan: given })).toBe(
    'budget-invalid',
  );
});

test('the kill switch of a plan of the installation stops what the plan counts, in every org, and no more', () => {
  const stage = Stage.ready();
  const sessions = [stage.open(), stage.open({ by: cast.otherAnn })] as const;
  const [own, other] = sessions;
  set(stage, { scope: { kind: 'tool', id: 'read' }, limit: 90 }, host, '*');
  stage.kill({ kind: 'budget', org: '*', name: 'p' }, host);
  expect(stage.authorize({ ...read, session: own })).toBe('deny killed');
  expect(stage.authorize({ ...read, session: other, by: cast.otherAnn })).toBe('deny killed');
  expect(stage.authorize({ session: own, tool: 'fetch', args: { host: 'a' } })).toBe('allow');
});

test('a call that nobody ended holds its place among those that run at the same time no longer than it may run', () => {
  const stage = Stage.ready();
  const session = stage.open();
  set(stage, { unit: 'concurrent', limit: 1 });
  const lost = stage.ask({ ...read, session });
  expect(stage.authorize({ ...read, session })).toBe('deny budget-exceeded');
  stage.now = stage.get('decision', lost)?.expiresAt ?? Number.NaN;
  expect(stage.do({ kind: 'expire-permit', by: cast.system, permit: lost })).toBe('done');
  expect(stage.get('decision', lost)?.posted).toMatchObject({ concurrent: 0 });
  expect(allowed(stage, session, 2, cast.ann)).toBe(1);
});

test('an overrun in any slice of a rolling window freezes all of it, as long as that slice counts', () => {
  const stage = Stage.ready();
  const session = stage.open({ budget: {} });
  set(stage, { unit: 'usd', limit: '100', window: { rollingMs: 60_000 } });
  const pay = { session, tool: 'pay', args: { to: 'x', amount: '1' }, start: true } as const;
  stage.settle(stage.ask(pay));
  stage.now += 5_000;
  stage.settle(stage.ask(pay), { usd: 2_000_000 });
  expect(stage.authorize(pay)).toBe('deny budget-frozen');
  stage.now += 62_000;
  expect(stage.authorize(pay)).toBe('allow');
});

test('what was told under one limit is not told again under a lower one', () => {
  const stage = Stage.ready();
  const session = stage.open();
  set(stage, { limit: 6, warnAt: 50 });
  allowed(stage, session, 7, cast.ann);
  set(stage, { limit: 5, warnAt: 50 });
  allowed(stage, session, 1, cast.ann);
  const told = stage.log.filter(({ event }) => /^budget-(warned|exhausted)$/.test(event.type));
  expect(told.map(({ event }) => event.type)).toEqual(['budget-warned', 'budget-exhausted']);
});

test('the kill switch of a plan for every team stops those of no team, whom it cannot leave out', () => {
  const stage = Stage.ready();
  set(stage, { scope: { kind: 'team', every: true }, sharing: 'perMember' });
  const session = stage.open();
  expect(stage.authorize({ ...read, session })).toBe('deny budget-unattributable');
  stage.kill({ kind: 'budget', org: 'acme', name: 'p' });
  expect(stage.authorize({ ...read, session })).toBe('deny killed');
});
