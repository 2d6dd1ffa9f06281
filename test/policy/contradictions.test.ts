/** What a condition asks of one path and cannot have at once is refused; what some value meets is not. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ConditionDocument } from '../../src/kernel/index.ts';
import { compileCondition } from '../../src/kernel/policy/condition.ts';
import { noCounters } from '../../src/kernel/policy/expression.ts';
import { lowerCel } from '../../src/policy/cel-lowering.ts';
import { contradictions } from '../../src/policy/contradictions.ts';
import { readPolicy } from '../../src/policy/index.ts';

function lowered(when: unknown): ConditionDocument {
  const { document } = lowerCel({ rules: [{ when }] });
  return (document as { rules: { when: ConditionDocument }[] }).rules[0]?.when as ConditionDocument;
}

const found = (when: unknown) => contradictions(lowered(when), 'when');

/** Every number that lies on or between the literals, as a number and as a text; and some texts. */
const values = [
  ...Array.from({ length: 21 }, (_, step) => -1 + step / 2).flatMap((n) => [n, String(n)]),
  'a',
  'b',
];

function holdsForSome(when: unknown): boolean {
  const evaluate = compileCondition(lowered(when));
  const subject = { action: 'act', tool: 't', agent: 'bot', org: 'acme', counters: noCounters };
  return values.some(
    (a) =>
      evaluate({ ...subject, arguments: { a } } as unknown as Parameters<typeof evaluate>[0]) ===
      true,
  );
}

const bounds = ['lessThan', 'atMost', 'moreThan', 'atLeast'] as const;
const signs = { equals: '==', lessThan: '<', atMost: '<=', moreThan: '>', atLeast: '>=' } as const;
const turned = { '==': '==', '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as const;

/** A comparison in one of the three ways in which it can be written. */
const comparison = fc
  .record({
    operator: fc.constantFrom('equals' as const, ...bounds),
    literal: fc.integer({ min: 0, max: 7 }),
    way: fc.constantFrom('tree', 'cel', 'cel, the other way round'),
  })
  .map(({ operator, literal, way }) => {
    const sign = signs[operator];
    if (way === 'tree') return { path: 'arguments.a', [operator]: literal };
    const cel =
      way === 'cel' ? `arguments.a ${sign} ${literal}` : `${literal} ${turned[sign]} arguments.a`;
    return { cel };
  });

test('comparisons that all have to hold are refused exactly where no value meets them', () => {
  fc.assert(
    fc.property(fc.array(comparison, { minLength: 1, maxLength: 4 }), (all) => {
      expect(found({ all }).length > 0).toBe(!holdsForSome({ all }));
    }),
    { numRuns: 500 },
  );
});

const low = { path: 'arguments.a', lessThan: '50' };
const high = { path: 'arguments.a', moreThan: 100 };
const other = { path: 'arguments.b', moreThan: 100 };

test.each<[string, unknown, readonly string[]]>([
  ['bounds that leave nothing between them', { all: [low, high] }, ['when']],
  ['the same, one of them deeper', { all: [low, { all: [other, high] }] }, ['when']],
  ['the same in CEL', 'arguments.a > 100 && (arguments.b > 1 && arguments.a < 50)', ['when']],
  ['one in CEL', { all: [low, { cel: '100 < arguments.a' }] }, ['when']],
  ['two texts', "arguments.a == 'x' && arguments.a == 'y'", ['when']],
  ['below not', { not: { all: [low, high] } }, ['when.not']],
  ['below any', { any: [other, { all: [low, high] }] }, ['when.any[1]']],
  [
    'below any below all',
    { all: [low, { any: [other, { all: [low, high] }] }] },
    ['when.all[1].any[1]'],
  ],
  ['below or in CEL', 'arguments.b > 1 || arguments.a > 100 && arguments.a < 50', ['when']],
  ['of two paths', { all: [low, other] }, []],
  ['of which one is enough', { any: [low, high] }, []],
  ['one of which has not to hold', { all: [low, { not: high }] }, []],
  ['one of which is enough, below all', { all: [low, { any: [high, other] }] }, []],
  [
    'a text and a bound that it is within',
    { all: [low, { path: 'arguments.a', equals: '5' }] },
    [],
  ],
  ['a number and the same as a text', "arguments.a == 5 && arguments.a == '5'", []],
  [
    'other comparisons',
    {
      all: [
        { path: 'arguments.a', in: [1] },
        { path: 'arguments.a', notEquals: 1 },
      ],
    },
    [],
  ],
])('%s', (_, when, paths) => {
  expect(found(when).map(({ path }) => path)).toEqual(paths);
});

test('a rule that could never hold is refused, and it is said why', () => {
  const result = readPolicy({
    format: 1,
    version: 1,
    actions: { pay: {} },
    tiers: { unrestricted: ['pay'] },
    rules: [{ id: 'cap', effect: 'deny', when: { all: [high, low] } }],
  });
  expect('findings' in result && result.findings).toMatchObject([
    {
      code: 'constant-condition',
      path: 'rules[0].when',
      message: 'never holds: `arguments.a` is not more than 100 and less than "50" at once',
    },
  ]);
});
