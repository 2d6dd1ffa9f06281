/**
 * What a condition reads and what it compares with, for lint, explain and diff. It says nothing of how a
 * condition comes out: that is the kernel's.
 */
import { type ConditionDocument, operators } from '../kernel/index.ts';

/** A path that a condition reads, and the literals it stands beside. */
export interface ConditionReading {
  readonly path: string;
  readonly operator: string;
  readonly literals: readonly unknown[];
}

type Members = Readonly<Record<string, unknown>>;

const connectives = new Set([
  'and',
  'or',
  'not',
  'if',
  'every',
  'some',
  'exactlyOne',
  'filter',
  'map',
]);

/** Everything that a condition reads, path by path. The same path may be there several times. */
export function readingsOf(condition: ConditionDocument | undefined): readonly ConditionReading[] {
  const readings: ConditionReading[] = [];
  if (condition !== undefined) collectTree(condition, readings);
  return readings;
}

function collectTree(condition: unknown, into: ConditionReading[]): void {
  if (!isObject(condition)) return;
  for (const operand of [condition['all'], condition['any']].flat()) collectTree(operand, into);
  collectTree(condition['not'], into);
  if (condition['expression'] !== undefined) collectExpression(condition['expression'], into);
  const { path } = condition;
  if (typeof path !== 'string') return;
  for (const operator of operators) {
    if (!Object.hasOwn(condition, operator)) continue;
    into.push({ path, operator, literals: [condition[operator]].flat() });
  }
}

/** Below connectives, each comparison or call is a unit: its paths stand beside all of its literals. */
function collectExpression(node: unknown, into: ConditionReading[]): void {
  if (!isObject(node)) return;
  const operation = String(node['op']);
  if (connectives.has(operation)) {
    for (const child of childrenOf(node)) collectExpression(child, into);
    return;
  }
  const within = [...nodesOf(node)];
  const literals = within.filter(({ op }) => op === 'value').map(({ value }) => value);
  const operator = operation === 'call' ? String(node['name']) : operation;
  for (const each of within) {
    if (each['op'] !== 'path' || !Array.isArray(each['path'])) continue;
    into.push({ path: each['path'].join('.'), operator, literals });
  }
}

/** Parts of a condition that read nothing, so that they always come out the same; by their paths. */
export function constantParts(condition: ConditionDocument, path: string): readonly string[] {
  const found: string[] = [];
  collectConstants(condition, path, found);
  return found;
}

function collectConstants(condition: unknown, path: string, into: string[]): void {
  if (!isObject(condition)) return;
  for (const name of ['all', 'any'] as const) {
    const operands = condition[name];
    if (!Array.isArray(operands)) continue;
    for (const [position, operand] of operands.entries()) {
      collectConstants(operand, `${path}.${name}[${position}]`, into);
    }
  }
  if (condition['not'] !== undefined) collectConstants(condition['not'], `${path}.not`, into);
  const { expression } = condition;
  if (expression !== undefined && hasConstant(expression)) into.push(path);
}

/** Whether an expression, or an operand of its and, or and not, reads nothing. */
function hasConstant(node: unknown): boolean {
  if (!isObject(node)) return false;
  if (![...nodesOf(node)].some(reads)) return true;
  const isConnective = ['and', 'or', 'not'].includes(String(node['op']));
  return isConnective && childrenOf(node).some(hasConstant);
}

/** `countAllowed` is the one function that looks at more than its arguments. */
function reads({ op, name }: Members): boolean {
  return op === 'path' || op === 'variable' || (op === 'call' && name === 'countAllowed');
}

/** The node and all below it. */
export function* nodesOf(node: unknown): Generator<Members> {
  if (!isObject(node)) return;
  if (typeof node['op'] === 'string') yield node;
  for (const child of childrenOf(node)) yield* nodesOf(child);
}

function childrenOf(node: Members): readonly unknown[] {
  if (node['op'] === 'value' || node['op'] === 'path') return [];
  return Object.values(node).flat();
}

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
