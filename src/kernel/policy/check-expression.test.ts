/** Expressions are checked before they run: structure, names, types, patterns, size. */
import { describe, expect, test } from 'vitest';
import { celToExpression } from '../../policy/cel.ts';
import { limits } from '../limits.ts';
import { checkCondition } from './check-condition.ts';
import { checkExpression } from './check-expression.ts';
import { type Finding, Findings } from './finding.ts';

function findingsOf(expression: unknown): readonly Finding[] {
  const findings = new Findings();
  checkExpression(findings, 'when', expression);
  return findings.list;
}

function codesOf(expression: unknown): readonly string[] {
  return findingsOf(expression).map(({ code, path }) => `${code} ${path}`);
}

function findingsOfCel(text: string): readonly Finding[] {
  const parsed = celToExpression(text);
  if ('problem' in parsed) throw new Error(`${text}: ${parsed.problem.message}`);
  return findingsOf(parsed.expression);
}

const path = (...names: readonly string[]): object => ({ op: 'path', path: names });
const value = (of: unknown): object => ({ op: 'value', value: of });
const equal = (left: object): object => ({ op: 'equal', left, right: value(1) });
const amount = path('arguments', 'amount');
const yes = equal(amount);

describe('types', () => {
  test.each([
    'resource > 5',
    'principal + 1 == 2',
    '1 + principal == 2',
    '!agent',
    '-agent == 1',
    'resource == 5',
    'agent == null',
    'arguments == 5',
    'agent && true',
    'true || session.allowed',
    'session.labels > 1',
    'session.labels == "seen"',
    '"a" in agent',
    '5 in arguments',
    'risk > riskRank("low")',
    'risk >= "high"',
    'arguments.amount > "500"',
    'arguments.list[true] == 1',
    'arguments["a"][null] == 1',
    'agent["a"] == 1',
    'session.labels["a"] == "x"',
    'size(5) == 1',
    'startsWith(5, "a")',
    'session.allowed.startsWith("a")',
    'decimal(true) == 1',
    'agent.all(x, true)',
    'arguments.list.all(x, 5)',
    'arguments.list.filter(x, "a") == []',
    'session.allowed ? true : false',
    '"a" + 1 == "a1"',
    '[1] + [2] == [1, 2]',
    'arguments.list.map(x, x)',
    'session.allowed',
    'agent',
    '(arguments.a == 1).b == 1',
  ])('%s can never work', (text) => {
    const codes = findingsOfCel(text).map(({ code }) => code);
    expect(codes.length).toBeGreaterThan(0);
    expect(new Set(codes)).toEqual(new Set(['condition-type']));
  });

  test.each([
    'arguments.anything',
    'arguments.a > arguments.b',
    'arguments.a + arguments.b == "x"',
    'arguments.a == null || arguments.a == 5',
    'arguments.flag ? arguments.a : arguments.b',
    '"a" in arguments && size(arguments) < 5',
    'arguments.list[0].name[arguments.key] == "x"',
    'arguments.list.map(x, x.sum).exists(y, y > 5)',
    'arguments.all(name, size(name) < 5)',
    'session.riskScore + 1 > 2.5 && session.id != "x"',
  ])('%s may work', (text) => {
    expect(findingsOfCel(text)).toEqual([]);
  });
});

test.each([
  ['a text', 'x'],
  ['nothing', null],
  ['a list', []],
  ['no operation', {}],
  ['an unknown operation', { op: 'equals', left: amount, right: amount }],
  ['a name of a prototype', { op: 'constructor' }],
  ['a member missing', { op: 'equal', left: amount }],
  ['a member that is inherited', Object.create(yes)],
  ['a member of a path', equal({ op: 'member', of: amount, name: 'x' })],
  ['a negative number in two parts', equal({ op: 'negate', of: value(1) })],
  ['an operand that is no list', { op: 'list', of: {} }],
  ['`has` of a root', { op: 'has', of: path('arguments') }],
  ['`has` of a value', { op: 'has', of: value(1) }],
  ['`and` within `and`', { op: 'and', of: [{ op: 'and', of: [yes, yes] }, yes] }],
])('%s is no expression', (_, expression) => {
  expect(codesOf(expression).join()).toContain('wrong-type');
});

test.each([
  ['an unknown member', { ...yes, note: 1 }, 'unknown-member when.note'],
  ['an unknown root', equal(path('argument', 'a')), 'condition-unknown-name when.left'],
  ['no path', equal(path()), 'condition-unknown-name when.left'],
  ['a member of a text', equal(path('agent', 'name')), 'condition-unknown-name when.left'],
  ['a session', equal(path('session')), 'condition-unknown-name when.left'],
  ['a misspelt counter', equal(path('session', 'alowed')), 'condition-unknown-name when.left'],
  ['a member of a counter', equal(path('session', 'id', 'x')), 'condition-unknown-name when.left'],
  ['a name with a space', equal(path('arguments', 'a b')), 'condition-unknown-name when.left.path'],
  [
    'a free variable',
    equal({ op: 'variable', name: 'x' }),
    'condition-unknown-name when.left.name',
  ],
  ['a number that is not exact', equal(value(1e21)), 'operand-invalid when.left'],
  ['a number beyond 2^53', equal(value(2 ** 53)), 'operand-invalid when.left'],
  ['an object as a value', equal(value({})), 'operand-invalid when.left'],
  ['a text that is too long', equal(value('a'.repeat(5_000))), 'operand-invalid when.left'],
  ['one operand', { op: 'and', of: [yes] }, 'empty-list when.of'],
  [
    'an unknown function',
    { op: 'call', name: 'eval', of: [amount] },
    'condition-unknown-name when.name',
  ],
  [
    'a function of a prototype',
    { op: 'call', name: 'toString', of: [] },
    'condition-unknown-name when.name',
  ],
  ['too few arguments', { op: 'call', name: 'matches', of: [amount] }, 'condition-type when.of'],
])('%s is refused', (_, expression, finding) => {
  expect(codesOf(expression)).toContain(finding);
});

test.each([
  ['arguments.a.matches(arguments.b)', 'regex-invalid'],
  [String.raw`arguments.a.matches("(a)\\1")`, 'regex-invalid'],
  ['arguments.a.matches("(?=a)")', 'regex-invalid'],
  ['arguments.a.matches("(a")', 'regex-invalid'],
  ['arguments.a.matches(5)', 'condition-type'],
  ['arguments.a.matches(5)', 'regex-invalid'],
  ['glob(arguments.a, arguments.b)', 'operand-invalid'],
  ['glob(arguments.a, "a b")', 'operand-invalid'],
  ['inside(arguments.a, "/data/../..")', 'operand-invalid'],
  ['outside(arguments.a, "")', 'operand-invalid'],
  ['hostInside(arguments.a, "*.example.com")', 'operand-invalid'],
  ['decimal("five") > 5', 'operand-invalid'],
  ['riskRank("hihg") > 1', 'operand-invalid'],
  ['host("nowhere") == "x"', 'operand-invalid'],
])('%s: %s', (text, code) => {
  expect(findingsOfCel(text).map((each) => each.code)).toContain(code);
});

test('patterns with nested quantifiers are taken: matching them is linear', () => {
  expect(findingsOfCel('arguments.a.matches("(a+)+$")')).toEqual([]);
});

test('the engine says what is wrong with a pattern', () => {
  const [finding] = findingsOfCel('arguments.a.matches("(?=a)")');
  expect(finding?.message).toContain('(?=');
});

test('an element may be called by no word that means something already', () => {
  const macro = (as: string, body: unknown = yes): object => ({ op: 'some', of: amount, as, body });
  expect(codesOf(macro('x', macro('y')))).toEqual([]);
  for (const taken of ['agent', 'in', 'if', '__proto__', 'a b', '']) {
    expect(codesOf(macro(taken))).toContain('condition-unknown-name when.as');
  }
  expect(codesOf(macro('x', macro('x')))).toContain('condition-unknown-name when.body.as');
  const after = { op: 'and', of: [macro('x'), equal({ op: 'variable', name: 'x' })] };
  expect(codesOf(after)).toContain('condition-unknown-name when.of[1].left.name');
});

function conditionCodes(condition: unknown): readonly string[] {
  const findings = new Findings();
  checkCondition(findings, 'when', condition);
  return findings.list.map(({ code }) => code);
}

const nested = (levels: number): object =>
  levels === 0 ? amount : { op: 'not', of: nested(levels - 1) };

test('depth counts through the tree and the expression', () => {
  // The node that holds an expression is a level, and so is the path at the end.
  const levels = limits.conditionDepthMax - 2;
  expect(conditionCodes({ expression: nested(levels) })).toEqual([]);
  expect(conditionCodes({ expression: nested(levels + 1) })).toEqual(['condition-too-deep']);
  expect(conditionCodes({ not: { expression: nested(levels) } })).toEqual(['condition-too-deep']);
});

test('nodes count through the tree and its expressions, lists of values as one', () => {
  const wide = (count: number): object => ({
    op: 'and',
    of: Array.from({ length: count }, () => amount),
  });
  const most = limits.conditionNodesMax - 2;
  expect(conditionCodes({ expression: wide(most) })).toEqual([]);
  expect(conditionCodes({ expression: wide(most + 1) })).toEqual(['condition-too-large']);
  const half = { expression: wide(most / 2) };
  expect(conditionCodes({ all: [half, half] })).toEqual(['condition-too-large']);
  const list = (length: number): object => ({
    op: 'in',
    left: amount,
    right: { op: 'list', of: Array.from({ length }, (_, at) => value(at)) },
  });
  expect(conditionCodes({ expression: list(limits.conditionListMax) })).toEqual([]);
  expect(conditionCodes({ expression: list(limits.conditionListMax + 1) })).toEqual([
    'condition-too-large',
  ]);
});

test('a hostile depth is refused without being walked', () => {
  expect(conditionCodes({ expression: nested(2_000) })).toContain('condition-too-deep');
});

test('CEL is refused where it was not read', () => {
  for (const condition of ['true', { cel: 'true' }, { all: [{ cel: 'true' }] }]) {
    expect(conditionCodes(condition)).toEqual(['expression-syntax']);
  }
});

test('an expression stands alone in its node', () => {
  expect(conditionCodes({ expression: yes, path: 'agent' })).toEqual(['unknown-member']);
});
