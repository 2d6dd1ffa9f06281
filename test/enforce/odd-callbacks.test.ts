/** Callbacks of hosts that answer with a promise where none is expected: heard out, and the end of nothing. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { guard, memory } from '../../src/index.ts';
import { openShop, pay, staff } from '../engine/shop.ts';

const unhandled: unknown[] = [];
const keep = (reason: unknown) => unhandled.push(reason);
beforeEach(() => void process.on('unhandledRejection', keep));
afterEach(() => void process.off('unhandledRejection', keep));

type Usage = (typeof pay)['usage'];

async function paid(usage: unknown) {
  const plane = await openShop(memory());
  const { billing: principal } = staff(plane);
  const session = await plane.openSession({ principal, agent: 'bot', budget: { usd: '100' } });
  const call = guard(session, { ...pay, usage: usage as Usage });
  expect(await call({ orderId: 'o-1', amount: '3' })).toEqual({ paid: '3' });
  const account = await plane.budget(session.id, 'usd');
  await new Promise((resolve) => setTimeout(resolve, 5));
  await plane.close();
  return account;
}

test('a usage that is a promise is waited for, and counts', async () => {
  const counted = await paid(() => Promise.resolve({ usd: '50' }));
  expect(counted).toMatchObject({ posted: 50_000_000, frozen: true });
});

test('a usage that rejects is none: what was reserved counts, and the process goes on', async () => {
  const counted = await paid(() => Promise.reject(new Error('no meter')));
  expect(counted).toMatchObject({ posted: 3_000_000, reserved: 0 });
  expect(unhandled).toEqual([]);
});

test.each(['while it is waited for', 'before'])(
  'a usage that never comes is none once the call was stopped %s',
  async (when) => {
    const plane = await openShop(memory());
    const { billing: principal } = staff(plane);
    const session = await plane.openSession({ principal, agent: 'bot', budget: { usd: '100' } });
    const caller = new AbortController();
    const stop = () => caller.abort(new Error('nobody waits for it any more'));
    const usage = () => {
      if (when === 'before') stop();
      else setImmediate(stop);
      return new Promise<never>(() => {});
    };
    const call = guard(session, { ...pay, usage: usage as unknown as Usage });
    const { signal } = caller;
    expect(await call({ orderId: 'o-1', amount: '3' }, { signal })).toEqual({ paid: '3' });
    expect(await plane.budget(session.id, 'usd')).toMatchObject({ posted: 3_000_000, reserved: 0 });
    await plane.close();
  },
  20_000,
);

test('a usage that is another one the second time it is read counts as it was checked', async () => {
  let reads = 0;
  const fickle = {
    get usd() {
      reads += 1;
      return reads === 1 ? '1' : 'much';
    },
  };
  expect(await paid(() => fickle)).toMatchObject({ posted: 1_000_000, reserved: 0 });
});

test('an async subscriber that throws is warned of, and ends no process', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const plane = await openShop(memory());
  const failing: () => unknown = () => Promise.reject(new Error('not heard'));
  plane.subscribe(failing);
  await plane.openSession({ principal: staff(plane).billing, agent: 'bot' });
  await new Promise((resolve) => setTimeout(resolve, 5));
  const warnings = warned.mock.calls.map(([text]) => String(text));
  warned.mockRestore();
  expect(unhandled).toEqual([]);
  expect(warnings).toContainEqual(expect.stringContaining('Error: not heard'));
  await plane.close();
});
