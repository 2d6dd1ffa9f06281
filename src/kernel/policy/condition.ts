/**
 * Conditions: and/or/not trees over a request, with expressions among their nodes, compiled once to closures.
 *
 * Evaluation has three values: true, false and error. An error is not false: `all` is false when any operand
 * is false, `any` is true when any operand is true, and otherwise an error in an operand is the answer. What
 * an error means is decided by `evaluate.ts` (it denies). Lookups see own properties only.
 */
import { compileExpression } from './compile-expression.ts';
import { compareDecimals, exactDecimal } from './decimal.ts';
import type { ComparisonDocument, ConditionDocument, Operator } from './document.ts';
import type { ConditionSubject } from './expression.ts';
import { type CompiledCondition, connective, inverse } from './expression-evaluation.ts';
import { Meter } from './expression-value.ts';
import { Failure } from './failure.ts';
import { compileGlob } from './glob.ts';
import { isInside } from './path.ts';

/** Compiles a condition that `check.ts` has accepted. */
export function compileCondition(document: ConditionDocument): CompiledCondition {
  const meter = new Meter();
  const condition = compileNode(document, meter);
  return (subject) => {
    meter.reset();
    return condition(subject);
  };
}

function compileNode(document: ConditionDocument, meter: Meter): CompiledCondition {
  const all = (nodes: unknown): readonly CompiledCondition[] =>
    (nodes as readonly ConditionDocument[]).map((each) => compileNode(each, meter));
  if ('expression' in document) {
    return compileExpression(document.expression, meter);
  }
  if ('all' in document) return connective(all(document.all), false);
  if ('any' in document) return connective(all(document.any), true);
  if ('not' in document) return inverse(compileNode(document.not, meter));
  return compileLeaf(document);
}

function compileLeaf(document: ComparisonDocument): CompiledCondition {
  const path = document.path.split('.');
  const [operator, operand] = Object.entries(document).find(([name]) => name !== 'path') ?? [];
  if (operator === 'exists') return (subject) => (lookup(subject, path) !== missing) === operand;
  const compare = comparison(operator as Operator, operand);
  const absent = new Failure(`\`${document.path}\` is missing`);
  const wrong = new Failure(`\`${document.path}\` cannot be compared with \`${operator}\``);
  return (subject) => {
    const value = lookup(subject, path);
    return value === missing ? absent : (compare(value) ?? wrong);
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
