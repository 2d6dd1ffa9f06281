/** Compiled expressions against a naive walk over the same tree, and printing against reading. */
import { expect, test } from 'vitest';
import * as fc from 'fast-check';
import { compileCondition } from '../../src/kernel/policy/condition.ts';
import { celToExpression } from '../../src/policy/cel.ts';
import { printExpression } from '../../src/policy/print-expression.ts';
import { naiveTruth } from '../kernel/naive-condition.ts';
import { assertHolds, runs } from '../kernel/sampling.ts';
import { expressions, subjects } from './random-expressions.ts';

test('a compiled expression comes out as a naive walk over it does', () => {
  const seen = new Map<unknown, number>();
  const asked = fc.record({ expression: expressions, subject: subjects });
  assertHolds(asked, 4_000, ({ expression, subject }) => {
    const truth = compileCondition({ expression })(subject);
    const outcome = typeof truth === 'boolean' ? truth : 'error';
    expect(outcome).toBe(naiveTruth({ expression }, subject));
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
  });
  // Each outcome has to be a good part of the sample.
  const least = Math.min(...[true, false, 'error'].map((each) => seen.get(each) ?? 0));
  expect(least).toBeGreaterThan(runs(4_000) / 20);
});

test('what is printed from an expression reads as the same expression', () => {
  assertHolds(expressions, 2_000, (expression) => {
    expect(celToExpression(printExpression(expression))).toEqual({ expression });
  });
});

test('an expression is plain JSON data', () => {
  assertHolds(expressions, 200, (expression) => {
    expect(JSON.parse(JSON.stringify(expression))).toEqual(expression);
  });
});
