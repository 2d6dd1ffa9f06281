/** Calls that are stopped between their decision and their code: once a kill is answered, nothing begins. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bindTool } from '../../src/engine/index.ts';
import { callModel, guard, memory } from '../../src/index.ts';
import { codeOf, entryTypes, openShop, pay, staff } from '../engine/shop.ts';
import { ann, openModels } from './models.ts';

const order = { orderId: 'o-1', amount: '3' };

async function stage() {
  const plane = await openShop(memory());
  const { billing: principal, ops: by } = staff(plane);
  const session = await plane.openSession({ principal, agent: 'bot', budget: { usd: '10' } });
  const scope = { kind: 'session', org: 'acme', id: session.id } as const;
  const kill = () => plane.kill({ scope, by, reason: 'a test' });
  return { plane, session, kill };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
}

test.each([0, 1, 2, 3, 4, 5, 6, 8, 12])(
  'I17 no code is entered after a kill was answered: with %i turns between call and kill',
  async (between) => {
    const { plane, session, kill } = await stage();
    const ran: string[] = [];
    let isKilled = false;
    const call = guard(session, {
      ...pay,
      execute: () => ({ ran: ran.push(isKilled ? 'after the kill' : 'before it') }),
    });
    const called = codeOf(call(order));
    await turns(between);
    await kill();
    isKilled = true;
    const code = await called;
    expect(code === 'killed' ? [] : ['before it']).toEqual(ran);
    // What never began used nothing.
    const { posted, reserved } = (await plane.budget(session.id, 'usd')) ?? {};
    expect([posted, reserved]).toEqual([code === 'killed' ? 0 : 3_000_000, 0]);
    await plane.close();
  },
);

test('a call that is killed in the commit of its decision is settled, and not entered', async () => {
  const { plane, session, kill } = await stage();
  let runs = 0;
  const call = guard(session, { ...pay, execute: () => ({ runs: (runs += 1) }) });
  const called = codeOf(call(order));
  await kill();
  expect(await called).toBe('killed');
  expect(runs).toBe(0);
  expect((await entryTypes(plane)).slice(-3)).toEqual([
    'action-decided',
    'kill-engaged',
    'permit-settled',
  ]);
  await plane.close();
});

test('whoever gives up while a call is decided has nothing run, and gets the reason', async () => {
  const { plane, session } = await stage();
  let runs = 0;
  const call = guard(session, { ...pay, execute: () => ({ runs: (runs += 1) }) });
  const caller = new AbortController();
  const called = codeOf(call(order, { signal: caller.signal }));
  caller.abort('enough');
  expect(await called).toBe('enough');
  expect(runs).toBe(0);
  const { posted, reserved } = (await plane.budget(session.id, 'usd')) ?? {};
  expect([posted, reserved]).toEqual([0, 0]);
  await plane.close();
});

test('what only the caller expected a call to cost is free, too, where it is never entered', async () => {
  const plane = await openShop(memory());
  const { billing: principal } = staff(plane);
  const budget = { usd: '10', tokens: 100 };
  const session = await plane.openSession({ principal, agent: 'bot', budget });
  let runs = 0;
  const call = guard(session, { ...pay, execute: () => ({ runs: (runs += 1) }) });
  const caller = new AbortController();
  const called = codeOf(call(order, { estimate: { tokens: 60 }, signal: caller.signal }));
  caller.abort('enough');
  expect(await called).toBe('enough');
  expect(runs).toBe(0);
  for (const unit of ['usd', 'tokens']) {
    const { posted, reserved } = (await plane.budget(session.id, unit)) ?? {};
    expect([posted, reserved]).toEqual([0, 0]);
  }
  await plane.close();
});

test('nor is anything begun between there and the code, however late they give up', async () => {
  for (let between = 0; between < 16; between += 1) {
    const { plane, session } = await stage();
    const caller = new AbortController();
    const { signal } = caller;
    plane.subscribe(({ type }) => {
      if (type === 'action-decided') void turns(between).then(() => caller.abort('enough'));
    });
    const seen: boolean[] = [];
    const call = guard(session, { ...pay, execute: () => ({ seen: seen.push(signal.aborted) }) });
    await codeOf(call(order, { signal }));
    expect(seen).not.toContain(true);
    await plane.close();
  }
});

test('a model call that is stopped before it is sent costs nothing', async () => {
  const plane = await openModels();
  const budget = { usd: '10', tokens: 1_000 };
  const session = await plane.openSession({ principal: ann(plane), agent: 'bot', budget });
  const caller = new AbortController();
  const { signal } = caller;
  let sent = 0;
  const bounds = { model: 'small', maxInputTokens: 5, maxOutputTokens: 5 };
  const called = codeOf(
    callModel(session, { ...bounds, signal }, async () => ({ result: (sent += 1) })),
  );
  caller.abort('enough');
  expect(await called).toBe('enough');
  expect(sent).toBe(0);
  for (const unit of ['usd', 'tokens']) {
    const { posted, reserved } = (await plane.budget(session.id, unit)) ?? {};
    expect([posted, reserved]).toEqual([0, 0]);
  }
  await plane.close();
});

test('a permit is taken while it runs: not before its start, nor once it is resolved or killed', async () => {
  const { plane, session, kill } = await stage();
  const tool = bindTool(pay);
  const read = session.read({ orderId: 'o-1', amount: '1' });
  const permitted = async (start: 'now' | 'later') => {
    const { permit } = await session.authorize({ tool, arguments: read, start });
    if (permit === undefined) throw new Error('no permit');
    return permit;
  };
  const refusedTake = (permit: unknown, code: string) =>
    expect(() => session.take(permit, tool, read)).toThrow(expect.objectContaining({ code }));
  const later = await permitted('later');
  refusedTake(later, 'permit-not-started');
  await session.start(later);
  expect(session.take(later, tool, read)).toBe(later);
  const voided = await permitted('later');
  await session.void(voided);
  refusedTake(voided, 'permit-used');
  const settled = await permitted('now');
  await session.settle(settled, { outcome: 'failed' });
  refusedTake(settled, 'permit-used');
  const killed = await permitted('now');
  await kill();
  refusedTake(killed, 'killed');
  await plane.close();
});

// 13 is what Node ends with where nobody is left who could end what is waited for.
test.each([
  ['a tool that ends when its time is over is heard out', 'heeds', 0, 'permit-expired'],
  ['a tool that never ends keeps no process alive beyond its time', 'ignores', 13, ''],
  ['nor beyond the end of the control plane', 'closes', 13, ''],
] as const)('where nothing else goes on: %s', (_, what, status, stdout) => {
  const script = join(import.meta.dirname, 'stopped-call-process.ts');
  const ended = spawnSync(process.execPath, [script, what], { timeout: 20_000, encoding: 'utf8' });
  expect([ended.status, ended.stdout]).toEqual([status, stdout]);
});

test('the signal of a call that has ended is not fired by a kill that comes after it', async () => {
  const { plane, session, kill } = await stage();
  const signals: AbortSignal[] = [];
  const call = guard(session, {
    ...pay,
    execute: (_, { signal }) => ({ signals: signals.push(signal) }),
  });
  await call(order);
  await kill();
  expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  await plane.close();
});
