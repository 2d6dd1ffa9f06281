/** Waiting for a ticket in another process than the one that asked. */
import { getEventListeners } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { bindTool } from '../../src/engine/index.ts';
import type { ActionRefused } from '../../src/enforce/action-refused.ts';
import { guard } from '../../src/enforce/guard.ts';
import { memory, memoryFleet } from '../../src/storage/memory.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { codeOf, entryTypes, openShop, refund, staff } from './shop.ts';

/** Two processes that hear of each other only when they look. */
async function two() {
  const fleet = memoryFleet();
  const options = { pollMs: 3_600_000 };
  const [asks, waits] = [await openShop(fleet(), options), await openShop(fleet(), options)];
  const session = await asks.openSession({ principal: staff(asks).billing, agent: 'bot' });
  const call = { tool: bindTool(refund), arguments: session.read({ orderId: 'o-1', amount: '1' }) };
  const { ticket = '' } = await session.authorize(call);
  return {
    asks,
    waits,
    session,
    call,
    ticket,
    [Symbol.asyncDispose]: async () => {
      await asks.close();
      await waits.close();
    },
  };
}

test('a ticket that this process has not heard of yet is waited for, not refused', async () => {
  await using stage = await two();
  const { asks, waits, ticket } = stage;
  const decided = waits.ticketDecided(ticket);
  // Long enough to be refused, were it.
  for (let turns = 0; turns < 20; turns += 1) await setImmediate();
  await asks.approve({ ticket, by: staff(asks).ada });
  await waits.sync();
  expect(await decided).toBe('approved');
});

test.each(['no-such-ticket', 'no id at all', ''])(
  'who waits for a ticket that nobody asked for is told so: %j',
  async (ticket) => {
    await using stage = await two();
    expect(await codeOf(stage.waits.ticketDecided(ticket))).toBe('ticket-unknown');
  },
);

test('a ticket that was approved and used before anybody waited was not refused', async () => {
  await using stage = await two();
  const { asks, waits, ticket, call } = stage;
  await asks.approve({ ticket, by: staff(asks).ada });
  expect(await waits.ticketDecided(ticket)).toBe('approved');
  expect(await stage.session.authorize(call)).toMatchObject({ outcome: 'allow', ticket });
  expect((await asks.ticket(ticket))?.status).toBe('consumed');
  expect(await asks.ticketDecided(ticket)).toBe('approved');
  expect(await waits.ticketDecided(ticket)).toBe('approved');
});

test('a ticket that is over is told of as it ended, also where nothing in memory knows it', async () => {
  const fleet = memoryFleet();
  const asks = await openShop(fleet());
  const session = await asks.openSession({ principal: staff(asks).billing, agent: 'bot' });
  const ask = async (orderId: string) => {
    const read = session.read({ orderId, amount: '1' });
    return session.authorize({ tool: bindTool(refund), arguments: read });
  };
  const [used, denied] = [await ask('o-1'), await ask('o-2')];
  await asks.approve({ ticket: used.ticket ?? '', by: staff(asks).ada });
  await ask('o-1');
  await asks.deny({ ticket: denied.ticket ?? '', by: staff(asks).ada });
  const later = await openShop(fleet());
  expect(await later.ticketDecided(used.ticket ?? '')).toBe('approved');
  expect(await later.ticketDecided(denied.ticket ?? '')).toBe('refused');
  await Promise.all([asks.close(), later.close()]);
});

test('nobody waits at a control plane that has closed', async () => {
  await using stage = await two();
  const { asks, ticket } = stage;
  const before = codeOf(asks.ticketDecided(ticket));
  await asks.close();
  expect(await before).toBe('closed');
  expect(await codeOf(asks.ticketDecided(ticket))).toBe('closed');
});

test('nobody waits at a control plane whose store could not be closed', async () => {
  const store = memory();
  store.close = () => Promise.reject(new Error('the disk is gone'));
  const plane = await openShop(store);
  const session = await plane.openSession({ principal: staff(plane).billing, agent: 'bot' });
  const order = { orderId: 'o-1', amount: '1' };
  const { ticket = '' } = await session.authorize({
    tool: bindTool(refund),
    arguments: session.read(order),
  });
  const before = codeOf(plane.ticketDecided(ticket));
  const waits = codeOf(guard(session, refund)(order, { waitForApproval: true }));
  await plane.sync();
  await expect(plane.close()).rejects.toThrow('the disk is gone');
  expect(await before).toBe('closed');
  expect(await waits).toBe('closed');
  expect(await codeOf(plane.ticketDecided(ticket))).toBe('closed');
});

test('who stops waiting is told why, and the ticket stays', async () => {
  await using stage = await two();
  const { asks, ticket } = stage;
  const [gone, stays] = [new AbortController(), new AbortController()];
  const left = asks.ticketDecided(ticket, gone);
  const waited = asks.ticketDecided(ticket, stays);
  gone.abort(new Error('the client went away'));
  await expect(left).rejects.toThrow('the client went away');
  await expect(asks.ticketDecided(ticket, gone)).rejects.toThrow('the client went away');
  await asks.approve({ ticket, by: staff(asks).ada });
  expect(await waited).toBe('approved');
  const listening = [gone, stays].map(({ signal }) => getEventListeners(signal, 'abort').length);
  expect(listening).toEqual([0, 0]);
});

test.each(['cancelled', 'expired', 'denied', 'killed'] as const)(
  'a call that waits for a ticket that is %s ends, and nobody is asked anew',
  async (how) => {
    const clock = new FakeClock();
    const plane = await openShop(memory(), { clock });
    const { billing, ada, ops } = staff(plane);
    const session = await plane.openSession({ principal: billing, agent: 'bot' });
    const call = () =>
      guard(session, refund)({ orderId: 'o-1', amount: '1' }, { waitForApproval: true });
    const refused = call().catch((failure: unknown) => failure as ActionRefused);
    while (plane.pendingTickets('acme').length === 0) await setImmediate();
    const [{ id: ticket, expiresAt } = { id: '', expiresAt: 0 }] = plane.pendingTickets('acme');
    const ends = {
      cancelled: () => plane.cancel({ ticket, by: ops }),
      expired: async () => clock.advance(expiresAt - clock.now() + 11_000),
      denied: () => plane.deny({ ticket, by: ada }),
      killed: () => plane.kill({ scope: { kind: 'org', org: 'acme' }, by: ops, reason: 'a test' }),
    };
    await ends[how]();
    const said = {
      cancelled: ['approval-required', `${ticket} was cancelled before it was decided`],
      expired: ['approval-required', `${ticket} ran out before it was decided`],
      denied: ['approval-denied', 'denied'],
      killed: ['killed', 'kill switch'],
    } as const;
    const [code, words] = said[how];
    expect(await refused).toMatchObject({
      code,
      message: expect.stringContaining(words) as unknown,
    });
    expect(plane.pendingTickets('acme')).toEqual([]);
    const asked = (await entryTypes(plane)).filter((type) => type === 'ticket-requested');
    expect(asked).toHaveLength(1);
    await plane.close();
  },
);

test('a call whose ticket a kill switch took away elsewhere is refused for the kill', async () => {
  await using stage = await two();
  const { asks, waits, session } = stage;
  const waiting = codeOf(
    guard(session, refund)({ orderId: 'o-2', amount: '1' }, { waitForApproval: true }),
  );
  while (asks.pendingTickets('acme').length < 2) await setImmediate();
  const ticket = asks.pendingTickets('acme')[1]?.id ?? '';
  await waits.sync();
  await waits.kill({ scope: { kind: 'org', org: 'acme' }, by: staff(waits).ops, reason: 'a test' });
  while ((await waits.ticket(ticket))?.status !== 'cancelled') await setImmediate();
  await asks.sync();
  expect(await waiting).toBe('killed');
});

test('a call that is made for another session is waited for after a restart, until somebody decides it', async () => {
  await using stage = await two();
  const { asks, waits, session } = stage;
  const about = { principal: staff(asks).billing, agent: 'other-bot', parent: session.id };
  const below = await asks.openSession(about);
  const read = below.read({ orderId: 'o-2', amount: '1' });
  const { ticket = '' } = await below.authorize({ tool: bindTool(refund), arguments: read });
  await asks.close();
  const decided = waits.ticketDecided(ticket);
  for (let turns = 0; turns < 50; turns += 1) await setImmediate();
  await waits.approve({ ticket, by: staff(waits).ada });
  expect(await decided).toBe('approved');
});

test('a session that stands still ends no wait for an approver in one that works for it', async () => {
  await using stage = await two();
  const { asks, session } = stage;
  const about = { principal: staff(asks).billing, agent: 'other-bot', parent: session.id };
  const below = await asks.openSession(about);
  const read = below.read({ orderId: 'o-2', amount: '1' });
  const { ticket = '' } = await below.authorize({ tool: bindTool(refund), arguments: read });
  const decided = asks.ticketDecided(ticket);
  await session.pause();
  for (let turns = 0; turns < 50; turns += 1) await setImmediate();
  await asks.approve({ ticket, by: staff(asks).ada });
  expect(await decided).toBe('approved');
});

test.each(['abort', 'complete'] as const)(
  'nobody waits for an approver once a session has ended that the call is made for: %s',
  async (transition) => {
    await using stage = await two();
    const { asks, waits, session } = stage;
    const { billing, ops } = staff(asks);
    const about = { principal: billing, agent: 'other-bot', parent: session.id };
    const below = await asks.openSession(about);
    const waiting = guard(below, refund)(
      { orderId: 'o-2', amount: '1' },
      { waitForApproval: true },
    );
    const code = codeOf(waiting);
    while (asks.pendingTickets('acme').length < 2) await setImmediate();
    const ticket = asks.pendingTickets('acme')[1]?.id ?? '';
    const elsewhere = waits.ticketDecided(ticket);
    elsewhere.catch(() => {});
    const turns = async (then: string) => {
      for (let turn = 0; turn < 200; turn += 1) await setImmediate();
      return then;
    };
    await asks.control({ session: session.id, transition: 'pause', by: ops, reason: 'to look' });
    await turns('a pause ends nothing');
    /** Not without end: a wait that goes on is closed with the stage, and would be waited for here. */
    const soon = async (answer: Promise<string>) => Promise.race([answer, turns('still waits')]);
    // A process that has done nothing in these sessions does not have them in memory.
    expect(await soon(elsewhere)).toBe('still waits');
    await asks.control({ session: session.id, transition, by: ops, reason: 'seen enough' });
    expect(await soon(code)).toBe('session-not-active');
    await waits.sync();
    expect(await soon(elsewhere)).toBe('refused');
    expect(await soon(waits.ticketDecided(ticket))).toBe('refused');
    expect(await soon(asks.ticketDecided(ticket))).toBe('refused');
  },
);
