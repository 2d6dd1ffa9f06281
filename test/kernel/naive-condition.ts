/** Conditions and expressions once more, as a walk over the tree. Numbers are integers in 10^-18. */
import { isDeepStrictEqual as same } from 'node:util';
import type { ConditionDocument } from '../../src/kernel/policy/document.ts';
import type { ExpressionDocument } from '../../src/kernel/policy/expression.ts';

type Json = Readonly<Record<string, unknown>>;
type Table<T> = Readonly<Record<string, (left: T, right: T) => unknown>>;
type Form = (node: Node, scope: Json) => unknown;
type MembersOf<U> = U extends unknown ? keyof U : never;
/** Of a tree or an expression: each kind has some of the members that any has. */
type Node = {
  readonly [M in MembersOf<ConditionDocument | ExpressionDocument>]: Node & Node[] & string;
};

export const globs = (patterns: string | readonly string[], value: unknown): boolean =>
  [patterns].flat().some((pattern) => {
    const literal = pattern.replaceAll(/[\\^$.|+()[\]{}]/gu, String.raw`\$&`);
    const wild = (run: string) => (run.length > 1 ? '[^]*' : `[^/]${run.replace('?', '')}`);
    return new RegExp(`^${literal.replaceAll(/\*+|\?/gu, wild)}$`, 'u').test(String(value));
  });
function must<T>(value: T, holds: boolean): T {
  if (holds) return value;
  throw new Error('a value of the wrong kind');
}
const known = <T>(value: T): T => must(value, value !== undefined);
const truth = (value: unknown): boolean => must(value as boolean, typeof value === 'boolean');
const isMap = (of: unknown): of is Json => Object(of) === of && !Array.isArray(of);
const keys = (of: unknown): readonly unknown[] => Object.keys(must(of as Json, isMap(of)));
/** Of a list its elements, of a map its keys, among which only texts are looked for. */
const elements = (of: unknown, sought: unknown = ''): readonly unknown[] =>
  Array.isArray(of) ? of : keys(must(of, typeof sought === 'string'));
function member(of: unknown, key: unknown): unknown {
  if (isMap(of)) return Object.entries(of).find(([name]) => name === key)?.[1];
  return elements(of).find((_, position) => BigInt(position) * one === key);
}

const one = 10n ** 18n;
const exactDecimal = /^(-?(?:0|[1-9]\d{0,29}))(?:\.(\d{1,18}))?$/;
function decimal(value: unknown): bigint | undefined {
  const [, units, rest = ''] = exactDecimal.exec(String(value)) ?? [];
  return units === undefined ? undefined : BigInt(units + rest.padEnd(18, '0'));
}
/** The value with its numbers exact, and without those that have no exact decimal. */
const exact = (all: unknown): unknown =>
  JSON.parse(JSON.stringify(all), (_, of: unknown) => (typeof of === 'number' ? decimal(of) : of));

const ofNumbers: Table<bigint> = {
  less: (left, right) => left < right,
  atMost: (left, right) => left <= right,
  more: (left, right) => left > right,
  atLeast: (left, right) => left >= right,
  add: (left, right) => left + right,
  subtract: (left, right) => left - right,
  multiply: (left, right) => ((left * right) % one ? undefined : (left * right) / one),
  divide: (left, right) => (left % one || right % one ? undefined : (left / right) * one),
  remainder: (left, right) => (left % one || right % one ? undefined : left % right),
};
const ofTexts: Table<string> = {
  startsWith: (left, right) => left.startsWith(right),
  endsWith: (left, right) => left.endsWith(right),
  contains: (left, right) => left.includes(right),
  matches: (left, right) => new RegExp(right, 'u').test(left),
  glob: (left, right) => globs(right, left),
  add: (left, right) => left + right,
};
const ofAny: Table<unknown> = {
  equal: same,
  unequal: (left, right) => !same(left, right),
  in: (left, right) => elements(right, left).some((each) => same(each, left)),
  notIn: (left, right) => !elements(right).some((each) => same(each, left)),
  size: (of) => BigInt(Array.from(typeof of === 'string' ? of : elements(of)).length) * one,
  decimal: (of) => (typeof of === 'bigint' ? of : decimal(must(of, typeof of === 'string'))),
  lower: (of) => must(of as string, typeof of === 'string').toLowerCase(),
  countAllowed: (pattern, scope) =>
    Object.entries(['session', 'counts'].reduce(member, scope) as Record<string, bigint>)
      .map(([action, times]) => (globs(String(pattern), action) ? times : 0n))
      .reduce((sum, each) => sum + each),
};
function operate(name: string, left: unknown, right: unknown): unknown {
  const own = { bigint: ofNumbers, string: ofTexts }[typeof left as 'string'] ?? {};
  const table: Table<never> = typeof left === typeof right ? { ...ofAny, ...own } : ofAny;
  const result = table[name]?.(left as never, right as never);
  return must(result, typeof result !== 'bigint' || exactDecimal.test(String(result / one)));
}

function tried(node: Node, scope: Json): unknown {
  try {
    return at(node, scope);
  } catch {
    return undefined;
  }
}
/** The operands of a node, or the elements that it goes through, with what each comes to. */
function parts({ all, any, of, as, body }: Node, scope: Json): [unknown, unknown][] {
  if (!as) return (all ?? any ?? of).map((each) => [each, tried(each, scope)]);
  return elements(at(of, scope)).map((each) => [each, tried(body, { ...scope, [as]: each })]);
}
const kept = (node: Node, scope: Json): unknown[] =>
  parts(node, scope).flatMap(([part, holds]) => (truth(holds) ? [part] : []));
/** What is `decisive` decides, whatever fails beside it. */
function decided(node: Node, scope: Json, decisive: boolean): boolean {
  const rest = new Set(parts(node, scope).map(([, each]) => each)).add(!decisive);
  return rest.delete(decisive) ? decisive : must(!decisive, rest.size === 1);
}
const all: Form = (node, scope) => decided(node, scope, false);
const any: Form = (node, scope) => decided(node, scope, true);
const list: Form = (node, scope) => parts(node, scope).map(([, each]) => known(each));
const several = { all, and: all, every: all, any, or: any, some: any, list, map: list };
const forms: Readonly<Record<string, Form>> = {
  ...several,
  filter: kept,
  exactlyOne: (node, scope) => kept(node, scope).length === 1,
  not: ({ of, not }, scope) => !truth(at(not ?? of, scope)),
  negate: ({ of }, scope) => operate('subtract', 0n, at(of, scope)),
  if: ({ test, whenTrue, whenFalse }, scope) =>
    at(truth(at(test, scope)) ? whenTrue : whenFalse, scope),
  value: ({ value }) => exact(value),
  variable: ({ name }, scope) => scope[name],
  index: ({ of, at: key }, scope) => member(at(of, scope), at(key, scope)),
  has: ({ of: { path } }, scope) =>
    keys(path.slice(0, -1).reduce(member, scope)).includes(path.at(-1)),
  path: ({ op, path, ...rest }, scope) =>
    op ? path.reduce<unknown>(member, scope) : compared(path.split('.'), rest, scope),
  expression: ({ expression }, { session: id, counters, ...scope }) =>
    at(expression, exact({ ...scope, session: { ...(counters as Json), id } }) as Json),
  call: ({ name, of }, scope) => {
    const [first, second = scope] = of.map((each) => at(each, scope));
    return operate(name, first, second);
  },
};

function at(node: Node, scope: Json): unknown {
  const op = node.op ?? Object.keys(node).find((name) => name in forms);
  const form = forms[op];
  return known(form ? form(node, scope) : operate(op, at(node.left, scope), at(node.right, scope)));
}
const aliases = { equals: 'equal', notEquals: 'unequal', lessThan: 'less', moreThan: 'more' };
function compared(path: readonly string[], rest: Json, subject: Json): unknown {
  const [operator = '', operand] = Object.entries(rest)[0] ?? [];
  const value = tried({ op: 'path', path } as never, subject);
  if (operator === 'exists') return (value !== undefined) === operand;
  const name = new Map(Object.entries({ ...aliases, matches: 'glob' })).get(operator) ?? operator;
  const [left, right] = [value, operand].map(name in ofNumbers ? decimal : (each) => each);
  return operate(name, must(left, left !== undefined && Object(value) !== value), right);
}

export function naiveTruth(node: unknown, subject: object): boolean | 'error' {
  const outcome = tried(node as Node, subject as Json);
  return typeof outcome === 'boolean' ? outcome : 'error';
}
