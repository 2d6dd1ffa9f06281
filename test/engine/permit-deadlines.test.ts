/** The time of a permit is over when it is over: with a store that is down, and by another process. */
import { expect, test } from 'vitest';
import { bindTool, type ControlPlane } from '../../src/engine/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { FakeClock, type Fault, FaultyStorage } from '../../src/testing/index.ts';
import { limits } from '../../src/kernel/index.ts';
import { openShop, read, staff } from './shop.ts';

const day = 86_400_000;

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) {
    await new Promise((resolve) => void setImmediate(resolve));
  }
}

async function started(plane: ControlPlane) {
  const session = await plane.openSession({ principal: staff(plane).billing, agent: 'bot' });
  const request = { tool: bindTool(read), arguments: session.read({ orderId: 'o-1' }) };
  const { permit } = await session.authorize(request);
  if (permit === undefined) throw new Error('no permit');
  return { permit };
}

test('its signal fires though the store is down', async () => {
  const clock = new FakeClock();
  let isDown = false;
  const next = (): Fault => (isDown ? { kind: 'refused', code: 'unavailable' } : { kind: 'none' });
  const plane = await openShop(new FaultyStorage(memoryFleet()(), { next }, clock), { clock });
  const { permit } = await started(plane);
  isDown = true;
  clock.advance(day);
  await turns();
  expect(permit.signal.reason).toMatchObject({ code: 'permit-expired' });
  isDown = false;
  await plane.close();
});

test('a store that is down is asked for its expiry once a second, and has it when it is back', async () => {
  const clock = new FakeClock();
  const fleet = memoryFleet();
  let isDown = false;
  let refused = 0;
  const next = (call: string): Fault => {
    if (!isDown || call !== 'append') return { kind: 'none' };
    refused += 1;
    return { kind: 'refused', code: 'unavailable' };
  };
  const plane = await openShop(new FaultyStorage(fleet(), { next }, clock), { clock });
  await started(plane);
  isDown = true;
  clock.advance(limits.runTimeoutMs);
  for (let passed = 0; passed < 10_000; passed += 100) {
    clock.advance(100);
    await turns();
  }
  expect(refused).toBeGreaterThan(3);
  expect(refused).toBeLessThanOrEqual(10);
  isDown = false;
  clock.advance(3_000);
  await turns();
  const types: string[] = [];
  for await (const { type } of plane.events()) types.push(type);
  expect(types.filter((type) => type === 'permit-expired')).toHaveLength(1);
  await plane.close();
});

test('its signal fires where another process found that it is over', async () => {
  const fleet = memoryFleet();
  const [clock, ahead] = [new FakeClock(), new FakeClock()];
  const plane = await openShop(fleet(), { clock });
  const other = await openShop(fleet(), { clock: ahead });
  const { permit } = await started(plane);
  await other.sync();
  ahead.advance(day);
  await turns();
  expect(permit.signal.aborted).toBe(false);
  await plane.sync();
  expect(permit.signal.reason).toMatchObject({ code: 'permit-expired' });
  await plane.close();
  await other.close();
});
