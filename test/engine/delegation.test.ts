/** What agents are capable of, and what a session gives another: never more than it has itself. */
import { expect, test } from 'vitest';
import {
  type AgentDeclaration,
  bindTool,
  type Delegation,
  type Session,
} from '../../src/engine/index.ts';
import { guard, type Tool } from '../../src/enforce/guard.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { FakeClock } from '../../src/testing/fake-clock.ts';
import { codeOf, openShop, pay, read, refund, staff } from './shop.ts';

const agents: readonly AgentDeclaration[] = [
  { name: 'lead' },
  { name: 'helper' },
  { name: 'third' },
  { name: 'reader', actions: ['order.read'] },
  {
    name: 'small-payer',
    capabilities: [
      {
        actions: ['order.pay'],
        resources: ['order/o-1*'],
        when: { path: 'arguments.amount', atMost: '10' },
      },
      { actions: ['order.read'] },
    ],
  },
];

async function open() {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const fleet = memoryFleet();
  const plane = await openShop(fleet(), { agents, clock });
  const people = staff(plane);
  const principal = people.billing;
  const lead = await plane.openSession({ principal, agent: 'lead', budget: { usd: '100' } });
  const below = (parent: Session, agent: string, delegation?: Delegation) =>
    plane.openSession({
      principal,
      agent,
      parent: parent.id,
      ...(delegation === undefined ? {} : { delegation }),
    });
  return { plane, clock, people, principal, lead, below, fleet };
}

const call = <A, R>(session: Session, tool: Tool<A, R>, callArguments: A): Promise<string> =>
  codeOf(guard(session, tool)(callArguments));
const payment = (session: Session, orderId: string, amount: string) =>
  call(session, pay, { orderId, amount });
const reading = (session: Session, orderId = 'o-1') => call(session, read, { orderId });

test('an agent does what one of its capabilities covers: action, resource and condition', async () => {
  const { plane, principal } = await open();
  const session = await plane.openSession({ principal, agent: 'small-payer' });
  expect(await payment(session, 'o-1', '10')).toBe('resolved');
  expect(await payment(session, 'o-1', '10.01')).toBe('agent-not-capable');
  // A condition that cannot be evaluated covers nothing.
  expect(await payment(session, 'o-1', 'ten')).toBe('agent-not-capable');
  expect(await payment(session, 'o-2', '1')).toBe('agent-not-capable');
  expect(await reading(session, 'o-2')).toBe('resolved');
  expect(await call(session, refund, { orderId: 'o-1', amount: '1' })).toBe('agent-not-capable');
  await plane.close();
});

test('a capability that reads more than the call, or cannot be read, is refused', async () => {
  const { plane, people } = await open();
  const register = (when: unknown) =>
    codeOf(
      plane.registerAgent(
        { name: 'odd', org: '*', capabilities: [{ actions: ['**'], when } as never] },
        people.root,
      ),
    );
  expect(await register({ path: 'risk', equals: 'low' })).toBe('agent-invalid');
  expect(await register('session.allowed < 3')).toBe('agent-invalid');
  expect(await register('countAllowed("order.pay") < 3')).toBe('agent-invalid');
  expect(await register('arguments.amount <')).toBe('input-invalid');
  expect(await register('arguments.orderId == "o-1"')).toBe('resolved');
  await plane.close();
});

test('an agent with `actions` and `capabilities` is refused: neither is left out', async () => {
  const { plane } = await open();
  const both = { name: 'odd', actions: ['a'], capabilities: [{ actions: ['**'] }] };
  expect(await codeOf(plane.registerAgent(both))).toBe('input-invalid');
  await plane.close();
});

test('a child has no more than its parent’s agent, whatever its own agent may do', async () => {
  const { plane, principal, below } = await open();
  const parent = await plane.openSession({ principal, agent: 'reader' });
  const child = await below(parent, 'helper');
  expect(await reading(child)).toBe('resolved');
  expect(await payment(child, 'o-1', '1')).toBe('agent-not-capable');
  const small = await plane.openSession({ principal, agent: 'small-payer' });
  const helper = await below(small, 'helper');
  expect(await payment(helper, 'o-1', '10')).toBe('resolved');
  expect(await payment(helper, 'o-1', '11')).toBe('agent-not-capable');
  expect(await payment(helper, 'o-2', '1')).toBe('agent-not-capable');
  await plane.close();
});

test('a child has what it was given, and a grandchild no more', async () => {
  const { plane, lead, below } = await open();
  const child = await below(lead, 'helper', {
    actions: ['order.pay'],
    resources: ['order/o-1'],
    when: { path: 'arguments.amount', atMost: '5' },
  });
  const grandchild = await below(child, 'third', { actions: ['**'] });
  for (const session of [child, grandchild]) {
    expect(await payment(session, 'o-1', '5')).toBe('resolved');
    expect(await payment(session, 'o-1', '6')).toBe('delegation-exceeded');
    expect(await payment(session, 'o-2', '1')).toBe('delegation-exceeded');
    expect(await reading(session)).toBe('delegation-exceeded');
  }
  await plane.close();
});

test('an agent works neither on its own behalf nor on that of one it works for', async () => {
  const { plane, lead, below } = await open();
  expect(await codeOf(below(lead, 'lead'))).toBe('delegation-cycle');
  const child = await below(lead, 'helper');
  expect(await codeOf(below(child, 'helper'))).toBe('delegation-cycle');
  expect(await codeOf(below(child, 'lead'))).toBe('delegation-cycle');
  await plane.close();
});

test('what was delegated ends when it says, for all below', async () => {
  const { plane, clock, lead, below } = await open();
  const child = await below(lead, 'helper', { expiresAt: new Date(clock.now() + 1_000) });
  const grandchild = await below(child, 'third');
  clock.advance(999);
  expect(await reading(grandchild)).toBe('resolved');
  clock.advance(1);
  expect([await reading(child), await reading(grandchild)]).toEqual([
    'delegation-expired',
    'delegation-expired',
  ]);
  expect(await codeOf(below(child, 'reader'))).toBe('delegation-expired');
  expect(await reading(lead)).toBe('resolved');
  await plane.close();
});

test('what may be delegated no further is not', async () => {
  const { plane, lead, below } = await open();
  const leaf = await below(lead, 'helper', { depth: 0 });
  expect(await codeOf(below(leaf, 'third'))).toBe('delegation-exceeded');
  const once = await below(lead, 'helper', { depth: 1 });
  const last = await below(once, 'third');
  expect(await codeOf(below(last, 'reader'))).toBe('delegation-exceeded');
  await plane.close();
});

test('terms that do not check, or that belong to no parent, are refused', async () => {
  const { plane, clock, lead, below, principal } = await open();
  const past = new Date(clock.now());
  const odd: readonly Delegation[] = [{ actions: [] }, { expiresAt: past }, { depth: -1 }];
  for (const terms of odd) {
    expect(await codeOf(below(lead, 'helper', terms))).toBe('delegation-invalid');
  }
  const alone = plane.openSession({ principal, agent: 'helper', delegation: { depth: 0 } });
  expect(await codeOf(alone)).toBe('delegation-invalid');
  await plane.close();
});

test('a suspended agent stops its whole line until it is reinstated; a revoked one for ever', async () => {
  const { plane, people, lead, below } = await open();
  const child = await below(lead, 'helper');
  const control = (transition: 'suspend' | 'reinstate' | 'revoke') =>
    codeOf(plane.controlAgent({ agent: 'lead', transition, by: people.root, reason: 'odd' }));
  expect(await control('reinstate')).toBe('transition-illegal');
  expect(await control('suspend')).toBe('resolved');
  expect([await reading(lead), await reading(child)]).toEqual(['agent-disabled', 'agent-disabled']);
  expect(await control('reinstate')).toBe('resolved');
  expect(await reading(child)).toBe('resolved');
  expect(await control('revoke')).toBe('resolved');
  expect(await reading(child)).toBe('agent-disabled');
  expect([await control('reinstate'), await control('suspend')]).toEqual([
    'transition-illegal',
    'transition-illegal',
  ]);
  const again = plane.registerAgent({ name: 'lead', org: '*', version: '2' }, people.root);
  expect(await codeOf(again)).toBe('agent-disabled');
  await plane.close();
});

test('a suspended agent stays suspended when it is registered anew', async () => {
  const { plane, people, lead } = await open();
  const { root: by } = people;
  await plane.controlAgent({ agent: 'lead', transition: 'suspend', by, reason: 'odd' });
  await plane.registerAgent({ name: 'lead', org: '*', version: '2' }, by);
  expect(await reading(lead)).toBe('agent-disabled');
  await plane.close();
});

test('a suspended agent starts nothing that was allowed below it before', async () => {
  const { plane, people, lead, below } = await open();
  const child = await below(lead, 'helper');
  const { permit } = await child.authorize({
    tool: bindTool(read),
    arguments: child.read({ orderId: 'o-1' }),
    start: 'later',
  });
  if (permit === undefined) throw new Error('no permit');
  const order = { agent: 'lead', by: people.root, reason: 'odd' } as const;
  await plane.controlAgent({ ...order, transition: 'suspend' });
  expect(await codeOf(child.start(permit))).toBe('agent-disabled');
  await plane.controlAgent({ ...order, transition: 'reinstate' });
  expect(await codeOf(child.start(permit))).toBe('resolved');
  await plane.close();
});

test('a kill switch on an agent covers whoever works on its behalf, running or not', async () => {
  const { plane, people, lead, below } = await open();
  const child = await below(await below(lead, 'helper'), 'third');
  let stopped: unknown;
  const running = guard(child, {
    ...read,
    execute: async (_, { signal }) => {
      const scope = { kind: 'agent', org: 'acme', name: 'lead' } as const;
      await plane.kill({ scope, by: people.ops, reason: 'stop' });
      stopped = signal.aborted;
      return 'done';
    },
  });
  await codeOf(running({ orderId: 'o-1' }));
  expect(stopped).toBe(true);
  expect(await reading(child)).toBe('killed');
  await plane.close();
});

test('an org’s agent is its own: unknown elsewhere, and behind the installation’s', async () => {
  const { plane, people, principal } = await open();
  await plane.registerAgent({ name: 'own', actions: ['order.read'] }, people.root);
  const { eve } = people;
  expect(await codeOf(plane.openSession({ principal: eve, agent: 'own' }))).toBe('agent-unknown');
  const session = await plane.openSession({ principal, agent: 'own' });
  expect(await reading(session)).toBe('resolved');
  expect(await codeOf(plane.registerAgent({ name: 'reader' }, people.root))).toBe('agent-invalid');
  await plane.registerAgent({ name: 'own', org: '*', actions: ['order.pay'] });
  expect(await reading(session)).toBe('agent-not-capable');
  await plane.close();
});

test('the owner of an agent decides none of its tickets', async () => {
  const { plane, people, principal } = await open();
  await plane.registerAgent({ name: 'adas', org: '*', owner: 'user:ada' }, people.root);
  const session = await plane.openSession({ principal, agent: 'adas' });
  const asked = await session.authorize({
    tool: bindTool(refund),
    arguments: session.read({ orderId: 'o-1', amount: '5' }),
  });
  const ticket = asked.ticket ?? '';
  expect(await codeOf(plane.approve({ ticket, by: people.ada }))).toBe('self-approval');
  // Another owner since does not make the first one's approval good.
  await plane.registerAgent({ name: 'adas', org: '*', owner: 'user:kim' }, people.root);
  expect(await codeOf(plane.approve({ ticket, by: people.ada }))).toBe('self-approval');
  // Nor has the new one anything to say about it.
  const kim = plane.identity.assert({ id: 'user:kim', org: 'acme', roles: ['approver'] });
  expect(await codeOf(plane.approve({ ticket, by: kim }))).toBe('self-approval');
  expect(await codeOf(plane.approve({ ticket, by: people.support }))).toBe('resolved');
  await plane.close();
});

test('whoever a call is made on behalf of decides its ticket as little as who makes it', async () => {
  const { plane, clock, people } = await open();
  const { ada, ops, root, support } = people;
  await plane.registerAgent({ name: 'lead', org: '*', owner: 'user:ada' }, root);
  const above = await plane.openSession({ principal: support, agent: 'lead' });
  const expiresAt = new Date(clock.now() + 60_000);
  const handoff = await above.handOff({ agent: 'helper', expiresAt });
  const session = await plane.openSession({ principal: ops, agent: 'helper', handoff });
  const asked = await session.authorize({
    tool: bindTool(refund),
    arguments: session.read({ orderId: 'o-1', amount: '5' }),
  });
  const ticket = asked.ticket ?? '';
  expect(await codeOf(plane.approve({ ticket, by: support }))).toBe('self-approval');
  // The agent above is ada's.
  expect(await codeOf(plane.approve({ ticket, by: ada }))).toBe('self-approval');
  const kim = plane.identity.assert({ id: 'user:kim', org: 'acme', roles: ['approver'] });
  expect(await codeOf(plane.approve({ ticket, by: kim }))).toBe('resolved');
  await plane.close();
});

test('A77 a hand-off is taken up once, by whom it is for, and not too late', async () => {
  const { plane, clock, fleet, people, lead } = await open();
  const other = await openShop(fleet(), { agents, clock });
  const there = staff(other);
  const expiresAt = new Date(clock.now() + 60_000);
  const offer = { agent: 'helper', principal: 'service:ops', expiresAt };
  const handoff = await lead.handOff({
    ...offer,
    delegation: { actions: ['order.pay'] },
    budget: { usd: '3' },
  });
  // Whoever takes it up asks for more than was offered, and does not have it.
  const budget = { usd: '50' };
  const take = (principal: typeof people.ops, agent: string, token = handoff) =>
    other.openSession({ principal, agent, handoff: token, budget });
  expect(await codeOf(take(there.ops, 'third'))).toBe('handoff-unknown');
  expect(await codeOf(take(there.billing, 'helper'))).toBe('handoff-unknown');
  expect(await codeOf(take(there.eve, 'helper'))).toBe('handoff-unknown');
  const altered = `${handoff.slice(0, -1)}${handoff.endsWith('0') ? '1' : '0'}`;
  expect(await codeOf(take(there.ops, 'helper', altered))).toBe('handoff-unknown');
  const child = await take(there.ops, 'helper');
  expect(await codeOf(take(there.ops, 'helper'))).toBe('handoff-used');
  expect(await payment(child, 'o-1', '3')).toBe('resolved');
  expect(await payment(child, 'o-1', '1')).toBe('budget-exceeded');
  expect(await reading(child)).toBe('delegation-exceeded');
  expect((await plane.budget(lead.id, 'usd'))?.posted).toBe(3_000_000);
  const late = await lead.handOff(offer);
  clock.advance(60_000);
  expect(await codeOf(take(there.ops, 'helper', late))).toBe('handoff-expired');
  const ended = await lead.handOff({
    ...offer,
    expiresAt: new Date(clock.now() + 60_000),
    delegation: { expiresAt: new Date(clock.now() + 1_000) },
  });
  clock.advance(1_000);
  expect(await codeOf(take(there.ops, 'helper', ended))).toBe('delegation-expired');
  await lead.abort();
  await other.sync();
  expect(await payment(child, 'o-1', '0')).toBe('session-not-active');
  await other.close();
  await plane.close();
});

test('a hand-off for nobody in particular is still for its org alone', async () => {
  const { plane, clock, people, lead } = await open();
  const handoff = await lead.handOff({ agent: 'helper', expiresAt: new Date(clock.now() + 1_000) });
  const take = (principal: typeof people.ops) =>
    codeOf(plane.openSession({ principal, agent: 'helper', handoff }));
  expect(await take(people.eve)).toBe('handoff-unknown');
  expect(await take(people.ops)).toBe('resolved');
  await plane.close();
});

test('of two who take up one hand-off at once, one has it', async () => {
  const { plane, clock, fleet, lead } = await open();
  const other = await openShop(fleet(), { agents, clock });
  const handoff = await lead.handOff({ agent: 'helper', expiresAt: new Date(clock.now() + 1_000) });
  const outcomes = await Promise.all(
    [plane, other, plane, other].map((on) =>
      codeOf(on.openSession({ principal: staff(on).ops, agent: 'helper', handoff })),
    ),
  );
  expect(outcomes.toSorted()).toEqual(['handoff-used', 'handoff-used', 'handoff-used', 'resolved']);
  await other.close();
  await plane.close();
});

test('who works above a session, or owns an agent above, decides none of its tickets', async () => {
  const { plane, clock, people } = await open();
  await plane.registerAgent({ name: 'adas', owner: 'user:ada' }, people.root);
  const above = await plane.openSession({ principal: people.support, agent: 'adas' });
  const expiresAt = new Date(clock.now() + 60_000);
  const handoff = await above.handOff({ agent: 'helper', expiresAt });
  const child = await plane.openSession({ principal: people.billing, agent: 'helper', handoff });
  const { ticket = '' } = await child.authorize({
    tool: bindTool(refund),
    arguments: child.read({ orderId: 'o-1', amount: '5' }),
  });
  expect(await codeOf(plane.approve({ ticket, by: people.support }))).toBe('self-approval');
  expect(await codeOf(plane.approve({ ticket, by: people.ada }))).toBe('self-approval');
  const by = plane.identity.assert({ id: 'user:kim', org: 'acme', roles: ['approver'] });
  expect(await codeOf(plane.approve({ ticket, by }))).toBe('resolved');
  await plane.close();
});

test.each(['toString', 'constructor', '__proto__'])(
  'a transition called `%s` is in no table, whatever objects inherit',
  async (name) => {
    const { plane, people, lead, principal } = await open();
    const transition = name as 'abort' & 'suspend';
    const session = plane.control({ session: lead.id, transition, by: principal });
    expect(await codeOf(session)).toBe('transition-illegal');
    const agent = plane.controlAgent({ agent: 'lead', transition, by: people.root, reason: 'odd' });
    expect(await codeOf(agent)).toBe('transition-illegal');
    expect(await reading(lead)).toBe('resolved');
    await plane.close();
  },
);

test('an org’s suspension holds also once the installation has an agent of that name', async () => {
  const { plane, people, principal } = await open();
  await plane.registerAgent({ name: 'own' }, people.root);
  const order = { agent: 'own', org: 'acme', by: people.root, reason: 'odd' } as const;
  await plane.controlAgent({ ...order, transition: 'suspend' });
  await plane.registerAgent({ name: 'own', org: '*' });
  expect(await codeOf(plane.openSession({ principal, agent: 'own' }))).toBe('agent-disabled');
  await plane.controlAgent({ ...order, transition: 'reinstate' });
  expect(await codeOf(plane.openSession({ principal, agent: 'own' }))).toBe('resolved');
  await plane.close();
});

test('a hand-off is void once the key that it was offered with is revoked', async () => {
  const { plane, clock, people } = await open();
  const { id, key } = await plane.keys.issue({
    principal: 'service:night',
    roles: ['agent'],
    by: people.root,
  });
  const principal = await plane.identity.authenticate(key);
  const session = await plane.openSession({ principal, agent: 'lead' });
  const handoff = await session.handOff({
    agent: 'helper',
    expiresAt: new Date(clock.now() + 60_000),
  });
  await plane.keys.revoke({ key: id, by: people.root });
  const taken = plane.openSession({ principal: people.ops, agent: 'helper', handoff });
  expect(await codeOf(taken)).toBe('handoff-unknown');
  await plane.close();
});

test.each([
  ['the session', (lead: Session) => ({ kind: 'session', org: 'acme', id: lead.id }) as const],
  ['its agent', () => ({ kind: 'agent', org: 'acme', name: 'lead' }) as const],
])('a hand-off does not come back with the release of a kill switch on %s', async (_, scopeOf) => {
  const { plane, clock, people, lead } = await open();
  const offer = () => lead.handOff({ agent: 'helper', expiresAt: new Date(clock.now() + 60_000) });
  const take = (handoff: string) =>
    codeOf(plane.openSession({ principal: people.ops, agent: 'helper', handoff }));
  const before = await offer();
  const order = { scope: scopeOf(lead), by: people.root, reason: 'odd' };
  await plane.kill(order);
  expect(await take(before)).toBe('killed');
  await plane.release(order);
  expect(await take(before)).toBe('killed');
  expect(await take(await offer())).toBe('resolved');
  await plane.close();
});

test('what is longer than any name is refused before it is in the log', async () => {
  const { plane, people, principal } = await open();
  const long = 'x'.repeat(1_000_000);
  const { size } = await plane.head();
  const attempts: readonly (() => Promise<unknown>)[] = [
    () => plane.approve({ ticket: long, by: people.ada }),
    () => plane.revokeGrant({ grant: long, by: people.ada }),
    () => plane.keys.revoke({ key: long, by: people.root }),
    () => plane.openSession({ principal, agent: long }),
    () => plane.openSession({ principal, agent: 'lead', parent: long }),
    () => plane.control({ session: long, transition: 'abort', by: people.ops }),
    () => plane.controlAgent({ agent: long, transition: 'suspend', by: people.root, reason: 'a' }),
    () => plane.approve({ ticket: 7 as never, by: people.ada }),
  ];
  for (const attempt of attempts) expect(await codeOf(attempt())).toBe('input-invalid');
  expect((await plane.head()).size).toBe(size);
  await plane.close();
});
