/** What bounds work in a process: commands that wait, units of an estimate, and the time that a permit's work may take. */
import { expect, test } from 'vitest';
import { bindTool, type Session } from '../../src/engine/index.ts';
import { limits } from '../../src/kernel/index.ts';
import { FakeClock } from '../../src/testing/fake-clock.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { openShop, read, shopPolicy, staff } from './shop.ts';

const tool = bindTool(read);

function ask(session: Session, start: 'now' | 'later' = 'now') {
  return session.authorize({ tool, arguments: session.read({ orderId: 'o-1' }), start });
}

test('a call that comes when too many wait is turned away at once, and those that wait are answered', async () => {
  const plane = await openShop(memoryFleet()());
  const session = await plane.openSession({ principal: staff(plane).billing, agent: 'bot' });
  const before = await plane.head();
  const asked = Array.from({ length: limits.queueLengthMax + 3 }, () => ask(session, 'later'));
  const outcomes = await Promise.allSettled(asked);
  const turnedAway = outcomes.filter(({ status }) => status === 'rejected');
  expect(turnedAway).toHaveLength(3);
  expect(turnedAway).toEqual(outcomes.slice(-3));
  expect(turnedAway[0]).toMatchObject({ reason: { code: 'overloaded', retryable: true } });
  expect((await plane.head()).size).toBe(before.size + limits.queueLengthMax);
  // The queue has room again: whatever the answer is, there is one.
  expect((await ask(session)).code).not.toBe('overloaded');
  await plane.close();
});

test('work that runs longer than it may gets its signal', async () => {
  const clock = new FakeClock();
  const plane = await openShop(memoryFleet()(), { clock });
  const session = await plane.openSession({ principal: staff(plane).billing, agent: 'bot' });
  const { permit } = await ask(session);
  clock.advance(limits.runTimeoutMs - 1);
  for (let turn = 0; turn < 50; turn += 1) await new Promise((done) => setImmediate(done));
  expect(permit?.signal.aborted).toBe(false);
  // Deadlines are watched by the second.
  clock.advance(1_001);
  for (let turn = 0; turn < 50; turn += 1) await new Promise((done) => setImmediate(done));
  expect(permit?.signal.reason).toMatchObject({ code: 'permit-expired' });
  await plane.close();
});

test('a tool that estimates in more units than one estimate may have is no tool', () => {
  const estimating = (count: number) => ({
    ...read,
    estimate: Object.fromEntries(Array.from({ length: count }, (_, at) => [`unit${at}`, 1])),
  });
  const most = bindTool(estimating(limits.unitsMax)).record.estimate;
  expect(Object.keys(most)).toHaveLength(limits.unitsMax);
  expect(() => bindTool(estimating(limits.unitsMax + 1))).toThrow(
    expect.objectContaining({
      code: 'tool-ungovernable',
      message: expect.stringContaining(`at most ${limits.unitsMax} units`) as unknown,
    }),
  );
});

/** Capabilities that come to so many bytes of canonical text, all together. */
function capabilitiesOf(bytes: number) {
  const scopes = Array.from({ length: 20 }, (_, at) => ({
    actions: ['order.*'],
    resources: Array.from({ length: 100 }, (__, one) => `${'r'.repeat(1_000)}${at}-${one}`),
  }));
  const rest = { actions: ['order.*'], resources: Array.from({ length: 99 }, () => 'r') };
  const all = [...scopes, rest];
  let lack = bytes - JSON.stringify(all).length;
  rest.resources = rest.resources.map((pattern) => {
    const more = Math.min(lack, 1_000);
    lack -= more;
    return `${pattern}${'x'.repeat(more)}`;
  });
  return all;
}

test('an agent that fits can be registered, and registered anew; one that is larger is refused as such', async () => {
  const plane = await openShop(memoryFleet()());
  const largest = capabilitiesOf(limits.capabilitiesBytesMax);
  for (const version of ['1', '2']) {
    const { status } = await plane.registerAgent({ name: 'large', version, capabilities: largest });
    expect(status).toBe('enabled');
  }
  const larger = capabilitiesOf(limits.capabilitiesBytesMax + 1);
  await expect(plane.registerAgent({ name: 'large', capabilities: larger })).rejects.toMatchObject({
    code: 'input-invalid',
    message: expect.stringContaining('the capabilities do not fit') as unknown,
  });
  await plane.close();
});

/** Members of all objects and elements of all lists. */
function membersIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const own = Object.values(value);
  return own.reduce((sum: number, each) => sum + membersIn(each), own.length);
}

test('a policy of a million members, which is all that one can have, fits the log', async () => {
  const plane = await openShop(memoryFleet()());
  const leaf = (count: number) => ({ path: 'arguments.n', in: Array<number>(count).fill(0) });
  const rule = (id: string, any: readonly object[]) => ({ id, effect: 'deny', when: { any } });
  const full = Array.from({ length: 249 }, () => leaf(1_000));
  const rules = ['a', 'b', 'c', 'd'].map((id) => rule(id, full));
  const policy = { ...shopPolicy, version: 2, rules };
  const lack = 1_000_000 - membersIn(policy) - membersIn([rule('e', [leaf(0)])]);
  const whole = { ...policy, rules: [...rules, rule('e', [leaf(lack)])] };
  expect(membersIn(whole)).toBe(1_000_000);
  expect((await plane.activatePolicy(whole)).version).toBe(2);
  await plane.close();
});
