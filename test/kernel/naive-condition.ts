/**
 * The meaning of conditions and expressions once more: a walk over the tree, no closures kept, a regular
 * expression for each glob. Numbers are integers in 10^-18, and what fails throws.
 */
import type { ConditionSubject } from '../../src/kernel/policy/expression.ts';

type Json = Readonly<Record<string, unknown>>;
type Table<T extends unknown[]> = Readonly<Record<string, (...of: T) => unknown>>;
type Body = (each: unknown) => unknown;
const one = 10n ** 18n;

export function naiveTruth(node: unknown, subject: ConditionSubject): boolean | 'error' {
  return outcome(() => condition(node as Json, subject as unknown as Json));
}

function condition(node: Json, subject: Json): unknown {
  const each = (of: Json): unknown => condition(of, subject);
  if ('all' in node) return absorbing(node['all'] as Json[], each as Body, false);
  if ('any' in node) return absorbing(node['any'] as Json[], each as Body, true);
  if ('not' in node) return !truth(each(node['not'] as Json));
  if ('expression' in node) {
    const session = { ...map(subject['counters']), id: subject['session'] };
    return truth(at(node['expression'], { ...subject, session }));
  }
  const { path, ...rest } = node;
  const [operator, operand] = Object.entries(rest)[0] ?? ['', undefined];
  const find = (): unknown => String(path).split('.').reduce(own, subject);
  if (operator === 'exists') return (outcome(() => [find()].length > 0) !== 'error') === operand;
  return (comparisons[operator] ?? pairs[operator])?.(find(), operand);
}

const scalar = (value: unknown): unknown =>
  must(value, value === null || ['string', 'number', 'boolean'].includes(typeof value));
const plain = (value: unknown): bigint =>
  decimal(String(must(value, ['string', 'number'].includes(typeof value))));
const own = (of: unknown, name: string): unknown =>
  must(of as Json, typeof of === 'object' && of !== null && Object.hasOwn(of, name))[name];

const comparisons: Table<[value: unknown, operand: unknown]> = {
  equals: (value, operand) => scalar(value) === operand,
  notEquals: (value, operand) => scalar(value) !== operand,
  in: (value, operand) => (operand as unknown[]).includes(scalar(value)),
  notIn: (value, operand) => !(operand as unknown[]).includes(scalar(value)),
  lessThan: (value, operand) => plain(value) < plain(operand),
  atMost: (value, operand) => plain(value) <= plain(operand),
  moreThan: (value, operand) => plain(value) > plain(operand),
  atLeast: (value, operand) => plain(value) >= plain(operand),
  matches: (value, operand) => globs(text(operand), text(value)),
};

/** Kept only to save time. */
const globSources = new Map<string, RegExp>();
const wildcards: Readonly<Record<string, string>> = { '?': '[^/]', '*': '[^/]*' };

export function globs(patterns: string | readonly string[], value: unknown): boolean {
  for (const pattern of [patterns].flat().filter((each) => !globSources.has(each))) {
    const literal = pattern.replaceAll(/[\\^$.|+()[\]{}]/gu, String.raw`\$&`);
    const source = literal.replaceAll(/\*+|\?/gu, (wild) => wildcards[wild] ?? '[^]*');
    globSources.set(pattern, new RegExp(`^${source}$`, 'u'));
  }
  return [patterns].flat().some((pattern) => globSources.get(pattern)?.test(String(value)));
}

function outcome(evaluate: () => unknown): boolean | 'error' {
  try {
    return truth(evaluate());
  } catch {
    return 'error';
  }
}

function at(node: unknown, scope: Json): unknown {
  const { op, left, right, ...rest } = node as Json;
  const form = forms[String(op)];
  return form ? form(rest, scope) : pairs[String(op)]?.(at(left, scope), at(right, scope));
}

const forms: Table<[node: Json, scope: Json]> = {
  value: ({ value }) => read(value),
  list: ({ of }, scope) => (of as Json[]).map((each) => at(each, scope)),
  path: ({ path }, scope) => (path as string[]).reduce(member, scope),
  variable: ({ name }, scope) => scope[String(name)],
  index: ({ of, at: key }, scope) => member(at(of, scope), at(key, scope)),
  has: ({ of }, scope) => {
    const path = (of as Json)['path'] as string[];
    return Object.hasOwn(map(path.slice(0, -1).reduce(member, scope)), path.at(-1) ?? '');
  },
  and: ({ of }, scope) => absorbing(of as Json[], (each) => at(each, scope), false),
  or: ({ of }, scope) => absorbing(of as Json[], (each) => at(each, scope), true),
  not: ({ of }, scope) => !truth(at(of, scope)),
  negate: ({ of }, scope) => bounded(-number(at(of, scope))),
  if: (node, scope) =>
    at(truth(at(node['test'], scope)) ? node['whenTrue'] : node['whenFalse'], scope),
  call: ({ name, of }, scope) => {
    const [first, last] = [(of as Json[])[0], (of as Json[]).at(-1)].map((each) => at(each, scope));
    return name === 'countAllowed'
      ? counted(scope, text(first))
      : pairs[String(name)]?.(first, last);
  },
  every: (node, scope) => absorbing(...looped(node, scope), false),
  some: (node, scope) => absorbing(...looped(node, scope), true),
  map: (node, scope) => ((list, body) => list.map(body))(...looped(node, scope)),
  filter: (node, scope) => kept(...looped(node, scope)),
  exactlyOne: (node, scope) => kept(...looped(node, scope)).length === 1,
};

function counted(scope: Json, pattern: string): bigint {
  const counts = Object.entries(
    map(map(scope['session'])['counts']) as Readonly<Record<string, number>>,
  );
  const named = counts.filter(([action]) => globs(pattern, action)).map(([, times]) => times);
  return BigInt(named.reduce((sum, times) => sum + times, 0)) * one;
}

const kept = (list: unknown[], body: Body): unknown[] => list.filter((each) => truth(body(each)));

const elementsOf = (value: unknown): unknown[] =>
  Array.isArray(value) ? value.map((each) => read(each)) : Object.keys(map(value));

function looped({ of, as, body }: Json, scope: Json): [unknown[], Body] {
  const list = elementsOf(at(of, scope));
  return [list, (each) => at(body, { ...scope, [String(as)]: each })];
}

function absorbing(list: readonly unknown[], body: Body, decisive: boolean): boolean {
  const found = new Set(list.map((each) => outcome(() => body(each))));
  if (found.has(decisive)) return decisive;
  return found.has('error') ? truth('error') : !decisive;
}

const pairs: Table<[left: unknown, right: unknown]> = {
  equal: (left, right) => shown(left) === shown(right),
  unequal: (left, right) => shown(left) !== shown(right),
  less: (left, right) => number(left) < number(right),
  atMost: (left, right) => number(left) <= number(right),
  more: (left, right) => number(left) > number(right),
  atLeast: (left, right) => number(left) >= number(right),
  in: (left, right) =>
    Array.isArray(right)
      ? right.some((each) => shown(each) === shown(left))
      : Object.hasOwn(map(right), text(left)),
  add: (left, right) =>
    typeof left === 'string' ? left + text(right) : bounded(number(left) + number(right)),
  subtract: (left, right) => bounded(number(left) - number(right)),
  multiply: (left, right) => bounded(whole(number(left) * number(right)) / one),
  divide: (left, right) => (whole(number(left)) / whole(number(right))) * one,
  remainder: (left, right) => whole(number(left)) % whole(number(right)),
  startsWith: (left, right) => text(left).startsWith(text(right)),
  endsWith: (left, right) => text(left).endsWith(text(right)),
  contains: (left, right) => text(left).includes(text(right)),
  matches: (left, right) => new RegExp(text(right), 'u').test(text(left)),
  decimal: (value) => (typeof value === 'bigint' ? value : decimal(text(value))),
  lower: (value) => text(value).toLowerCase(),
  size: (value) =>
    BigInt(Array.from(typeof value === 'string' ? value : elementsOf(value)).length) * one,
};

/** Equal values have the same text: numbers by their value, members by their names. */
function shown(value: unknown): string {
  const known = read(value);
  if (typeof known !== 'object' || known === null) return `${typeof known} ${String(known)}`;
  const members = Object.entries(known).map(([name, each]) => `${name} ${shown(each)}`);
  return `${String(Array.isArray(known))} ${JSON.stringify(members.toSorted())}`;
}

function member(of: unknown, key: unknown): unknown {
  const name = Array.isArray(of) ? String(whole(number(key)) / one) : text(key);
  if (!Object.hasOwn(Array.isArray(of) ? of : map(of), name)) throw new Error('no member');
  return read((of as Json)[name]);
}

const truth = (value: unknown): boolean => is('boolean', value) as boolean;
const text = (value: unknown): string => is('string', value) as string;
const number = (value: unknown): bigint => is('bigint', value) as bigint;
const read = (value: unknown): unknown =>
  typeof value === 'number' ? decimal(String(value)) : value;
const whole = (scaled: bigint): bigint => must(scaled, scaled % one === 0n);
const bounded = (scaled: bigint): bigint =>
  must(scaled, scaled < one * 10n ** 30n && scaled > -one * 10n ** 30n);
const map = (value: unknown): Json =>
  must(value as Json, typeof value === 'object' && value !== null && !Array.isArray(value));
const is = (kind: string, value: unknown): unknown => must(value, typeof value === kind);

function must<T>(value: T, holds: boolean): T {
  if (!holds) throw new Error('of the wrong kind');
  return value;
}

function decimal(value: string): bigint {
  const parts = /^(-?)(0|[1-9]\d{0,29})(?:\.(\d{1,18}))?$/.exec(value) ?? [];
  return BigInt(`${parts[1]}${parts[2]}${(parts[3] ?? '').padEnd(18, '0')}`);
}
