/** Leases through the engine: heartbeats on the clock, loss by signal, takeover between processes, expiry. */
import { expect, test } from 'vitest';
import { guard } from '../../src/enforce/guard.ts';
import { bindTool, verify } from '../../src/engine/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { FakeClock, type Fault, FaultyStorage, type FaultyCall } from '../../src/testing/index.ts';
import { codeOf, entryTypes, openShop, read, shopPolicy, staff } from './shop.ts';

const termMs = 30_000;
const alert = { ...shopPolicy, leases: { onStuck: 'alert' } };

/** Two processes on one log, one clock, and one session with a handle in each. */
async function twoWorkers(policy: unknown = alert) {
  const fleet = memoryFleet();
  const clock = new FakeClock();
  const options = { clock, policy };
  const planes = [await openShop(fleet(), options), await openShop(fleet(), options)] as const;
  const [one, two] = planes;
  const first = await one.openSession({ principal: staff(one).billing, agent: 'bot' });
  const second = await two.attachSession(staff(two).billing, first.id);
  return { fleet, clock, one, two, first, second };
}

/** Lets time pass in steps, so that what falls due is committed before the next step. */
async function pass(clock: FakeClock, ms: number, ...planes: readonly { sync(): Promise<void> }[]) {
  for (let passed = 0; passed < ms; passed += 1_000) {
    clock.advance(1_000);
    for (const plane of planes) await plane.sync();
  }
}

test('a worker that holds the lease calls as before, and everybody else is refused', async () => {
  const { fleet, one, two, first, second } = await twoWorkers();
  const lease = await first.lease({ holder: 'worker-1', termMs });
  expect(lease.fence).toBe(1);
  await guard(first, read)({ orderId: 'o-1' });
  expect(await codeOf(guard(second, read)({ orderId: 'o-1' }))).toBe('lease-lost');
  expect(await codeOf(second.lease({ holder: 'worker-2' }))).toBe('lease-held');
  await lease.release();
  await lease.release();
  expect(lease.signal.aborted).toBe(false);
  await guard(second, read)({ orderId: 'o-1' });
  await one.close();
  await two.close();
  expect((await verify(fleet())).faults).toEqual([]);
});

test('a lease ends with the block that it was taken in', async () => {
  const { one, two, first, second } = await twoWorkers();
  {
    await using lease = await first.lease({ holder: 'worker-1', termMs });
    expect(await codeOf(second.lease({ holder: 'worker-2' }))).toBe('lease-held');
    expect(lease.signal.aborted).toBe(false);
  }
  const next = await second.lease({ holder: 'worker-2' });
  expect(next.fence).toBe(2);
  await one.close();
  await two.close();
});

test.each(['abort', 'complete'] as const)(
  'a worker whose session ends in the commit that gives it the lease is told: %s',
  async (transition) => {
    const { one, two, first } = await twoWorkers();
    const [lease] = await Promise.all([
      first.lease({ holder: 'worker-1', termMs: 86_400_000 }),
      first[transition]('not needed'),
    ]);
    expect(lease.signal.aborted).toBe(true);
    await one.close();
    await two.close();
  },
);

test('a lease that is given while the control plane closes is lost like those before', async () => {
  const { one, two, first } = await twoWorkers();
  const asked = first.lease({ holder: 'worker-1', termMs: 86_400_000 });
  await one.close();
  expect((await asked).signal.aborted).toBe(true);
  await two.close();
});

test('a release that the store did not take is made by the next one', async () => {
  const fleet = memoryFleet();
  const clock = new FakeClock();
  let isDown = false;
  const fails = { kind: 'refused', code: 'unavailable' } as const;
  const plan = {
    next: (call: FaultyCall): Fault => (isDown && call === 'append' ? fails : { kind: 'none' }),
  };
  const plane = await openShop(new FaultyStorage(fleet(), plan, clock), { clock, policy: alert });
  const session = await plane.openSession({ principal: staff(plane).billing, agent: 'bot' });
  const lease = await session.lease({ holder: 'worker-1', termMs });
  isDown = true;
  expect(await codeOf(lease.release())).toBe('store-unavailable');
  isDown = false;
  await lease.release();
  await lease.release();
  expect((await entryTypes(plane)).filter((type) => type === 'lease-released')).toHaveLength(1);
  expect((await session.lease({ holder: 'worker-2' })).fence).toBe(2);
  await plane.close();
});

test('a lease renews itself at each third of its term, for as long as its worker lives', async () => {
  const { clock, one, two, first } = await twoWorkers();
  const lease = await first.lease({ holder: 'worker-1', termMs });
  await pass(clock, 4 * termMs, one);
  expect(lease.signal.aborted).toBe(false);
  await guard(first, read)({ orderId: 'o-1' });
  const renewals = (await entryTypes(one)).filter((type) => type === 'lease-renewed').length;
  expect(renewals).toBeGreaterThanOrEqual(10);
  expect(renewals).toBeLessThanOrEqual(12);
  await one.close();
  expect(lease.signal.aborted).toBe(true);
  await two.close();
});

test('when its worker has died, a lease expires, and only then another takes it over', async () => {
  const { clock, one, two, first, second, fleet } = await twoWorkers();
  await first.lease({ holder: 'worker-1', termMs });
  await one.close();
  await two.sync();
  await pass(clock, termMs - 1_000, two);
  expect(await codeOf(second.lease({ holder: 'worker-2' }))).toBe('lease-held');
  await pass(clock, 3_000, two);
  await expect.poll(() => entryTypes(two)).toContain('lease-expired');
  const lease = await second.lease({ holder: 'worker-2' });
  expect(lease.fence).toBe(2);
  await guard(second, read)({ orderId: 'o-1' });
  await two.close();
  expect((await verify(fleet())).faults).toEqual([]);
});

test('a worker that slept through its term is told, cannot act, and cannot renew', async () => {
  const { clock, one, two, first, second } = await twoWorkers();
  const lease = await first.lease({ holder: 'worker-1', termMs });
  // The wall clock jumps, as it does for a machine that was suspended: no timer of the worker ran.
  clock.step(termMs + 1);
  const next = await second.lease({ holder: 'worker-2' });
  expect(next.fence).toBe(2);
  expect(await codeOf(guard(first, read)({ orderId: 'o-1' }))).toBe('lease-lost');
  await one.sync();
  expect(lease.signal.aborted).toBe(true);
  expect(await codeOf(lease.renew())).toBe('lease-lost');
  await guard(second, read)({ orderId: 'o-1' });
  await lease.release();
  await guard(second, read)({ orderId: 'o-2' });
  expect(await codeOf(guard(first, read)({ orderId: 'o-1' }))).toBe('lease-lost');
  await one.close();
  await two.close();
});

test('leases of any number of sessions expire, and each session is paused where the policy says nothing', async () => {
  const { clock, one, two } = await twoWorkers(shopPolicy);
  const ids: string[] = [];
  for (let number = 0; number < 60; number += 1) {
    const session = await one.openSession({ principal: staff(one).billing, agent: 'bot' });
    await session.lease({ holder: `worker-${number}`, termMs });
    ids.push(session.id);
  }
  await one.close();
  await two.sync();
  await pass(clock, termMs + 3_000, two);
  const statuses = async () => {
    const found = await Promise.all(ids.map((id) => two.session(id)));
    return new Set(found.map((session) => session?.status));
  };
  await expect.poll(statuses).toEqual(new Set(['paused']));
  await two.close();
});

test('a process that opens the log later expires what ran out while nobody was there', async () => {
  const { fleet, clock, one, two, first } = await twoWorkers(shopPolicy);
  await first.lease({ holder: 'worker-1', termMs });
  await one.close();
  await two.close();
  clock.advance(10 * termMs);
  const later = await openShop(fleet(), { clock });
  clock.advance(1_000);
  // What fell due was submitted before this, and a sync waits for it.
  await later.sync();
  expect((await later.session(first.id))?.status).toBe('paused');
  await later.close();
});

test('where the policy aborts stuck work, running tools get their signal', async () => {
  const abort = { ...shopPolicy, leases: { onStuck: 'abort' } };
  const { clock, one, two, first } = await twoWorkers(abort);
  await first.lease({ holder: 'worker-1', termMs });
  const started = Promise.withResolvers<AbortSignal>();
  const running = guard(first, {
    ...read,
    execute: (_, { signal }) => {
      started.resolve(signal);
      return new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('stopped')));
      });
    },
  })({ orderId: 'o-1' }).then(
    () => 'ran',
    () => 'stopped',
  );
  const signal = await started.promise;
  // A machine that was suspended: the other process finds the lease expired before this one wakes.
  clock.step(termMs + 1);
  await pass(clock, 3_000, two);
  await expect.poll(() => entryTypes(two)).toContain('session-transitioned');
  await one.sync();
  expect(signal.aborted).toBe(true);
  expect(await running).toBe('stopped');
  await one.close();
  await two.close();
});

test('a worker whose clock is behind the log’s time loses its lease no later where the store falls silent', async () => {
  const clock = new FakeClock();
  const fails = { kind: 'refused', code: 'unavailable' } as const;
  let isDown = false;
  const plan = { next: (): Fault => (isDown ? fails : { kind: 'none' }) };
  const storage = new FaultyStorage(memoryFleet()(), plan, clock);
  const plane = await openShop(storage, { clock, policy: alert });
  clock.step(86_400_000);
  const session = await plane.openSession({ principal: staff(plane).billing, agent: 'bot' });
  clock.step(-86_400_000);
  const lease = await session.lease({ holder: 'worker-1', termMs });
  isDown = true;
  clock.advance(termMs);
  expect(lease.signal.aborted).toBe(true);
  isDown = false;
  await plane.close();
});

test('a worker that renews keeps its lease while a clock that was set back has not caught up', async () => {
  const { fleet, clock, one, two, first, second } = await twoWorkers(shopPolicy);
  const lease = await first.lease({ holder: 'worker-1', termMs });
  clock.step(-5 * termMs);
  // Over the time at which the log's goes on, and beyond it.
  await pass(clock, 8 * termMs, one, two);
  expect(lease.signal.aborted).toBe(false);
  await guard(first, read)({ orderId: 'o-1' });
  expect(await codeOf(second.lease({ holder: 'worker-2' }))).toBe('lease-held');
  await lease.release();
  expect((await two.session(first.id))?.status).toBe('active');
  expect(await entryTypes(two)).not.toContain('lease-expired');
  await one.close();
  await two.close();
  expect((await verify(fleet())).faults).toEqual([]);
});

test.each([
  [{ holder: '' }],
  [{ holder: 'two words' }],
  [{ holder: 'w', termMs: 999 }],
  [{ holder: 'w', termMs: 1_000.5 }],
  [{ holder: 'w', termMs: 86_400_001 }],
])('%j is no request for a lease', async (request) => {
  const { one, two, first } = await twoWorkers();
  expect(await codeOf(first.lease(request))).toBe('input-invalid');
  await one.close();
  await two.close();
});

test('a worker whose key is revoked hears at its next heartbeat that it has lost the lease', async () => {
  const clock = new FakeClock();
  const plane = await openShop(memoryFleet()(), { clock, policy: alert });
  const { root: by } = staff(plane);
  const order = { principal: 'service:night', roles: ['agent'], by };
  const { id, key } = await plane.keys.issue(order);
  const principal = await plane.identity.authenticate(key);
  const session = await plane.openSession({ principal, agent: 'bot' });
  const lease = await session.lease({ holder: 'worker-1', termMs });
  await plane.keys.revoke({ key: id, by, reason: 'stolen' });
  expect(lease.signal.aborted).toBe(false);
  // A third of its term: the heartbeat. The lease itself has not run out.
  await pass(clock, termMs / 3, plane);
  expect(clock.now()).toBeLessThan(lease.expiresAt);
  expect(lease.signal.reason).toMatchObject({ code: 'lease-lost' });
  await plane.close();
});

test('what was to start later is started under the lease that its handle holds', async () => {
  const { one, two, first } = await twoWorkers();
  const lease = await first.lease({ holder: 'worker-1', termMs });
  const args = first.read({ orderId: 'o-1' });
  const request = { tool: bindTool(read), arguments: args, start: 'later' } as const;
  const { permit } = await first.authorize(request);
  if (permit === undefined) throw new Error('no permit');
  expect(await codeOf(first.start(permit))).toBe('resolved');
  await first.settle(permit, { outcome: 'succeeded' });
  await lease.release();
  await one.close();
  await two.close();
});

test('a session that ends takes its lease with it, and whoever holds that is told', async () => {
  const { one, two, first, second } = await twoWorkers();
  const lease = await first.lease({ holder: 'worker-1', termMs });
  await second.complete();
  await one.sync();
  expect(lease.signal.aborted).toBe(true);
  await one.close();
  await two.close();
});
