/** Usage that is told after its permit was given up: charged once, and what is more is a debt. */
import { expect, test } from 'vitest';
import { bindTool } from '../../src/engine/index.ts';
import { verify } from '../../src/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { codeOf, entryTypes, openShop, pay, staff } from './shop.ts';

async function givenUp() {
  const fleet = memoryFleet();
  const clock = new FakeClock();
  const plane = await openShop(fleet(), { clock });
  const principal = staff(plane).billing;
  const session = await plane.openSession({ principal, agent: 'bot', budget: { usd: '10' } });
  const request = { tool: bindTool(pay), arguments: session.read({ orderId: 'o', amount: '2' }) };
  const { permit } = await session.authorize(request);
  if (permit === undefined) throw new Error('no permit');
  clock.advance(301_000);
  await expect.poll(async () => (await entryTypes(plane)).at(-1)).toBe('permit-expired');
  const settle = (usd: string) =>
    session.settle(permit, { outcome: 'succeeded', usage: { usd } }).then(({ posted }) => posted);
  const budget = async () => {
    const { posted, frozen, reserved } = (await plane.budget(session.id, 'usd')) ?? {};
    return [posted, reserved, frozen];
  };
  return { plane, fleet, settle, budget, session, request };
}

test('what is more than was charged is booked, freezes the budget, and is in the log', async () => {
  const { plane, fleet, settle, budget, session, request } = await givenUp();
  expect(await budget()).toEqual([2_000_000, 0, false]);
  await settle('3.5');
  expect(await budget()).toEqual([3_500_000, 0, true]);
  expect((await entryTypes(plane)).slice(-2)).toEqual(['usage-late', 'budget-frozen']);
  expect((await session.authorize(request)).code).toBe('budget-frozen');
  expect((await verify(fleet())).faults).toEqual([]);
  await plane.close();
});

test('what is less than was charged is told, and gives nothing back', async () => {
  const { plane, fleet, settle, budget } = await givenUp();
  // What was posted is what was charged, whatever is told of it later.
  expect(await settle('0.5')).toEqual({ usd: 2_000_000 });
  expect(await budget()).toEqual([2_000_000, 0, false]);
  expect((await entryTypes(plane)).at(-1)).toBe('usage-late');
  expect((await verify(fleet())).faults).toEqual([]);
  await plane.close();
});

test('A35 it is told once: a second telling changes nothing', async () => {
  const { plane, settle, budget } = await givenUp();
  await settle('3');
  const types = await entryTypes(plane);
  expect(await codeOf(settle('9'))).toBe('resolved');
  expect([await entryTypes(plane), await budget()]).toEqual([types, [3_000_000, 0, true]]);
  await plane.close();
});
