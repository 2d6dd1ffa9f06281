/** Attacks on the policy engine (A81, A105–A112). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bindTool, type ControlPlane, type Session } from '../../src/engine/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { codeOf, openShop, read, shopPolicy, staff } from '../engine/shop.ts';
import { attempt, openBench, setStage, type Stage, typesOf } from './stage.ts';

let stage: Stage;
/** Of the policy that is activated next. */
let version = 1;

beforeAll(async () => {
  stage = await setStage();
});

afterAll(() => stage.end());

function next(): number {
  version += 1;
  return version;
}

/** Activates a policy with these rules; what came of it. */
function activate(...rules: readonly object[]) {
  const { plane, people } = stage;
  const policy = {
    ...shopPolicy,
    version: next(),
    rules: rules.map((rule, at) => ({ id: `r${at}`, effect: 'deny', ...rule })),
  };
  return attempt(plane, () => plane.activatePolicy(policy, people.root));
}

/** What a read with these arguments is answered. */
async function decide(callArguments: object, session?: Session) {
  const asked = session ?? (await openBench(stage)).session;
  return asked.authorize({ tool: bindTool(read), arguments: asked.read(callArguments) });
}

test('A105 a pattern that would backtrack is a plain pattern, and comes to an end', async () => {
  const text = 'a'.repeat(100_000);
  const regexes = ['(a+)+$', '(a|aa)+$', '(a*)*b'];
  for (const regex of regexes) {
    const { code } = await activate({ when: `arguments.text.matches(${JSON.stringify(regex)})` });
    expect(code).toBe('resolved');
    await decide({ orderId: 'o-1', text });
  }
  for (const matches of [...regexes, '*a*a*a*a*a*a*a*b', '**/**/**/**/b']) {
    const { code } = await activate({ when: { path: 'arguments.text', matches } });
    expect(['resolved', 'policy-invalid']).toContain(code);
    // Backtracking would not come back while anybody waits.
    await decide({ orderId: 'o-1', text });
  }
});

test('A106 a rule that cannot be evaluated denies', async () => {
  await activate({ when: { path: 'arguments.amount', moreThan: '10' } });
  const bench = await openBench(stage);
  const missing = await attempt(stage.plane, () => bench.governed(read)({ orderId: 'o-1' }));
  expect(missing.code).toBe('policy-error');
  expect(typesOf(missing)).toEqual(['action-decided']);
  expect(bench.ran).toEqual([]);
});

const unknownRules: readonly object[] = [
  { when: { path: 'argumnets.amount', moreThan: 1 } },
  { when: { path: 'arguments.amount', greater: 1 } },
  { when: { path: 'arguments.amount' } },
  { when: { path: 'arguments.amount', moreThan: 1, atMost: 2 } },
  { when: {} },
  { match: { actoin: 'order.*' } },
  { matches: { action: 'order.*' } },
  { effect: 'permit' },
  { effect: 'Deny' },
  { id: 'r r' },
  { effect: 'deny', extra: true },
  { when: { code: 'process.exit()' } },
  { when: { path: 'arguments.__proto__.x', equals: 1, eval: '1' } },
];

test.each(unknownRules)(
  'A108 A112 the rule %j is refused when the policy is loaded',
  async (rule) => {
    const outcome = await activate(rule);
    expect(outcome.code).toBe('policy-invalid');
    expect(typesOf(outcome)).toEqual(['command-rejected']);
  },
);

test.each([
  String.raw`arguments.text.matches("(a)\\1")`,
  'arguments.text.matches("(?=a)a")',
  'eval("1") == 1',
  'import("node:fs") != null',
  'require("node:fs") != null',
  'process.env.HOME == "x"',
  'globalThis.process != null',
  'this.policy == null',
  'arguments.constructor.constructor("return 1")() == 1',
  'arguments.x.toString() == ""',
  '(() => true)()',
  '`${process.exit()}` == ""',
  'function() { return true }()',
  'arguments.x = 1',
])(
  'A105 A112 the text %s is no expression, and is refused when the policy is loaded',
  async (when) => {
    const outcome = await activate({ when });
    expect(outcome.code).toBe('policy-invalid');
    expect(typesOf(outcome)).toEqual(['command-rejected']);
  },
);

test('A109 a path that leaves its folder by any spelling is not inside it', async () => {
  await activate({
    match: { action: 'order.read' },
    when: { path: 'arguments.file', outside: '/data' },
  });
  const { session } = await openBench(stage);
  for (const file of ['/data/a', '/data/b/c']) {
    expect((await decide({ orderId: 'o-1', file }, session)).code).toBe('allowed');
  }
  for (const file of [
    '/data/../etc/passwd',
    '/datafoo/a',
    '/data/a/../../etc',
    '../etc/passwd',
    '/etc/passwd',
    '/data/%2e%2e/etc/passwd',
    '/data/..\\..\\etc',
    '/data/a\0b',
    '',
  ]) {
    const { code } = await decide({ orderId: 'o-1', file }, session);
    expect({ file, allowed: code === 'allowed' }).toEqual({ file, allowed: false });
  }
});

test('A109 an argument cannot climb out of a resource template', async () => {
  await activate();
  const { session } = await openBench(stage);
  for (const orderId of ['../secret', 'a/b', 'o-1/../../x', '%2e%2e/x', 'a*']) {
    const { resource } = await decide({ orderId }, session);
    expect(resource).toMatch(/^order\/[^/]+$/);
  }
  for (const orderId of ['..', '.', '', 'a\nb', ['a'], { b: 1 }, true, 1.5]) {
    expect((await decide({ orderId }, session)).code).toBe('resource-invalid');
  }
});

test('A111 deny wins over allow, and what no rule allows is denied', async () => {
  const rules = [
    { id: 'allow-reads', effect: 'allow', match: { action: 'order.read' } },
    {
      id: 'deny-reads',
      effect: 'deny',
      match: { action: 'order.read' },
      when: { path: 'arguments.orderId', equals: 'o-1' },
    },
  ];
  const { session } = await openBench(stage);
  for (const ordered of [rules, rules.toReversed()]) {
    expect((await activate(...ordered)).code).toBe('resolved');
    expect((await decide({ orderId: 'o-1' }, session)).code).toBe('policy-denied');
  }
  const [twice] = rules;
  expect((await activate(twice ?? {}, twice ?? {})).code).toBe('policy-invalid');
  const { plane, people } = stage;
  const silent = { format: 1, version: next(), actions: { 'order.read': {} } };
  await plane.activatePolicy(silent, people.root);
  expect((await decide({ orderId: 'o-1' }, session)).code).toBe('policy-no-match');
  const other = { format: 1, version: next(), actions: { 'order.pay': {} } };
  await plane.activatePolicy(other, people.root);
  expect((await decide({ orderId: 'o-1' }, session)).code).toBe('action-unknown');
  const empty = plane.activatePolicy({ format: 1, version: next(), actions: {} }, people.root);
  expect(await codeOf(empty)).toBe('policy-invalid');
});

test('A111 without a policy everything is denied', async () => {
  const plane: ControlPlane = await openShop(memoryFleet()(), { policy: undefined });
  const principal = staff(plane).billing;
  const session = await plane.openSession({ principal, agent: 'bot' });
  const callArguments = session.read({ orderId: 'o-1' });
  const { code } = await session.authorize({ tool: bindTool(read), arguments: callArguments });
  expect(code).toBe('policy-missing');
  await plane.close();
});

test('A81 an older, equal or ill-formed policy leaves the active one', async () => {
  const { plane, people } = stage;
  const active = next();
  await plane.activatePolicy({ ...shopPolicy, version: active }, people.root);
  for (const [policy, code] of [
    [{ ...shopPolicy, version: active - 1 }, 'policy-version-behind'],
    [{ ...shopPolicy, version: active, name: 'other' }, 'policy-version-behind'],
    [{ ...shopPolicy, version: active + 1, format: 2 }, 'policy-invalid'],
    [{ ...shopPolicy, version: active + 1, extra: true }, 'policy-invalid'],
    [null, 'policy-invalid'],
    [[], 'policy-invalid'],
    [{ ...shopPolicy, version: 1e300 }, 'policy-invalid'],
  ] as const) {
    const outcome = await attempt(plane, () => plane.activatePolicy(policy, people.root));
    expect(outcome.code).toBe(code);
    expect(typesOf(outcome)).toEqual(['command-rejected']);
  }
  expect((await decide({ orderId: 'o-1' })).policyVersion).toBe(active);
});
