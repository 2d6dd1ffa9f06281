/** Permits of a process that is gone: another one sees to it that they expire, and their budget comes back. */
import { expect, test } from 'vitest';
import { bindTool } from '../../src/engine/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { FakeClock, type Fault, FaultyStorage, type FaultyCall } from '../../src/testing/index.ts';
import { entryTypes, openShop, read, staff } from './shop.ts';

type Script = (call: FaultyCall) => Fault | undefined;

async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 250) {
    await new Promise((resolve) => void setImmediate(resolve));
    clock.advance(250);
  }
  await new Promise((resolve) => void setImmediate(resolve));
}

/** A process that had a permit and is gone, and one that follows the log by a script. */
async function orphaned(script: Script) {
  const handle = memoryFleet();
  const clock = new FakeClock();
  const dying = new FaultyStorage(handle(), { next: () => ({ kind: 'none' }) }, clock);
  const plane = await openShop(dying, { clock });
  const plan = { next: (call: FaultyCall): Fault => script(call) ?? { kind: 'none' } };
  const heir = await openShop(new FaultyStorage(handle(), plan, clock), { clock });
  const { billing } = staff(plane);
  const session = await plane.openSession({
    principal: billing,
    agent: 'bot',
    budget: { actions: 5 },
  });
  const request = { tool: bindTool(read), arguments: session.read({ orderId: 'o-1' }) };
  const { permit } = await session.authorize(request);
  expect(permit).toBeDefined();
  dying.crash();
  const reserved = async () => (await heir.budget(session.id, 'actions'))?.reserved;
  await pass(clock, 1_000);
  expect(await reserved()).toBe(1);
  return { heir, clock, reserved };
}

test('a permit of a process that is gone expires through another one', async () => {
  const { heir, clock, reserved } = await orphaned(() => undefined);
  await pass(clock, 900_000);
  expect(await reserved()).toBe(0);
  expect(await entryTypes(heir)).toContain('permit-expired');
});

test('an expiry of such a permit that the store refused is tried again', async () => {
  let refusals = 20;
  const { clock, reserved } = await orphaned((call) => {
    if (refusals === 20 || refusals === 0) return undefined;
    // The record comes with a turn, or is read.
    if (call !== 'readRecords' && call !== 'take') return undefined;
    refusals -= 1;
    return { kind: 'refused', code: 'unavailable' };
  });
  refusals -= 1;
  await pass(clock, 900_000);
  expect(refusals).toBe(0);
  expect(await reserved()).toBe(0);
});
