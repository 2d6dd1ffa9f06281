/**
 * What the engine does when its store fails, step by step, on a fake clock and a store that obeys.
 */
import { expect, onTestFinished, test } from 'vitest';
import { bindTool, type ControlPlane, verify } from '../../src/engine/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { FakeClock, type Fault, FaultyStorage, type FaultyCall } from '../../src/testing/index.ts';
import { codeOf, entryTypes, openShop, pay, read, refund, staff } from './shop.ts';

type Script = (call: FaultyCall) => Fault | undefined;

/** Two control planes on one store; the first one's way to it follows a script. */
async function twoPlanes() {
  const handle = memoryFleet();
  const clock = new FakeClock();
  let script: Script = () => undefined;
  const plan = { next: (call: FaultyCall): Fault => script(call) ?? { kind: 'none' } };
  const store = new FaultyStorage(handle(), plan, clock);
  const plane = await openShop(store, { clock });
  const other = await openShop(handle(), { clock });
  return {
    plane,
    other,
    clock,
    store,
    handle,
    follow: (next: Script) => {
      script = next;
    },
  };
}

const down: Script = () => ({ kind: 'refused', code: 'unavailable' });
const up: Script = () => undefined;

async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10) {
    await new Promise((resolve) => void setImmediate(resolve));
    clock.advance(10);
  }
  await new Promise((resolve) => void setImmediate(resolve));
}

async function sessionOf(plane: ControlPlane) {
  const { billing } = staff(plane);
  return plane.openSession({ principal: billing, agent: 'bot', budget: { usd: '50' } });
}

const call = { tool: bindTool(read), arguments: undefined } as const;

async function started(plane: ControlPlane) {
  const session = await sessionOf(plane);
  const decision = await session.authorize({
    ...call,
    arguments: session.read({ orderId: 'o-1' }),
  });
  if (decision.permit === undefined) throw new Error('no permit');
  return { session, permit: decision.permit };
}

test('a kill while the store is down stops local work and is written by itself', async () => {
  const { plane, other, clock, follow } = await twoPlanes();
  const { permit, session } = await started(plane);
  const { ops } = staff(plane);
  follow(down);
  const kill = codeOf(
    plane.kill({ scope: { kind: 'org', org: 'acme' }, by: ops, reason: 'smoke' }),
  );
  expect(permit.signal.aborted).toBe(true);
  expect(await kill).toBe('kill-local-only');
  const again = { ...call, arguments: session.read({ orderId: 'o-2' }) };
  expect(await codeOf(session.authorize(again))).toBe('store-unavailable');
  await pass(clock, 1_000);
  expect(other.killed({ kind: 'org', org: 'acme' })).toBe(false);
  // Nobody submits anything: the store is back, and that is enough.
  follow(up);
  await pass(clock, 1_000);
  expect(await entryTypes(other)).toContain('kill-engaged');
  expect((await session.authorize(again)).code).toBe('killed');
});

test('nothing is decided before a kill that waits to be written', async () => {
  const { plane, clock, follow } = await twoPlanes();
  const { session } = await started(plane);
  const { ops } = staff(plane);
  follow(down);
  await codeOf(plane.kill({ scope: { kind: 'org', org: 'acme' }, by: ops, reason: 'smoke' }));
  // The store refuses the kill once more and would take what comes after it.
  let refusals = 0;
  follow((name) => {
    if (name !== 'append') return undefined;
    refusals += 1;
    return refusals === 1 ? { kind: 'refused', code: 'busy' } : undefined;
  });
  const request = { ...call, arguments: session.read({ orderId: 'o-2' }) };
  expect(await codeOf(session.authorize(request))).toBe('store-unavailable');
  await pass(clock, 500);
  expect((await session.authorize(request)).code).toBe('killed');
});

test('a kill that is not written at the close is not forgotten silently', async () => {
  const { plane, follow } = await twoPlanes();
  const { ops } = staff(plane);
  follow(down);
  const order = { scope: { kind: 'org', org: 'acme' }, by: ops, reason: 'smoke' } as const;
  expect(await codeOf(plane.kill(order))).toBe('kill-local-only');
  follow((name) => (name === 'close' ? undefined : { kind: 'refused', code: 'unavailable' }));
  expect(await codeOf(plane.close())).toBe('kill-local-only');
});

test('who may not kill stops no work while the store is down', async () => {
  const { plane, follow } = await twoPlanes();
  const { permit } = await started(plane);
  const { auditor, eve } = staff(plane);
  follow(down);
  const scope = { kind: 'org', org: 'acme' } as const;
  for (const by of [auditor, eve]) {
    expect(await codeOf(plane.kill({ scope, by, reason: 'mine' }))).toBe('store-unavailable');
  }
  expect(permit.signal.aborted).toBe(false);
});

test('a kill stops local work before a slow store has taken it', async () => {
  const { plane, clock, follow } = await twoPlanes();
  const { permit } = await started(plane);
  const { ops } = staff(plane);
  follow(() => ({ kind: 'none', beforeMs: 5_000 }));
  const kill = plane.kill({ scope: { kind: 'org', org: 'acme' }, by: ops, reason: 'smoke' });
  expect(permit.signal.aborted).toBe(true);
  await pass(clock, 6_000);
  expect((await kill).engaged).toBe(true);
});

// Without a turn the first read meets the kill, the second reloads the latch: the head has passed the kill.
// With a turn the kill has come already, and the first reloads the latch.
test.each([
  { turn: 'no turn', failing: 3 },
  { turn: 'a turn', failing: 2 },
])(
  'a kill of another process reaches local work although reads failed half-way, after $turn',
  async ({ turn, failing }) => {
    const handle = memoryFleet();
    const clock = new FakeClock();
    const other = await openShop(handle(), { clock });
    const ended = await sessionOf(other);
    await ended.complete();
    // A session that ended before this one opened: loading it takes two rounds of reads.
    let script: Script = up;
    const plan = { next: (name: FaultyCall): Fault => script(name) ?? { kind: 'none' } };
    const plane = await openShop(new FaultyStorage(handle(), plan, clock), { clock });
    const { permit } = await started(plane);
    const attached = await plane.attachSession(staff(plane).billing, ended.id);
    const { ops } = staff(other);
    await other.kill({ scope: { kind: 'org', org: 'acme' }, by: ops, reason: 'smoke' });
    let reads = 0;
    script = (name) => {
      if (name === 'take') return turn === 'a turn' ? undefined : down(name);
      if (name !== 'readRecords') return undefined;
      reads += 1;
      return reads === failing ? down(name) : undefined;
    };
    const request = { ...call, arguments: attached.read({ orderId: 'o-1' }) };
    expect(await codeOf(attached.authorize(request))).toBe('store-unavailable');
    expect(reads).toBe(failing);
    script = up;
    await pass(clock, 1_000);
    expect(permit.signal.aborted).toBe(true);
  },
);

test('a commit that stays in doubt is told as such, and nothing is doubled', async () => {
  const { plane, clock, follow, handle } = await twoPlanes();
  const session = await sessionOf(plane);
  let appends = 0;
  follow((name) => {
    if (name !== 'append') return undefined;
    appends += 1;
    return { kind: 'refused', code: 'io', ambiguous: true };
  });
  const request = { ...call, arguments: session.read({ orderId: 'o-1' }) };
  const answer = codeOf(session.authorize(request));
  await pass(clock, 3_000);
  expect(await answer).toBe('outcome-unknown');
  expect(appends).toBeLessThanOrEqual(5);
  follow(up);
  expect((await session.authorize(request)).outcome).toBe('allow');
  expect((await verify(handle())).holds).toBe(true);
});

test('an append that lands after its error is found, not repeated', async () => {
  const { plane, clock, follow, handle } = await twoPlanes();
  const session = await sessionOf(plane);
  let appends = 0;
  follow((name) => {
    if (name !== 'append') return undefined;
    appends += 1;
    return appends === 1 ? { kind: 'late', lateMs: 15 } : { kind: 'none', beforeMs: 50 };
  });
  const request = {
    tool: bindTool(pay),
    arguments: session.read({ orderId: 'o-1', amount: '10' }),
  };
  const answer = session.authorize(request);
  await pass(clock, 1_000);
  const { outcome, permit } = await answer;
  expect(outcome).toBe('allow');
  expect(permit?.signal.aborted).toBe(false);
  follow(up);
  expect((await plane.budget(session.id, 'usd'))?.reserved).toBe(10_000_000);
  const decided = (await entryTypes(plane)).filter((type) => type === 'action-decided');
  expect(decided).toHaveLength(1);
  expect((await verify(handle())).holds).toBe(true);
});

test('a call that comes while another is in doubt is answered too, by a decision of its own', async () => {
  const { plane, clock, follow } = await twoPlanes();
  const session = await sessionOf(plane);
  let appends = 0;
  follow((name) => {
    if (name !== 'append') return undefined;
    appends += 1;
    return appends === 1 ? { kind: 'late', lateMs: 15 } : { kind: 'none', beforeMs: 50 };
  });
  const answered: string[] = [];
  const ask = (order: string): void => {
    const request = { ...call, arguments: session.read({ orderId: order }) };
    void session.authorize(request).then(({ outcome }) => answered.push(`${order} ${outcome}`));
  };
  ask('o-1');
  await pass(clock, 5);
  ask('o-2');
  await pass(clock, 2_000);
  expect(answered.toSorted()).toEqual(['o-1 allow', 'o-2 allow']);
  const decided = (await entryTypes(plane)).filter((type) => type === 'action-decided');
  expect(decided).toHaveLength(2);
});

test('an append that lands while records are loaded for the next attempt is not repeated', async () => {
  const { plane, clock, follow, handle } = await twoPlanes();
  const { root } = staff(plane);
  const scope = { kind: 'org', id: 'acme' } as const;
  const window = { rollingMs: 60_000 };
  const plan = {
    id: 'minute',
    unit: 'actions',
    limit: 50,
    scope,
    sharing: 'shared',
    window,
  } as const;
  await plane.setBudget({ org: 'acme', plan, by: root });
  const session = await sessionOf(plane);
  // The plan's account changes with each second, so that the second attempt has something to load.
  await pass(clock, 990 - (clock.now() % 1_000));
  let appends = 0;
  follow((name) => {
    if (name !== 'append') return undefined;
    appends += 1;
    return appends === 1 ? { kind: 'late', lateMs: 15 } : undefined;
  });
  const answer = session.authorize({ ...call, arguments: session.read({ orderId: 'o-1' }) });
  await pass(clock, 1_000);
  expect((await answer).outcome).toBe('allow');
  const decided = (await entryTypes(plane)).filter((type) => type === 'action-decided');
  expect(decided).toHaveLength(1);
  expect((await verify(handle())).holds).toBe(true);
});

test('a lost acknowledgement is resolved by looking', async () => {
  const { plane, follow } = await twoPlanes();
  const session = await sessionOf(plane);
  let lost = 0;
  follow((name) => {
    if (name !== 'append' || lost > 0) return undefined;
    lost += 1;
    return { kind: 'lost-acknowledgement', code: 'unavailable' };
  });
  const request = { ...call, arguments: session.read({ orderId: 'o-1' }) };
  expect((await session.authorize(request)).permit).toBeDefined();
  const decided = (await entryTypes(plane)).filter((type) => type === 'action-decided');
  expect(decided).toHaveLength(1);
});

test('a read that fails is told in the engine’s words', async () => {
  const { plane, follow } = await twoPlanes();
  const { billing: principal } = staff(plane);
  const options = { principal, agent: 'bot', idempotencyKey: 'one' } as const;
  const { id } = await plane.openSession(options);
  follow((name) => (name === 'readContents' ? { kind: 'refused', code: 'io' } : undefined));
  // The session is open, and asking once more gives it: nothing else would be true.
  expect(await codeOf(plane.openSession(options))).toBe('outcome-unknown');
  expect(await codeOf(plane.attachSession(principal, id))).toBe('store-unavailable');
  follow(down);
  expect(await codeOf(plane.budget(id, 'usd'))).toBe('store-unavailable');
  follow(up);
  expect((await plane.openSession(options)).id).toBe(id);
});

test.each([
  ['an error', new Error('a bug of the host'), 'a bug of the host'],
  ['what has no text', Object.create(null), 'cannot be shown as text'],
])('a subscriber that throws %s turns no answer into an error', async (_, thrown, told) => {
  const { plane } = await twoPlanes();
  const session = await sessionOf(plane);
  const warnings: string[] = [];
  const onWarning = ({ message }: Error): void => void warnings.push(message);
  process.on('warning', onWarning);
  onTestFinished(() => void process.off('warning', onWarning));
  plane.subscribe(() => {
    throw thrown;
  });
  const request = { ...call, arguments: session.read({ orderId: 'o-1' }) };
  expect((await session.authorize(request)).outcome).toBe('allow');
  await expect.poll(() => warnings.join()).toContain(told);
});

test('whoever waits for a ticket hears of a kill, also where its cancellation is not written', async () => {
  const { plane, follow } = await twoPlanes();
  const session = await sessionOf(plane);
  const asked = {
    tool: bindTool(refund),
    arguments: session.read({ orderId: 'o-1', amount: '1' }),
  };
  const { ticket = '' } = await session.authorize(asked);
  const decided = plane.ticketDecided(ticket);
  // The kill is written, and nothing after it.
  plane.subscribe(({ type }) => {
    if (type === 'kill-engaged') follow(down);
  });
  const scope = { kind: 'agent', org: 'acme', name: 'bot' } as const;
  await plane.kill({ scope, by: staff(plane).ops, reason: 'odd' });
  expect(await decided).toBe('refused');
  follow(up);
  expect((await plane.ticket(ticket))?.status).toBe('pending');
});

test('a subscriber that throws at one event of a batch hears of the next', async () => {
  const { plane } = await twoPlanes();
  const session = await sessionOf(plane);
  const heard: string[] = [];
  plane.subscribe(({ type }) => {
    heard.push(type);
    throw new Error('a bug of the host');
  });
  const ask = (orderId: string) =>
    session.authorize({ ...call, arguments: session.read({ orderId }) });
  await Promise.all([ask('o-1'), ask('o-2'), ask('o-3')]);
  expect(heard).toEqual(Array(3).fill('action-decided'));
});

test('the first two tickets of a session can be asked for in one batch', async () => {
  const { plane } = await twoPlanes();
  const session = await sessionOf(plane);
  const tool = bindTool(refund);
  const ask = (orderId: string) =>
    session.authorize({ tool, arguments: session.read({ orderId, amount: '1' }) });
  const decisions = await Promise.all([ask('o-1'), ask('o-2'), ask('o-1')]);
  expect(decisions.map(({ outcome }) => outcome)).toEqual(Array(3).fill('require-approval'));
  expect(decisions[2].ticket).toBe(decisions[0].ticket);
  expect(decisions[1].ticket).not.toBe(decisions[0].ticket);
});

test('a kill in the batch of the call that it covers stops the call', async () => {
  const { plane } = await twoPlanes();
  const session = await sessionOf(plane);
  const { ops } = staff(plane);
  const request = { ...call, arguments: session.read({ orderId: 'o-1' }) };
  const [{ permit }] = await Promise.all([
    session.authorize(request),
    plane.kill({ scope: { kind: 'org', org: 'acme' }, by: ops, reason: 'smoke' }),
  ]);
  expect(permit?.signal.aborted).toBe(true);
});

// At which sizes a head with the hashes of another shows depends on the size before.
test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'a process that could read only %i entries of more still decides',
  async (count) => {
    const { plane, other, clock, follow } = await twoPlanes();
    const register = (on: ControlPlane, name: string) => on.registerAgent(name);
    for (let name = 0; name < count; name += 1) await register(other, `a${name}`);
    let reads = 0;
    let more: Promise<unknown> | undefined;
    follow((made) => {
      if (made !== 'readRecords') return undefined;
      reads += 1;
      // Others go on between the entries and their records, and then no more can be read.
      if (reads > 1) return { kind: 'refused', code: 'unavailable' };
      more = Promise.all(['d', 'e', 'f'].map((name) => register(other, name)));
      return { kind: 'none', beforeMs: 10 };
    });
    const synced = plane.sync();
    await pass(clock, 100);
    await Promise.all([synced, more]);
    expect(reads).toBeGreaterThan(1);
    follow(up);
    expect(await codeOf(register(plane, 'g'))).toBe('resolved');
    await other.close();
    await plane.close();
  },
);
