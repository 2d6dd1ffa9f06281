/** Permits at the enforcement point: used up by their first use, and for exactly their call. */
import { expect, test } from 'vitest';
import { bindTool } from '../../src/engine/index.ts';
import { guard, memory, openControlPlane } from '../../src/index.ts';

const tool = { name: 'read', action: 'order.read', resource: 'order/{id}' };
const policy = {
  format: 1,
  version: 1,
  actions: { 'order.read': {} },
  tiers: { autoApprove: ['order.read'] },
};

test('a permit is used up by its first use, and is for its own call only', async () => {
  const plane = await openControlPlane({
    storage: memory(),
    policy,
    agents: ['bot'],
    tools: [tool],
  });
  const principal = plane.identity.assert({ id: 'service:a', org: 'acme', roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'bot' });
  const bound = bindTool(tool);
  const read = session.read({ id: 'o-1' });
  const other = session.read({ id: 'o-2' });
  const { permit } = await session.authorize({ tool: bound, arguments: read });
  expect(() => session.take(permit, bound, other)).toThrow(/another call/);
  expect(session.take(permit, bound, read).resource).toBe('order/o-1');
  expect(() => session.take(permit, bound, read)).toThrow(/used before/);
  await plane.close();
});

test('the permit of a call is used up before its code is entered, which cannot pass it on', async () => {
  const plane = await openControlPlane({
    storage: memory(),
    policy,
    agents: ['bot'],
    tools: [tool],
  });
  const principal = plane.identity.assert({ id: 'service:a', org: 'acme', roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'bot' });
  const again = guard<{ readonly id: string }, string>(session, {
    ...tool,
    execute: (given, { permit }) => session.take(permit, bindTool(tool), session.read(given)).id,
  });
  await expect(again({ id: 'o-1' })).rejects.toMatchObject({ code: 'permit-used' });
  await plane.close();
});

test('a call that waits for an approver is told when the control plane closes', async () => {
  const asking = { ...policy, tiers: { alwaysApprove: ['order.read'] } };
  const storage = memory();
  const plane = await openControlPlane({
    storage,
    policy: asking,
    agents: ['bot'],
    tools: [tool],
  });
  const principal = plane.identity.assert({ id: 'service:a', org: 'acme', roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'bot' });
  const call = guard(session, { ...tool, execute: () => 'ran' });
  const waiting = call({ id: 'o-1' }, { waitForApproval: true });
  const told = waiting.catch((failure: unknown) => failure);
  while (plane.pendingTickets('acme').length === 0) await plane.sync();
  await plane.close();
  expect(await told).toMatchObject({ code: 'closed' });
});

test('a tool of a class is its own `this`, in all of its code', async () => {
  class Read {
    readonly name = 'read';
    readonly action = 'order.read';
    readonly resource = 'order/{id}';
    readonly #price = '2';

    execute({ id }: { id: string }) {
      return `${id} for ${this.#price}`;
    }

    usage() {
      return { usd: this.#price };
    }

    dryRun({ id }: { id: string }) {
      return `${id} would be ${this.#price}`;
    }
  }
  const storage = memory();
  const plane = await openControlPlane({ storage, policy, agents: ['bot'], tools: [tool] });
  const principal = plane.identity.assert({ id: 'service:a', org: 'acme', roles: ['agent'] });
  const budget = { usd: '5' };
  const session = await plane.openSession({ principal, agent: 'bot', budget });
  expect(await guard(session, new Read())({ id: 'o-1' })).toBe('o-1 for 2');
  expect((await plane.budget(session.id, 'usd'))?.posted).toBe(2_000_000);
  const rehearsal = await plane.openSession({ principal, agent: 'bot', mode: 'dry-run' });
  expect(await guard(rehearsal, new Read())({ id: 'o-1' })).toBe('o-1 would be 2');
  await plane.close();
});

test('a permit is settled and given back in its own session, and in no other of its principal', async () => {
  const options = { storage: memory(), policy, agents: ['bot'], tools: [tool] };
  const plane = await openControlPlane(options);
  const principal = plane.identity.assert({ id: 'service:a', org: 'acme', roles: ['agent'] });
  const own = await plane.openSession({ principal, agent: 'bot' });
  const other = await plane.openSession({ principal, agent: 'bot' });
  const request = { tool: bindTool(tool), arguments: own.read({ id: 'o-1' }) };
  const { permit } = await own.authorize(request);
  if (permit === undefined) throw new Error('no permit');
  await expect(other.settle(permit, { outcome: 'succeeded' })).rejects.toThrow(/permit/);
  await expect(other.void(permit)).rejects.toMatchObject({ code: 'permit-not-genuine' });
  expect((await own.settle(permit, { outcome: 'succeeded' })).released).toBe(true);
  await plane.close();
});

test('options belong to calls: beside a tool they are refused, and of a list’s places nothing is asked', async () => {
  const options = { storage: memory(), policy, agents: ['bot'], tools: [tool] };
  const plane = await openControlPlane(options);
  const principal = plane.identity.assert({ id: 'service:a', org: 'acme', roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'bot' });
  const code = { ...tool, execute: () => 'ran' };
  const loose: (...words: unknown[]) => unknown = guard as never;
  expect(() => loose(session, code, { waitForApproval: true })).toThrow('takes no options');
  expect([code].map(guard.bind(null, session))).toHaveLength(1);
  await plane.close();
});
