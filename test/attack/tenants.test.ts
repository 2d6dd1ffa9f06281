/**
 * Attacks of one tenant on another (A89–A93), on one file that two orgs share.
 *
 * There is no HTTP and no reader that asks who reads (README, T10): what is attacked is the library, by a
 * principal of another org who knows every id.
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type BudgetPlanDocument,
  callModel,
  type ControlPlane,
  guard,
  type Principal,
  type Session,
  sqlite,
  verify,
} from '../../src/index.ts';
import { bindTool } from '../../src/engine/index.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { codeOf, pay, refund } from '../engine/shop.ts';
import { attempt, setStage, type Stage, typesOf, withModels } from './stage.ts';

let stage: Stage;
let plane: ControlPlane;

const midday = Date.UTC(2026, 0, 1, 12);
const clock = () => ({ clock: new FakeClock(midday) });

beforeEach(async () => {
  stage = await setStage({ ...withModels, ...clock() });
  ({ plane } = stage);
});

afterEach(async () => {
  const store = sqlite(stage.path, { mode: 'read-only' });
  const { faults } = await verify(store);
  await store.close();
  await stage.end();
  assert.deepEqual(faults, []);
});

const every = { kind: 'principal', every: true } as const;
const plan: BudgetPlanDocument = {
  id: 'month',
  unit: 'usd',
  limit: '1',
  scope: every,
  sharing: 'perMember',
  window: { every: 'month', zone: 'UTC' },
};

/** The person of a name in an org, who may do everything there. */
const everything = ['agent', 'operator', 'approver', 'admin'];
const person = (org: string, id = 'user:ann', on = plane): Principal =>
  on.identity.assert({ id, org, roles: everything });

const open = (principal: Principal, more = {}) =>
  plane.openSession({ principal, agent: 'bot', budget: { usd: '1' }, ...more });

const asked = { model: 'small', maxInputTokens: 100, maxOutputTokens: 50 };
const usage = { inputTokens: 100, outputTokens: 50 };
const call = (session: Session) =>
  callModel(session, asked, () => Promise.resolve({ result: '', usage }));

test('A89 the id of another tenant’s session, permit, ticket or plan opens nothing', async () => {
  const [mine, theirs] = [person('acme'), person('globex')];
  const session = await open(mine);
  const other = await open(theirs);
  await plane.setBudget({ org: 'acme', plan, by: mine });
  const asks = { tool: bindTool(refund), arguments: session.read({ orderId: 'o', amount: '1' }) };
  const { ticket = '' } = await session.authorize(asks);
  const { permit } = await session.authorize({
    tool: bindTool(pay),
    arguments: session.read({ orderId: 'o-1', amount: '0.5' }),
  });
  if (permit === undefined) throw new Error('no permit');
  const { id } = session;
  const before = JSON.stringify(await plane.budgets('acme'));
  const attacks: Readonly<Record<string, readonly [string, () => Promise<unknown>]>> = {
    attach: ['session-unknown', () => plane.attachSession(theirs, id)],
    parent: ['session-unknown', () => open(theirs, { parent: id })],
    control: [
      'session-unknown',
      () => plane.control({ session: id, transition: 'abort', by: theirs }),
    ],
    settle: ['permit-not-genuine', () => other.settle(permit, { outcome: 'failed' })],
    void: ['permit-not-genuine', () => other.void(permit)],
    approve: ['ticket-unknown', () => plane.approve({ ticket, by: theirs })],
    deny: ['ticket-unknown', () => plane.deny({ ticket, by: theirs })],
    cancel: ['ticket-unknown', () => plane.cancel({ ticket, by: theirs })],
    raise: [
      'permission-denied',
      () => plane.setBudget({ org: 'acme', plan: { ...plan, limit: '9' }, by: theirs }),
    ],
    close: ['permission-denied', () => plane.closeBudget({ org: 'acme', id: plan.id, by: theirs })],
    everyone: ['permission-denied', () => plane.setBudget({ org: '*', plan, by: theirs })],
    bill: [
      'permission-denied',
      () =>
        plane.reconcile({
          org: 'acme',
          source: 'bill',
          rows: [{ day: '2026-01-01', model: 'small', usd: '9' }],
          freezeAbovePercent: 0,
          by: theirs,
        }),
    ],
    kill: [
      'permission-denied',
      () =>
        plane.kill({
          scope: { kind: 'model', org: 'acme', name: 'small' },
          by: theirs,
          reason: 'mine',
        }),
    ],
  };
  for (const [name, [code, attack]] of Object.entries(attacks)) {
    const outcome = await attempt(plane, attack);
    expect([name, outcome.code]).toEqual([name, code]);
    expect(typesOf(outcome).filter((type) => type !== 'command-rejected')).toEqual([]);
  }
  expect(JSON.stringify(await plane.budgets('acme'))).toBe(before);
  expect((await plane.ticket(ticket))?.status).toBe('pending');
  expect(await codeOf(call(session))).toBe('resolved');
});

test('A89 another tenant’s id is as unknown as one that nobody has', async () => {
  const { id } = await open(person('acme'));
  const theirs = person('globex');
  const refusal = (session: string) =>
    plane.attachSession(theirs, session).catch((failure: unknown) => String(failure));
  const none = id.replace(/.$/, id.endsWith('0') ? '1' : '0');
  expect(await refusal(id)).toBe(await refusal(none));
});

test('A89 a plan that names another tenant’s people or sessions does not reach them', async () => {
  const session = await open(person('acme'));
  const scopes = [
    { kind: 'principal', id: 'user:ann' },
    { kind: 'session', id: session.id },
    { kind: 'model', id: 'small' },
    { kind: 'action', id: 'model.call' },
  ] as const;
  for (const scope of scopes) {
    const shut = { ...plan, id: scope.kind, limit: 0, scope, sharing: 'shared' } as const;
    await plane.setBudget({ org: 'globex', plan: shut, by: person('globex') });
  }
  expect(await codeOf(call(session))).toBe('resolved');
  expect(await codeOf(call(await open(person('globex'))))).toBe('budget-exceeded');
});

// The list has no A90. Read as the reference leaks: a report that names nobody sums everybody (W-TOK-7).
test('A90 a report that names no org sums nothing across orgs, and keeps to both bounds', async () => {
  await call(await open(person('acme')));
  for (const _ of [1, 2]) await call(await open(person('globex')));
  const rows = await plane.usage({ by: [] });
  expect(rows.map(({ group, amounts }) => [group.org, amounts['usd']])).toEqual([
    ['acme', '0.0002'],
    ['globex', '0.0004'],
  ]);
  const { at } = await plane.head();
  expect(await plane.usage({ by: [], from: at + 1 })).toEqual([]);
  expect(await plane.usage({ by: [], to: midday })).toEqual([]);
  expect(await plane.usage({ by: [], org: 'acme', from: midday, to: at + 1 })).toHaveLength(1);
  for (const org of ['', '*', 'acme,globex', "acme' or 1=1 --", '%', 'acme|globex']) {
    const asking = plane.usage({ by: [], org });
    expect([org, await codeOf(asking)]).toEqual([org, 'input-invalid']);
  }
  for (const org of ['ACME', 'acm', 'acme.', 'nobody']) {
    expect([org, await plane.usage({ by: [], org })]).toEqual([org, []]);
  }
});

/** What is told of `acme` after its two people worked, with or without another tenant that does the same. */
async function toldOfAcme(isAlone: boolean): Promise<string> {
  const own = await setStage({ ...withModels, ...clock() });
  const orgs = isAlone ? ['acme'] : ['globex', 'acme', 'initech'];
  for (const org of orgs) {
    await own.plane.setBudget({ org, plan });
    const others = org === 'acme' ? [] : ['user:cyd'];
    for (const id of ['user:ann', 'user:bob', ...others]) {
      const principal = person(org, id, own.plane);
      const session = await own.plane.openSession({ principal, agent: 'bot' });
      await call(session);
      await codeOf(guard(session, pay)({ orderId: 'o-1', amount: '0.9999' }));
      await codeOf(guard(session, refund)({ orderId: 'o-1', amount: '0.0001' }));
    }
  }
  const told = {
    budgets: await own.plane.budgets('acme'),
    usage: await own.plane.usage({ org: 'acme', by: ['principal', 'model', 'action', 'day'] }),
    lint: await own.plane.lintBudgets('acme'),
    tickets: own.plane.pendingTickets('acme').map(({ tool, principal }) => [tool, principal]),
  };
  await own.end();
  return JSON.stringify(told);
}

test('A91 what is summed up for a tenant is the same whoever else is there', async () => {
  const alone = await toldOfAcme(true);
  expect(alone).toContain('user:bob');
  expect(await toldOfAcme(false)).toBe(alone);
});

test('A92 a key that one tenant used is free for another, and gives away no answer', async () => {
  const idempotencyKey = 'once';
  const given = { orderId: 'o-1', amount: '0.5' };
  const ran: string[] = [];
  for (const org of ['acme', 'globex']) {
    const session = await open(person(org), { idempotencyKey });
    const tool = { ...pay, execute: () => ({ ran: ran.push(org) }) };
    await guard(session, tool)(given, { idempotencyKey });
    const { id } = session;
    expect((await plane.session(id))?.org).toBe(org);
    expect((await plane.budget(id, 'usd'))?.posted).toBe(500_000);
  }
  expect(ran).toEqual(['acme', 'globex']);
});

// The list has no A93. Read as its threat T10 has it: one name in two orgs, and names made to look like others.
test('A93 a person of one name in two orgs has two budgets, and no name runs into another', async () => {
  await plane.setBudget({ org: '*', plan: { ...plan, limit: '0.0002' } });
  for (const org of ['acme', 'globex']) {
    const session = await open(person(org));
    expect([await codeOf(call(session)), await codeOf(call(session))]).toEqual([
      'resolved',
      'budget-exceeded',
    ]);
  }
  const [budget] = await plane.budgets('*');
  expect(budget?.accounts.map(({ member, posted }) => [member, posted])).toEqual([
    ['acme/user:ann', '0.0002'],
    ['globex/user:ann', '0.0002'],
  ]);
  for (const org of ['', '*', 'acme/user:ann', 'acme|usd', 'acme ', 'аcme', 'acme@0']) {
    expect(() => person(org)).toThrow('is not valid');
  }
});
