/** Tickets that nobody decides: others may, from the time that the policy says, and people are told. */
import { expect, test } from 'vitest';
import { guard } from '../../src/enforce/guard.ts';
import { bindTool, openControlPlane } from '../../src/engine/index.ts';
import type { ApprovalDocument } from '../../src/kernel/policy/document.ts';
import { verify } from '../../src/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { FakeClock } from '../../src/testing/fake-clock.ts';
import { codeOf, entryTypes, openShop, refund, shopPolicy, staff } from './shop.ts';

const minute = 60_000;

async function open(approvals: ApprovalDocument) {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const fleet = memoryFleet();
  const plane = await openShop(fleet(), { clock, policy: { ...shopPolicy, approvals } });
  const session = await plane.openSession({ principal: staff(plane).billing, agent: 'bot' });
  const ask = async (orderId: string) => {
    const read = session.read({ orderId, amount: '1' });
    return (await session.authorize({ tool: bindTool(refund), arguments: read })).ticket ?? '';
  };
  const person = (id: string, role = 'approver') =>
    plane.identity.assert({ id, org: 'acme', roles: [role] });
  /** Lets time pass as deadlines see it, and what falls due happen. */
  const pass = async (ms: number) => {
    clock.advance(ms);
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  return { plane, clock, fleet, session, ask, person, pass };
}

const approvals: ApprovalDocument = {
  principals: ['user:ada'],
  escalation: { afterMs: 10 * minute, principals: ['user:kim'] },
};

test('others may decide once nobody has for as long as the policy says, and not before', async () => {
  const { plane, clock, ask, person } = await open(approvals);
  const ticket = await ask('o-1');
  clock.advance(10 * minute - 1);
  expect(await codeOf(plane.approve({ ticket, by: person('user:kim') }))).toBe('permission-denied');
  clock.advance(1);
  expect(await codeOf(plane.approve({ ticket, by: person('user:lea') }))).toBe('permission-denied');
  expect(await codeOf(plane.approve({ ticket, by: person('user:kim') }))).toBe('resolved');
  await plane.close();
});

test('whoever could decide before still can', async () => {
  const { plane, clock, ask, person } = await open(approvals);
  const ticket = await ask('o-1');
  clock.advance(30 * minute);
  expect(await codeOf(plane.approve({ ticket, by: person('user:ada') }))).toBe('resolved');
  await plane.close();
});

test('whom a ticket was escalated to grants nothing beside the one call', async () => {
  const { plane, clock, ask, person } = await open(approvals);
  const ticket = await ask('o-1');
  clock.advance(10 * minute);
  const expiresAt = new Date(clock.now() + minute);
  const grant = { actions: ['order.refund'], uses: 5, expiresAt };
  const given = plane.approve({ ticket, by: person('user:kim'), grant });
  expect(await codeOf(given)).toBe('grant-invalid');
  await plane.close();
});

test('the escalation and each reminder are told once, and none after the decision', async () => {
  const { plane, fleet, ask, person, pass } = await open({ ...approvals, remindMs: 4 * minute });
  const ticket = await ask('o-1');
  for (let passed = 0; passed < 20; passed += 1) await pass(minute);
  const told = async (what: string) =>
    (await entryTypes(plane)).filter((type) => type === `ticket-${what}`).length;
  expect(await told('escalated')).toBe(1);
  const reminders = await told('reminded');
  expect(reminders).toBeGreaterThan(2);
  expect(reminders).toBeLessThanOrEqual(5);
  await plane.approve({ ticket, by: person('user:ada') });
  for (let passed = 0; passed < 20; passed += 1) await pass(minute);
  expect([await told('escalated'), await told('reminded')]).toEqual([1, reminders]);
  expect((await verify(fleet())).faults).toEqual([]);
  await plane.close();
});

test('of several rules that ask, all have to let others decide', async () => {
  const { plane, clock, ask, person } = await open({});
  const [first, second] = ['first', 'second'].map((id) => ({
    id,
    effect: 'require-approval',
    match: { action: 'order.refund' },
    approval: approvals,
  }));
  const tiers = { unrestricted: ['order.read', 'order.pay', 'order.refund'] };
  const by = staff(plane).root;
  const rules = [first, { ...second, approval: { principals: ['user:ada'] } }];
  await plane.activatePolicy({ ...shopPolicy, version: 2, tiers, rules }, by);
  const one = await ask('o-1');
  clock.advance(20 * minute);
  expect(await codeOf(plane.approve({ ticket: one, by: person('user:kim') }))).toBe(
    'permission-denied',
  );
  await plane.activatePolicy({ ...shopPolicy, version: 3, tiers, rules: [first, second] }, by);
  const two = await ask('o-2');
  clock.advance(20 * minute);
  expect(await codeOf(plane.approve({ ticket: two, by: person('user:kim') }))).toBe('resolved');
  await plane.close();
});

test('a decision that waits is resolved by whoever decides, in this process or another', async () => {
  const { plane, clock, fleet, ask, person } = await open({});
  expect(await ask('o-0')).not.toBe('');
  const session = await plane.openSession({ principal: staff(plane).billing, agent: 'bot' });
  const request = (orderId: string) => ({
    tool: bindTool(refund),
    arguments: session.read({ orderId, amount: '1' }),
  });
  const [first, second] = [
    await session.authorize(request('o-1')),
    await session.authorize(request('o-2')),
  ];
  const waiting = Promise.all([first.resolution, second.resolution]);
  await plane.approve({ ticket: first.ticket ?? '', by: person('user:ada') });
  const other = await openControlPlane({ storage: fleet(), clock });
  const by = other.identity.assert({ id: 'user:kim', org: 'acme', roles: ['approver'] });
  await other.deny({ ticket: second.ticket ?? '', by });
  await plane.sync();
  expect(await waiting).toEqual(['approved', 'refused']);
  expect((await session.authorize(request('o-1'))).resolution).toBeUndefined();
  // Read, copied and left: closing must not leave a rejection that nobody hears.
  const left = await session.authorize(request('o-3'));
  expect(Object.keys({ ...left })).not.toContain('resolution');
  expect(left.resolution).toBe(left.resolution);
  await other.close();
  await plane.close();
});

const small = { path: 'arguments.amount', atMost: '10' };
const byKim = { afterMs: 10 * minute, principals: ['user:kim'] };

test.each<[string, object | undefined]>([
  ['never', undefined],
  ['later', { ...byKim, afterMs: 60 * minute }],
  ['by another name', { ...byKim, principals: ['user:kim', 'user:lea'] }],
  ['in another role', { ...byKim, roles: ['approver'] }],
])(
  'whom a ticket was escalated to edits no call into one that comes to them %s',
  async (_, escalation) => {
    const { plane, clock, session, person } = await open({ principals: ['user:ada'] });
    const asks = (id: string, more: object) => ({ id, effect: 'require-approval', ...more });
    const rules = [
      asks('small', { when: small, approval: { escalation: byKim } }),
      asks('others', {
        when: { not: small },
        approval: escalation === undefined ? {} : { escalation },
      }),
    ];
    const tiers = { unrestricted: ['order.read', 'order.pay', 'order.refund'] };
    const terms = { principals: ['user:ada'], timeoutMs: 120 * minute };
    const policy = { ...shopPolicy, version: 2, tiers, rules, approvals: terms };
    await plane.activatePolicy(policy, staff(plane).root);
    const ran: string[] = [];
    const governed = guard(session, {
      ...refund,
      execute: ({ amount }) => {
        ran.push(amount);
        return { refunded: amount };
      },
    });
    const call = { orderId: 'o-1', amount: '1' };
    await codeOf(governed(call));
    clock.advance(10 * minute);
    const pending = () => plane.pendingTickets('acme')[0]?.id ?? '';
    const ticket = pending();
    const by = person('user:kim');
    await plane.approve({ ticket, by, edit: { orderId: 'o-1', amount: '2' } });
    await governed(call);
    await codeOf(governed(call));
    clock.advance(10 * minute);
    await plane.approve({ ticket: pending(), by, edit: { orderId: 'o-1', amount: '9000' } });
    expect(await codeOf(governed(call))).toBe('approval-required');
    expect(ran).toEqual(['2']);
    await plane.close();
  },
);
