/** What tools throw may be anything, also what has no text: their permits end all the same. */
import { expect, test } from 'vitest';
import { guard, memory, openControlPlane } from '../../src/index.ts';

const policy = {
  format: 1,
  version: 1,
  actions: { 'counter.add': { resource: 'counter/*' } },
  tiers: { unrestricted: ['counter.add'] },
  locks: [{ actions: ['counter.add'], mode: 'exclusive' }],
};

const unreadable = new Proxy(
  {},
  {
    get() {
      throw new RangeError('a trap');
    },
  },
);
const withoutMessage = Object.defineProperty(new Error('hidden'), 'message', {
  get() {
    throw new RangeError('a getter');
  },
});

test.each([
  ['an object without a prototype', Object.create(null)],
  ['a proxy that answers nothing', unreadable],
  ['an error whose message cannot be read', withoutMessage],
  ['a promise that never ends', new Promise(() => {})],
  ['a symbol', Symbol('odd')],
  ['nothing', undefined],
])('a tool that throws %s fails with that, and its permit is settled', async (_, thrown) => {
  let fails = true;
  const tool = {
    name: 'count',
    action: 'counter.add',
    resource: 'counter/a',
    execute: () => {
      if (fails) throw thrown;
      return 1;
    },
  };
  const plane = await openControlPlane({
    storage: memory(),
    policy,
    agents: ['bot'],
    tools: [tool],
  });
  const principal = plane.identity.assert({ id: 'ada', org: 'acme', roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'bot' });
  const call = guard(session, tool);
  const caught = await call({}).then(
    () => [],
    (failure: unknown) => [failure],
  );
  expect(caught).toHaveLength(1);
  expect(Object.is(caught[0], thrown)).toBe(true);
  fails = false;
  // A permit that were left open would keep the lock of its resource.
  expect(await call({})).toBe(1);
  await plane.close();
});
