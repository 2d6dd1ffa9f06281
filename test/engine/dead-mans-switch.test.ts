/** Release on probation, and an org that stands still without an operator. */
import { expect, test } from 'vitest';
import { guard } from '../../src/enforce/guard.ts';
import { verify } from '../../src/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { StorageError } from '../../src/storage/storage.ts';
import { FakeClock } from '../../src/testing/fake-clock.ts';
import { codeOf, openShop, pay, read, refund, shopPolicy, staff } from './shop.ts';

const minute = 60_000;
const scope = { kind: 'agent', org: 'acme', name: 'bot' } as const;

async function open(policy: object = {}) {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const fleet = memoryFleet();
  const plane = await openShop(fleet(), { clock, policy: { ...shopPolicy, ...policy } });
  const people = staff(plane);
  const another = (agent = 'bot') => plane.openSession({ principal: people.billing, agent });
  const session = await another();
  const call = (of = session) => codeOf(guard(of, read)({ orderId: 'o-1' }));
  const pass = async (ms: number) => {
    clock.advance(ms);
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  return { plane, clock, fleet, people, session, another, call, pass };
}

test('released on probation, what a kill switch covers is put to an approver', async () => {
  const { plane, people, another, call, fleet } = await open();
  const by = people.ops;
  const other = await another('other-bot');
  await plane.kill({ scope, by, reason: 'odd' });
  expect(await call()).toBe('killed');
  await plane.release({ scope, by, reason: 'mended', supervised: true });
  expect([await call(), await call(other)]).toEqual(['approval-required', 'resolved']);
  const [ticket] = plane.pendingTickets('acme');
  expect(ticket?.reason).toContain('supervision');
  await plane.approve({ ticket: ticket?.id ?? '', by: people.ada });
  expect([await call(), await call()]).toEqual(['resolved', 'approval-required']);
  expect(plane.kills('acme').map(({ supervised }) => supervised)).toEqual([true]);
  await plane.release({ scope, by, reason: 'quiet' });
  expect(await call()).toBe('resolved');
  expect(plane.kills('acme')).toEqual([]);
  expect(await codeOf(plane.release({ scope, by, reason: 'again' }))).toBe('latch-not-engaged');
  expect((await verify(fleet())).faults).toEqual([]);
  await plane.close();
});

test('a kill ends the probation, and probation is not widened to what was not killed', async () => {
  const { plane, people, call } = await open();
  const by = people.ops;
  const early = plane.release({ scope, by, reason: 'odd', supervised: true });
  expect(await codeOf(early)).toBe('latch-not-engaged');
  await plane.kill({ scope, by, reason: 'odd' });
  await plane.release({ scope, by, reason: 'mended', supervised: true });
  const twice = plane.release({ scope, by, reason: 'mended', supervised: true });
  expect(await codeOf(twice)).toBe('latch-not-engaged');
  await plane.kill({ scope, by, reason: 'odd again' });
  expect(await call()).toBe('killed');
  await plane.close();
});

test('probation denies what the policy denies, and asks for no approval of that', async () => {
  const { plane, people, session } = await open({
    tiers: {
      ...shopPolicy.tiers,
      blocked: ['order.erase', 'order.pay'],
      unrestricted: ['order.read'],
    },
  });
  await plane.kill({ scope, by: people.ops, reason: 'odd' });
  await plane.release({ scope, by: people.ops, reason: 'mended', supervised: true });
  expect(await codeOf(guard(session, pay)({ orderId: 'o-1', amount: '1' }))).toBe('policy-denied');
  await plane.close();
});

test('without a sign of an operator an org stands still, by log time', async () => {
  const { plane, clock, people, call } = await open({ operatorHeartbeatMs: 10 * minute });
  const by = people.ops;
  clock.advance(10 * minute - 1);
  expect(await call()).toBe('resolved');
  clock.advance(1);
  expect(await call()).toBe('operator-absent');
  expect(await codeOf(plane.heartbeat({ by: people.billing }))).toBe('permission-denied');
  expect(await codeOf(plane.heartbeat({ by: people.ops, org: 'globex' }))).toBe(
    'permission-denied',
  );
  await plane.heartbeat({ by });
  expect(await call()).toBe('resolved');
  await plane.close();
});

test('a heartbeat that lapses engages the kill switch of its org, and what runs is stopped', async () => {
  const { plane, people, session, call, pass } = await open({ operatorHeartbeatMs: 10 * minute });
  const by = people.ops;
  await plane.heartbeat({ by });
  let isStopped = false;
  const running = guard(session, {
    ...read,
    execute: async (_, { signal }) => {
      for (let passed = 0; passed < 12; passed += 1) await pass(minute);
      isStopped = signal.aborted;
      return {};
    },
  });
  await codeOf(running({ orderId: 'o-1' }));
  expect(isStopped).toBe(true);
  expect(plane.killed({ kind: 'org', org: 'acme' })).toBe(true);
  await plane.heartbeat({ by });
  expect(await call()).toBe('killed');
  await plane.release({ scope: { kind: 'org', org: 'acme' }, by, reason: 'back' });
  expect(await call()).toBe('resolved');
  await plane.close();
});

test('a heartbeat that nothing depends on is refused rather than believed', async () => {
  const { plane, people } = await open();
  expect(await codeOf(plane.heartbeat({ by: people.ops }))).toBe('heartbeat-unwanted');
  await plane.close();
});

test('heartbeats in a loop do not fill the log', async () => {
  const { plane, people } = await open({ operatorHeartbeatMs: 10 * minute });
  await plane.heartbeat({ by: people.ops });
  const { size } = await plane.head();
  for (let beat = 0; beat < 50; beat += 1) await plane.heartbeat({ by: people.ops });
  expect((await plane.head()).size).toBe(size);
  await plane.close();
});

test('a heartbeat is for an org, and for nothing that has no name', async () => {
  const { plane, people } = await open({ operatorHeartbeatMs: minute });
  for (const org of ['', 'acme|globex', '*', {} as unknown as string]) {
    expect(await codeOf(plane.heartbeat({ by: people.root, org }))).toBe('input-invalid');
  }
  expect(await codeOf(plane.heartbeat({ by: people.root, org: 'globex' }))).toBe('resolved');
  await plane.close();
});

test('a policy that asks for another time, or for none, counts from when it is activated', async () => {
  const { plane, people, pass, call } = await open({ operatorHeartbeatMs: 10 * minute });
  await plane.heartbeat({ by: people.ops });
  await plane.activatePolicy({ ...shopPolicy, version: 2 }, people.root);
  for (let passed = 0; passed < 12; passed += 1) await pass(minute);
  expect(plane.killed({ kind: 'org', org: 'acme' })).toBe(false);
  expect(await call()).toBe('resolved');
  const sooner = { ...shopPolicy, version: 3, operatorHeartbeatMs: 2 * minute };
  await plane.activatePolicy(sooner, people.root);
  for (let passed = 0; passed < 3; passed += 1) await pass(minute);
  expect(plane.killed({ kind: 'org', org: 'acme' })).toBe(true);
  await plane.close();
});

test('no grant stands in for the approver whom a probation asks', async () => {
  const { plane, people, session, call } = await open({
    tiers: { ...shopPolicy.tiers, alwaysApprove: ['order.read'], unrestricted: ['order.pay'] },
  });
  expect(await call()).toBe('approval-required');
  const [asked] = plane.pendingTickets('acme');
  const by = people.ops;
  await plane.kill({ scope: { kind: 'tool', org: 'acme', name: 'pay' }, by, reason: 'odd' });
  await plane.release({
    scope: { kind: 'tool', org: 'acme', name: 'pay' },
    by,
    reason: 'mended',
    supervised: true,
  });
  const expiresAt = new Date(Date.UTC(2026, 0, 2));
  const grant = { actions: ['**'], uses: 9, expiresAt };
  await plane.approve({ ticket: asked?.id ?? '', by: people.ada, grant });
  expect([await call(), await call()]).toEqual(['resolved', 'resolved']);
  expect(await codeOf(guard(session, pay)({ orderId: 'o-1', amount: '1' }))).toBe(
    'approval-required',
  );
  await plane.close();
});

test('a lapse that the store did not take is recorded once it does, and what runs is stopped', async () => {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const store = memoryFleet()();
  const append = store.append.bind(store);
  let isDown = false;
  store.append = (batch) =>
    isDown ? Promise.reject(new StorageError('unavailable', 'it is down')) : append(batch);
  const plane = await openShop(store, {
    clock,
    policy: { ...shopPolicy, operatorHeartbeatMs: 10 * minute },
  });
  await plane.heartbeat({ by: staff(plane).ops });
  const pass = async (ms: number) => {
    clock.advance(ms);
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  isDown = true;
  for (let second = 0; second < 20; second += 1) await pass(second === 0 ? 10 * minute : 1_000);
  expect(plane.kills('acme')).toEqual([]);
  isDown = false;
  await pass(3_000);
  expect(plane.kills('acme').map((latch) => latch.scope)).toEqual(['org|acme']);
  await plane.close();
});

test('what fell due, or falls due, after a restart does so by itself: a ticket’s end, an operator’s absence', async () => {
  const policy = {
    ...shopPolicy,
    operatorHeartbeatMs: 10 * minute,
    approvals: { timeoutMs: minute },
  };
  const { plane, clock, fleet, people, session, pass } = await open(policy);
  await plane.heartbeat({ by: people.ops });
  await codeOf(guard(session, refund)({ orderId: 'o-1', amount: '1' }));
  const [asked] = plane.pendingTickets('acme');
  await plane.close();
  const next = await openShop(fleet(), { clock, policy });
  expect(next.pendingTickets('acme').map(({ id }) => id)).toEqual([asked?.id]);
  await pass(minute + 1_000);
  expect((await next.ticket(asked?.id ?? ''))?.status).toBe('expired');
  await pass(10 * minute);
  expect(next.kills('acme').map((each) => each.scope)).toEqual(['org|acme']);
  await next.close();
});
