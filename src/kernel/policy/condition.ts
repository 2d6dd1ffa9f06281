/**
 * Conditions: and/or/not trees over a request, compiled once to closures.
 *
 * Evaluation has three values: true, false and error. An error is not false: `all` is false when any operand
 * is false, `any` is true when any operand is true, and otherwise an error in an operand is the answer. What
 * an error means is decided by `evaluate.ts` (it denies). Lookups see own properties only.
 */
import type { ConditionDocument, Operator } from './document.ts';
import { compileGlob } from './glob.ts';
import { isInside } from './path.ts';
import { compareDecimals, exactDecimal } from './decimal.ts';

/** What a condition may look at. */
export interface ConditionSubject {
  readonly arguments: unknown;
  readonly resource: string;
  readonly action: string;
  readonly tool: string;
  readonly agent: string;
  readonly principal: string;
  readonly org: string;
  readonly session: string;
  readonly risk: string;
}

/** The first segments that a path may have. */
export const pathRoots: readonly string[] = [
  'arguments',
  'resource',
  'action',
  'tool',
  'agent',
  'principal',
  'org',
  'session',
  'risk',
];

export type Truth = boolean | { readonly error: string };
export type CompiledCondition = (subject: ConditionSubject) => Truth;

/** Compiles a condition that `check.ts` has accepted. */
export function compileCondition(document: ConditionDocument): CompiledCondition {
  if ('all' in document) return combined((document.all as never[]).map(compileCondition), false);
  if ('any' in document) return combined((document.any as never[]).map(compileCondition), true);
  if ('not' in document) {
    const operand = compileCondition(document.not);
    return (subject) => {
      const truth = operand(subject);
      return typeof truth === 'boolean' ? !truth : truth;
    };
  }
  const path = document.path.split('.');
  const [operator, operand] = Object.entries(document).find(([name]) => name !== 'path') ?? [];
  const compare = comparison(operator as Operator, operand);
  return (subject) => {
    const value = lookup(subject, path);
    if (operator === 'exists') return (value !== missing) === operand;
    if (value === missing) return { error: `\`${document.path}\` is missing` };
    const truth = compare(value);
    return truth ?? { error: `\`${document.path}\` cannot be compared with \`${operator}\`` };
  };
}

/** `all` for absorbing false, `any` for absorbing true. */
function combined(operands: readonly CompiledCondition[], absorbing: boolean): CompiledCondition {
  return (subject) => {
    let error: Truth | undefined;
    for (const operand of operands) {
      const truth = operand(subject);
      if (truth === absorbing) return absorbing;
      if (typeof truth !== 'boolean') error ??= truth;
    }
    return error ?? !absorbing;
  };
}

const missing = Symbol('missing');

function lookup(subject: ConditionSubject, path: readonly string[]): unknown {
  let value: unknown = subject;
  for (const segment of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) {
      return missing;
    }
    value = (value as Readonly<Record<string, unknown>>)[segment];
  }
  return value;
}

/** A comparison with a fixed operand; undefined means the value is of the wrong type for it. */
type Comparison = (value: unknown) => boolean | undefined;

function comparison(operator: Operator, operand: unknown): Comparison {
  switch (operator) {
    case 'equals':
      return (value) => (isScalar(value) ? sameScalar(value, operand) : undefined);
    case 'notEquals':
      return (value) => (isScalar(value) ? !sameScalar(value, operand) : undefined);
    case 'in':
    case 'notIn': {
      const set = new Set(operand as readonly unknown[]);
      const wanted = operator === 'in';
      return (value) => (isScalar(value) ? set.has(value) === wanted : undefined);
    }
    case 'lessThan':
      return ordered(operand, (order) => order < 0);
    case 'atMost':
      return ordered(operand, (order) => order <= 0);
    case 'moreThan':
      return ordered(operand, (order) => order > 0);
    case 'atLeast':
      return ordered(operand, (order) => order >= 0);
    case 'exists':
      return () => true;
    default:
      return textual(operator, operand as string);
  }
}

function textual(
  operator: 'startsWith' | 'endsWith' | 'contains' | 'matches' | 'inside' | 'outside',
  operand: string,
): Comparison {
  const test: (text: string) => boolean | undefined = {
    startsWith: (text: string) => text.startsWith(operand),
    endsWith: (text: string) => text.endsWith(operand),
    contains: (text: string) => text.includes(operand),
    matches: compileGlob(operand),
    inside: (text: string) => isInside(text, operand),
    outside: (text: string) => negated(isInside(text, operand)),
  }[operator];
  return (value) => (typeof value === 'string' ? test(value) : undefined);
}

function negated(truth: boolean | undefined): boolean | undefined {
  return truth === undefined ? undefined : !truth;
}

function isScalar(value: unknown): value is string | number | boolean | null {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function sameScalar(left: string | number | boolean | null, right: unknown): boolean {
  return left === right;
}

function ordered(operand: unknown, test: (order: number) => boolean): Comparison {
  const right = exactDecimal(operand);
  return (value) => {
    const left = exactDecimal(value);
    if (left === undefined || right === undefined) return undefined;
    return test(compareDecimals(left, right));
  };
}
