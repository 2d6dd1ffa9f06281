/**
 * The values that expressions have while they are evaluated, and what equality means among them.
 *
 * A value is JSON data as it stands in the arguments, or an `ExactNumber`, or a `Failure`. Evaluation throws
 * nothing: what goes wrong is a `Failure`, and so is a bound that is reached.
 */
import { limits } from '../limits.ts';
import { compareDecimals, type Decimal, exactDecimal } from './decimal.ts';
import { ExactNumber } from './exact-number.ts';
import { Failure } from './failure.ts';

/** What one evaluation of one condition may still cost. It belongs to the condition, not to the call. */
export class Meter {
  #iterations = 0;
  #work = 0;

  reset(): void {
    this.#iterations = 0;
    this.#work = 0;
  }

  /** Counts one evaluation of a macro's body; false where there were too many. */
  iterate(): boolean {
    this.#iterations += 1;
    return this.#iterations <= limits.conditionIterationsMax;
  }

  /** Counts characters and elements that are looked at; false where there were too many. */
  spend(amount: number): boolean {
    this.#work += amount;
    return this.#work <= limits.conditionWorkMax;
  }
}

export const tooManyIterations = new Failure(
  `a condition evaluates bodies at most ${limits.conditionIterationsMax} times`,
);
export const tooMuchWork = new Failure(
  `a condition looks at no more than ${limits.conditionWorkMax} characters and elements`,
);
const notExact = new Failure('a number that is no exact decimal cannot be compared');

export type Members = Readonly<Record<string, unknown>>;

/** Whether a value is a map, in the words of CEL: an object that is no list. */
export function isMap(value: unknown): value is Members {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof ExactNumber)
  );
}

/** The exact decimal of a number; undefined for all else, texts included. */
export function decimalOf(value: unknown): Decimal | undefined {
  if (typeof value === 'number') return exactDecimal(value);
  return value instanceof ExactNumber ? value.decimal : undefined;
}

/** Negative, zero or positive; undefined where either is no exact number. */
export function compareNumbers(left: unknown, right: unknown): number | undefined {
  // Whole numbers are most of them, and compare as they are.
  if (Number.isSafeInteger(left) && Number.isSafeInteger(right)) {
    return (left as number) - (right as number);
  }
  const [a, b] = [decimalOf(left), decimalOf(right)];
  return a === undefined || b === undefined ? undefined : compareDecimals(a, b);
}

/** Whether two values are the same. Values of different kinds are not; lists and maps compare deeply. */
export function sameValue(left: unknown, right: unknown, meter: Meter): boolean | Failure {
  if (typeof left === 'string' && typeof right === 'string') {
    if (left.length !== right.length) return false;
    return meter.spend(left.length) ? left === right : tooMuchWork;
  }
  if (left === right) return true;
  if (left instanceof ExactNumber || right instanceof ExactNumber) {
    const numbers = [left, right].every((each) => typeof each === 'number' || isExact(each));
    if (!numbers) return false;
    const order = compareNumbers(left, right);
    return order === undefined ? notExact : order === 0;
  }
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  if (left === null || right === null) return false;
  if (Array.isArray(left) && Array.isArray(right)) return sameElements(left, right, meter);
  return isMap(left) && isMap(right) ? sameMembers(left, right, meter) : false;
}

function isExact(value: unknown): value is ExactNumber {
  return value instanceof ExactNumber;
}

function sameElements(
  left: readonly unknown[],
  right: readonly unknown[],
  meter: Meter,
): boolean | Failure {
  if (left.length !== right.length) return false;
  if (!meter.spend(left.length)) return tooMuchWork;
  for (let at = 0; at < left.length; at += 1) {
    const same = sameValue(left[at], right[at], meter);
    if (same !== true) return same;
  }
  return true;
}

function sameMembers(left: Members, right: Members, meter: Meter): boolean | Failure {
  const names = Object.keys(left);
  if (names.length !== Object.keys(right).length) return false;
  if (!meter.spend(names.length)) return tooMuchWork;
  for (const name of names) {
    if (!Object.hasOwn(right, name)) return false;
    const same = sameValue(left[name], right[name], meter);
    if (same !== true) return same;
  }
  return true;
}
