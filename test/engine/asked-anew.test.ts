/** What an approval stands for no longer: a call that others would be asked about by now. */
import { expect, onTestFinished, test } from 'vitest';
import { bindTool, type Session } from '../../src/engine/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { FakeClock } from '../../src/testing/fake-clock.ts';
import { codeOf, openShop, read, refund, shopPolicy, staff } from './shop.ts';

async function open(policy: object = {}) {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const plane = await openShop(memoryFleet()(), { clock, policy: { ...shopPolicy, ...policy } });
  onTestFinished(() => plane.close());
  const people = staff(plane);
  const session = await plane.openSession({ principal: people.billing, agent: 'bot' });
  const inAnHour = new Date(clock.now() + 3_600_000);
  return { plane, people, session, inAnHour };
}

const ask = (session: Session) =>
  session.authorize({
    tool: bindTool(refund),
    arguments: session.read({ orderId: 'o-1', amount: '1' }),
  });

const look = (session: Session) =>
  session.authorize({ tool: bindTool(read), arguments: session.read({ orderId: 'o-1' }) });

const raised = {
  actions: { ...shopPolicy.actions, 'order.refund': { risk: 'low' } },
  risk: {
    sequences: [
      {
        id: 'looked-first',
        steps: ['order.read', 'order.refund'],
        withinMs: 60_000,
        withinActions: 9,
        raiseTo: 'critical',
        reason: 'an order was read before',
      },
    ],
  },
};

const twoAdmins = {
  rules: [
    { id: 'reads', effect: 'allow', match: { action: 'order.read' }, labels: ['read'] },
    {
      id: 'after-a-read',
      effect: 'require-approval',
      match: { action: 'order.refund' },
      when: '"read" in session.labels',
      approval: { roles: ['admin'], quorum: 2 },
    },
  ],
};

test.each<[string, object, object]>([
  ['at a higher risk', raised, { risk: 'critical', approverRoles: ['approver', 'admin'] }],
  ['by others', twoAdmins, { approverRoles: ['admin'], quorum: 2 }],
])(
  'once its session’s past makes a call one to be decided %s, no earlier approval stands for it',
  async (_, policy, asked) => {
    const { plane, people, session } = await open(policy);
    const { ticket = '' } = await ask(session);
    await plane.approve({ ticket, by: people.ada });
    expect((await look(session)).outcome).toBe('allow');
    expect((await ask(session)).outcome).toBe('require-approval');
    expect((await plane.ticket(ticket))?.status).toBe('cancelled');
    expect(plane.pendingTickets('acme')).toMatchObject([asked]);
  },
);

test('a question that is open is put anew to those who would be asked by now', async () => {
  const { plane, people, session } = await open(twoAdmins);
  const { ticket = '' } = await ask(session);
  await look(session);
  const again = await ask(session);
  expect(await codeOf(plane.approve({ ticket, by: people.ada }))).toBe('ticket-not-pending');
  const by = people.ada;
  expect(await codeOf(plane.approve({ ticket: again.ticket ?? '', by }))).toBe('permission-denied');
});

test('a denial is kept to, whoever would be asked by now', async () => {
  const { plane, people, session } = await open(twoAdmins);
  const { ticket = '' } = await ask(session);
  await plane.deny({ ticket, by: people.ada });
  await look(session);
  expect((await ask(session)).code).toBe('approval-denied');
});

test('a denial is kept to, whatever the call is expected to cost and although a kill switch was released since', async () => {
  const { plane, people, session, inAnHour: expiresAt } = await open();
  const { ticket = '' } = await ask(session);
  await plane.deny({ ticket, by: people.ada });
  const scope = { kind: 'action', org: 'acme', name: 'order.refund' } as const;
  await plane.kill({ scope, by: people.ops, reason: 'to look' });
  expect((await ask(session)).code).toBe('killed');
  await plane.release({ scope, by: people.root, reason: 'looked' });
  // Nor does a grant of what is like it stand for it.
  const call = { orderId: 'o-2', amount: '1' };
  const another = await session.authorize({
    tool: bindTool(refund),
    arguments: session.read(call),
  });
  const grant = { actions: ['order.refund'], uses: 9, expiresAt };
  await plane.approve({ ticket: another.ticket ?? '', by: people.ada, grant });
  expect((await ask(session)).code).toBe('approval-denied');
  const dearer = session.authorize({
    tool: bindTool(refund),
    arguments: session.read({ orderId: 'o-1', amount: '1' }),
    estimate: { usd: '7' },
  });
  expect((await dearer).code).toBe('approval-denied');
});

test('no grant covers what an agent of its giver asks, or whoever works for one', async () => {
  const { plane, people, session, inAnHour: expiresAt } = await open();
  const { ticket = '' } = await ask(session);
  const grant = { actions: ['order.refund'], uses: 9, expiresAt };
  await plane.approve({ ticket, by: people.ada, grant });
  await plane.registerAgent({ name: 'adas', owner: 'user:ada' }, people.root);
  const above = await plane.openSession({ principal: people.support, agent: 'adas' });
  const handoff = await above.handOff({ agent: 'bot', expiresAt });
  const below = await plane.openSession({ principal: people.billing, agent: 'bot', handoff });
  // Of the ticket itself, and then of the grant.
  expect((await ask(session)).outcome).toBe('allow');
  expect((await ask(session)).outcome).toBe('allow');
  expect((await ask(below)).outcome).toBe('require-approval');
  await plane.registerAgent({ name: 'bot', org: '*', owner: 'user:ada' }, people.root);
  expect((await ask(session)).outcome).toBe('require-approval');
});
