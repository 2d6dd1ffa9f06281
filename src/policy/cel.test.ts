/** CEL becomes an expression, or a problem with its place; nothing in a text is ignored. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../kernel/index.ts';
import { celToExpression } from './cel.ts';
import { printExpression } from './print-expression.ts';

function printed(text: string): string {
  const parsed = celToExpression(text);
  return 'expression' in parsed ? printExpression(parsed.expression) : parsed.problem.message;
}

const nowhere = { message: 'there is no problem', offset: -1, length: 0 };

describe('the canonical spelling', () => {
  test.each([
    ['arguments.amount>500', 'arguments.amount > 500'],
    ['((arguments.a))==(1)', 'arguments.a == 1'],
    ["arguments['a b'][0].c == 'x'", 'arguments["a b"][0].c == "x"'],
    ['arguments.a&&(arguments.b&&arguments.c)', 'arguments.a && arguments.b && arguments.c'],
    ['(arguments.a||arguments.b)&&!arguments.c', '(arguments.a || arguments.b) && !arguments.c'],
    ['1-(2-3)-4*(5+6)==--7', '1 - (2 - 3) - 4 * (5 + 6) == 7'],
    ['-(arguments.a+1)==-1', '-(arguments.a + 1) == -1'],
    ['(arguments.a==1)==(arguments.b<2)', '(arguments.a == 1) == (arguments.b < 2)'],
    ['(arguments.a?1:2)==1', '(arguments.a ? 1 : 2) == 1'],
    ['arguments.a?true:arguments.b?true:false', 'arguments.a ? true : arguments.b ? true : false'],
    ['startsWith(agent, "a")', 'agent.startsWith("a")'],
    ['arguments.path.inside("/data")', 'inside(arguments.path, "/data")'],
    ['agent.lower().endsWith("x")', 'lower(agent).endsWith("x")'],
    ['(agent+"x").contains("y")', '(agent + "x").contains("y")'],
    ['arguments.l.exists_one(x,x.y==1)', 'arguments.l.exists_one(x, x.y == 1)'],
    ['[1,"a",null,true,1.50,0x10]==[]', '[1, "a", null, true, 1.5, 16] == []'],
    ['has(arguments.a.b) // why', 'has(arguments.a.b)'],
    [
      String.raw`agent == r'\d' + '\u0007\t' + """q"r"""`,
      String.raw`agent == "\\d" + "\u0007\t" + "q\"r"`,
    ],
    ['-0 == 0', '0 == 0'],
    ['"a" in arguments.l', '"a" in arguments.l'],
  ])('%s is %s', (text, canonical) => {
    expect(printed(text)).toBe(canonical);
    expect(printed(canonical)).toBe(canonical);
  });
});

test('what is read is the tree of the kernel', () => {
  expect(celToExpression('arguments.rows.exists(row, row.sum > 1.5 || !has(row.sum))')).toEqual({
    expression: {
      op: 'some',
      of: { op: 'path', path: ['arguments', 'rows'] },
      as: 'row',
      body: {
        op: 'or',
        of: [
          {
            op: 'more',
            left: { op: 'member', of: { op: 'variable', name: 'row' }, name: 'sum' },
            right: { op: 'value', value: 1.5 },
          },
          {
            op: 'not',
            of: {
              op: 'has',
              of: { op: 'member', of: { op: 'variable', name: 'row' }, name: 'sum' },
            },
          },
        ],
      },
    },
  });
});

describe('a problem has its place', () => {
  test.each([
    ['true && argument.a > 1', 'argument', 'unknown name `argument`'],
    ['true && eval("1")', 'eval("1")', 'unknown function `eval`'],
    ['agent.toString() == "x"', 'agent.toString()', 'unknown function `toString`'],
    ['timestamp("x") == 1', 'timestamp("x")', 'unknown function `timestamp`'],
    ['cel.bind(x, 1, x == 1)', 'cel.bind(x, 1, x == 1)', 'unknown function `bind`'],
    ['math.greatest(1, 2) == 2', 'math.greatest(1, 2)', 'unknown function `greatest`'],
    ['true == size()', 'size()', 'with 0 arguments'],
    ['true == agent.size(1)', 'agent.size(1)', 'with 2 arguments'],
    ['arguments.a == {"a": 1}', '{"a": 1}', 'a map in braces'],
    ['arguments.a == b"x"', 'b"x"', 'of a kind'],
    ['arguments.a == 5u', '5u', 'of a kind'],
    ['arguments.a == 9007199254740992', '9007199254740992', '2^53'],
    ['arguments.a == -9007199254740992', '9007199254740992', '2^53'],
    ['arguments.a == 0.1234567890123456789', '0.1234567890123456789', 'no exact number'],
    ['arguments.a == 1e3', '1e3', 'no exact number'],
    ['arguments.a / 2.0 > 2', '2.0', 'without a point'],
    ['arguments.a % -2.00 > 2', '-2.00', 'without a point'],
    ['5.0 / arguments.a > 2', '5.0', 'without a point'],
    ['arguments.a == 0.0000000001', '0.0000000001', 'no exact number'],
    ['arguments.a == 1e+21', '1e+21', 'no exact number'],
    ['has(arguments.a, arguments.b)', 'has(arguments.a, arguments.b)', '`has` without a member'],
    ['has(arguments)', 'has(arguments)', '`has` without a member'],
    ['has(arguments["a"])', 'has(arguments["a"])', '`has` without a member'],
    ['arguments.l.all(agent, true)', 'agent', 'already means something'],
    ['arguments.l.all(x, x.all(x, true))', 'x', 'already means something'],
    ['arguments.l.map(x, true, x) == []', 'arguments.l.map(x, true, x)', 'needs `map('],
    ['constructor == 1', 'constructor', 'unknown name `constructor`'],
  ])('%s', (text, meant, part) => {
    const parsed = celToExpression(text);
    const { message, offset, length } = 'problem' in parsed ? parsed.problem : nowhere;
    expect(message).toContain(part);
    expect(text.slice(offset, offset + length)).toBe(meant);
  });

  test.each([
    ['arguments.a >', 13],
    ['', 0],
    ['arguments.a = 1', 12],
    ['arguments.a # 1', 12],
    ['agent == "a', 9],
    ['agent == "\n"', 10],
    ['true && $a', 8],
    ['__proto__.a == 1', 0],
  ])('%j is no CEL, from %i on', (text, from) => {
    const parsed = celToExpression(text);
    const { message, offset, length } = 'problem' in parsed ? parsed.problem : nowhere;
    expect(message).toContain('is no CEL');
    expect(offset).toBe(from);
    expect(offset + length).toBeLessThanOrEqual(text.length);
  });
});

// CEL reads all comparisons from the left, and the parser reads `==` and `!=` last.
describe('a comparison with a comparison', () => {
  test.each([
    ['true == "a" in session.labels', '"a" in session.labels'],
    ['arguments.a != 1 < 2', '1 < 2'],
    ['(arguments.a) == (agent).size() >= (2)', 'agent).size() >= (2'],
    ['arguments.a == // (\n"(" in ["("]', '"(" in ["("]'],
    ["arguments.l[arguments.a == r'(' in arguments.l]", "r'(' in arguments.l"],
    ['arguments.a == 1 == 2 > 1', '2 > 1'],
    ['1 < 2 == 2 < 3', '2 < 3'],
  ])('%s needs parentheses', (text, meant) => {
    const parsed = celToExpression(text);
    const { message, offset, length } = 'problem' in parsed ? parsed.problem : nowhere;
    expect(message).toContain('parentheses');
    expect(text.slice(offset, offset + length)).toBe(meant);
  });

  test.each([
    ['true == ("a" in session.labels)', 'true == ("a" in session.labels)'],
    ['(true == "a") in session.labels', '(true == "a") in session.labels'],
    ['(true) == ((agent).size() >= (2))', 'true == (size(agent) >= 2)'],
    ['arguments.a == // )\n(")" in [")"])', 'arguments.a == (")" in [")"])'],
    ["(arguments.l)[0] == ('''(\\'('''  in [\"(\\\"\"])", `arguments.l[0] == ("('(" in ["(\\""])`],
    ['"a" in session.labels == true', '("a" in session.labels) == true'],
    ['[arguments.a == 1, 1 < 2] == []', '[arguments.a == 1, 1 < 2] == []'],
  ])('%s is read as CEL reads it', (text, canonical) => {
    expect(printed(text)).toBe(canonical);
    expect(printed(canonical)).toBe(canonical);
  });
});

test('a hostile text is a problem, however deep or long it is', () => {
  const deep = [
    '(',
    '[',
    '!',
    '-',
    'arguments.a + ',
    '-arguments.a.b(',
    'arguments[',
    'true ? true : ',
  ];
  for (const part of deep) {
    expect(celToExpression(part.repeat(1_000))).toHaveProperty('problem');
    expect(celToExpression(`${part.repeat(1_000)}true`)).toHaveProperty('problem');
  }
  expect(celToExpression(' '.repeat(limits.expressionLengthMax + 1))).toHaveProperty('problem');
  expect(celToExpression(`true${' || true'.repeat(1_000)}`)).toHaveProperty('expression');
});

test('any text is an expression or a problem', () => {
  const words = [
    `arguments . a " ' ( ) [ ] 1 == && ! - in has all , ? : \\ u x e5 { } / \u{1f600}`.split(' '),
    [' ', '\n', '\u0000'],
  ];
  const word = fc.constantFrom(...words.flat());
  fc.assert(
    fc.property(fc.array(word, { maxLength: 20 }), (list) => {
      const parsed = celToExpression(list.join(''));
      expect(Object.keys(parsed)).toHaveLength(1);
      if ('problem' in parsed) return;
      expect(celToExpression(printExpression(parsed.expression))).toEqual(parsed);
    }),
    { numRuns: 3_000 },
  );
});
