/** Arithmetic is exact or an error, whatever the numbers. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareDecimals, scaledDecimal } from './decimal.ts';
import { calculate, exactNumber, negated } from './exact-number.ts';
import { decimalOf } from './expression-value.ts';
import { Failure } from './failure.ts';

const scaled = fc.bigInt(-(10n ** 40n), 10n ** 40n);
const one = 10n ** 18n;

function textOf(value: bigint): string {
  const digits = (value < 0n ? -value : value).toString().padStart(19, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -18)}.${digits.slice(-18)}`;
}

const number = (value: bigint): unknown => exactNumber(textOf(value));

function shown(value: unknown): bigint | undefined {
  const decimal = decimalOf(value);
  return decimal === undefined ? undefined : scaledDecimal(decimal);
}

test.each(['add', 'subtract', 'multiply', 'divide', 'remainder'] as const)(
  '%s gives the exact result or none',
  (operation) => {
    const whole = operation === 'divide' || operation === 'remainder';
    fc.assert(
      fc.property(scaled, scaled, (left, right) => {
        const [a, b] = whole ? [(left / one) * one, (right / one) * one] : [left, right];
        const exact = {
          add: () => a + b,
          subtract: () => a - b,
          multiply: () => ((a * b) % one === 0n ? (a * b) / one : undefined),
          divide: () => (b === 0n ? undefined : (a / b) * one),
          remainder: () => (b === 0n ? undefined : a % b),
        }[operation]();
        const result = calculate(operation, number(a), number(b));
        const inRange = exact !== undefined && exact < 10n ** 48n && exact > -(10n ** 48n);
        expect(shown(result)).toBe(inRange ? exact : undefined);
      }),
    );
  },
);

test('small whole numbers give what large ones do', () => {
  const integer = fc.maxSafeInteger();
  const operation = fc.constantFrom('add', 'subtract', 'multiply', 'divide', 'remainder' as const);
  fc.assert(
    fc.property(operation, integer, integer, (name, a, b) => {
      const quick = calculate(name, a, b);
      const slow = calculate(name, exactNumber(String(a)), exactNumber(String(b)));
      const outcome = (value: unknown): unknown =>
        value instanceof Failure ? value.error : shown(value);
      expect(outcome(quick)).toBe(outcome(slow));
    }),
  );
});

test('the smallest and the largest', () => {
  expect(Object.is(negated(0), 0)).toBe(true);
  expect(Object.is(calculate('remainder', -4, 2), 0)).toBe(true);
  expect(calculate('add', 0.1, 0.2)).not.toBe(0.3);
  const tenths = [calculate('add', 0.1, 0.2), 0.3].map(decimalOf);
  expect(tenths[0] && tenths[1] && compareDecimals(tenths[0], tenths[1])).toBe(0);
  expect(calculate('add', '1', 1)).toBeInstanceOf(Failure);
  expect(calculate('add', 1e21, 1)).toBeInstanceOf(Failure);
  expect(exactNumber('1e3')).toBeUndefined();
  expect(exactNumber(true)).toBeUndefined();
});
