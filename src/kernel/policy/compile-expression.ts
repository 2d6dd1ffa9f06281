/**
 * Compiles a checked expression to closures: each gives a value or a `Failure`, and none throws.
 *
 * `and` and `or` have three values and do not care for order: false decides an `and`, true an `or`, whatever
 * fails beside it. All other operators fail where an operand does. Only an object's own members are seen.
 * What simple conditions need is made here, so that evaluating a path and a comparison allocates nothing.
 */
import { type Arithmetic, calculate, ExactNumber, negated } from './exact-number.ts';
import {
  type BinaryExpression,
  type CallExpression,
  type ConditionSubject,
  type ExpressionDocument,
  type MacroExpression,
  type MemberExpression,
  type PathExpression,
} from './expression.ts';
import {
  type CompiledCondition,
  connective,
  type Elements,
  elementsOf,
  type Evaluation,
  every,
  exactlyOne,
  filter,
  inverse,
  joined,
  map,
  some,
  truthOf,
} from './expression-evaluation.ts';
import { expressionFunctions } from './expression-functions.ts';
import {
  compileParent,
  compilePath,
  elementOf,
  memberOf,
  noElements,
  unchecked,
} from './expression-path.ts';
import {
  compareNumbers,
  decimalOf,
  isMap,
  type Meter,
  sameValue,
  tooManyIterations,
  tooMuchWork,
} from './expression-value.ts';
import { Failure } from './failure.ts';

const notNumbers = new Failure('order is for numbers; `decimal(…)` reads one from a text');
const noMembers = new Failure('only a map has members');
const notAKey = new Failure('only a text can be a key of a map');

/** Compiles a whole expression; what is neither true nor false in the end is an error. */
export function compileExpression(document: ExpressionDocument, meter: Meter): CompiledCondition {
  const evaluate = new ExpressionCompiler(meter).compile(document);
  return (subject) => truthOf(evaluate(subject));
}

class ExpressionCompiler {
  readonly #meter: Meter;
  /** The elements that macros are at. */
  readonly #slots: unknown[] = [];
  readonly #scope = new Map<string, number>();

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  compile(document: ExpressionDocument): Evaluation {
    switch (document.op) {
      case 'value': {
        const { value } = document;
        return () => value;
      }
      case 'list':
        return this.#list(document.of);
      case 'path':
        return compilePath(document.path);
      case 'variable':
        return this.#variable(document.name);
      case 'member':
        return this.#member(document);
      case 'index':
        return this.#binary(document.of, document.at, elementOf);
      case 'has':
        return this.#has(document.of);
      case 'and':
      case 'or':
        return connective(this.#all(document.of), document.op === 'or');
      case 'not':
        return inverse(this.compile(document.of));
      case 'negate':
        return this.#unary(document.of, negated);
      case 'if':
        return this.#choice(document);
      case 'call':
        return this.#call(document);
      case 'every':
      case 'some':
      case 'exactlyOne':
      case 'filter':
      case 'map':
        return this.#macro(document);
      default:
        return this.#operator(document);
    }
  }

  #all(documents: readonly ExpressionDocument[]): readonly Evaluation[] {
    return documents.map((each) => this.compile(each));
  }

  #unary(
    of: ExpressionDocument,
    apply: (value: unknown, subject: ConditionSubject) => unknown,
  ): Evaluation {
    const operand = this.compile(of);
    return (subject) => {
      const value = operand(subject);
      return value instanceof Failure ? value : apply(value, subject);
    };
  }

  #binary(
    left: ExpressionDocument,
    right: ExpressionDocument,
    apply: (left: unknown, right: unknown, subject: ConditionSubject) => unknown,
  ): Evaluation {
    return joined(this.compile(left), this.compile(right), apply);
  }

  /** A literal with decimals is read once, and not for each call. */
  #number(document: ExpressionDocument): Evaluation {
    const literal = document.op === 'value' ? document.value : undefined;
    const decimal = Number.isSafeInteger(literal) ? undefined : decimalOf(literal);
    if (decimal === undefined) return this.compile(document);
    const number = new ExactNumber(decimal);
    return () => number;
  }

  #list(documents: readonly ExpressionDocument[]): Evaluation {
    const elements = this.#all(documents);
    const values = documents.flatMap((each) => (each.op === 'value' ? [each.value] : []));
    if (values.length === documents.length) return () => values;
    return (subject) => {
      const list: unknown[] = [];
      for (const element of elements) {
        const value = element(subject);
        if (value instanceof Failure) return value;
        list.push(value);
      }
      return list;
    };
  }

  #variable(name: string): Evaluation {
    const slot = this.#scope.get(name);
    const slots = this.#slots;
    return slot === undefined ? () => unchecked : () => slots[slot];
  }

  #member({ of, name }: MemberExpression): Evaluation {
    const missing = new Failure(`member \`${name}\` is missing`);
    return this.#unary(of, (value) => memberOf(value, name, missing));
  }

  #has(of: PathExpression | MemberExpression): Evaluation {
    const [parent, name] =
      of.op === 'path'
        ? [compileParent(of.path), of.path.at(-1) ?? '']
        : [this.compile(of.of), of.name];
    return (subject) => {
      const value = parent(subject);
      if (value instanceof Failure) return value;
      return isMap(value) ? Object.hasOwn(value, name) : noMembers;
    };
  }

  #choice(document: Extract<ExpressionDocument, { readonly op: 'if' }>): Evaluation {
    const test = this.compile(document.test);
    const whenTrue = this.compile(document.whenTrue);
    const whenFalse = this.compile(document.whenFalse);
    return (subject) => {
      const truth = truthOf(test(subject));
      if (typeof truth !== 'boolean') return truth;
      return truth ? whenTrue(subject) : whenFalse(subject);
    };
  }

  #call({ name, of }: CallExpression): Evaluation {
    const declaration = expressionFunctions.get(name);
    const [first, second] = of;
    if (declaration === undefined || first === undefined) return () => unchecked;
    const last = of.at(-1);
    const literal = last?.op === 'value' ? last.value : undefined;
    const apply = declaration.prepare(
      typeof literal === 'string' ? literal : undefined,
      this.#meter,
    );
    if (second !== undefined) return this.#binary(first, second, apply);
    return this.#unary(first, (value, subject) => apply(value, undefined, subject));
  }

  #operator({ op, left, right }: BinaryExpression): Evaluation {
    const meter = this.#meter;
    switch (op) {
      case 'equal':
        return this.#equality(left, right);
      case 'unequal':
        return inverse(this.#equality(left, right));
      case 'less':
        return this.#order(left, right, (order) => order < 0);
      case 'atMost':
        return this.#order(left, right, (order) => order <= 0);
      case 'more':
        return this.#order(left, right, (order) => order > 0);
      case 'atLeast':
        return this.#order(left, right, (order) => order >= 0);
      case 'in':
        return this.#membership(left, right);
      case 'add':
        return this.#binary(left, right, (a, b) => {
          if (typeof a !== 'string' || typeof b !== 'string') return calculate('add', a, b);
          return meter.spend(a.length + b.length) ? a + b : tooMuchWork;
        });
      case 'subtract':
      case 'multiply':
      case 'divide':
      case 'remainder': {
        const operation: Arithmetic = op;
        return this.#binary(left, right, (a, b) => calculate(operation, a, b));
      }
      default:
        return () => unchecked;
    }
  }

  #equality(left: ExpressionDocument, right: ExpressionDocument): Evaluation {
    const meter = this.#meter;
    return this.#binary(left, right, (a, b) => sameValue(a, b, meter));
  }

  #order(
    left: ExpressionDocument,
    right: ExpressionDocument,
    test: (order: number) => boolean,
  ): Evaluation {
    return joined(this.#number(left), this.#number(right), (a, b) => {
      const order = compareNumbers(a, b);
      return order === undefined ? notNumbers : test(order);
    });
  }

  /** A list of values that stands in the expression is looked up and not walked. */
  #membership(left: ExpressionDocument, right: ExpressionDocument): Evaluation {
    const meter = this.#meter;
    const values =
      right.op === 'list' && right.of.every(({ op }) => op === 'value')
        ? new Set(right.of.map((each) => (each.op === 'value' ? each.value : undefined)))
        : undefined;
    return this.#binary(left, right, (value, container) => {
      const isScalar = typeof value !== 'object' || value === null;
      if (values !== undefined && isScalar) return values.has(value as string);
      if (Array.isArray(container)) return isElement(value, container, meter);
      if (!isMap(container)) return noElements;
      return typeof value === 'string' ? Object.hasOwn(container, value) : notAKey;
    });
  }

  #macro({ op, of, as, body }: MacroExpression): Evaluation {
    const range = this.compile(of);
    const slots = this.#slots;
    const slot = slots.push(undefined) - 1;
    this.#scope.set(as, slot);
    const each = this.compile(body);
    this.#scope.delete(as);
    const meter = this.#meter;
    const gather = { every, some, exactlyOne, filter, map }[op];
    return (subject) => {
      const value = range(subject);
      if (value instanceof Failure) return value;
      const elements = elementsOf(value);
      if (elements === undefined) return noElements;
      const result = gather(elements, (element) => {
        if (!meter.iterate()) return tooManyIterations;
        slots[slot] = element;
        return each(subject);
      });
      // The call's arguments are not held on to.
      slots[slot] = undefined;
      return result;
    };
  }
}

function isElement(value: unknown, list: Elements, meter: Meter): boolean | Failure {
  if (!meter.spend(list.length)) return tooMuchWork;
  for (const element of list) {
    const same = sameValue(element, value, meter);
    if (same !== false) return same;
  }
  return false;
}
