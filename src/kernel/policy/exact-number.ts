/**
 * Arithmetic in expressions: exact, or an error. No result is rounded.
 *
 * A whole number within 2^53 stays a JavaScript number. Anything else is a decimal with up to 30 digits
 * before the point and 18 behind it. Division is for whole numbers only: a price divided by three has no
 * exact answer.
 */
import { type Decimal, exactDecimal, scaledDecimal } from './decimal.ts';
import { Failure } from './failure.ts';

/** A decimal that came out of arithmetic, or of `decimal("…")`. */
export class ExactNumber {
  readonly decimal: Decimal;

  constructor(decimal: Decimal) {
    this.decimal = decimal;
  }
}

export type Arithmetic = 'add' | 'subtract' | 'multiply' | 'divide' | 'remainder';

const one = 10n ** 18n;
/** Thirty digits before the point. */
const bound = 10n ** 30n * one;

const noNumbers = new Failure(
  'arithmetic is for exact numbers; `decimal(…)` reads one from a text',
);
const tooLarge = new Failure('the result has more than 30 digits');
const notExact = new Failure('the product has more than 18 digits behind the point');
const notWhole = new Failure('division is for whole numbers');
const byZero = new Failure('division by zero');

/** The number that a number, or the text of a plain decimal, shows. */
export function exactNumber(value: unknown): number | ExactNumber | undefined {
  if (value instanceof ExactNumber) return value;
  const decimal = exactDecimal(value);
  if (decimal === undefined) return undefined;
  return typeof value === 'number' ? value : new ExactNumber(decimal);
}

/** The result of one operation on two numbers. Texts are no numbers here. */
export function calculate(operation: Arithmetic, left: unknown, right: unknown): unknown {
  const quick = quickResult(operation, left, right);
  if (quick !== undefined) return quick;
  const [a, b] = [scaledOf(left), scaledOf(right)];
  if (a === undefined || b === undefined) return noNumbers;
  switch (operation) {
    case 'add':
      return fromScaled(a + b);
    case 'subtract':
      return fromScaled(a - b);
    case 'multiply':
      return (a * b) % one === 0n ? fromScaled((a * b) / one) : notExact;
    default:
      if (a % one !== 0n || b % one !== 0n) return notWhole;
      if (b === 0n) return byZero;
      return fromScaled(operation === 'divide' ? (a / b) * one : a % b);
  }
}

export function negated(value: unknown): unknown {
  return calculate('subtract', 0, value);
}

/** Whole numbers whose result is one as well, which are most of them. */
function quickResult(operation: Arithmetic, left: unknown, right: unknown): number | undefined {
  if (!Number.isSafeInteger(left) || !Number.isSafeInteger(right)) return undefined;
  const [a, b] = [left as number, right as number];
  if ((operation === 'divide' || operation === 'remainder') && b === 0) return undefined;
  const result = quickly(operation, a, b);
  // Adding zero makes the negative zero a plain one.
  return Number.isSafeInteger(result) ? result + 0 : undefined;
}

function quickly(operation: Arithmetic, a: number, b: number): number {
  switch (operation) {
    case 'add':
      return a + b;
    case 'subtract':
      return a - b;
    case 'multiply':
      return a * b;
    case 'divide':
      return Math.trunc(a / b);
    default:
      return a % b;
  }
}

function scaledOf(value: unknown): bigint | undefined {
  if (value instanceof ExactNumber) return scaledDecimal(value.decimal);
  const decimal = typeof value === 'number' ? exactDecimal(value) : undefined;
  return decimal === undefined ? undefined : scaledDecimal(decimal);
}

function fromScaled(scaled: bigint): unknown {
  if (scaled >= bound || scaled <= -bound) return tooLarge;
  const whole = Number(scaled / one);
  if (scaled % one === 0n && Number.isSafeInteger(whole)) return whole;
  return new ExactNumber(scaled);
}
