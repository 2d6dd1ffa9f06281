/** Open permits of a principal, counted by several processes on one log. */
import { expect, test } from 'vitest';
import { bindTool, verify } from '../../src/engine/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { openShop, pay, staff } from './shop.ts';

test('two processes that take turns count the same open permits as the log', async () => {
  const fleet = memoryFleet();
  const planes = [await openShop(fleet()), await openShop(fleet())];
  for (let turn = 0; turn < 6; turn += 1) {
    const plane = planes[turn % 2];
    if (plane === undefined) throw new Error('no plane');
    const session = await plane.openSession({ principal: staff(plane).billing, agent: 'bot' });
    const request = { tool: bindTool(pay), arguments: session.read({ orderId: 'o', amount: '1' }) };
    const { permit } = await session.authorize(request);
    if (permit !== undefined && turn > 2) await session.settle(permit, { outcome: 'succeeded' });
  }
  for (const plane of planes) await plane.close();
  const store = fleet();
  await store.open('main');
  const { records } = await store.scanRecords({ kind: 'principal', limit: 9 });
  expect(records.map(({ value }) => JSON.parse(value) as unknown)).toEqual([
    { org: 'acme', id: 'service:billing', openPermits: 3, pendingTickets: {} },
  ]);
  expect((await verify(store)).faults).toEqual([]);
});
