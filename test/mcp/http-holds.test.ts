/** What clients over HTTP hold behind the gateway: while they use it, a while longer, and never too much. */
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { httpLimits } from '../../src/enforce/mcp/config/config.ts';
import { Holds, TooManyClients } from '../../src/enforce/mcp/http/holds.ts';

/** A clock whose tasks run when the test says so. */
function handClock() {
  const tasks = new Set<() => void>();
  const clock = {
    now: () => 0,
    sleep: () => Promise.resolve(),
    after: (_: number, task: () => void) => {
      tasks.add(task);
      return () => void tasks.delete(task);
    },
  };
  return { clock, pass: () => tasks.forEach((task) => task()), tasks };
}

const forEver = new Promise<void>(() => {});
const over = Promise.resolve();
const nothing = (): Promise<void> => Promise.resolve();

test('what is in use is kept, and let go of a while after its last use', async () => {
  const { clock, pass, tasks } = handClock();
  const holds = new Holds(clock, 1_000, httpLimits);
  let released = 0;
  const hold = holds.take('ada', async () => void (released += 1));
  const { promise, resolve } = Promise.withResolvers<void>();
  hold.use(promise);
  hold.use(over);
  await over;
  expect(tasks.size).toBe(0);
  resolve();
  await promise;
  pass();
  expect(released).toBe(1);
  pass();
  expect(released).toBe(1);
});

test('of too many of one principal, the one unused longest goes; others’ stay', async () => {
  const { clock } = handClock();
  const holds = new Holds(clock, 1_000, httpLimits);
  const released: string[] = [];
  holds.take('bob', async () => void released.push('bob'));
  for (let each = 0; each < httpLimits.clientsPerPrincipalMax; each += 1) {
    const hold = holds.take('ada', async () => void released.push(`ada ${each}`));
    if (each === 0) hold.use(forEver);
  }
  holds.take('ada', nothing);
  expect(released).toEqual(['ada 1']);
});

test('where all are in use, one more is refused', () => {
  const { clock } = handClock();
  const holds = new Holds(clock, 1_000, httpLimits);
  for (let each = 0; each < httpLimits.clientsPerPrincipalMax; each += 1) {
    holds.take('ada', nothing).use(forEver);
  }
  expect(() => holds.take('ada', nothing)).toThrow(TooManyClients);
  expect(() => holds.take('bob', nothing)).not.toThrow();
});

test('what is used again in that while is not let go of when it is over', async () => {
  const { clock, pass, tasks } = handClock();
  const holds = new Holds(clock, 1_000, httpLimits);
  let released = 0;
  const hold = holds.take('ada', async () => void (released += 1));
  hold.use(over);
  await over;
  expect(tasks.size).toBe(1);
  hold.use(forEver);
  pass();
  expect(released).toBe(0);
});

test('of too many of all principals, the one unused longest goes, whoever comes', async () => {
  const { clock } = handClock();
  const holds = new Holds(clock, 1_000, { clientsPerPrincipalMax: 9, clientsMax: 2 });
  const released: string[] = [];
  const first = holds.take('ada', async () => void released.push('ada'));
  holds.take('bob', async () => void released.push('bob'));
  first.use(over);
  await over;
  holds.take('eve', nothing);
  expect(released).toEqual(['bob']);
});

test('the end of all waits for what is being let go of, however that ends', async () => {
  const { clock } = handClock();
  const holds = new Holds(clock, 1_000, httpLimits);
  const { promise, reject } = Promise.withResolvers<void>();
  holds.end(holds.take('ada', () => promise));
  const ended = holds.endAll().then(() => 'ended');
  expect(await Promise.race([ended, setImmediate('waits')])).toBe('waits');
  reject(new Error('it could not be let go of'));
  expect(await ended).toBe('ended');
});

test('what was let go of is neither kept nor counted by those that still use it', async () => {
  const { clock, tasks } = handClock();
  const holds = new Holds(clock, 1_000, { ...httpLimits, clientsPerPrincipalMax: 1 });
  const hold = holds.take('ada', nothing);
  const { promise, resolve } = Promise.withResolvers<void>();
  hold.use(promise);
  holds.end(hold);
  resolve();
  await promise;
  hold.use(forEver);
  expect([hold.isOver, tasks.size]).toEqual([true, 0]);
  holds.take('ada', nothing).use(forEver);
  expect(() => holds.take('ada', nothing)).toThrow(TooManyClients);
  await holds.endAll();
});

test('once all are let go of, nothing is held any more: nobody would let go of it', async () => {
  const { clock } = handClock();
  const holds = new Holds(clock, 1_000, httpLimits);
  const { promise, resolve } = Promise.withResolvers<void>();
  holds.take('ada', () => promise);
  const ended = holds.endAll();
  expect(() => holds.take('bob', nothing)).toThrow('the gateway is being closed');
  resolve();
  await ended;
  expect(() => holds.take('bob', nothing)).toThrow('the gateway is being closed');
});
