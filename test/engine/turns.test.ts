/** What comes with a turn: a process that missed more than that reads on before it decides. */
import { expect, test } from 'vitest';
import { memoryFleet } from '../../src/storage/memory.ts';
import type { Batch } from '../../src/storage/storage.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { openShop, staff } from './shop.ts';

test('whoever missed more than comes with a turn reads on, and does not decide in vain', async () => {
  const handle = memoryFleet();
  const store = handle();
  // Its clock stands still: it does not look by itself.
  const plane = await openShop(store, { clock: new FakeClock() });
  const other = await openShop(handle());
  const principal = staff(other).billing;
  // More than the 1,000 entries that come as a parcel is left, and those of the turn after it.
  const openings = Array.from({ length: 2_100 }, () =>
    other.openSession({ principal, agent: 'bot' }),
  );
  await Promise.all(openings);
  const statuses: string[] = [];
  const append = store.append.bind(store);
  store.append = async (batch: Batch) => {
    const result = await append(batch);
    statuses.push(result.status);
    return result;
  };
  // A kill needs no record that would have to be read, and so would show that more was appended.
  const { ops } = staff(plane);
  await plane.kill({ scope: { kind: 'org', org: 'acme' }, by: ops, reason: 'smoke' });
  expect(statuses[0]).toBe('appended');
});
