/**
 * Parts of a condition that can never hold, because what they ask of one path cannot be so at once: more than
 * 100 and less than 50. Whoever wrote such a rule believes that it holds at times. Only what is certain is
 * found: comparisons with literals, all of which have to hold.
 */
import { compareDecimals, type ConditionDocument, exactDecimal } from '../kernel/index.ts';
import { isObject, nodesOf } from './condition-reading.ts';

export interface Contradiction {
  readonly path: string;
  readonly message: string;
}

type Operator = 'equals' | 'lessThan' | 'atMost' | 'moreThan' | 'atLeast';

interface Demand {
  /** What it is asked of. */
  readonly of: string;
  readonly operator: Operator;
  readonly literal: unknown;
}

const words: Readonly<Record<Operator, string>> = {
  equals: 'equal to',
  lessThan: 'less than',
  atMost: 'at most',
  moreThan: 'more than',
  atLeast: 'at least',
};

/** The operations of expressions, and what they are with their sides changed. */
const operations: ReadonlyMap<unknown, readonly [left: Operator, right: Operator]> = new Map([
  ['equal', ['equals', 'equals']],
  ['less', ['lessThan', 'moreThan']],
  ['atMost', ['atMost', 'atLeast']],
  ['more', ['moreThan', 'lessThan']],
  ['atLeast', ['atLeast', 'atMost']],
]);

export function contradictions(
  condition: ConditionDocument,
  path: string,
): readonly Contradiction[] {
  const found: Contradiction[] = [];
  for (const { at, demands } of conjunctions(condition, path)) {
    for (const [position, demand] of demands.entries()) {
      const other = demands.slice(0, position).find((each) => excludes(each, demand));
      if (other === undefined) continue;
      const message = `never holds: \`${demand.of}\` is not ${said(other)} and ${said(demand)} at once`;
      found.push({ path: at, message });
      break;
    }
  }
  return found;
}

function said({ operator, literal }: Demand): string {
  return `${words[operator]} ${JSON.stringify(literal)}`;
}

/** Whether two demands, one of which may be met, cannot both be. */
function excludes(one: Demand, other: Demand): boolean {
  if (one.of !== other.of) return false;
  const [a, b] = [one.literal, other.literal];
  if (one.operator === 'equals' && other.operator === 'equals') {
    return typeof a === typeof b && typeof a !== 'object' && a !== b;
  }
  const [x, y] = [exactDecimal(a), exactDecimal(b)];
  if (x === undefined || y === undefined) return false;
  const order = compareDecimals(x, y);
  return isBelow(one, other, order) || isBelow(other, one, -order);
}

/** Whether `upper` keeps everything below what `lower` asks for; `order` is of their literals. */
function isBelow(upper: Demand, lower: Demand, order: number): boolean {
  const isUpper = upper.operator !== 'moreThan' && upper.operator !== 'atLeast';
  const isLower = lower.operator !== 'lessThan' && lower.operator !== 'atMost';
  if (!isUpper || !isLower) return false;
  const isStrict = upper.operator === 'lessThan' || lower.operator === 'moreThan';
  return order < 0 || (order === 0 && isStrict);
}

interface Conjunction {
  readonly at: string;
  readonly demands: readonly Demand[];
}

/** All that has to hold at once, wherever in the condition that is. */
function* conjunctions(condition: unknown, path: string): Generator<Conjunction> {
  yield { at: path, demands: [...demandsOf(condition)] };
  yield* within(condition, path);
}

/** Conjunctions below one that was looked at. */
function* within(condition: unknown, path: string): Generator<Conjunction> {
  if (!isObject(condition)) return;
  for (const [position, operand] of listOf(condition['all']).entries()) {
    yield* within(operand, `${path}.all[${position}]`);
  }
  for (const [position, operand] of listOf(condition['any']).entries()) {
    yield* conjunctions(operand, `${path}.any[${position}]`);
  }
  if (condition['not'] !== undefined) yield* conjunctions(condition['not'], `${path}.not`);
  for (const node of nodesOf(condition['expression'])) {
    if (node['op'] !== 'or' && node['op'] !== 'not') continue;
    for (const operand of [node['of']].flat()) {
      yield { at: path, demands: [...demandsOfNode(operand)] };
    }
  }
}

function* demandsOf(condition: unknown): Generator<Demand> {
  if (!isObject(condition)) return;
  for (const operand of listOf(condition['all'])) yield* demandsOf(operand);
  yield* demandsOfNode(condition['expression']);
  const { path } = condition;
  if (typeof path !== 'string') return;
  for (const operator of Object.keys(words) as Operator[]) {
    if (Object.hasOwn(condition, operator)) {
      yield { of: path, operator, literal: condition[operator] };
    }
  }
}

function* demandsOfNode(node: unknown): Generator<Demand> {
  if (!isObject(node)) return;
  const { op, left, right } = node;
  if (op === 'and') for (const operand of listOf(node['of'])) yield* demandsOfNode(operand);
  const operation = operations.get(op);
  if (operation === undefined) return;
  yield* compared(left, right, operation[0]);
  yield* compared(right, left, operation[1]);
}

function* compared(reading: unknown, literal: unknown, operator: Operator): Generator<Demand> {
  if (!isObject(reading) || reading['op'] !== 'path' || !Array.isArray(reading['path'])) return;
  if (!isObject(literal) || literal['op'] !== 'value') return;
  yield { of: reading['path'].join('.'), operator, literal: literal['value'] };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
