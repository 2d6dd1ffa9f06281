/** What a principal reads: its org's or its own, and of the rest not even that it is there. */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Principal } from '../../src/identity/principal.ts';
import { bindTool } from '../../src/engine/index.ts';
import { prices } from '../enforce/models.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { codeOf, openShop, refund, shopPolicy, staff } from '../engine/shop.ts';
import { setStage, type Stage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await setStage();
});

afterAll(() => stage.end());

/** A session of somebody, with a ticket that waits. */
async function workOf(principal: Principal) {
  const session = await stage.plane.openSession({ principal, agent: 'bot' });
  const read = session.read({ orderId: 'o-1', amount: '5' });
  const { ticket = '' } = await session.authorize({ tool: bindTool(refund), arguments: read });
  return { session: session.id, ticket };
}

test('A89 a reader sees its org’s sessions, tickets and entries, and no other’s', async () => {
  const { plane, people } = stage;
  const mine = await workOf(people.billing);
  const theirs = await workOf(people.eve);
  const reader = plane.readAs(people.auditor);
  expect((await reader.session(mine.session))?.id).toBe(mine.session);
  expect((await reader.card(mine.ticket))?.ticket).toBe(mine.ticket);
  expect(await reader.session(theirs.session)).toBeUndefined();
  expect(await reader.session('no-such-session')).toBeUndefined();
  expect(await reader.ticket(theirs.ticket)).toBeUndefined();
  expect(await reader.card(theirs.ticket)).toBeUndefined();
  expect((await reader.tickets()).every(({ org }) => org === 'acme')).toBe(true);
  await plane.kill({ scope: { kind: 'org', org: 'globex' }, by: people.eve, reason: 'ours' });
  await plane.keys.issue({ principal: 'user:gus', roles: ['agent'], by: people.eve });
  const seen: string[] = [];
  for await (const event of reader.events()) seen.push(JSON.stringify(event));
  expect(seen.join()).not.toMatch(/globex|user:eve|user:gus/);
  expect(seen.join()).toContain(mine.session);
  expect(seen.join()).toContain('policy-activated');
  expect(reader.keys()).toEqual([]);
});

test('an agent reads what is its own', async () => {
  const { plane, people } = stage;
  const mine = await workOf(people.billing);
  const colleague = await workOf(people.support);
  const reader = plane.readAs(people.billing);
  expect((await reader.ticket(mine.ticket))?.id).toBe(mine.ticket);
  expect(await reader.session(colleague.session)).toBeUndefined();
  expect(await reader.ticket(colleague.ticket)).toBeUndefined();
  expect(await reader.budgets()).toEqual([]);
  const seen: string[] = [];
  for await (const event of reader.events()) seen.push(JSON.stringify(event));
  expect(seen.join()).not.toContain(colleague.session);
});

test('budgets are read by who reads the org, and grants by whom they are for as well', async () => {
  const { plane, people } = stage;
  const plan = {
    id: 'all',
    unit: 'usd',
    limit: '500',
    scope: { kind: 'org', id: 'acme' },
    sharing: 'shared',
    window: { every: 'month', zone: 'UTC' },
  } as const;
  await plane.setBudget({ org: 'acme', plan });
  const { ticket } = await workOf(people.billing);
  const grant = { actions: ['order.refund'], uses: 3, expiresAt: new Date(Date.now() + 3_600_000) };
  await plane.approve({ ticket, by: people.ada, grant });
  const seenBy = async (principal: Principal) => {
    const reader = plane.readAs(principal);
    const plans = (await reader.budgets()).map(({ plan: { id } }) => id);
    return [plans, reader.grants().map(({ id }) => id)];
  };
  expect(await seenBy(people.auditor)).toEqual([['all'], [ticket]]);
  expect(await seenBy(people.billing)).toEqual([[], [ticket]]);
  expect(await seenBy(people.support)).toEqual([['all'], [ticket]]);
  expect(await seenBy(people.eve)).toEqual([[], []]);
  const gus = plane.identity.assert({ id: 'service:gus', org: 'acme', roles: ['agent'] });
  expect(await seenBy(gus)).toEqual([[], []]);
});

test('agents and API keys of another org are read by nobody, those of the installation by all', async () => {
  const { plane, people } = stage;
  await plane.registerAgent({ name: 'gus-bot' }, people.eve);
  await plane.keys.issue({ principal: 'user:gus', roles: ['agent'], by: people.eve });
  const agentsOf = (principal: Principal) => plane.readAs(principal).agents();
  for (const principal of [people.auditor, people.billing, people.root]) {
    expect(agentsOf(principal).map(({ org }) => org)).not.toContain('globex');
    expect(agentsOf(principal).map(({ name }) => name)).toContain('bot');
    expect(
      plane
        .readAs(principal)
        .keys()
        .map(({ org }) => org),
    ).not.toContain('globex');
  }
  expect(agentsOf(people.eve).map(({ name }) => name)).toEqual(['bot', 'gus-bot', 'other-bot']);
  expect(plane.agents('acme').map(({ name }) => name)).not.toContain('gus-bot');
});

test('of entries without a session a principal reads its own, and the org’s only with a role for it', async () => {
  const { plane, people } = stage;
  const scope = { kind: 'agent', org: 'acme', name: 'nobody' } as const;
  await plane.kill({ scope, by: people.ops, reason: 'a drill' });
  expect(await codeOf(plane.kill({ scope, by: people.billing, reason: 'x' }))).toBe(
    'permission-denied',
  );
  const seenBy = async (principal: Principal) => {
    const seen: string[] = [];
    const types = ['kill-engaged', 'command-rejected'] as const;
    for await (const event of plane.readAs(principal).events({ types })) {
      if (event.session === undefined) seen.push(`${event.type} ${event.by.id}`);
    }
    return seen;
  };
  const [byOps, byBilling] = [
    `kill-engaged ${people.ops.id}`,
    `command-rejected ${people.billing.id}`,
  ];
  expect(await seenBy(people.auditor)).toEqual(expect.arrayContaining([byOps, byBilling]));
  expect(await seenBy(people.billing)).toContain(byBilling);
  expect(await seenBy(people.billing)).not.toContain(byOps);
});

test('what concerns every org alike is read by all', async () => {
  const { plane, people } = stage;
  const foreign = { name: 'files__read', action: 'order.read', foreign: {} };
  const { definition } = await plane.tools.quarantine(foreign);
  await plane.tools.approve({ tool: 'files__read', definition, by: people.root });
  await plane.activatePrices(prices, people.root);
  const seen = new Set<string>();
  for await (const { type } of plane.readAs(people.billing).events()) seen.add(type);
  const alike = ['tool-registered', 'tool-quarantined', 'tool-approved', 'policy-activated'];
  expect([...seen]).toEqual(expect.arrayContaining([...alike, 'prices-activated']));
});

test('of API keys a principal reads its own, and a colleague’s only with a role that reads the org', async () => {
  const { plane, people } = stage;
  const mine = await plane.keys.issue({
    principal: people.billing.id,
    roles: ['agent'],
    by: people.root,
  });
  const theirs = await plane.keys.issue({
    principal: people.ada.id,
    roles: ['agent'],
    by: people.root,
  });
  const idsFor = (principal: Principal) =>
    plane
      .readAs(principal)
      .keys()
      .map(({ id }) => id);
  expect(idsFor(people.billing)).toEqual([mine.id]);
  expect(idsFor(people.auditor)).toEqual(expect.arrayContaining([mine.id, theirs.id]));
});

test('tickets are read in one state where one is asked for', async () => {
  const { plane, people } = stage;
  const [open, denied] = [await workOf(people.support), await workOf(people.support)];
  await plane.deny({ ticket: denied.ticket, by: people.ada });
  const idsOf = async (status: 'pending' | 'denied') =>
    (await plane.readAs(people.auditor).tickets({ status })).map(({ id }) => id);
  const [pending, refused] = [await idsOf('pending'), await idsOf('denied')];
  expect(pending).toContain(open.ticket);
  expect(pending).not.toContain(denied.ticket);
  expect(refused).toEqual([denied.ticket]);
});

test('entries of whoever has one’s id in another org are not one’s own', async () => {
  const { plane, people } = stage;
  const twin = plane.identity.assert({ id: 'user:eve', org: 'acme', roles: ['agent'] });
  await plane.kill({
    scope: { kind: 'agent', org: 'globex', name: 'b' },
    by: people.eve,
    reason: 'x',
  });
  const seen: string[] = [];
  for await (const event of plane.readAs(twin).events()) seen.push(JSON.stringify(event));
  expect(seen.join()).not.toContain('globex');
});

test('nobody reads with a forged principal or with a key that was revoked', async () => {
  const { plane, people } = stage;
  const forged = JSON.parse(JSON.stringify(people.root)) as Principal;
  expect(() => plane.readAs(forged)).toThrow(/minted/);
  const { id, key } = await plane.keys.issue({
    principal: 'user:nora',
    roles: ['auditor'],
    by: people.root,
  });
  const reader = plane.readAs(await plane.identity.authenticate(key));
  expect((await reader.tickets()).length).toBeGreaterThan(0);
  await plane.keys.revoke({ key: id, by: people.root });
  expect(await codeOf(reader.tickets())).toBe('credential-revoked');
  expect(await codeOf(reader.events().next())).toBe('credential-revoked');
  expect(() => reader.grants()).toThrow(/revoked/);
});

test('a limit of entries counts those that are seen', async () => {
  const { plane, people } = stage;
  const events: unknown[] = [];
  for await (const event of plane.readAs(people.eve).events({ limit: 3 })) events.push(event);
  expect(events).toHaveLength(3);
});

test('whoever reads an org sees what stops or changes every org, and not what the installation may spend', async () => {
  const policy = { ...shopPolicy, fourEyes: ['activate-policy'] };
  const plane = await openShop(memoryFleet()(), { policy });
  onTestFinished(() => plane.close());
  const { root, auditor, eve, billing } = staff(plane);
  const window = { every: 'month', zone: 'UTC' } as const;
  const plan = { id: 'all', unit: 'usd', limit: '9', scope: { kind: 'all' } } as const;
  await plane.setBudget({
    org: '*',
    plan: { ...plan, window, sharing: 'shared', acknowledgeAll: true },
    by: root,
  });
  const scope = { kind: 'system' } as const;
  await plane.kill({ scope, by: root, reason: 'a drill' });
  await plane.release({ scope, by: root, reason: 'the drill is over' });
  await codeOf(plane.activatePolicy({ ...policy, version: 2 }, root));
  const seenBy = async (principal: Principal) => {
    const types: string[] = [];
    for await (const { type } of plane.readAs(principal).events()) types.push(type);
    return types;
  };
  const shared = ['agent-registered', 'kill-engaged', 'kill-released', 'change-proposed'];
  for (const who of [auditor, eve]) {
    expect(await seenBy(who)).toEqual(expect.arrayContaining(shared));
    expect(await seenBy(who)).not.toContain('budget-set');
  }
  expect((await seenBy(billing)).filter((type) => shared.includes(type))).toEqual([]);
});
