/** The operators of simple conditions: a value from the request against an operand of the policy. */
import { compareDecimals, type Decimal, exactDecimal } from './decimal.ts';
import type { Operator } from './document.ts';
import { compileGlob, type Matcher } from './glob.ts';
import { isInside } from './path.ts';

/** Undefined means that the value is of the wrong type. The operand is one from `prepareOperand`. */
type Comparison = (value: unknown, operand: unknown) => boolean | undefined;

/** An operand in the form in which it is compared. */
export function prepareOperand(operator: Operator, operand: unknown): unknown {
  switch (operator) {
    case 'in':
    case 'notIn':
      return new Set(operand as readonly unknown[]);
    case 'lessThan':
    case 'atMost':
    case 'moreThan':
    case 'atLeast':
      return exactDecimal(operand);
    case 'matches':
      return compileGlob(operand as string);
    default:
      return operand;
  }
}

/** All but `exists`, which asks for no value. */
export const comparisons: Readonly<Record<Exclude<Operator, 'exists'>, Comparison>> = {
  equals: (value, operand) => (isScalar(value) ? value === operand : undefined),
  notEquals: (value, operand) => (isScalar(value) ? value !== operand : undefined),
  in: (value, operand) => (isScalar(value) ? isAmong(value, operand) : undefined),
  notIn: (value, operand) => (isScalar(value) ? !isAmong(value, operand) : undefined),
  lessThan: ordered((order) => order < 0),
  atMost: ordered((order) => order <= 0),
  moreThan: ordered((order) => order > 0),
  atLeast: ordered((order) => order >= 0),
  startsWith: textual((text, operand) => text.startsWith(operand)),
  endsWith: textual((text, operand) => text.endsWith(operand)),
  contains: textual((text, operand) => text.includes(operand)),
  matches: (value, operand) =>
    typeof value === 'string' ? (operand as Matcher)(value) : undefined,
  inside: textual(isInside),
  outside: textual((text, operand) => negated(isInside(text, operand))),
};

function isScalar(value: unknown): value is string | number | boolean | null {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function isAmong(value: unknown, operand: unknown): boolean {
  return (operand as ReadonlySet<unknown>).has(value);
}

function ordered(test: (order: number) => boolean): Comparison {
  return (value, operand) => {
    const left = exactDecimal(value);
    if (left === undefined || operand === undefined) return undefined;
    return test(compareDecimals(left, operand as Decimal));
  };
}

function textual(test: (text: string, operand: string) => boolean | undefined): Comparison {
  return (value, operand) =>
    typeof value === 'string' ? test(value, operand as string) : undefined;
}

function negated(truth: boolean | undefined): boolean | undefined {
  return truth === undefined ? undefined : !truth;
}
