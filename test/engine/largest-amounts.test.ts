/** Budgets that have counted as far as they can: full for good, and every permit in them still ends. */
import { expect, test } from 'vitest';
import { bindTool } from '../../src/engine/index.ts';
import { guard, verify } from '../../src/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { codeOf, openShop, pay, staff } from './shop.ts';

const largest = '9007199254.740991';

async function stage() {
  const fleet = memoryFleet();
  const clock = new FakeClock();
  const plane = await openShop(fleet(), { clock });
  const principal = staff(plane).billing;
  const session = await plane.openSession({ principal, agent: 'bot', budget: { usd: '100' } });
  const reserve = async () => {
    const request = {
      tool: bindTool(pay),
      arguments: session.read({ orderId: 'o', amount: '10' }),
    };
    const { permit } = await session.authorize(request);
    if (permit === undefined) throw new Error('no permit');
    return permit;
  };
  const account = async () => {
    const { posted, reserved, frozen } = (await plane.budget(session.id, 'usd')) ?? {};
    return [posted, reserved, frozen];
  };
  return { fleet, clock, plane, session, reserve, account };
}

test('a usage beyond what can be counted fills and freezes the budget; nothing stays open', async () => {
  const { fleet, plane, session, account } = await stage();
  const args = { orderId: 'o', amount: '10' };
  expect(await guard(session, pay)(args)).toEqual({ paid: '10' });
  const costly = guard(session, { ...pay, usage: () => ({ usd: largest }) });
  expect(await codeOf(costly(args))).toBe('resolved');
  expect(await account()).toEqual([Number.MAX_SAFE_INTEGER, 0, true]);
  expect(await codeOf(guard(session, pay)(args))).toBe('budget-frozen');
  expect((await verify(fleet())).faults).toEqual([]);
  await plane.close();
});

test('permits that were open in it are settled, or expire, all the same', async () => {
  const { fleet, clock, plane, session, reserve, account } = await stage();
  const [first, second] = [await reserve(), await reserve()];
  await reserve();
  await session.settle(first, { outcome: 'succeeded', usage: { usd: largest } });
  expect(await codeOf(session.settle(second, { outcome: 'succeeded' }))).toBe('resolved');
  clock.advance(301_000);
  await expect.poll(account).toEqual([Number.MAX_SAFE_INTEGER, 0, true]);
  expect((await verify(fleet())).faults).toEqual([]);
  await plane.close();
});

test('usage that is told late is booked as far as it can be counted', async () => {
  const { fleet, clock, plane, session, reserve, account } = await stage();
  const permit = await reserve();
  clock.advance(301_000);
  await expect.poll(account).toEqual([10_000_000, 0, false]);
  const told = session.settle(permit, { outcome: 'succeeded', usage: { usd: largest } });
  expect(await codeOf(told)).toBe('resolved');
  expect(await account()).toEqual([Number.MAX_SAFE_INTEGER, 0, true]);
  expect((await verify(fleet())).faults).toEqual([]);
  await plane.close();
});
