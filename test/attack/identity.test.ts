/** Attacks on identity (A69–A73), on permits, and on the right to administer (A78–A79). */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { bindTool, type Permit, type Session } from '../../src/engine/index.ts';
import { Principal } from '../../src/identity/principal.ts';
import { codeOf, openShop, read, shopPolicy, staff } from '../engine/shop.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { attempt, openBench, setStage, type Stage, typesOf } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await setStage();
});

afterAll(() => stage.end());

const tool = bindTool(read);

/** Everything that looks like `genuine` and was not made by its class. */
function forgeries(genuine: object): readonly (readonly [string, unknown])[] {
  const prototype = Object.getPrototypeOf(genuine) as object;
  const members = Object.getOwnPropertyDescriptors(prototype);
  return [
    ['a plain object', { ...genuine, id: 'user:root', org: 'acme', roles: ['admin'] }],
    ['JSON', JSON.parse(JSON.stringify(genuine))],
    ['a structured clone', structuredClone({ ...genuine })],
    ['a proxy', new Proxy(genuine, {})],
    ['a proxy of a plain object', new Proxy({}, { get: () => 'admin', has: () => true })],
    ['an heir', Object.create(genuine)],
    ['its prototype', prototype],
    ['an object with its prototype', Object.setPrototypeOf({ id: 'user:root' }, prototype)],
    ['an object with its members', Object.create(null, members)],
    ['undefined', undefined],
    ['null', null],
    ['a string', 'user:root'],
  ];
}

test('A72 nothing of a genuine principal can be covered by something else', () => {
  const { billing } = stage.people;
  for (const name of ['id', 'org', 'roles', 'teams', 'via', 'toJSON']) {
    expect(() => Object.defineProperty(billing, name, { value: 'root' })).toThrow(TypeError);
  }
  expect(() => (billing.roles as string[]).push('admin')).toThrow(TypeError);
  expect(Reflect.setPrototypeOf(billing, {})).toBe(false);
});

test('A72 a forged principal is refused everywhere', async () => {
  const { plane, people } = stage;
  const { session } = await openBench(stage);
  for (const [what, forged] of forgeries(people.root)) {
    const by = forged as Principal;
    const tries: readonly (() => unknown)[] = [
      () => plane.openSession({ principal: by, agent: 'bot' }),
      () => plane.attachSession(by, session.id),
      () => plane.kill({ scope: { kind: 'system' }, by, reason: 'mine' }),
      () => plane.release({ scope: { kind: 'system' }, by, reason: 'mine' }),
      () => plane.approve({ ticket: 'none', by }),
    ];
    for (const work of tries) {
      const { code, events } = await attempt(plane, work);
      expect({ what, code, events }).toEqual({ what, code: 'principal-not-minted', events: [] });
    }
  }
});

test('A72 patched built-ins do not make a forgery genuine', async () => {
  const { plane, people } = stage;
  const forged = { id: 'user:root', org: 'acme', roles: ['admin'], via: 'host-assertion' };
  const has = vi.spyOn(WeakSet.prototype, 'has').mockReturnValue(true);
  try {
    Object.defineProperty(Principal, Symbol.hasInstance, { value: () => true, configurable: true });
    Object.setPrototypeOf(forged, Object.getPrototypeOf(people.root) as object);
    const opening = plane.openSession({ principal: forged as unknown as Principal, agent: 'bot' });
    expect(await codeOf(opening)).toBe('principal-not-minted');
  } finally {
    has.mockRestore();
    Reflect.deleteProperty(Principal, Symbol.hasInstance);
  }
});

test('A72 a principal of another control plane or issuer is not one here', async () => {
  const { plane } = stage;
  const other = await openShop(memoryFleet()());
  const foreign = staff(other).root;
  expect(await codeOf(plane.openSession({ principal: foreign, agent: 'bot' }))).toBe(
    'principal-not-minted',
  );
  await other.close();
  const made = new Principal({}, { id: 'user:root', org: 'acme', roles: ['admin'], via: 'me' });
  const order = { scope: { kind: 'system' }, by: made, reason: 'mine' } as const;
  expect(await codeOf(plane.kill(order))).toBe('principal-not-minted');
});

test('A72 a principal does not change after it was minted', () => {
  const roles = ['agent'];
  const principal = stage.plane.identity.assert({ id: 'user:a', org: 'acme', roles });
  roles.push('admin');
  expect(principal.roles).toEqual(['agent']);
  expect(() => (principal.roles as string[]).push('admin')).toThrow(TypeError);
  expect(() => Object.assign(principal, { id: 'user:root' })).toThrow(TypeError);
});

const assertions: readonly unknown[] = [
  { org: 'acme', roles: ['admin'] },
  { id: '', org: 'acme', roles: [] },
  { id: 'user:a', roles: [] },
  { id: 'user:a', org: 'a|b', roles: [] },
  { id: 'user|a', org: 'acme', roles: [] },
  { id: 'user:а', org: 'acme', roles: [] },
  { id: 'user:a', org: 'acme', roles: 'admin' },
  { id: 'user:a', org: 'acme', roles: ['system'] },
  { id: 'user:a', org: 'acme', roles: ['Admin'] },
  { id: 'user:a', org: 'acme', roles: ['__proto__'] },
  { id: 'user:a', org: 'acme', roles: Array(33).fill('agent') },
  { id: 'user:a', org: 'acme' },
];

test.each(assertions)('A73 the assertion %j mints nobody', (assertion) => {
  const { identity } = stage.plane;
  const mint = () => identity.assert(assertion as Parameters<typeof identity.assert>[0]);
  expect(mint).toThrow(expect.objectContaining({ code: 'input-invalid' }));
});

test('A73 roles with two faces give no role that was not checked', () => {
  let reads = 0;
  const twoFaced = new Proxy(['agent'], {
    get(target, name, receiver) {
      if (name === '0') reads += 1;
      return name === '0' && reads > 1
        ? 'system'
        : (Reflect.get(target, name, receiver) as unknown);
    },
  });
  const { identity } = stage.plane;
  const assertion = { id: 'user:two', org: 'acme', roles: twoFaced };
  const minted = identity.assert(assertion);
  expect(minted.roles).toEqual(['agent']);
});

test('A69 nothing in a call’s arguments says who is calling', async () => {
  const bench = await openBench(stage);
  const hostile = { orderId: 'o-1', principal: 'user:root', org: 'globex', roles: ['admin'] };
  const { events } = await attempt(stage.plane, () => bench.governed(read)(hostile));
  expect(new Set(events.map(({ by }) => by.id))).toEqual(new Set(['service:billing']));
});

test('A75 another principal’s session is as unknown as one that does not exist', async () => {
  const { plane, people } = stage;
  const { session } = await openBench(stage);
  const foreign = await codeOf(plane.attachSession(people.eve, session.id));
  expect(foreign).toBe(await codeOf(plane.attachSession(people.eve, 'does-not-exist')));
  expect(foreign).not.toBe('resolved');
});

async function issued(session: Session): Promise<Permit> {
  const callArguments = session.read({ orderId: 'o-1' });
  const { permit } = await session.authorize({ tool, arguments: callArguments });
  if (permit === undefined) throw new Error('no permit');
  return permit;
}

test('a forged permit neither runs nor settles', async () => {
  const { session } = await openBench(stage);
  const genuine = await issued(session);
  const callArguments = session.read({ orderId: 'o-1' });
  for (const [what, forged] of forgeries(genuine)) {
    for (const work of [
      () => session.take(forged, tool, callArguments),
      () => session.settle(forged as Permit, { outcome: 'succeeded' }),
      () => session.start(forged as Permit),
      () => session.void(forged as Permit),
    ]) {
      const { code, events } = await attempt(stage.plane, work);
      expect({ what, code, events }).toEqual({ what, code: 'permit-not-genuine', events: [] });
    }
  }
});

test('a permit of another control plane on the same file does not run here', async () => {
  const { session } = await openBench(stage);
  const other = await stage.another();
  const there = await other.attachSession(staff(other).billing, session.id);
  const foreign = await issued(there);
  const callArguments = session.read({ orderId: 'o-1' });
  const outcome = await attempt(stage.plane, () => session.take(foreign, tool, callArguments));
  expect(outcome).toEqual({ code: 'permit-not-genuine', events: [] });
});

test('A78 who is no administrator registers nothing and activates nothing', async () => {
  const { plane, people } = stage;
  for (const by of [people.billing, people.ops, people.ada, people.auditor]) {
    const tries: readonly (() => unknown)[] = [
      () => plane.registerAgent('mine', by),
      () => plane.registerTool({ name: 'mine', action: 'mine' }, { by }),
      () => plane.activatePolicy({ ...shopPolicy, version: 99 }, by),
    ];
    for (const work of tries) {
      const outcome = await attempt(plane, work);
      expect(outcome.code).toBe('permission-denied');
      expect(typesOf(outcome)).toEqual(['command-rejected']);
    }
  }
  const opening = await attempt(plane, () =>
    plane.openSession({ principal: people.auditor, agent: 'bot' }),
  );
  expect(opening.code).toBe('permission-denied');
});
