/** Sessions on behalf of other sessions: whatever binds the one binds the other. */
import { expect, test } from 'vitest';
import { bindTool, type Session } from '../../src/engine/index.ts';
import { guard } from '../../src/enforce/guard.ts';
import { verify } from '../../src/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { codeOf, openShop, pay, refund, staff } from './shop.ts';

async function open() {
  const fleet = memoryFleet();
  const plane = await openShop(fleet());
  const deputies = Array.from({ length: 9 }, (_, depth) => `deputy-${depth}`);
  for (const deputy of deputies) await plane.registerAgent(deputy);
  const principal = staff(plane).billing;
  const top = await plane.openSession({ principal, agent: 'bot', budget: { usd: '10' } });
  const under = (parent: Session, usd?: string) =>
    plane.openSession({
      principal,
      agent: parent === top ? 'deputy-0' : (deputies[deputies.indexOf(parent.agent) + 1] ?? ''),
      parent: parent.id,
      ...(usd === undefined ? {} : { budget: { usd } }),
    });
  return { plane, top, under, fleet };
}

const spend = (session: Session, amount: string) =>
  codeOf(guard(session, pay)({ orderId: 'o-1', amount }));

test('A40 sessions opened under a session spend from its budget, however many there are', async () => {
  const { plane, top, under, fleet } = await open();
  const children = await Promise.all(Array.from({ length: 30 }, () => under(top)));
  const outcomes = await Promise.all(children.map((child) => spend(child, '1')));
  expect(outcomes.filter((code) => code === 'resolved')).toHaveLength(10);
  expect((await plane.budget(top.id, 'usd'))?.posted).toBe(10_000_000);
  expect((await verify(fleet())).faults).toEqual([]);
  await plane.close();
});

test('A41 a session under another has no larger budget than that', async () => {
  const { plane, top, under } = await open();
  const child = await under(top, '1000');
  const grandchild = await under(await under(top, '4'), '9');
  expect((await plane.budget(child.id, 'usd'))?.limit).toBe(10_000_000);
  expect((await plane.budget(grandchild.id, 'usd'))?.limit).toBe(4_000_000);
  expect([await spend(grandchild, '4'), await spend(grandchild, '1')]).toEqual([
    'resolved',
    'budget-exceeded',
  ]);
  expect((await plane.budget(top.id, 'usd'))?.posted).toBe(4_000_000);
  await plane.close();
});

test('a session stops with the one that it works for, and so does what runs in it', async () => {
  const { plane, top, under } = await open();
  const child = await under(await under(top));
  const running = guard(child, {
    ...pay,
    execute: async (_, { signal }) => {
      await top.abort();
      signal.throwIfAborted();
      return {};
    },
  });
  expect(await codeOf(running({ orderId: 'o-1', amount: '1' }))).toBe('session-not-active');
  expect(await spend(child, '1')).toBe('session-not-active');
  expect(await codeOf(under(child))).toBe('session-not-active');
  await plane.close();
});

test('a kill switch on a session covers those that work for it', async () => {
  const { plane, top, under } = await open();
  const child = await under(top);
  const { ops: by } = staff(plane);
  await plane.kill({ scope: { kind: 'session', org: 'acme', id: top.id }, by, reason: 'stop' });
  expect(await spend(child, '1')).toBe('killed');
  expect(await codeOf(under(top))).toBe('killed');
  await plane.close();
});

test('a session takes no input while one that it works for is not active', async () => {
  const { plane, top, under } = await open();
  const child = await under(await under(top));
  expect(await codeOf(child.screenInput('hello'))).toBe('resolved');
  await top.pause();
  expect(await codeOf(child.screenInput('hello'))).toBe('session-not-active');
  await plane.close();
});

test('a kill switch on whoever a session works for keeps input from it', async () => {
  const { plane, top, under } = await open();
  const child = await under(await under(top));
  const { ops: by } = staff(plane);
  const scopes = [
    { kind: 'session', org: 'acme', id: top.id },
    { kind: 'agent', org: 'acme', name: 'bot' },
  ] as const;
  for (const scope of scopes) {
    await plane.kill({ scope, by, reason: 'stop' });
    expect(await codeOf(child.screenInput('hello'))).toBe('killed');
    await plane.release({ scope, by, reason: 'over' });
    expect(await codeOf(child.screenInput('hello'))).toBe('resolved');
  }
  await plane.close();
});

test('nobody works for another’s session, nor runs what a rehearsal would not', async () => {
  const { plane, top } = await open();
  const { support: principal, billing } = staff(plane);
  const opened = plane.openSession({ principal, agent: 'other-bot', parent: top.id });
  expect(await codeOf(opened)).toBe('session-unknown');
  const rehearsal = await plane.openSession({ principal: billing, agent: 'bot', mode: 'dry-run' });
  const live = plane.openSession({ principal: billing, agent: 'other-bot', parent: rehearsal.id });
  expect(await codeOf(live)).toBe('transition-illegal');
  await plane.close();
});

test('sessions are nested no deeper than the limit', async () => {
  const { plane, top, under } = await open();
  let deepest = top;
  for (let depth = 0; depth < 8; depth += 1) deepest = await under(deepest);
  expect(await codeOf(under(deepest))).toBe('sessions-nested-limit');
  await plane.close();
});

test('a permit issued for later is not started once the session above is not active', async () => {
  const { plane, top, under } = await open();
  const child = await under(top);
  const request = { tool: bindTool(pay), arguments: child.read({ orderId: 'o-1', amount: '1' }) };
  const { permit } = await child.authorize({ ...request, start: 'later' });
  await top.pause();
  if (permit === undefined) throw new Error('no permit');
  expect(await codeOf(child.start(permit))).toBe('session-not-active');
  await plane.close();
});

test('nothing is approved that no session can make any more, also after a restart', async () => {
  const { plane, top, under, fleet } = await open();
  const child = await under(await under(top));
  const ask = async (orderId: string) => {
    const call = { tool: bindTool(refund), arguments: child.read({ orderId, amount: '1' }) };
    return (await child.authorize(call)).ticket ?? '';
  };
  const [whilePaused, afterwards, denied] = [await ask('o-1'), await ask('o-2'), await ask('o-3')];
  const { ada: by } = staff(plane);
  await top.pause();
  await plane.approve({ ticket: whilePaused, by });
  await top.abort();
  expect(await codeOf(plane.approve({ ticket: afterwards, by }))).toBe('session-not-active');
  const later = await openShop(fleet());
  const approved = later.approve({ ticket: afterwards, by: staff(later).ada });
  expect(await codeOf(approved)).toBe('session-not-active');
  expect((await later.ticket(afterwards))?.status).toBe('pending');
  await later.deny({ ticket: denied, by: staff(later).ada });
  await Promise.all([plane.close(), later.close()]);
});

test('what a session could call is told alike in a process that has done nothing in it', async () => {
  const { plane, top, under, fleet } = await open();
  const child = await under(top);
  const next = await openShop(fleet());
  for (const { id } of [top, child]) {
    expect(await next.tools.sessionRefusal(id)).toBeUndefined();
    expect(await next.tools.refusal(id, pay.name)).toBeUndefined();
  }
  await top.pause();
  await next.sync();
  for (const each of [plane, next]) {
    expect(await each.tools.sessionRefusal(child.id)).toMatchObject({ code: 'session-not-active' });
  }
  await next.close();
  await plane.close();
});
