/**
 * Values that can never be there: `risk` compared with `High`, `action` with one that is not declared, a
 * guardrail with `refused`. Whoever wrote such a condition believes that it holds at times.
 */
import {
  canMatch,
  compileGlob,
  type ConditionDocument,
  isLiteral,
  isName,
  isQualifiedName,
  parseUrl,
  type PolicyDocument,
  riskLevels,
} from '../kernel/index.ts';
import { isObject, nodesOf } from './condition-reading.ts';

export interface Impossible {
  readonly path: string;
  readonly message: string;
  /** Whether an older policy may have left on a session what is looked for. */
  readonly isPossibleStill: boolean;
}

/** One thing that a condition reads, beside a literal, or each of a list of them. */
interface Comparison {
  /** The segments of what is read, such as `guardrails` and an id. */
  readonly read: readonly string[];
  readonly operator: string;
  readonly literals: readonly unknown[];
  /** Whether there is nothing else in the list. */
  readonly areAll: boolean;
}

/** Whether something can match a pattern. */
export type Reach = (pattern: string) => boolean;

/** What a rule is about, where that is not anything. */
export interface About {
  /** What its actions may touch. */
  readonly touch: Reach | undefined;
  /** What its match leaves of what a condition reads. */
  readonly matched: ReadonlyMap<string, Reach>;
}

/** What something that a condition reads can be. */
interface Range {
  readonly what: string;
  /** All that it can be, where they can be listed. */
  readonly all?: readonly string[];
  /** Whether it can be this, where they cannot. */
  readonly isOne: (text: string) => boolean;
  /** Whether a part of it can be this; without it, whatever could be one with a letter before it. */
  readonly isPart?: (text: string) => boolean;
}

/** What functions give, of what texts they are given. */
const given: Readonly<Record<string, Range>> = {
  host: {
    what: 'host as `host` gives it, in lower case, without port and path',
    isOne: (text) => parseUrl(`any://${text}`)?.host === text,
    isPart: (text) => /^[a-z0-9.-]*$/.test(text),
  },
  scheme: {
    what: 'scheme as `scheme` gives it, in lower case, without a colon',
    isOne: (text) => parseUrl(`${text}://any`)?.scheme === text,
    isPart: (text) => /^[a-z0-9.+-]*$/.test(text),
  },
  lower: {
    what: 'text in lower case',
    isOne: (text) => text === text.toLowerCase(),
    isPart: (text) => text === text.toLowerCase(),
  },
};

export function impossibleValues(
  condition: ConditionDocument,
  path: string,
  document: PolicyDocument,
  { touch, matched }: About,
): readonly Impossible[] {
  const found: Impossible[] = [];
  for (const { at, comparison } of comparisonsOf(condition, path)) {
    const { read, operator, literals, areAll } = comparison;
    const before = found.length;
    for (const literal of literals) {
      const impossible = impossibleIn({ read, operator, literal }, document, touch);
      if (impossible !== undefined) found.push({ path: at, ...impossible });
    }
    const name = read.join('.');
    const reach = matched.get(name);
    if (found.length > before || reach === undefined || !areAll || literals.length === 0) continue;
    // Of a list some can be meant for other rules.
    if (literals.some((literal) => isMet(operator, literal, reach))) continue;
    const what = `no ${name} that the rule matches`;
    found.push({ path: at, message: compares(name, literals[0], what), isPossibleStill: false });
  }
  return found;
}

/** A comparison with one literal. */
interface Pair {
  readonly read: readonly string[];
  readonly operator: string;
  readonly literal: unknown;
}

function impossibleIn(
  pair: Pair,
  document: PolicyDocument,
  touch: Reach | undefined,
): Omit<Impossible, 'path'> | undefined {
  const { read, operator, literal } = pair;
  const { labels, actions } = namedIn(document);
  const [root, member] = read;
  const name = read.join('.');
  const shown = `\`${String(literal)}\``;
  if (root === 'assetClasses' && document.assets === undefined) {
    const message = `looks for ${shown} in \`assetClasses\`, and no classifier gives any`;
    return { message, isPossibleStill: false };
  }
  if (name === 'session.labels' && !labels.has(literal)) {
    return { message: `looks for the label ${shown}, which no rule sets`, isPossibleStill: true };
  }
  const range = rangeOf(root ?? '', member, actions);
  if (range === undefined) return undefined;
  const isReached = name !== 'resource' || touch === undefined || isMet(operator, literal, touch);
  if (isReached && isPossible(pair, range)) return undefined;
  const what = isReached ? range.what : 'resource of the actions that the rule names';
  return { message: compares(name, literal, `no ${what}`), isPossibleStill: false };
}

function compares(name: string, literal: unknown, what: string): string {
  return `compares \`${name}\` with \`${String(literal)}\`, which is ${what}`;
}

/** Whether what a text can be meets a comparison with a literal, as far as is known. */
function isMet(operator: string, literal: unknown, reach: Reach): boolean {
  const pattern = typeof literal === 'string' ? patternOf(operator, literal) : undefined;
  return pattern === undefined || reach(pattern);
}

/** What a document names. */
interface Named {
  readonly labels: ReadonlySet<unknown>;
  readonly actions: Range;
}

const named = new WeakMap<PolicyDocument, Named>();

/** Gathered once for each document: it may have ten thousand actions, and as many conditions on them. */
function namedIn(document: PolicyDocument): Named {
  const found = named.get(document);
  if (found !== undefined) return found;
  const { actions, rules = [] } = document;
  // In shadow mode a rule sets no label.
  const setting = rules.filter(({ mode }) => mode !== 'shadow');
  const gathered: Named = {
    labels: new Set(setting.flatMap(({ labels }) => labels ?? [])),
    actions: listed('action that is declared', Object.keys(actions)),
  };
  named.set(document, gathered);
  return gathered;
}

function listed(what: string, all: readonly string[]): Range {
  const known = new Set(all);
  return { what, all, isOne: (text) => known.has(text) };
}

function rangeOf(root: string, member: string | undefined, actions: Range): Range | undefined {
  switch (root) {
    case 'risk':
      return listed('risk', riskLevels);
    case 'guardrails':
      return listed('outcome of a guardrail', ['pass', 'refuse']);
    case 'action':
    case 'countAllowed':
      return actions;
    case 'agent':
    case 'org':
      return { what: `name of an ${root}`, isOne: isName };
    case 'resource':
    case 'tool':
      return { what: 'text', isOne: () => true };
    case 'principal':
      return { what: 'id of a principal', isOne: isQualifiedName };
    case 'session':
      return member === undefined || member === 'id'
        ? { what: 'id of a session', isOne: isQualifiedName }
        : undefined;
    default:
      return given[root];
  }
}

/** Whether a comparison can come out both ways; operators that are not here are not judged. */
function isPossible({ operator, literal }: Pair, range: Range): boolean {
  const { all, isOne, isPart } = range;
  if (operator === 'equals') return typeof literal === 'string' && isOne(literal);
  if (typeof literal !== 'string') return true;
  const behind = (text: string) => isPart?.(text) ?? (isOne(text) || isOne(`a${text}`));
  const some = (test: (text: string) => boolean): boolean | undefined => all?.some(test);
  switch (operator) {
    case 'glob':
      if (isLiteral(literal) && all !== undefined) return isOne(literal);
      return some(compileGlob(literal)) ?? canMatch(literal, isPart ?? isOne);
    case 'startsWith':
      return some((text) => text.startsWith(literal)) ?? (isPart ?? isOne)(literal);
    case 'endsWith':
      return some((text) => text.endsWith(literal)) ?? behind(literal);
    case 'contains':
      return some((text) => text.includes(literal)) ?? behind(literal);
    default:
      return true;
  }
}

/** The pattern that asks for the same, where there is one. */
function patternOf(operator: string, literal: string): string | undefined {
  if (operator === 'glob') return literal;
  // What is no plain text of a pattern stands for something else there.
  if (!/^[\x21-\x7e]+$/.test(literal) || !isLiteral(literal)) return undefined;
  switch (operator) {
    case 'equals':
      return literal;
    case 'startsWith':
      return `${literal}**`;
    case 'endsWith':
      return `**${literal}`;
    case 'contains':
      return `**${literal}**`;
    default:
      return undefined;
  }
}

const equalities = new Set(['equals', 'notEquals', 'in', 'notIn']);

function* comparisonsOf(
  condition: unknown,
  path: string,
): Generator<{ readonly at: string; readonly comparison: Comparison }> {
  if (!isObject(condition)) return;
  for (const name of ['all', 'any'] as const) {
    const operands = condition[name];
    for (const [position, operand] of (Array.isArray(operands) ? operands : []).entries()) {
      yield* comparisonsOf(operand, `${path}.${name}[${position}]`);
    }
  }
  yield* comparisonsOf(condition['not'], `${path}.not`);
  for (const node of nodesOf(condition['expression'])) {
    for (const comparison of inExpression(node)) yield { at: path, comparison };
  }
  const { path: read, ...others } = condition;
  if (typeof read !== 'string') return;
  for (const [name, operand] of Object.entries(others)) {
    const operator = equalities.has(name) ? 'equals' : name === 'matches' ? 'glob' : name;
    const literals = [operand].flat();
    yield { at: path, comparison: { read: read.split('.'), operator, literals, areAll: true } };
  }
}

/** What one node of an expression holds beside a literal, without anything between the two. */
function* inExpression(node: Readonly<Record<string, unknown>>): Generator<Comparison> {
  const { op, name, of, left, right } = node;
  if (op === 'equal' || op === 'unequal') {
    yield* beside(left, [right], 'equals');
    yield* beside(right, [left], 'equals');
  } else if (op === 'in') {
    const elements = isObject(right) && Array.isArray(right['of']) ? right['of'] : [];
    yield* beside(left, elements, 'equals');
    yield* beside(right, [left], 'holds');
  } else if (op === 'call' && Array.isArray(of)) {
    const [first, second] = of as readonly unknown[];
    if (name === 'countAllowed' && isObject(first)) {
      yield { read: [name], operator: 'glob', literals: [first['value']], areAll: true };
    }
    yield* beside(first, [second], name === 'matches' ? 'regex' : String(name));
  }
}

function* beside(
  reading: unknown,
  nodes: readonly unknown[],
  operator: string,
): Generator<Comparison> {
  const read = readBy(reading);
  if (read === undefined) return;
  const literals = nodes.flatMap((node) =>
    isObject(node) && node['op'] === 'value' ? [node['value']] : [],
  );
  yield { read, operator, literals, areAll: literals.length === nodes.length };
}

/** The segments of a path, or of `guardrails["id"]`; of a call of `host` and its like, its name. */
function readBy(node: unknown): readonly string[] | undefined {
  if (!isObject(node)) return undefined;
  const { op, name, path, of, at } = node;
  if (op === 'path' && Array.isArray(path)) return path.map(String);
  if (op === 'call') return Object.hasOwn(given, String(name)) ? [String(name)] : undefined;
  const root = op === 'index' ? readBy(of) : undefined;
  return root?.join('.') === 'guardrails' && isObject(at)
    ? [...root, String(at['value'])]
    : undefined;
}
