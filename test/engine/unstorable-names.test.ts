/** What no store can look up is refused before it meets what others asked for at the same time. */
import { expect, test } from 'vitest';
import { bindTool, modelTool } from '../../src/engine/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { codeOf, openShop, pay, staff } from './shop.ts';

async function open() {
  const plane = await openShop(memoryFleet()());
  await plane.registerTool(modelTool);
  const window = { every: 'month', zone: 'UTC' } as const;
  const scope = { kind: 'model', every: true } as const;
  const plan = {
    id: 'models',
    unit: 'usd',
    limit: '5',
    scope,
    sharing: 'perMember',
    window,
  } as const;
  await plane.setBudget({ org: 'globex', plan });
  const { billing, eve } = staff(plane);
  const session = await plane.openSession({ principal: billing, agent: 'bot' });
  const stranger = await plane.openSession({ principal: eve, agent: 'bot' });
  return { plane, session, stranger, eve };
}

type Stage = Awaited<ReturnType<typeof open>>;

const orders: Readonly<Record<string, (stage: Stage, odd: string) => Promise<unknown>>> = {
  ticket: ({ plane, eve }, ticket) => plane.approve({ ticket, by: eve }),
  session: ({ plane, eve }, session) => plane.control({ session, transition: 'pause', by: eve }),
  parent: ({ plane, eve }, parent) => plane.openSession({ principal: eve, agent: 'bot', parent }),
  model: ({ stranger }, name) =>
    stranger.authorize({
      tool: bindTool(modelTool),
      arguments: stranger.read({}),
      model: { name, inputTokensMax: 1, outputTokensMax: 1 },
    }),
};

test.each(
  Object.keys(orders).flatMap((what) => [
    { what, odd: '\ud800' },
    { what, odd: 'a\0b' },
    ...(what === 'parent' ? [] : [{ what, odd: undefined }]),
  ]),
)('a stranger who names $odd as a $what fails nobody else’s call', async ({ what, odd }) => {
  const stage = await open();
  const { plane, session } = stage;
  const call = { tool: bindTool(pay), arguments: session.read({ orderId: 'o-1', amount: '1' }) };
  const { permit } = await session.authorize(call);
  if (permit === undefined) throw new Error('no permit');
  const settled = codeOf(session.settle(permit, { outcome: 'succeeded' }));
  const strange = codeOf(orders[what]?.(stage, odd as string) ?? Promise.resolve());
  const decided = session.authorize(call);
  expect(await strange).toBe('input-invalid');
  expect(await settled).toBe('resolved');
  expect((await decided).code).toBe('allowed');
  await plane.close();
});

test.each(['\ud800', 'a\0b'])('nothing is called %j, and nothing is found', async (odd) => {
  const { plane, session, eve } = await open();
  expect(await plane.budget(odd, 'usd')).toBeUndefined();
  expect(await plane.readAs(eve).session(odd)).toBeUndefined();
  expect(await session.resultOf(odd)).toBeUndefined();
  expect(await codeOf(plane.tools.sessionRefusal(odd))).toBe('input-invalid');
  await plane.close();
});

test('an agent or a transition that no log can name is refused as what it is', async () => {
  const { plane, eve: by } = await open();
  const odd = '\ud800';
  expect(await codeOf(plane.registerAgent(odd))).toBe('input-invalid');
  const order = { agent: 'bot', transition: odd as 'suspend', by, reason: 'x' };
  expect(await codeOf(plane.controlAgent(order))).toBe('input-invalid');
  await plane.close();
});
