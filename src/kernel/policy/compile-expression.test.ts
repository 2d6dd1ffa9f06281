/** Expressions: three values, exact numbers, own members only, and bounds that end in an error. */
import { describe, expect, test } from 'vitest';
import { celToExpression } from '../../policy/cel.ts';
import { limits } from '../limits.ts';
import { compileCondition } from './condition.ts';
import { type ConditionSubject, noCounters } from './expression.ts';
import type { ExpressionDocument } from './expression.ts';

const subject: ConditionSubject = {
  arguments: {
    amount: 50,
    price: '42.00',
    rate: 0.1,
    huge: 1e21,
    name: 'Refund',
    nothing: null,
    flag: true,
    list: [1, 'a', null],
    same: [1, 'a', null],
    rows: [{ sum: 5 }, { sum: 7 }],
    map: { a: 1, 'b c': 2 },
    path: '/data/a',
    up: '/data/../etc/passwd',
    coded: '/data/%2e%2e%2fetc',
    back: String.raw`..\etc`,
    doubled: '/data//x',
    dotted: '/data/x.',
    near: '/datafoo',
    url: 'https://Mail.Example.com:8443/a?b',
    evil: 'https://evil-example.com/',
    tricky: 'https://example.com@evil.example/',
    long: 'a'.repeat(100_000),
    many: Array.from({ length: 9_000 }, (_, at) => at),
  },
  resource: 'order/7',
  action: 'order.refund',
  tool: 'refund',
  agent: 'bot',
  principal: 'ann',
  org: 'acme',
  session: 's-1',
  risk: 'high',
  counters: {
    allowed: 3,
    denied: 1,
    counts: { 'file.read': 2, 'file.write': 1 },
    labels: ['seen'],
    riskScore: 4.5,
  },
  guardrails: { pii: 'refuse' },
  assetClasses: ['restricted'],
};

function read(text: string): ExpressionDocument {
  const parsed = celToExpression(text);
  if ('problem' in parsed) throw new Error(`${text}: ${parsed.problem.message}`);
  return parsed.expression;
}

function outcomeOf(text: string): string {
  const truth = compileCondition({ expression: read(text) })(subject);
  return typeof truth === 'boolean' ? String(truth) : `error: ${truth.error}`;
}

const rows = (cases: Readonly<Record<string, readonly string[]>>): [string, string][] =>
  Object.entries(cases).flatMap(([outcome, texts]) =>
    texts.map((text): [string, string] => [text, outcome]),
  );

describe('comes out', () => {
  test.each(
    rows({
      true: [
        'arguments.amount > 49 && arguments.amount <= 50',
        'decimal(arguments.price) > 5 && decimal(arguments.price) == 42',
        'arguments.rate + 0.2 == 0.3',
        'decimal("0.1") + decimal("0.2") == decimal("0.3")',
        'arguments.amount * 3 - 1 == 149 && arguments.amount / 8 == 6 && arguments.amount % 8 == 2',
        '9007199254740991 + 1 > 9007199254740991',
        '-arguments.amount == -50 && -7 / 2 == -3 && -7 % 2 == -1',
        '"re" + "fund" == lower(arguments.name)',
        'arguments.list == arguments.same && arguments.list != [1, "a"]',
        'arguments.map == arguments.map && arguments.amount != "50"',
        'arguments.nothing == null && arguments.huge == arguments.huge',
        'arguments.list[1] == "a" && arguments.map["b c"] == 2',
        '"a" in arguments.list && !("x" in arguments.list) && "a" in arguments.map',
        'principal in ["ann", "bob"] && arguments.amount in [1, 50]',
        'decimal("50.00") in [1, 50]',
        'has(arguments.amount) && !has(arguments.gone) && !has(arguments.map.z)',
        'has(session.labels)',
        'arguments.rows.all(row, row.sum > 4) && arguments.rows.exists(row, row.sum == 7)',
        'arguments.rows.exists_one(row, row.sum > 6) && arguments.map.all(key, size(key) > 0)',
        'arguments.rows.filter(row, row.sum > 6).map(row, row.sum) == [7]',
        'arguments.rows.all(row, arguments.list.exists(each, each == "a" && row.sum > 1))',
        'arguments.list.exists(each, each + 1 == 2) && !arguments.list.all(each, each + 1 == 3)',
        'size("caf\u00e9\u{1f600}") == 5 && size(arguments.list) == 3 && size(arguments.map) == 2',
        'resource.startsWith("order/") && arguments.name.endsWith("und") && arguments.name.contains("f")',
        'arguments.name.matches("^[A-Z][a-z]+$") && !arguments.name.matches("^efund")',
        'glob(resource, "order/*") && !glob("order/7/8", "order/*")',
        'riskRank(risk) >= riskRank("high") && riskRank(risk) == 2',
        'session.id == "s-1" && session.allowed == 3 && session.denied == 1',
        '"seen" in session.labels && session.riskScore == 4.5',
        'inside(arguments.path, "/data") && inside(arguments.doubled, "/data")',
        'outside(arguments.up, "/data") && outside(arguments.near, "/data")',
        'host(arguments.url) == "mail.example.com" && scheme(arguments.url) == "https"',
        'hostInside(arguments.url, "example.com") && !hostInside(arguments.evil, "example.com")',
        'arguments.flag ? arguments.amount == 50 : arguments.gone',
        'arguments.gone || true',
        'true || arguments.gone',
        '!(arguments.gone && false)',
        '!(false && 5 > arguments.gone)',
      ],
    }),
  )('%s: %s', (text, outcome) => {
    expect(outcomeOf(text)).toBe(outcome);
  });
});

describe('is an error', () => {
  test.each([
    ['arguments.gone > 5', 'missing'],
    ['arguments.gone && true', 'missing'],
    ['arguments.gone || false', 'missing'],
    ['!arguments.gone', 'missing'],
    ['arguments.list.length == 3', 'missing'],
    ['arguments.name.length == 6', 'missing'],
    ['arguments.__proto__ == null', 'missing'],
    ['arguments.constructor == null', 'missing'],
    ['arguments.toString == null', 'missing'],
    ['arguments.map["constructor"] == null', 'index'],
    ['arguments.list[3] == null', 'index'],
    ['arguments.list[0.5] == null', 'index'],
    ['has(arguments.gone.more)', 'missing'],
    ['has(arguments.amount.more)', 'only a map'],
    ['arguments.price > 5', 'order is for numbers'],
    ['arguments.huge > 5', 'order is for numbers'],
    ['arguments.name < "Z" + arguments.gone', 'missing'],
    ['decimal(arguments.name) > 5', 'plain decimal'],
    ['arguments.price + 1 == 43', 'exact numbers'],
    ['arguments.amount / 0 == 1', 'zero'],
    ['arguments.amount % 0 == 1', 'zero'],
    ['arguments.rate / 2 == 1', 'whole numbers'],
    ['arguments.rate * decimal("0.000000000000000001") == 1', 'product'],
    ['decimal("999999999999999999999999999999") + 1 == 1', '30 digits'],
    ['arguments.amount', 'neither true nor false'],
    ['arguments.list.all(each, each > 0)', 'order is for numbers'],
    ['arguments.list.exists_one(each, each > 0)', 'order is for numbers'],
    ['arguments.amount.all(each, true)', 'elements'],
    ['5 in arguments.map', 'only a text'],
    ['"a" in arguments.name', 'elements'],
    ['arguments.amount.startsWith("5")', 'two texts'],
    ['size(arguments.amount) == 1', '`size`'],
    ['riskRank(arguments.name) == 1', '`riskRank`'],
    ['inside(arguments.coded, "/data")', 'more than one way'],
    ['outside(arguments.coded, "/data")', 'more than one way'],
    ['outside(arguments.back, "/data")', 'more than one way'],
    ['inside(arguments.dotted, "/data")', 'more than one way'],
    ['hostInside(arguments.tricky, "example.com")', 'URL'],
    ['hostInside(arguments.url, arguments.name + ".")', 'domain'],
    ['arguments.name ? true : true', 'neither true nor false'],
  ])('%s: %s', (text, part) => {
    expect(outcomeOf(text)).toMatch(/^error: /);
    expect(outcomeOf(text)).toContain(part);
  });
});

test('a member that a prototype was given is not seen', () => {
  const inherited = Object.create({ admin: true }) as object;
  const evaluate = compileCondition({ expression: read('arguments.admin == true') });
  expect(evaluate({ ...subject, arguments: inherited })).toEqual({
    error: '`arguments.admin` is missing',
  });
});

test('expressions stand among the nodes of a tree', () => {
  const expression = read('arguments.amount > 49');
  const leaf = { path: 'agent', equals: 'bot' };
  expect(compileCondition({ all: [{ expression }, leaf] })(subject)).toBe(true);
  expect(compileCondition({ any: [{ not: { expression } }, { not: leaf }] })(subject)).toBe(false);
});

test.each([
  'arguments.many.all(a, arguments.many.all(b, true))',
  'arguments.many.map(a, a).exists(a, a < 0)',
])('bodies of macros are evaluated a bounded number of times: %s', (text) => {
  expect(outcomeOf(text)).toContain(`${limits.conditionIterationsMax} times`);
});

test('as many bodies are evaluated as the limit says, and not one more', () => {
  const evaluate = compileCondition({ expression: read('arguments.rows.all(a, a >= 0)') });
  const ofRows = (length: number) =>
    evaluate({ ...subject, arguments: { rows: Array.from({ length }, (_, at) => at) } });
  expect(ofRows(limits.conditionIterationsMax)).toBe(true);
  expect(ofRows(limits.conditionIterationsMax + 1)).toHaveProperty('error');
});

test.each([
  'arguments.many.all(a, arguments.long.contains("ab") == false)',
  'arguments.many.all(a, arguments.long + "b" != arguments.long)',
  'arguments.many.all(a, a in arguments.many)',
  'arguments.many.all(a, arguments.many == arguments.many.map(b, b))',
])('the characters and elements that are looked at are bounded: %s', (text) => {
  expect(outcomeOf(text)).toMatch(/no more than|at most/);
});

test('a bound starts anew with each evaluation', () => {
  const evaluate = compileCondition({ expression: read('arguments.many.all(a, a >= 0)') });
  expect([1, 2, 3].map(() => evaluate(subject))).toEqual([true, true, true]);
});

test('a session that has done nothing has counters as well', () => {
  const evaluate = compileCondition({
    expression: read('session.allowed + session.denied == 0 && size(session.labels) == 0'),
  });
  expect(evaluate({ ...subject, counters: noCounters })).toBe(true);
});
