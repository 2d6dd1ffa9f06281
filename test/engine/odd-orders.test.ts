/** Orders with a misspelt member: refused, since what is not heeded may have been what bounds them. */
import { expect, test } from 'vitest';
import { callModel, memory, openControlPlane, verify } from '../../src/index.ts';

const policy = {
  format: 1,
  version: 1,
  actions: { 'counter.add': {} },
  tiers: { unrestricted: ['counter.add'] },
};
const tool = { name: 'count', action: 'counter.add' };
const soon = new Date(Date.now() + 60_000);

async function opened() {
  const plane = await openControlPlane({
    storage: memory(),
    policy,
    agents: ['bot'],
    tools: [tool],
  });
  const roles = ['agent', 'operator', 'admin', 'approver'];
  const by = plane.identity.assert({ id: 'ada', org: 'acme', roles });
  const session = await plane.openSession({ principal: by, agent: 'bot' });
  return { plane, by, session };
}

type Opened = Awaited<ReturnType<typeof opened>>;

const scope = { kind: 'tool', org: 'acme', name: 'count' } as const;
const reason = 'a drill';

/** Each as a caller without types would write it. */
const orders: Record<string, (given: Opened, odd: object) => unknown> = {
  'registering an agent': ({ plane }, odd) => plane.registerAgent({ name: 'other', ...odd }),
  'registering a tool': ({ plane }, odd) => plane.registerTool({ ...tool, name: 'other' }, odd),
  'suspending an agent': ({ plane }, odd) =>
    plane.controlAgent({ agent: 'bot', transition: 'suspend', reason, ...odd }),
  'pausing a session': ({ plane, by, session }, odd) =>
    plane.control({ session: session.id, transition: 'pause', by, ...odd }),
  'setting a budget': ({ plane }, odd) =>
    plane.setBudget({
      org: 'acme',
      plan: {
        id: 'all',
        unit: 'usd',
        limit: 5,
        scope: { kind: 'org', id: 'acme' },
        sharing: 'shared',
        window: 'unlimited',
      },
      ...odd,
    }),
  'closing a budget': ({ plane }, odd) => plane.closeBudget({ org: 'acme', id: 'all', ...odd }),
  'a kill': ({ plane, by }, odd) => plane.kill({ scope, by, reason, ...odd }),
  'several kills': ({ plane, by }, odd) => plane.killAll({ scopes: [scope], by, reason, ...odd }),
  'a release': ({ plane, by }, odd) => plane.release({ scope, by, reason, ...odd }),
  'a heartbeat': ({ plane, by }, odd) => plane.heartbeat({ by, ...odd }),
  'issuing a key': ({ plane }, odd) =>
    plane.keys.issue({ principal: 'bob', org: 'acme', roles: ['agent'], ...odd }),
  'revoking a key': ({ plane }, odd) => plane.keys.revoke({ key: 'a', ...odd }),
  'an approval': ({ plane, by }, odd) => plane.approve({ ticket: 'a', by, ...odd }),
  'a denial': ({ plane, by }, odd) => plane.deny({ ticket: 'a', by, ...odd }),
  'revoking a grant': ({ plane, by }, odd) => plane.revokeGrant({ grant: 'a', by, ...odd }),
  'a query of tickets': ({ plane }, odd) => plane.tickets('acme', odd),
  'a query of the tickets a principal may see': ({ plane, by }, odd) =>
    plane.readAs(by).tickets(odd),
  'a card': ({ plane }, odd) => plane.card('a', odd),
  'a card that a principal may see': ({ plane, by }, odd) => plane.readAs(by).card('a', odd),
  'a list of models': ({ plane }, odd) => plane.models({ agent: 'bot', principal: 'bob', ...odd }),
  'waiting for a ticket': ({ plane }, odd) => plane.ticketDecided('a', odd),
  'a hand-off': ({ session }, odd) => session.handOff({ agent: 'bot', expiresAt: soon, ...odd }),
  'a lease': ({ session }, odd) => session.lease({ holder: 'worker', ...odd }),
  'a model call': ({ session }, odd) =>
    callModel(session, { model: 'gpt', ...odd }, async () => ({ result: 1 })),
  'a usage report': ({ plane }, odd) => plane.usage({ by: ['model'], ...odd }),
  'a reconciliation': ({ plane }, odd) =>
    plane.reconcile({ org: 'acme', source: 'bill', rows: [], ...odd }),
  'a query of events': ({ plane }, odd) => plane.events(odd).next(),
  'a query of what a principal may see': ({ plane, by }, odd) =>
    plane.readAs(by).events(odd).next(),
  'a verification': (_, odd) => verify(memory(), odd),
};

test.each(Object.keys(orders))('%s with a misspelt member is refused', async (name) => {
  const given = await opened();
  const before = await given.plane.head();
  const order = async () => orders[name]?.(given, { expires: soon });
  await expect(order()).rejects.toMatchObject({
    code: 'input-invalid',
    message: expect.stringContaining('`expires` is not known') as string,
  });
  expect(await given.plane.head()).toEqual(before);
  await given.plane.close();
});

test.each([null, 'a1', {}, { size: 3 }, { size: -1, root: '' }, { size: '3', root: '' }])(
  'a log is not held against an anchor that is none: %j',
  async (anchor) => {
    const options = { anchor } as unknown as { anchor: { size: number; root: string } };
    await expect(verify(memory(), options)).rejects.toMatchObject({ code: 'input-invalid' });
  },
);

test('a state that no ticket can be in is refused, and not taken for one that none is in', async () => {
  const { plane, by } = await opened();
  const odd = { status: 'waiting' } as unknown as { status: 'pending' };
  const refused = { code: 'input-invalid', message: expect.stringContaining('pending') as string };
  await expect(plane.tickets('acme', odd)).rejects.toMatchObject(refused);
  await expect(plane.readAs(by).tickets(odd)).rejects.toMatchObject(refused);
  await plane.close();
});

test('a card that is to be whole is asked for with true, and with nothing else', async () => {
  const { plane } = await opened();
  const odd = { full: 'yes' } as unknown as { full: boolean };
  await expect(plane.card('a', odd)).rejects.toMatchObject({ code: 'input-invalid' });
  await plane.close();
});

test('models are listed for names', async () => {
  const { plane } = await opened();
  const odd = { agent: 'bot' } as unknown as { agent: string; principal: string };
  expect(() => plane.models(odd)).toThrow('for the names of an agent and a principal');
  await plane.close();
});

test.each([
  ['a type that there is not', { types: ['policy-activate'] }, 'no event is `policy-activate`'],
  ['a text as its list of types', { types: 'policy-activated' }, '`types` is no list'],
  ['a session that is no text', { session: 5 }, '`session` is the id of a session'],
  ['a text as its first entry', { from: '1' }, '`from` is the index of an entry'],
  ['a first entry before all others', { from: -1 }, '`from` is the index of an entry'],
])('a query of events by %s is refused', async (_, odd, sentence) => {
  const { plane, by } = await opened();
  const query = odd as unknown as { types: [] };
  const refused = {
    code: 'input-invalid',
    message: expect.stringContaining(sentence) as string,
  };
  await expect(plane.events(query).next()).rejects.toMatchObject(refused);
  await expect(plane.readAs(by).events(query).next()).rejects.toMatchObject(refused);
  await plane.close();
});

test.each([{ org: 'acme' }, '', 'acme corp', undefined])(
  'what is asked of %j, which is no org, has no empty answer',
  async (odd) => {
    const { plane } = await opened();
    const org = odd as string;
    const asked: readonly (() => unknown)[] = [
      () => plane.budgets(org),
      () => plane.headroom(org),
      () => plane.lintBudgets(org),
      () => plane.grants(org),
      () => plane.kills(org),
      () => plane.agents(org),
      () => plane.pendingTickets(org),
      () => plane.tickets(org),
      () => plane.keys.list(org),
    ];
    for (const ask of asked) {
      await expect(async () => ask()).rejects.toThrow('an org is given by its name');
    }
    await plane.close();
  },
);

test('one scope in place of a list of them kills nothing, and says so', async () => {
  const { plane, by } = await opened();
  const odd = { scopes: scope, by, reason } as unknown as { scopes: []; by: typeof by; reason: '' };
  await expect(plane.killAll(odd)).rejects.toMatchObject({ code: 'input-invalid' });
  await plane.close();
});

test('what is no function cannot subscribe', async () => {
  const { plane } = await opened();
  expect(() => plane.subscribe('all' as unknown as () => void)).toThrow('is a function');
  await plane.close();
});

/** What the host does where nobody is named. */
const byHost = [
  'registering a tool',
  'suspending an agent',
  'setting a budget',
  'closing a budget',
  'issuing a key',
  'revoking a key',
  'a reconciliation',
];

test.each(byHost)('%s by nobody who was established is not done by the host', async (name) => {
  const given = await opened();
  const before = await given.plane.head();
  for (const by of [undefined, null]) {
    const order = async () => orders[name]?.(given, { by });
    await expect(order()).rejects.toMatchObject({ code: 'principal-not-minted' });
  }
  expect(await given.plane.head()).toEqual(before);
  await given.plane.close();
});

test('a policy, prices or an agent of nobody who was established are not the host’s', async () => {
  const { plane } = await opened();
  const before = await plane.head();
  for (const by of [undefined, null as never]) {
    const activations = [
      async () => plane.activatePolicy({ ...policy, version: 2 }, by),
      async () => plane.activatePrices({ format: 1, version: 1, models: {} }, by),
      async () => plane.registerAgent('other', by),
    ];
    for (const order of activations) {
      await expect(order()).rejects.toMatchObject({ code: 'principal-not-minted' });
    }
  }
  expect(await plane.head()).toEqual(before);
  await plane.close();
});

test.each<[string, (given: Opened) => unknown]>([
  [
    'null as what an agent is capable of',
    ({ plane }) => plane.registerAgent({ name: 'other', capabilities: null as never }),
  ],
  [
    'a text as whether a tool may replace another',
    ({ plane }) => plane.registerTool({ ...tool, name: 'other' }, { replace: 'no' as never }),
  ],
  ...[null, '', () => []].map((teams): [string, (given: Opened) => unknown] => [
    `${teams === null ? 'null' : typeof teams} as the teams of a key`,
    ({ plane }) =>
      plane.keys.issue({ principal: 'bob', org: 'acme', roles: ['agent'], teams: teams as never }),
  ]),
  [
    'null as what a grant may cost',
    ({ plane, by }) =>
      plane.approve({
        ticket: 'a',
        by,
        grant: { actions: ['**'], uses: 1, expiresAt: soon, cost: null as never },
      }),
  ],
])('%s is refused, and stands for nothing wider', async (_, order) => {
  const given = await opened();
  const before = await given.plane.head();
  await expect((async () => order(given))()).rejects.toMatchObject({ code: 'input-invalid' });
  expect(await given.plane.head()).toEqual(before);
  await given.plane.close();
});
