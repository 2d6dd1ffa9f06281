/**
 * How evaluations are put together: three-valued connectives, operands that fail, and the loops of macros.
 *
 * False decides an `and` and an `every`, true an `or` and a `some`, whatever fails beside it and in whatever
 * order. Everything else fails where one of its parts does.
 */
import type { ConditionSubject } from './expression.ts';
import { isMap, tooManyIterations } from './expression-value.ts';
import { Failure } from './failure.ts';

/** A value, or a `Failure`. */
export type Evaluation = (subject: ConditionSubject) => unknown;

export type Truth = boolean | { readonly error: string };
export type CompiledCondition = (subject: ConditionSubject) => Truth;

const notBoolean = new Failure('a condition or operand is neither true nor false');

/** `and` for absorbing false, `or` for absorbing true. */
export function connective<Beside = void>(
  operands: readonly ((subject: ConditionSubject, beside: Beside) => unknown)[],
  absorbing: boolean,
): (subject: ConditionSubject, beside: Beside) => Truth {
  return (subject, beside) => {
    let error: Truth | undefined;
    for (const operand of operands) {
      const truth = truthOf(operand(subject, beside));
      if (truth === absorbing) return absorbing;
      if (typeof truth !== 'boolean') error ??= truth;
    }
    return error ?? !absorbing;
  };
}

export function inverse<Beside = void>(
  operand: (subject: ConditionSubject, beside: Beside) => unknown,
): (subject: ConditionSubject, beside: Beside) => Truth {
  return (subject, beside) => {
    const truth = truthOf(operand(subject, beside));
    return typeof truth === 'boolean' ? !truth : truth;
  };
}

/** An operation on two values; it fails where either does. */
export function joined(
  left: Evaluation,
  right: Evaluation,
  apply: (left: unknown, right: unknown, subject: ConditionSubject) => unknown,
): Evaluation {
  return (subject) => {
    const a = left(subject);
    if (a instanceof Failure) return a;
    const b = right(subject);
    return b instanceof Failure ? b : apply(a, b, subject);
  };
}

/** What is neither true nor false is an error. */
export function truthOf(value: unknown): boolean | Failure {
  return typeof value === 'boolean' || value instanceof Failure ? value : notBoolean;
}

export type Elements = readonly unknown[];
type Body = (element: unknown) => unknown;

/** False decides, whatever fails beside it; but a bound that is reached ends it at once. */
export function every(elements: Elements, body: Body): unknown {
  return decided(elements, body, false);
}

export function some(elements: Elements, body: Body): unknown {
  return decided(elements, body, true);
}

function decided(elements: Elements, body: Body, absorbing: boolean): unknown {
  let error: Failure | undefined;
  for (const element of elements) {
    const truth = truthOf(body(element));
    if (truth === absorbing) return absorbing;
    if (truth === tooManyIterations) return truth;
    if (typeof truth !== 'boolean') error ??= truth;
  }
  return error ?? !absorbing;
}

export function exactlyOne(elements: Elements, body: Body): unknown {
  const found = filter(elements, body);
  return Array.isArray(found) ? found.length === 1 : found;
}

export function filter(elements: Elements, body: Body): unknown {
  const kept: unknown[] = [];
  for (const element of elements) {
    const truth = truthOf(body(element));
    if (typeof truth !== 'boolean') return truth;
    if (truth) kept.push(element);
  }
  return kept;
}

export function map(elements: Elements, body: Body): unknown {
  const mapped: unknown[] = [];
  for (const element of elements) {
    const value = body(element);
    if (value instanceof Failure) return value;
    mapped.push(value);
  }
  return mapped;
}

export function elementsOf(value: unknown): Elements | undefined {
  if (Array.isArray(value)) return value as Elements;
  return isMap(value) ? Object.keys(value) : undefined;
}
