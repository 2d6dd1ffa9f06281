/** Attacks on numbers and budgets (A26–A45; A43 and A44 are in `time.test.ts`) and on the idempotency of calls. */
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bindTool, systemClock } from '../../src/engine/index.ts';
import { callModel, sqlite } from '../../src/index.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { codeOf, openShop, pay, read, staff } from '../engine/shop.ts';
import { attempt, openBench, setStage, type Stage, typesOf, withModels } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await setStage();
});

afterAll(() => stage.end());

const wrongAmounts: readonly unknown[] = [
  -1,
  '-1',
  Number.NaN,
  Infinity,
  -Infinity,
  0.1,
  Number('1e400'),
  '1e3',
  '0x10',
  ' 1',
  '1 ',
  '',
  '1.',
  '.5',
  '1.0000001',
  '9'.repeat(30),
  2 ** 53,
  null,
  true,
  {},
  [],
  '١',
];

test.each(wrongAmounts)('A26 A27 A28 the amount %j in an argument is denied', async (amount) => {
  const bench = await openBench(stage);
  const given = { orderId: 'o-1', amount } as { orderId: string; amount: string };
  const outcome = await attempt(stage.plane, () => bench.governed(pay)(given));
  expect(['amount-out-of-range', 'arguments-unrepresentable']).toContain(outcome.code);
  expect(bench.ran).toEqual([]);
  expect((await stage.plane.budget(bench.session.id, 'usd'))?.reserved).toBe(0);
});

test.each(wrongAmounts)(
  'A79 the amount %j as an estimate, a limit or a usage is refused',
  async (a) => {
    const amount = a as string;
    const { session } = await openBench(stage);
    const tool = bindTool(pay);
    const callArguments = session.read({ orderId: 'o-1', amount: '1' });
    const estimated = await attempt(stage.plane, () =>
      session.authorize({ tool, arguments: callArguments, estimate: { usd: amount } }),
    );
    expect(estimated).toEqual({ code: 'input-invalid', events: [] });
    const { billing: principal } = stage.people;
    const opened = await attempt(stage.plane, () =>
      stage.plane.openSession({ principal, agent: 'bot', budget: { usd: amount } }),
    );
    expect(opened).toEqual({ code: 'input-invalid', events: [] });
    const { permit } = await session.authorize({ tool, arguments: callArguments });
    if (permit === undefined) throw new Error('no permit');
    const settled = await attempt(stage.plane, () =>
      session.settle(permit, { outcome: 'succeeded', usage: { usd: amount } }),
    );
    expect(settled).toEqual({ code: 'input-invalid', events: [] });
  },
);

test('A30 two thousand posts of 0.1 sum to exactly two hundred', async () => {
  const { session } = await openBench(stage, { usd: '200' });
  const tool = bindTool(pay);
  for (let round = 0; round < 4; round += 1) {
    const calls = Array.from({ length: 500 }, async (_, at) => {
      const orderId = `o-${round}-${at}`;
      const request = { tool, arguments: session.read({ orderId, amount: '0.1' }) };
      const { permit } = await session.authorize(request);
      if (permit !== undefined) await session.settle(permit, { outcome: 'succeeded' });
    });
    await Promise.all(calls);
  }
  expect((await stage.plane.budget(session.id, 'usd'))?.posted).toBe(200_000_000);
  const more = { tool, arguments: session.read({ orderId: 'o', amount: '0.000001' }) };
  expect((await session.authorize(more)).code).toBe('budget-exceeded');
});

test('A32 a thousand calls at once against a budget for ten give ten permits', async () => {
  const bench = await openBench(stage, { actions: 10 });
  const call = bench.governed(read);
  const calls = Array.from({ length: 1_000 }, (_, at) => codeOf(call({ orderId: `o-${at}` })));
  const codes = await Promise.all(calls);
  expect(codes.filter((code) => code === 'resolved')).toHaveLength(10);
  expect(new Set(codes)).toEqual(new Set(['resolved', 'budget-exceeded']));
  expect(bench.ran).toHaveLength(10);
});

test('A33 two control planes on one file share one budget', async () => {
  const { session } = await openBench(stage, { actions: 10 });
  const other = await stage.another();
  const attached = await other.attachSession(staff(other).billing, session.id);
  const tool = bindTool(read);
  const decisions = await Promise.all(
    Array.from({ length: 60 }, (_, at) => {
      const via = at % 2 === 0 ? session : attached;
      return via.authorize({ tool, arguments: via.read({ orderId: `o-${at}` }) });
    }),
  );
  expect(decisions.filter(({ permit }) => permit !== undefined)).toHaveLength(10);
});

test('A34 using more than was reserved is booked and freezes the budget', async () => {
  const { session } = await openBench(stage);
  const tool = bindTool(pay);
  const ask = (amount: string) =>
    session.authorize({ tool, arguments: session.read({ orderId: 'o-1', amount }) });
  const { permit } = await ask('1');
  if (permit === undefined) throw new Error('no permit');
  const settled = await attempt(stage.plane, () =>
    session.settle(permit, { outcome: 'succeeded', usage: { usd: '1000' } }),
  );
  expect(typesOf(settled)).toEqual(['permit-settled', 'budget-frozen']);
  expect(await stage.plane.budget(session.id, 'usd')).toMatchObject({
    posted: 1_000_000_000,
    overrun: 999_000_000,
    frozen: true,
  });
  expect((await ask('0')).code).toBe('budget-frozen');
});

test('A35 a permit is resolved once; later tries get the first outcome', async () => {
  const { session } = await openBench(stage);
  const tool = bindTool(pay);
  const callArguments = session.read({ orderId: 'o-1', amount: '5' });
  const { permit } = await session.authorize({ tool, arguments: callArguments });
  if (permit === undefined) throw new Error('no permit');
  const first = await session.settle(permit, { outcome: 'succeeded', usage: { usd: '3' } });
  const second = await attempt(stage.plane, async () => {
    const again = await session.settle(permit, { outcome: 'failed', usage: { usd: '0' } });
    // It wrote no entry of its own.
    expect(again).toEqual({ ...first, index: undefined });
  });
  expect(second).toEqual({ code: 'resolved', events: [] });
  const voided = await attempt(stage.plane, () => session.void(permit));
  expect(voided.code).toBe('permit-not-voidable');
  const started = await attempt(stage.plane, () => session.start(permit));
  expect(started.code).toBe('permit-not-startable');
  expect(await stage.plane.budget(session.id, 'usd')).toMatchObject({ posted: 3_000_000 });
});

test('A36 another session or principal cannot resolve a permit', async () => {
  const { session } = await openBench(stage);
  const sibling = await openBench(stage);
  const { plane, people } = stage;
  const stranger = await plane.openSession({ principal: people.ops, agent: 'bot' });
  const tool = bindTool(read);
  const { permit } = await session.authorize({ tool, arguments: session.read({ orderId: 'o' }) });
  if (permit === undefined) throw new Error('no permit');
  for (const other of [sibling.session, stranger]) {
    const outcome = await attempt(plane, () => other.settle(permit, { outcome: 'succeeded' }));
    expect(outcome).toEqual({ code: 'permit-not-genuine', events: [] });
  }
});

test('A37 a permit that is never settled expires once, charged if it was started', async () => {
  const clock = new FakeClock();
  const own = await setStage({ clock });
  const { session } = await openBench(own, { usd: '10' });
  const tool = bindTool(pay);
  const ask = (start: 'now' | 'later') => {
    const callArguments = session.read({ orderId: 'o-1', amount: '4' });
    return session.authorize({ tool, arguments: callArguments, start });
  };
  const { permit: started } = await ask('now');
  await ask('later');
  expect((await ask('now')).code).toBe('budget-exceeded');
  for (let minutes = 0; minutes < 20; minutes += 1) {
    clock.advance(60_000);
    await own.plane.sync();
  }
  const state = () => own.plane.budget(session.id, 'usd');
  await expect.poll(state).toMatchObject({ reserved: 0, posted: 4_000_000 });
  expect(started?.signal.aborted).toBe(true);
  await own.end();
});

// The list has no A38. Read as its threat T9 has it: what a call says of its own cost (W-TOK-3, W-BUD-3).
test('A38 whatever a call, its caller or its result say of the cost, it is no less', async () => {
  const bench = await openBench(stage);
  const cheap = { cost: '-50', usage: { usd: '0' }, estimate: { usd: '0' }, total_tokens: 0 };
  const call = bench.governed({ ...pay, execute: () => cheap });
  const given = { orderId: 'o-1', amount: '5', ...cheap };
  await call(given, { estimate: { usd: '0.01' } });
  expect(await stage.plane.budget(bench.session.id, 'usd')).toMatchObject({
    posted: 5_000_000,
    reserved: 0,
  });
  // A plan that counts calls takes no other count from a tool.
  const { permit } = await bench.session.authorize({
    tool: bindTool(read),
    arguments: bench.session.read({ orderId: 'o-1' }),
  });
  if (permit === undefined) throw new Error('no permit');
  await bench.session.settle(permit, { outcome: 'succeeded', usage: { actions: 0 } });
  expect((await stage.plane.budget(bench.session.id, 'actions'))?.posted).toBe(2);
});

test('A39 there is no fresh budget without a session', async () => {
  const { plane, people } = stage;
  expect(await codeOf(plane.attachSession(people.billing, 'no-such-session'))).toBe(
    'session-unknown',
  );
  const ends = ['complete', 'abort', 'pause'] as const;
  for (const end of ends) {
    const { session } = await openBench(stage);
    await session[end]();
    const request = { tool: bindTool(read), arguments: session.read({ orderId: 'o-1' }) };
    expect((await session.authorize(request)).code).toBe('session-not-active');
  }
});

test.each([-86_400_000, 365 * 86_400_000])(
  'A42 a process whose clock is %i ms off decides the same',
  async (offset) => {
    const own = await setStage();
    const { session } = await openBench(own, { actions: 2 });
    const wrong = await own.another({
      clock: { ...systemClock, now: () => systemClock.now() + offset },
    });
    const attached = await wrong.attachSession(staff(wrong).billing, session.id);
    const tool = bindTool(read);
    const first = await attached.authorize({ tool, arguments: attached.read({ orderId: 'o-1' }) });
    const second = await session.authorize({ tool, arguments: session.read({ orderId: 'o-2' }) });
    const third = await attached.authorize({ tool, arguments: attached.read({ orderId: 'o-3' }) });
    expect([first, second, third].map(({ code }) => code)).toEqual([
      'allowed',
      'allowed',
      'budget-exceeded',
    ]);
    // The log's time never goes back, whoever writes.
    expect(second.at).toBeGreaterThanOrEqual(first.at);
    expect(third.at).toBeGreaterThanOrEqual(second.at);
    await own.end();
  },
);

// The list has no A45. Read as the reference fails: its budget check lets a call through where it fails.
test('A45 while a budget can be neither read nor written, nothing runs', async () => {
  const own = await setStage(withModels);
  const plane = await openShop(sqlite(own.path, { busyTimeoutMs: 200 }), withModels);
  const budget = { actions: 2 };
  const session = await plane.openSession({
    principal: staff(plane).billing,
    agent: 'bot',
    budget,
  });
  let runs = 0;
  const call = () =>
    callModel(session, { model: 'small' }, () => {
      runs += 1;
      return Promise.resolve({ result: '' });
    });
  const holder = new DatabaseSync(own.path);
  holder.exec('BEGIN IMMEDIATE');
  expect(await codeOf(call())).toBe('store-unavailable');
  holder.exec('ROLLBACK');
  holder.close();
  expect([runs, (await plane.budget(session.id, 'actions'))?.reserved]).toEqual([0, 0]);
  expect([await codeOf(call()), runs]).toEqual(['resolved', 1]);
  await plane.close();
  await own.end();
});

test('A125 a key with another payload is refused, and a key out of bounds is no key', async () => {
  const bench = await openBench(stage);
  const call = bench.governed(pay);
  await call({ orderId: 'o-1', amount: '1' }, { idempotencyKey: 'once' });
  const other = await attempt(stage.plane, () =>
    call({ orderId: 'o-1', amount: '2' }, { idempotencyKey: 'once' }),
  );
  expect(other.code).toBe('idempotency-mismatch');
  const again = await attempt(stage.plane, () =>
    call({ orderId: 'o-1', amount: '1' }, { idempotencyKey: 'once' }),
  );
  expect(again).toEqual({ code: 'permit-not-startable', events: [] });
  expect(bench.ran).toHaveLength(1);
  for (const idempotencyKey of ['', 'k'.repeat(256), 'a b', 'é', 'a\n']) {
    const outcome = await attempt(stage.plane, () =>
      call({ orderId: 'o-1', amount: '1' }, { idempotencyKey }),
    );
    expect(outcome).toEqual({ code: 'input-invalid', events: [] });
  }
});

test('A92 a key of one principal is independent of another’s', async () => {
  const { plane, people } = stage;
  const options = { agent: 'bot', idempotencyKey: 'shared' } as const;
  const mine = await plane.openSession({ ...options, principal: people.billing });
  const theirs = await plane.openSession({ ...options, principal: people.eve });
  expect(theirs.id).not.toBe(mine.id);
  const again = await plane.openSession({ ...options, principal: people.billing });
  expect(again.id).toBe(mine.id);
});
