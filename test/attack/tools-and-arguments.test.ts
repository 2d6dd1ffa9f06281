/** Attacks on the identity of tools (A01–A09) and on arguments and their binding (A13–A25). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bindTool } from '../../src/engine/index.ts';
import type { Tool } from '../../src/enforce/guard.ts';
import { parseStrictJson } from '../../src/log/index.ts';
import { pay, read, refund } from '../engine/shop.ts';
import { attempt, openBench, setStage, type Stage, typesOf } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await setStage();
});

afterAll(() => stage.end());

/** A tool under another name, guarded and called. */
async function callAs(name: string, more: Partial<Tool<object, object>> = {}) {
  const bench = await openBench(stage);
  const tool = { ...read, name, ...more } as unknown as Tool<object, object>;
  const outcome = await attempt(stage.plane, () => bench.governed(tool)({ orderId: 'o-1' }));
  expect(bench.ran).toEqual([]);
  return outcome;
}

test('A01 an unknown tool is denied, recorded, and does not run', async () => {
  const outcome = await callAs('delete_everything');
  expect(outcome.code).toBe('tool-unknown');
  expect(typesOf(outcome)).toEqual(['action-decided']);
});

test('A02 a case variant of a tool is another, unknown tool', async () => {
  expect((await callAs('Read')).code).toBe('tool-unknown');
});

test.each(['rеad', 'réad', 'read\u200d', 'read ', ' read', 'read\n', '', 'a'.repeat(129)])(
  'A04 A06 a name that is not plain ASCII, such as %j, is refused before anything is decided',
  async (name) => {
    const outcome = await callAs(name);
    expect(outcome.code).toBe('tool-ungovernable');
    expect(outcome.events).toEqual([]);
  },
);

test.each(['constructor', 'toString', 'hasOwnProperty', 'valueOf'])(
  'A08 the name %s finds no inherited property',
  async (name) => {
    expect((await callAs(name)).code).toBe('tool-unknown');
  },
);

test('A08 the name __proto__ is no name', async () => {
  expect((await callAs('__proto__')).code).toBe('tool-ungovernable');
});

test('A09 a bare name does not find a tool that is registered with its server’s name', async () => {
  await stage.plane.registerTool({ name: 'left.search', action: 'order.read' });
  await stage.plane.registerTool({ name: 'right.search', action: 'order.read' });
  expect((await callAs('search')).code).toBe('tool-unknown');
});

test('A10 a definition that differs from the registered one is denied', async () => {
  for (const changed of [{ description: 'now with more' }, { action: 'order.pay' }]) {
    expect((await callAs('read', changed)).code).toBe('tool-changed');
  }
  const registering = await attempt(stage.plane, () =>
    stage.plane.registerTool({ ...read, description: 'now with more' }),
  );
  expect(registering.code).toBe('tool-changed');
  expect(typesOf(registering)).toEqual(['command-rejected']);
});

test('A13 a permit runs only the arguments it was given for', async () => {
  const { session } = await openBench(stage);
  const tool = bindTool(pay);
  const small = session.read({ orderId: 'o-1', amount: '1' });
  const large = session.read({ orderId: 'o-1', amount: '99' });
  const { permit } = await session.authorize({ tool, arguments: small });
  const codeOfTake = (work: () => unknown) => attempt(stage.plane, work);
  expect((await codeOfTake(() => session.take(permit, tool, large))).code).toBe(
    'permit-not-genuine',
  );
  expect((await codeOfTake(() => session.take(permit, bindTool(read), small))).code).toBe(
    'permit-not-genuine',
  );
  // What decides and what is digested cannot be told apart by hand.
  const mixed = { ...small, value: large.value };
  const outcome = await codeOfTake(() => session.authorize({ tool, arguments: mixed }));
  expect(outcome).toEqual({ code: 'input-invalid', events: [] });
  expect((await codeOfTake(() => session.take(permit, tool, small))).code).toBe('resolved');
  expect((await codeOfTake(() => session.take(permit, tool, small))).code).toBe('permit-used');
});

test('A14 the same arguments in another order have one digest and one approval', async () => {
  const { session } = await openBench(stage);
  const one = session.read({ orderId: 'o-1', amount: '1', n: 1 });
  const two = session.read(JSON.parse('{"n":1.0e0,"amount":"1",  "orderId":"o-1"}'));
  expect(two.digest).toBe(one.digest);
  const tool = bindTool(refund);
  const first = await session.authorize({ tool, arguments: one });
  const second = await session.authorize({ tool, arguments: two });
  expect(second.ticket).toBe(first.ticket);
});

test('A15 duplicate keys are refused where text is parsed', () => {
  const parse = () => parseStrictJson('{"amount":1,"amount":1000000}');
  expect(parse).toThrow(/amount|duplicate|twice/i);
});

test('A16 a __proto__ member reaches no prototype', async () => {
  const bench = await openBench(stage);
  const hostile = JSON.parse('{"orderId":"o-1","__proto__":{"admin":true}}') as { orderId: string };
  const outcome = await attempt(stage.plane, () => bench.governed(read)(hostile));
  expect(({} as { readonly admin?: boolean }).admin).toBe(undefined);
  for (const given of bench.ran) {
    expect((given as { readonly admin?: boolean }).admin).toBe(undefined);
  }
  expect(['resolved', 'arguments-unrepresentable']).toContain(outcome.code);
});

test('A18 arguments that change after the decision do not reach the tool', async () => {
  const bench = await openBench(stage);
  const changing = { orderId: 'o-1', amount: '1' };
  const call = bench.governed(pay)(changing);
  changing.amount = '99';
  await call;
  expect(bench.ran).toEqual([{ orderId: 'o-1', amount: '1' }]);
  expect(Object.isFrozen(bench.ran[0])).toBe(true);
  expect((await stage.plane.budget(bench.session.id, 'usd'))?.posted).toBe(1_000_000);
});

test('A18 arguments with two faces are read once', async () => {
  const bench = await openBench(stage);
  let reads = 0;
  const twoFaced = {
    orderId: 'o-1',
    get amount() {
      reads += 1;
      return reads === 1 ? '1' : '99';
    },
  };
  const outcome = await attempt(stage.plane, () => bench.governed(pay)(twoFaced));
  const once = [{ orderId: 'o-1', amount: '1' }];
  expect([
    { code: 'resolved', ran: once },
    { code: 'arguments-unrepresentable', ran: [] },
  ]).toContainEqual({ code: outcome.code, ran: bench.ran });
  expect(reads).toBeLessThanOrEqual(1);
});

test('A21 composed and decomposed text are different arguments', async () => {
  const { session } = await openBench(stage);
  const digests = ['caf\u00e9', 'cafe\u0301'].map((orderId) => session.read({ orderId }).digest);
  expect(new Set(digests).size).toBe(2);
});

test('A22 arguments of great depth are refused without a stack overflow', async () => {
  const bench = await openBench(stage);
  let deep: object = {};
  for (let depth = 0; depth < 100_000; depth += 1) deep = { deep };
  const outcome = await attempt(stage.plane, () =>
    bench.governed(read)(deep as { orderId: string }),
  );
  expect(outcome).toEqual({ code: 'arguments-unrepresentable', events: [] });
});

test('A23 arguments of great size are refused at once', async () => {
  const { session } = await openBench(stage);
  let reads = 0;
  const counted = { enumerable: true, get: (): number => (reads += 1) };
  const members = Object.defineProperties(
    {},
    Object.fromEntries(Array.from({ length: 100_000 }, (_, key) => [`k${key}`, counted])),
  );
  const large: readonly unknown[] = [
    { orderId: 'x'.repeat(10 * 1_024 * 1_024) },
    Array.from({ length: 1_000_000 }, () => 0),
    Object.fromEntries(Array.from({ length: 200_000 }, (_, key) => [`k${key}`, 0])),
    members,
  ];
  for (const value of large) {
    const outcome = await attempt(stage.plane, () => session.read(value));
    expect(outcome).toEqual({ code: 'arguments-unrepresentable', events: [] });
  }
  // It is not read to its end first.
  expect(reads).toBeLessThan(50_000);
});

const cyclic: { self?: object } = {};
cyclic.self = cyclic;
const unrepresentable: readonly (readonly [string, unknown])[] = [
  ['undefined in a member', { orderId: undefined }],
  ['a function', { orderId: () => 'o-1' }],
  ['a symbol', { orderId: Symbol('o') }],
  ['a date', { orderId: new Date(0) }],
  ['a map', new Map([['orderId', 'o-1']])],
  ['a big integer', { orderId: 1n }],
  ['a cycle', cyclic],
  ['NaN', { orderId: Number.NaN }],
  ['infinity', { orderId: Number.POSITIVE_INFINITY }],
  ['a lone surrogate', { orderId: '\ud800' }],
  [
    'an instance',
    {
      orderId: new (class {
        readonly id = 1;
      })(),
    },
  ],
];

test.each(unrepresentable)('A25 %s has no canonical form and leaves no trace', async (_, value) => {
  const bench = await openBench(stage);
  const outcome = await attempt(stage.plane, () =>
    bench.governed(read)(value as { orderId: string }),
  );
  expect(outcome).toEqual({ code: 'arguments-unrepresentable', events: [] });
  expect(bench.ran).toEqual([]);
});
