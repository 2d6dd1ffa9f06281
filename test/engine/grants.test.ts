/** Grants: approvals that stand for later calls, and for exactly the calls that were meant. */
import { expect, test } from 'vitest';
import { bindTool, type GrantOrder } from '../../src/engine/index.ts';
import { guard } from '../../src/enforce/guard.ts';
import { verify } from '../../src/index.ts';
import { limits } from '../../src/kernel/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { FakeClock } from '../../src/testing/fake-clock.ts';
import { codeOf, openShop, refund, shopPolicy, staff } from './shop.ts';

const hour = 3_600_000;

async function open(policy: object = {}) {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const fleet = memoryFleet();
  const plane = await openShop(fleet(), { clock, policy: { ...shopPolicy, ...policy } });
  const people = staff(plane);
  const session = await plane.openSession({
    principal: people.billing,
    agent: 'bot',
    budget: { usd: '1000' },
  });
  const order: GrantOrder = {
    actions: ['order.refund'],
    uses: 100,
    expiresAt: new Date(clock.now() + hour),
  };
  const tool = bindTool(refund);
  const ask = (orderId: string, amount: string, of = session) =>
    of.authorize({ tool, arguments: of.read({ orderId, amount }) });
  const outcome = async (orderId: string, amount: string, of = session) => {
    const { outcome: came, code } = await ask(orderId, amount, of);
    return came === 'deny' ? code : came;
  };
  /** Asks for a refund and has it approved with a grant beside it. */
  const grant = async (more: Partial<GrantOrder> = {}, by = people.ada) => {
    const { ticket = '' } = await ask('o-first', '1');
    await plane.approve({ ticket, by, grant: { ...order, ...more } });
    return ticket;
  };
  return { plane, clock, fleet, people, session, order, ask, outcome, grant };
}

test('what a grant covers does not wait for an approver, and every use is in the log', async () => {
  const { plane, fleet, outcome, grant } = await open();
  const id = await grant({
    resources: ['order/o-1*'],
    when: { path: 'arguments.amount', atMost: '5' },
  });
  expect(await outcome('o-1', '5')).toBe('allow');
  expect(await outcome('o-12', '2')).toBe('allow');
  expect(await outcome('o-1', '5.01')).toBe('require-approval');
  expect(await outcome('o-2', '1')).toBe('require-approval');
  expect(plane.grants('acme')).toMatchObject([
    { id, principal: 'service:billing', agent: 'bot', used: 2, spent: { actions: 2 } },
  ]);
  const uses: unknown[] = [];
  for await (const { data } of plane.events()) {
    if ('policyEffect' in data && data.grant !== undefined) uses.push(data.grant);
  }
  expect(uses).toMatchObject([{ id }, { id }]);
  expect((await verify(fleet())).faults).toEqual([]);
  await plane.close();
});

test('A50 a grant of ten dollars is good for ten calls of one, and not for an eleventh', async () => {
  const { plane, outcome, grant } = await open();
  await grant({ cost: { usd: '10' } });
  const outcomes: string[] = [];
  for (let call = 0; call < 11; call += 1) outcomes.push(await outcome(`o-${call}`, '1'));
  expect(outcomes.filter((each) => each === 'allow')).toHaveLength(10);
  expect(outcomes.at(-1)).toBe('require-approval');
  await plane.close();
});

test('A50 calls that come at once do not pass a grant’s limits together', async () => {
  const { plane, outcome, grant } = await open();
  await grant({ cost: { usd: '10' }, uses: 7 });
  const outcomes = await Promise.all(
    Array.from({ length: 30 }, (_, call) => outcome(`o-${call}`, '1')),
  );
  expect(outcomes.filter((each) => each === 'allow')).toHaveLength(7);
  await plane.close();
});

test('zero means zero: no use, no cost', async () => {
  const none = await open();
  await none.grant({ uses: 0 });
  expect(await none.outcome('o-1', '1')).toBe('require-approval');
  await none.plane.close();
  const free = await open();
  await free.grant({ cost: { usd: '0' } });
  expect(await free.outcome('o-1', '0.01')).toBe('require-approval');
  expect(await free.outcome('o-1', '0')).toBe('allow');
  await free.plane.close();
});

test('a grant ends when it says', async () => {
  const { plane, clock, outcome, grant } = await open();
  await grant();
  clock.advance(hour - 1);
  expect(await outcome('o-1', '1')).toBe('allow');
  clock.advance(1);
  expect(await outcome('o-1', '1')).toBe('require-approval');
  expect(plane.grants('acme')).toEqual([]);
  await plane.close();
});

test('a revoked grant covers nothing, and starts no permit that it stood for', async () => {
  const { plane, people, session, ask, outcome, grant } = await open();
  const id = await grant();
  const later = await session.authorize({
    tool: bindTool(refund),
    arguments: session.read({ orderId: 'o-9', amount: '1' }),
    start: 'later',
  });
  expect(await codeOf(plane.revokeGrant({ grant: id, by: people.eve }))).toBe('grant-unknown');
  expect(await codeOf(plane.revokeGrant({ grant: id, by: people.auditor }))).toBe('grant-unknown');
  await plane.revokeGrant({ grant: id, by: people.ada, reason: 'enough' });
  expect(await outcome('o-1', '1')).toBe('require-approval');
  if (later.permit === undefined) throw new Error('no permit');
  expect(await codeOf(session.start(later.permit))).toBe('permit-not-startable');
  expect(await codeOf(plane.revokeGrant({ grant: id, by: people.ada }))).toBe('grant-unknown');
  expect((await ask('o-first', '1')).outcome).toBe('allow');
  await plane.close();
});

test('the other grants of whoever has one revoked stay', async () => {
  const { plane, people, outcome, ask, order } = await open();
  const [one, other] = [await ask('o-1', '1'), await ask('o-2', '1')];
  for (const [{ ticket = '' }, orderId] of [
    [one, 'o-1'],
    [other, 'o-2'],
  ] as const) {
    const grant = { ...order, resources: [`order/${orderId}`] };
    await plane.approve({ ticket, by: people.ada, grant });
  }
  await plane.revokeGrant({ grant: one.ticket ?? '', by: people.ada });
  expect(await outcome('o-1', '2')).toBe('require-approval');
  expect(await outcome('o-2', '2')).toBe('allow');
  await plane.close();
});

test('a grant is revoked in a process that has not met it yet', async () => {
  const { fleet, clock, plane, outcome, grant } = await open();
  const other = await openShop(fleet(), { clock });
  const id = await grant();
  await other.revokeGrant({ grant: id, by: staff(other).ada });
  expect(await outcome('o-1', '1')).toBe('require-approval');
  await other.close();
  await plane.close();
});

test('a grant that was revoked and is over starts nothing either, whatever was granted since', async () => {
  const { plane, clock, people, session, grant } = await open();
  const id = await grant();
  clock.advance(hour - 20_000);
  const { permit } = await session.authorize({
    tool: bindTool(refund),
    arguments: session.read({ orderId: 'o-9', amount: '1' }),
    start: 'later',
  });
  if (permit === undefined) throw new Error('no permit');
  await plane.revokeGrant({ grant: id, by: people.ada });
  clock.advance(30_000);
  await session.authorize({
    tool: bindTool(refund),
    arguments: session.read({ orderId: 'o-10', amount: '1' }),
  });
  const [asked] = plane.pendingTickets('acme');
  const expiresAt = new Date(clock.now() + hour);
  const order = { actions: ['order.refund'], uses: 5, expiresAt };
  await plane.approve({ ticket: asked?.id ?? '', by: people.ada, grant: order });
  expect(await codeOf(session.start(permit))).toBe('permit-not-startable');
  await plane.close();
});

test('a grant is for its agent and principal, in one session only where it says so', async () => {
  const { plane, people, outcome, grant } = await open();
  const { billing: principal } = people;
  const [other, stranger, elsewhere] = [
    await plane.openSession({ principal, agent: 'bot' }),
    await plane.openSession({ principal: people.support, agent: 'bot' }),
    await plane.openSession({ principal, agent: 'other-bot' }),
  ];
  const id = await grant({ sessionOnly: true });
  expect(await outcome('o-1', '1', other)).toBe('require-approval');
  await plane.revokeGrant({ grant: id, by: people.ada });
  const { ticket = '' } = await other.authorize({
    tool: bindTool(refund),
    arguments: other.read({ orderId: 'o-3', amount: '1' }),
  });
  const grantOrder = { actions: ['order.*'], uses: 9, expiresAt: new Date(Date.UTC(2026, 0, 2)) };
  await plane.approve({ ticket, by: people.ada, grant: grantOrder });
  expect(await outcome('o-1', '1')).toBe('allow');
  expect(await outcome('o-1', '1', stranger)).toBe('require-approval');
  expect(await outcome('o-1', '1', elsewhere)).toBe('require-approval');
  await plane.close();
});

test.each([1, 2])(
  'of %i who gave a grant, nobody has it used on their own behalf',
  async (quorum) => {
    const { plane, clock, people, order, ask, outcome } = await open({ approvals: { quorum } });
    const { ticket = '' } = await ask('o-first', '1');
    const kim = plane.identity.assert({ id: 'user:kim', org: 'acme', roles: ['approver'] });
    const givers = [people.support, kim].slice(0, quorum);
    for (const by of givers) await plane.approve({ ticket, by, grant: order });
    expect(await outcome('o-1', '1')).toBe('allow');
    const above = await plane.openSession({ principal: people.support, agent: 'other-bot' });
    const expiresAt = new Date(clock.now() + hour);
    const handoff = await above.handOff({ agent: 'bot', expiresAt });
    const below = await plane.openSession({ principal: people.billing, agent: 'bot', handoff });
    expect(await outcome('o-1', '1', below)).toBe('require-approval');
    await plane.close();
  },
);

test('a grant waives the click, never policy, budget or kill switch', async () => {
  const { plane, people, outcome, grant } = await open();
  await grant({ actions: ['**'] });
  expect(await outcome('o-1', '2000')).toBe('budget-exceeded');
  const scope = { kind: 'action', org: 'acme', name: 'order.refund' } as const;
  await plane.kill({ scope, by: people.ops, reason: 'odd' });
  expect(await outcome('o-1', '1')).toBe('killed');
  await plane.release({ scope, by: people.ops, reason: 'fine' });
  // What was granted before a kill does not come back with its release.
  expect(await outcome('o-1', '1')).toBe('require-approval');
  await grant({ actions: ['**'] });
  const { unrestricted } = shopPolicy.tiers;
  const tiers = { blocked: ['order.erase', 'order.refund'], unrestricted };
  await plane.activatePolicy({ ...shopPolicy, version: 2, tiers }, people.root);
  expect(await outcome('o-1', '1')).toBe('policy-denied');
  await plane.close();
});

test('no grant covers a call that others would be asked about, or a riskier one', async () => {
  const rules = [
    {
      id: 'large',
      effect: 'require-approval',
      match: { action: 'order.refund' },
      when: { path: 'arguments.amount', moreThan: '50' },
      approval: { quorum: 2 },
    },
  ];
  const { plane, people, outcome, grant } = await open({ rules });
  await grant();
  expect(await outcome('o-1', '50')).toBe('allow');
  expect(await outcome('o-1', '51')).toBe('require-approval');
  const actions = { ...shopPolicy.actions, 'order.refund': { risk: 'critical' } };
  await plane.activatePolicy({ ...shopPolicy, version: 2, actions }, people.root);
  expect(await outcome('o-1', '1')).toBe('require-approval');
  await plane.close();
});

test('a changed tool and a revoked key are covered no longer', async () => {
  const { plane, people, outcome, grant } = await open();
  await grant();
  const changed = { ...refund, description: 'refunds, and more' };
  await plane.registerTool(changed, { replace: true, by: people.root });
  await plane.registerTool(refund, { replace: true, by: people.root });
  // As it was again, and still not what was looked at.
  expect(await outcome('o-1', '1')).toBe('require-approval');
  const { id, key } = await plane.keys.issue({
    principal: 'service:night',
    roles: ['agent'],
    by: people.root,
  });
  const principal = await plane.identity.authenticate(key);
  const session = await plane.openSession({ principal, agent: 'bot' });
  const request = {
    tool: bindTool(refund),
    arguments: session.read({ orderId: 'o-1', amount: '1' }),
  };
  const { ticket = '' } = await session.authorize(request);
  const expiresAt = new Date(Date.UTC(2026, 0, 2));
  await plane.approve({ ticket, by: people.ada, grant: { actions: ['**'], uses: 5, expiresAt } });
  await plane.keys.revoke({ key: id, by: people.root });
  const again = await plane.keys.issue({
    principal: 'service:night',
    roles: ['agent'],
    by: people.root,
  });
  const anew = await plane.attachSession(await plane.identity.authenticate(again.key), session.id);
  const other = { ...request, arguments: anew.read({ orderId: 'o-2', amount: '1' }) };
  expect((await anew.authorize(other)).outcome).toBe('require-approval');
  const same = { ...request, arguments: anew.read({ orderId: 'o-1', amount: '1' }) };
  expect((await anew.authorize(same)).outcome).toBe('require-approval');
  await plane.close();
});

test('no grant is given for a tool that changed since its call was asked', async () => {
  const { plane, people, ask, order } = await open();
  const { ticket = '' } = await ask('o-1', '1');
  const changed = { ...refund, description: 'refunds another order, too' };
  await plane.registerTool(changed, { replace: true, by: people.root });
  const by = people.ada;
  expect(await codeOf(plane.approve({ ticket, by, grant: order }))).toBe('grant-invalid');
  expect(plane.grants('acme')).toEqual([]);
  // The one call can be approved, which is of no use: it is not the one that would be made.
  expect((await plane.approve({ ticket, by })).status).toBe('approved');
  expect((await ask('o-1', '1')).code).toBe('tool-changed');
  await plane.close();
});

test('those who approve together approve the same grant', async () => {
  const { plane, people, order, ask, outcome } = await open({ approvals: { quorum: 2 } });
  const { ticket = '' } = await ask('o-1', '1');
  const kim = plane.identity.assert({ id: 'user:kim', org: 'acme', roles: ['approver'] });
  const approve = (by: typeof kim, grant?: GrantOrder) =>
    codeOf(plane.approve({ ticket, by, ...(grant === undefined ? {} : { grant }) }));
  expect(await approve(people.ada, order)).toBe('resolved');
  expect(await approve(kim)).toBe('grant-invalid');
  expect(await approve(kim, { ...order, uses: 101 })).toBe('grant-invalid');
  expect(await approve(kim, { ...order, actions: ['**'] })).toBe('grant-invalid');
  expect(await approve(kim, order)).toBe('resolved');
  expect(await outcome('o-2', '1')).toBe('allow');
  await plane.close();
});

test('a denial of exactly this call is kept to, whatever was granted since', async () => {
  const { plane, people, ask, outcome, grant } = await open();
  const { ticket = '' } = await ask('o-1', '7');
  await plane.deny({ ticket, by: people.ada });
  await grant();
  expect(await outcome('o-1', '7')).toBe('approval-denied');
  expect(await outcome('o-1', '8')).toBe('allow');
  await plane.close();
});

test('a grant that does not check is refused, and so is one for what is critical', async () => {
  const { plane, clock, people, order, ask } = await open();
  const { ticket = '' } = await ask('o-1', '1');
  const attempt = (more: object) =>
    codeOf(plane.approve({ ticket, by: people.ada, grant: { ...order, ...more } }));
  expect(await attempt({ actions: [] })).toBe('grant-invalid');
  expect(await attempt({ uses: 1.5 })).toBe('grant-invalid');
  expect(await attempt({ uses: -1 })).toBe('grant-invalid');
  expect(await attempt({ expiresAt: new Date(clock.now()) })).toBe('grant-invalid');
  expect(await attempt({ uses: limits.grantUsesMax + 1 })).toBe('grant-invalid');
  expect(await attempt({ expiresAt: new Date(clock.now() + limits.grantMsMax + 1) })).toBe(
    'grant-invalid',
  );
  expect(await attempt({ when: { path: 'risk', equals: 'low' } })).toBe('grant-invalid');
  expect(await attempt({ cost: { usd: '-1' } })).toBe('input-invalid');
  expect(await attempt({ resource: ['order/1'] })).toBe('input-invalid');
  expect((await plane.ticket(ticket))?.status).toBe('pending');
  const most = {
    uses: limits.grantUsesMax,
    expiresAt: new Date(clock.now() + limits.grantMsMax),
  };
  expect(await attempt(most)).toBe('resolved');
  await plane.close();
  const actions = { ...shopPolicy.actions, 'order.refund': { risk: 'critical' } };
  const critical = await open({ actions });
  const asked = await critical.ask('o-1', '1');
  const by = critical.people.ada;
  const given = critical.plane.approve({ ticket: asked.ticket ?? '', by, grant: critical.order });
  expect(await codeOf(given)).toBe('grant-invalid');
  await critical.plane.close();
});

test('a pending ticket for what a grant covers since is withdrawn when the call is made', async () => {
  const { plane, ask, outcome, grant } = await open();
  const { ticket = '' } = await ask('o-1', '3');
  await grant();
  expect(await outcome('o-1', '3')).toBe('allow');
  expect((await plane.ticket(ticket))?.status).toBe('cancelled');
  await plane.close();
});

test('a guarded call under a grant runs without waiting, and settles', async () => {
  const { plane, session, grant } = await open();
  await grant();
  const ran: unknown[] = [];
  const governed = guard(session, {
    ...refund,
    execute: ({ orderId }: { readonly orderId: string; readonly amount: string }) => {
      ran.push(orderId);
      return {};
    },
  });
  await governed({ orderId: 'o-5', amount: '2' });
  expect(ran).toEqual(['o-5']);
  await plane.close();
});

test('a denial is kept to whatever cost the call is said to have, and whoever’s key asked', async () => {
  const { plane, people, grant } = await open();
  const { id, key } = await plane.keys.issue({
    principal: 'service:billing',
    org: 'acme',
    roles: ['agent'],
  });
  const principal = await plane.identity.authenticate(key);
  const keyed = await plane.openSession({ principal, agent: 'bot' });
  const tool = bindTool(refund);
  const callOf = (of: typeof keyed) => ({
    tool,
    arguments: of.read({ orderId: 'o-1', amount: '7' }),
  });
  const { ticket = '' } = await keyed.authorize(callOf(keyed));
  await plane.deny({ ticket, by: people.ada });
  await grant();
  const dearer = await keyed.authorize({ ...callOf(keyed), estimate: { usd: '7.01' } });
  expect(dearer.code).toBe('approval-denied');
  await plane.keys.revoke({ key: id });
  const again = await plane.attachSession(people.billing, keyed.id);
  expect((await again.authorize(callOf(again))).code).toBe('approval-denied');
  await plane.close();
});

test('a grant for one session is not one for all because it was said oddly', async () => {
  const { plane, grant } = await open();
  const sessionOnly = 1 as unknown as boolean;
  expect(await codeOf(grant({ sessionOnly }))).toBe('input-invalid');
  await plane.close();
});

test('a grant that another process gave just now can be revoked here', async () => {
  const { plane, clock, fleet, grant } = await open();
  const other = await openShop(fleet(), { clock });
  const by = staff(other).ops;
  const id = await grant();
  expect(await codeOf(other.revokeGrant({ grant: id, by }))).toBe('resolved');
  await other.close();
  await plane.close();
});

test('grants of another org are neither listed nor revoked', async () => {
  const { plane, people, grant } = await open();
  const id = await grant();
  expect(plane.grants('globex')).toEqual([]);
  expect(await codeOf(plane.revokeGrant({ grant: id, by: people.eve }))).toBe('grant-unknown');
  expect(plane.grants('acme').map((each) => each.id)).toEqual([id]);
  await plane.close();
});
