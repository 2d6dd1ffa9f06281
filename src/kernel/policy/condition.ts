/**
 * Conditions: and/or/not trees over a request, with expressions among their nodes, compiled once to closures.
 *
 * Evaluation has three values: true, false and error. An error is not false: `all` is false when any operand
 * is false, `any` is true when any operand is true, and otherwise an error in an operand is the answer. What
 * an error means is decided by `evaluate.ts` (it denies). Lookups see own properties only.
 *
 * A condition is a shape and its operands. Conditions that differ in nothing but what they compare with have
 * one shape, and are kept as a table of operands: of 10,000 rules hardly one is in the processor's caches
 * when it is asked, so that what counts is how much of the memory has to be read for it.
 */
import { compileExpression } from './compile-expression.ts';
import { comparisons, prepareOperand } from './comparison.ts';
import type { ComparisonDocument, ConditionDocument, Operator } from './document.ts';
import type { ConditionSubject } from './expression.ts';
import {
  type CompiledCondition,
  connective,
  inverse,
  type Truth,
} from './expression-evaluation.ts';
import { Meter } from './expression-value.ts';
import { Failure } from './failure.ts';

/** Operands of several conditions, one after the other, and where those of the one that is asked begin. */
interface Row {
  readonly operands: readonly unknown[];
  readonly start: number;
}

interface Shape {
  /** The same for conditions that differ in nothing but their operands. */
  readonly key: string;
  readonly evaluate: (subject: ConditionSubject, row: Row) => Truth;
}

export interface ShapedCondition {
  readonly shape: Shape;
  readonly operands: readonly unknown[];
}

/** Compiles a condition that `check.ts` has accepted. */
export function compileCondition(document: ConditionDocument): CompiledCondition {
  const conditions = new ConditionCompiler();
  const table = conditions.table([conditions.compile(document)]);
  return (subject) => table.truth(0, subject);
}

/** Compiles the conditions of one policy, which share what is the same in them. */
export class ConditionCompiler {
  /** One for all conditions: they are evaluated one after the other. */
  readonly #meter = new Meter();
  readonly #shapes = new Map<string, Shape>();
  readonly #prepared = new Map<string, unknown>();

  compile(document: ConditionDocument): ShapedCondition {
    const operands: unknown[] = [];
    return { shape: this.#shapeOf(document, operands), operands };
  }

  /** `conditions` MUST be of one shape. */
  table(conditions: readonly ShapedCondition[]): ConditionTable {
    return new ConditionTable(conditions, this.#meter);
  }

  /** The shape of a node. What its leaves compare with is put behind `operands`. */
  #shapeOf(document: ConditionDocument, operands: unknown[]): Shape {
    if ('all' in document || 'any' in document) {
      const [op, nodes] = 'all' in document ? ['all', document.all] : ['any', document.any];
      const shapes = nodes.map((each) => this.#shapeOf(each, operands));
      return this.#shared(`${op}(${shapes.map(({ key }) => key).join()})`, () =>
        connective(
          shapes.map(({ evaluate }) => evaluate),
          op === 'any',
        ),
      );
    }
    if ('not' in document) {
      const { key, evaluate } = this.#shapeOf(document.not, operands);
      return this.#shared(`not(${key})`, () => inverse(evaluate));
    }
    const at = operands.length;
    if ('expression' in document) {
      operands.push(compileExpression(document.expression, this.#meter));
      return this.#shared(String(at), () => (subject, row) => {
        const evaluate = row.operands[row.start + at] as CompiledCondition;
        return evaluate(subject);
      });
    }
    const [operator, operand] = comparisonIn(document);
    operands.push(this.#operand(operator, operand));
    const key = JSON.stringify([operator, document.path, at]);
    return this.#shared(key, () => compileLeaf(document.path, operator, at));
  }

  #shared(key: string, make: () => Shape['evaluate']): Shape {
    const shape = this.#shapes.get(key) ?? { key, evaluate: make() };
    this.#shapes.set(key, shape);
    return shape;
  }

  #operand(operator: Operator, operand: unknown): unknown {
    const key = `${operator} ${JSON.stringify(operand)}`;
    const prepared = this.#prepared.get(key) ?? prepareOperand(operator, operand);
    this.#prepared.set(key, prepared);
    return prepared;
  }
}

/** Conditions of one shape. */
export class ConditionTable {
  readonly #evaluate: Shape['evaluate'];
  readonly #row: { readonly operands: readonly unknown[]; start: number };
  readonly #width: number;
  readonly #meter: Meter;

  constructor(conditions: readonly ShapedCondition[], meter: Meter) {
    const [first] = conditions;
    if (first === undefined) throw new Error('a table has a condition');
    this.#evaluate = first.shape.evaluate;
    this.#width = first.operands.length;
    this.#row = { operands: conditions.flatMap(({ operands }) => operands), start: 0 };
    this.#meter = meter;
  }

  /** Of the condition with this number. */
  truth(number: number, subject: ConditionSubject): Truth {
    this.#meter.reset();
    this.#row.start = number * this.#width;
    return this.#evaluate(subject, this.#row);
  }
}

function comparisonIn(
  document: ComparisonDocument,
): readonly [operator: Operator, operand: unknown] {
  const [operator, operand] = Object.entries(document).find(([name]) => name !== 'path') ?? [];
  return [operator as Operator, operand];
}

function compileLeaf(dotted: string, operator: Operator, at: number): Shape['evaluate'] {
  const path = dotted.split('.');
  if (operator === 'exists') {
    return (subject, { operands, start }) =>
      (lookup(subject, path) !== missing) === operands[start + at];
  }
  const compare = comparisons[operator];
  const absent = new Failure(`\`${dotted}\` is missing`);
  const wrong = new Failure(`\`${dotted}\` cannot be compared with \`${operator}\``);
  return (subject, { operands, start }) => {
    const value = lookup(subject, path);
    return value === missing ? absent : (compare(value, operands[start + at]) ?? wrong);
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
