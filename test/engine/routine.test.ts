/** What the engine says of a batch to a store that tells other processes of commits. */
import { expect, test } from 'vitest';
import { guard } from '../../src/enforce/guard.ts';
import { memory } from '../../src/storage/memory.ts';
import type { Batch } from '../../src/storage/storage.ts';
import { openShop, read, staff } from './shop.ts';

test('calls are routine; a kill, and what ends with it, is not', async () => {
  const store = memory();
  const routine: (boolean | undefined)[] = [];
  const append = store.append.bind(store);
  store.append = async (batch: Batch) => {
    if (batch.entries.length > 0) routine.push(batch.routine);
    return append(batch);
  };
  const plane = await openShop(store);
  const { billing, ops } = staff(plane);
  routine.length = 0;
  const session = await plane.openSession({ principal: billing, agent: 'bot' });
  await guard(session, read)({ orderId: 'o-1' });
  expect(new Set(routine)).toEqual(new Set([true]));
  routine.length = 0;
  await plane.kill({ scope: { kind: 'org', org: 'acme' }, by: ops, reason: 'smoke' });
  expect(routine[0]).toBe(false);
});

test('a batch with a kill between calls is no routine', async () => {
  const store = memory();
  const batches: Batch[] = [];
  const append = store.append.bind(store);
  store.append = async (batch: Batch) => {
    batches.push(batch);
    return append(batch);
  };
  const plane = await openShop(store);
  const { billing, ops } = staff(plane);
  const session = await plane.openSession({ principal: billing, agent: 'bot' });
  batches.length = 0;
  const call = guard(session, read);
  const scope = { kind: 'tool', org: 'acme', name: 'refund' } as const;
  await Promise.all([
    call({ orderId: 'o-1' }),
    plane.kill({ scope, by: ops, reason: 'smoke' }),
    call({ orderId: 'o-2' }),
  ]);
  const types = batches.map(({ entries }) =>
    entries.map(({ body }) => (JSON.parse(body) as { readonly type: string }).type),
  );
  expect(types[0]).toEqual(['action-decided', 'kill-engaged', 'action-decided']);
  expect(batches[0]?.routine).toBe(false);
  await plane.close();
});
