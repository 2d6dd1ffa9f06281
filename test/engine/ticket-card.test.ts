/** The card of a ticket as the store gives it: its own arguments, and the last approval to compare with. */
import { expect, test } from 'vitest';
import { bindTool, ticketCard } from '../../src/engine/index.ts';
import { ActionRefused, guard, memory, openControlPlane } from '../../src/index.ts';
import type { Storage } from '../../src/index.ts';

const policy = {
  format: 1,
  version: 1,
  actions: { 'order.refund': { risk: 'low' } },
  tiers: { alwaysApprove: ['order.refund'] },
};

const refundTool = {
  name: 'refund',
  action: 'order.refund',
  resource: 'order/{orderId}',
  execute: ({ orderId }: { orderId: string; note: string }) => orderId,
};

async function openShop() {
  let now = 1_000_000;
  const storage = memory();
  const clock = {
    now: () => (now += 1_000),
    after: () => () => {},
    sleep: () => Promise.resolve(),
  };
  const agents = ['bot', 'other-bot'];
  const plane = await openControlPlane({ storage, policy, agents, tools: [refundTool], clock });
  const principal = plane.identity.assert({ id: 'service:desk', org: 'acme', roles: ['agent'] });
  const by = plane.identity.assert({ id: 'user:ann', org: 'acme', roles: ['admin'] });
  const session = await plane.openSession({ principal, agent: 'bot' });
  const other = await plane.openSession({ principal, agent: 'other-bot' });
  const ask = async (note: string, from = session): Promise<string> => {
    const refusal: unknown = await guard(
      from,
      refundTool,
    )({ orderId: 'o-1', note }).catch((each: unknown) => each);
    if (!ActionRefused.is(refusal)) throw new Error('it was to wait for an approver');
    return refusal.decision.ticket ?? '';
  };
  const sees = async (ticket: string, store: Storage = storage) =>
    ticketCard(store, { ticket, now: clock.now() });
  return { plane, storage, by, ask, other, sees };
}

/** The store with contents as somebody left them who changed or erased some. */
function withContents(
  storage: Storage,
  change: (field: string, text: string) => string | undefined,
): Storage {
  const readContents: Storage['readContents'] = async (from, to) =>
    (await storage.readContents(from, to)).flatMap((content) => {
      const text = change(content.field, content.text);
      return text === undefined ? [] : [{ ...content, text }];
    });
  return new Proxy(storage, {
    get: (target, name): unknown => {
      if (name === 'readContents') return readContents;
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

test('the approval given last to the same agent, tool and org is compared with, and no other', async () => {
  const { plane, by, ask, other, sees } = await openShop();
  const ruled = { first: await ask('first'), last: await ask('last'), denied: await ask('denied') };
  const others = await ask('of another agent', other);
  const open = await ask('open');
  expect((await sees(open))?.previous).toBeUndefined();
  await plane.approve({ ticket: ruled.last, by });
  await plane.approve({ ticket: ruled.first, by });
  await plane.deny({ ticket: ruled.denied, by });
  await plane.approve({ ticket: others, by });
  const card = await sees(open);
  // Asked for first, and approved last.
  expect(card?.previous).toMatchObject({ ticket: ruled.first, isCompared: true });
  const note = card?.agentText.fields.find(({ path }) => path.text.includes('note'));
  expect(note).toMatchObject({ change: 'changed', before: { value: { text: '"first"' } } });
  // A ticket is not compared with itself.
  expect((await sees(ruled.first))?.previous).toMatchObject({ ticket: ruled.last });
  await plane.close();
});

test('nobody sees in a card what was approved in another org, or of another tool', async () => {
  const { plane, by, ask, sees } = await openShop();
  const open = await ask('open');
  const stranger = { id: 'service:desk', org: 'globex', roles: ['agent'] };
  const principal = plane.identity.assert(stranger);
  const there = await plane.openSession({ principal, agent: 'bot' });
  const eve = plane.identity.assert({ id: 'user:eve', org: 'globex', roles: ['admin'] });
  await plane.approve({ ticket: await ask('of another org', there), by: eve });
  const twin = { ...refundTool, name: 'refund-too' };
  await plane.registerTool(twin);
  const session = await plane.openSession({
    principal: plane.identity.assert({ ...stranger, org: 'acme' }),
    agent: 'bot',
  });
  const waits = { tool: bindTool(twin), arguments: session.read({ orderId: 'o-1', note: 'twin' }) };
  const { ticket = '' } = await session.authorize(waits);
  await plane.approve({ ticket, by });
  expect((await sees(open))?.previous).toBeUndefined();
  await plane.close();
});

test('arguments that are not those of the ticket are never shown', async () => {
  const { plane, storage, ask, sees } = await openShop();
  const ticket = await ask('honest');
  const changed = withContents(storage, (_, text) => text.replace('honest', 'wicked'));
  await expect(sees(ticket, changed)).rejects.toMatchObject({ code: 'log-inconsistent' });
  const otherSecret = withContents(storage, (field, text) =>
    field === 'secret' ? '0'.repeat(64) : text,
  );
  await expect(sees(ticket, otherSecret)).rejects.toMatchObject({ code: 'log-inconsistent' });
  await plane.close();
});

test.each(['arguments', 'secret'])(
  'with erased %s, nobody can tell what would be approved',
  async (erased) => {
    const { plane, storage, ask, sees } = await openShop();
    const store = withContents(storage, (field, text) => (field === erased ? undefined : text));
    const card = await sees(await ask('honest'), store);
    expect(card?.approvable).toBe(false);
    expect(card?.obstacles.map(({ code }) => code)).toEqual(['arguments-erased']);
    expect(card?.agentText.fields).toEqual([]);
    await plane.close();
  },
);

test('what was changed of the last approval is not compared with, and hinders nobody', async () => {
  const { plane, storage, by, ask, sees } = await openShop();
  const earlier = await ask('earlier');
  await plane.approve({ ticket: earlier, by });
  const store = withContents(storage, (_, text) => text.replace('earlier', 'wicked'));
  const card = await sees(await ask('now'), store);
  expect(card?.previous).toMatchObject({ ticket: earlier, isCompared: false });
  expect(card?.approvable).toBe(true);
  expect(JSON.stringify(card)).not.toContain('wicked');
  await plane.close();
});

test('there is no card of what is no ticket', async () => {
  const { plane, sees } = await openShop();
  for (const name of ['', 'nobody', 'a b', '\u0000']) expect(await sees(name)).toBeUndefined();
  await plane.close();
});
