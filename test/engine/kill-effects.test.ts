/** What a kill switch makes void is in the log, one by one; and kill switches for many scopes at once. */
import { expect, test } from 'vitest';
import { bindTool } from '../../src/engine/index.ts';
import type { KillScope } from '../../src/kernel/index.ts';
import { verify } from '../../src/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { StorageError } from '../../src/storage/storage.ts';
import { guard } from '../../src/enforce/guard.ts';
import { codeOf, openShop, read, refund, staff } from './shop.ts';

async function open() {
  const fleet = memoryFleet();
  const plane = await openShop(fleet());
  const people = staff(plane);
  const sessions = [
    await plane.openSession({ principal: people.billing, agent: 'bot' }),
    await plane.openSession({ principal: people.billing, agent: 'other-bot' }),
  ] as const;
  const ask = async (position: 0 | 1, orderId: string) => {
    const session = sessions[position];
    const asked = session.read({ orderId, amount: '1' });
    return (await session.authorize({ tool: bindTool(refund), arguments: asked })).ticket ?? '';
  };
  const statusOf = async (ticket: string) => (await plane.ticket(ticket))?.status;
  /** Until nothing more is written. */
  const settled = async () => {
    for (let size = -1; size !== (await plane.head()).size;) {
      ({ size } = await plane.head());
      for (let turn = 0; turn < 20; turn += 1) await new Promise((done) => setImmediate(done));
    }
  };
  const kill = async (scope: KillScope) => {
    await plane.kill({ scope, by: people.ops, reason: 'odd' });
    await settled();
  };
  return { plane, fleet, people, sessions, ask, statusOf, kill };
}

const grant = { actions: ['order.refund'], uses: 5, expiresAt: new Date(Date.now() + 3_600_000) };

test('tickets under a kill switch are cancelled by the control plane, each with an entry', async () => {
  const { plane, fleet, people, ask, statusOf, kill } = await open();
  const [pending, approved, spared] = [
    await ask(0, 'o-1'),
    await ask(0, 'o-2'),
    await ask(1, 'o-3'),
  ];
  await plane.approve({ ticket: approved, by: people.ada });
  await kill({ kind: 'agent', org: 'acme', name: 'bot' });
  expect([await statusOf(pending), await statusOf(approved), await statusOf(spared)]).toEqual([
    'cancelled',
    'cancelled',
    'pending',
  ]);
  const authors: string[] = [];
  for await (const { type, by } of plane.events()) {
    if (type === 'ticket-cancelled') authors.push(by.id);
  }
  expect(authors).toEqual(['control-plane', 'control-plane']);
  expect((await verify(fleet())).faults).toEqual([]);
  await plane.close();
});

test('what a process that died under the kill did not cancel, the next one that opens the log does', async () => {
  const fleet = memoryFleet();
  const dying = fleet();
  const append = dying.append.bind(dying);
  let isDead = false;
  dying.append = async (batch) => {
    if (isDead) throw new StorageError('unavailable', 'it died');
    const result = await append(batch);
    isDead = batch.entries.some(({ body }) => body.includes('"kill-engaged"'));
    return result;
  };
  const before = await openShop(dying);
  const session = await before.openSession({ principal: staff(before).billing, agent: 'bot' });
  const asked = session.read({ orderId: 'o-1', amount: '1' });
  const { ticket = '' } = await session.authorize({ tool: bindTool(refund), arguments: asked });
  const scope = { kind: 'agent', org: 'acme', name: 'bot' } as const;
  await before.kill({ scope, by: staff(before).ops, reason: 'odd' });
  await before.close();
  const after = await openShop(fleet());
  const statusOf = async () => (await after.ticket(ticket))?.status;
  await expect.poll(statusOf, { timeout: 5_000 }).toBe('cancelled');
  expect(after.pendingTickets('acme')).toEqual([]);
  await after.close();
  const { size } = await fleet().open('main');
  await (await openShop(fleet())).close();
  // Nothing is owed any more: whoever opens the log writes nothing.
  expect((await fleet().open('main')).size).toBe(size);
});

test('a grant that a kill switch covers whole is revoked, and one that it touches is not', async () => {
  const { plane, people, ask, kill } = await open();
  const [first, second] = [await ask(0, 'o-1'), await ask(1, 'o-2')];
  await plane.approve({ ticket: first, by: people.ada, grant });
  await plane.approve({ ticket: second, by: people.ada, grant });
  await kill({ kind: 'action', org: 'acme', name: 'order.read' });
  expect(plane.grants('acme')).toHaveLength(2);
  await kill({ kind: 'agent', org: 'acme', name: 'bot' });
  expect(plane.grants('acme').map(({ id }) => id)).toEqual([second]);
  await kill({ kind: 'org', org: 'acme' });
  expect(plane.grants('acme')).toEqual([]);
  await plane.close();
});

test('a kill of a session revokes the grants for that session alone, and no others', async () => {
  const { plane, people, sessions, ask, kill } = await open();
  const [first, second] = [await ask(0, 'o-1'), await ask(0, 'o-2')];
  await plane.approve({ ticket: first, by: people.ada, grant: { ...grant, sessionOnly: true } });
  await plane.approve({ ticket: second, by: people.ada, grant });
  await kill({ kind: 'session', org: 'acme', id: sessions[0]?.id ?? '' });
  expect(plane.grants('acme').map(({ id }) => id)).toEqual([second]);
  await plane.close();
});

test('a kill switch on a budget plan covers the calls that it counts, what runs and what waits', async () => {
  const { plane, fleet, people, sessions, ask, statusOf, kill } = await open();
  const plan = {
    id: 'bots',
    unit: 'usd',
    limit: '100',
    scope: { kind: 'agent', id: 'bot' },
    sharing: 'shared',
    window: { every: 'month', zone: 'UTC' },
  } as const;
  await plane.setBudget({ org: 'acme', plan });
  const [mine, other] = [await ask(0, 'o-1'), await ask(1, 'o-1')];
  const scope = { kind: 'budget', org: 'acme', name: 'bots' } as const;
  let isStopped = false;
  const running = guard(sessions[0], {
    ...read,
    execute: async (_, { signal }) => {
      await kill(scope);
      isStopped = signal.aborted;
      return {};
    },
  });
  await codeOf(running({ orderId: 'o-1' }));
  expect(isStopped).toBe(true);
  expect([await statusOf(mine), await statusOf(other)]).toEqual(['cancelled', 'pending']);
  expect(await codeOf(guard(sessions[0], read)({ orderId: 'o-1' }))).toBe('killed');
  expect(await codeOf(guard(sessions[1], read)({ orderId: 'o-1' }))).toBe('resolved');
  const elsewhere = { ...scope, org: '*' };
  expect(await codeOf(plane.kill({ scope: elsewhere, by: people.ops, reason: 'odd' }))).toBe(
    'permission-denied',
  );
  expect((await verify(fleet())).faults).toEqual([]);
  await plane.close();
});

test('a kill switch on a budget plan that is newer than an approval voids the approval', async () => {
  const { plane, people, ask, kill } = await open();
  const ticket = await ask(0, 'o-1');
  const scope = { kind: 'agent', id: 'bot' } as const;
  const plan = { id: 'bots', unit: 'actions', limit: 100, scope, sharing: 'shared' } as const;
  await plane.setBudget({ org: 'acme', plan: { ...plan, window: 'unlimited' } });
  await plane.approve({ ticket, by: people.ada, reason: 'fine' });
  const switched = { kind: 'budget', org: 'acme', name: 'bots' } as const;
  await kill(switched);
  await plane.release({ scope: switched, by: people.ops, reason: 'a false alarm' });
  expect(await ask(0, 'o-1')).not.toBe(ticket);
  await plane.close();
});

test('of many scopes as many are engaged as can be, and the others are listed with why', async () => {
  const { plane, people } = await open();
  const scopes: readonly KillScope[] = [
    { kind: 'agent', org: 'acme', name: 'bot' },
    { kind: 'agent', org: 'globex', name: 'bot' },
    { kind: 'nonsense' } as never,
    { kind: 'tool', org: 'acme', name: 'refund' },
  ];
  const { engaged, failed } = await plane.killAll({ scopes, by: people.ops, reason: 'odd' });
  expect(engaged).toEqual([scopes[0], scopes[3]]);
  expect(failed.map(({ scope, failure }) => [scope, (failure as { code?: string }).code])).toEqual([
    [scopes[1], 'permission-denied'],
    [scopes[2], 'input-invalid'],
  ]);
  expect(
    plane
      .kills('acme')
      .map(({ scope }) => scope)
      .toSorted(),
  ).toEqual(['agent|acme|bot', 'tool|acme|refund']);
  await plane.close();
});

test('nobody has the control plane cancel a ticket that no kill switch covers', async () => {
  const { plane, people, ask, statusOf } = await open();
  const ticket = await ask(0, 'o-1');
  expect(await codeOf(plane.cancel({ ticket, by: people.ada }))).toBe('permission-denied');
  expect(await statusOf(ticket)).toBe('pending');
  await plane.close();
});

test('a scope is read once: what was checked is what is engaged, and nothing else is recorded', async () => {
  const plane = await openShop(memoryFleet()());
  const { ops, root } = staff(plane);
  let reads = 0;
  const shifting = {
    kind: 'org' as const,
    get org() {
      reads += 1;
      return reads === 1 ? 'acme' : 'globex';
    },
  };
  await plane.kill({ scope: shifting, by: ops, reason: 'odd' });
  expect(plane.killed({ kind: 'org', org: 'acme' })).toBe(true);
  expect(plane.killed({ kind: 'org', org: 'globex' })).toBe(false);
  const scope = { kind: 'org', org: 'acme' } as const;
  const supervised = 'yes' as unknown as boolean;
  const release = plane.release({ scope, by: root, reason: 'fixed', supervised });
  expect(await codeOf(release)).toBe('input-invalid');
  expect(plane.killed(scope)).toBe(true);
  await plane.close();
});
