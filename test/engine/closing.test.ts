/** Closing a control plane while somebody works: what is under way, and whoever asks twice. */
import { expect, test } from 'vitest';
import { guard } from '../../src/enforce/guard.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { codeOf, entryTypes, openShop, pay, staff } from './shop.ts';

test('a call that is decided while the control plane closes does not begin: how it ended could not be recorded', async () => {
  const fleet = memoryFleet();
  const plane = await openShop(fleet());
  const session = await plane.openSession({ principal: staff(plane).billing, agent: 'bot' });
  let begun = 0;
  const execute = () => {
    begun += 1;
    return {};
  };
  const code = codeOf(guard(session, { ...pay, execute })({ orderId: 'o-1', amount: '5' }));
  await plane.close();
  expect(await code).toBe('closed');
  expect(begun).toBe(0);
  const next = await openShop(fleet());
  expect(await entryTypes(next)).toContain('action-decided');
  await next.close();
});

test('a control plane closes with the block that it was opened in', async () => {
  const opened: Awaited<ReturnType<typeof openShop>>[] = [];
  {
    await using plane = await openShop(memoryFleet()());
    opened.push(plane);
    expect(await codeOf(plane.head())).toBe('resolved');
  }
  const [plane] = opened;
  const terms = { id: 'ann', org: 'acme', roles: ['agent'] };
  const opening = plane?.openSession({ principal: plane.identity.assert(terms), agent: 'bot' });
  expect(await codeOf(opening ?? Promise.resolve())).toBe('closed');
});

test('a tool that runs while the control plane closes is told to stop: no kill reaches it any more', async () => {
  const fleet = memoryFleet();
  const plane = await openShop(fleet());
  const session = await plane.openSession({ principal: staff(plane).billing, agent: 'bot' });
  const begun = Promise.withResolvers<AbortSignal>();
  const ended = Promise.withResolvers<object>();
  const execute = (_: unknown, { signal }: { readonly signal: AbortSignal }) => {
    begun.resolve(signal);
    return ended.promise;
  };
  const code = codeOf(guard(session, { ...pay, execute })({ orderId: 'o-1', amount: '5' }));
  const signal = await begun.promise;
  const closed = plane.close();
  expect(signal.reason).toMatchObject({ code: 'closed' });
  await closed;
  ended.resolve({});
  expect(await code).toBe('outcome-unrecorded');
});

test('whoever closes it a second time waits for the same', async () => {
  const store: Storage = memoryFleet()();
  let isReleased = false;
  const close = store.close.bind(store);
  store.close = async () => {
    await new Promise((resolve) => void setImmediate(resolve));
    await close();
    isReleased = true;
  };
  const plane = await openShop(store);
  const first = plane.close();
  await plane.close();
  expect(isReleased).toBe(true);
  await first;
});
