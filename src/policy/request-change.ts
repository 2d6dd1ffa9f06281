/**
 * Requests that differ from one another in one place: the values that are worth trying are those around the
 * literals that the conditions themselves name.
 */
import { isLiteral, type PolicyDocument, type RuleDocument } from '../kernel/index.ts';
import { readingsOf } from './condition-reading.ts';
import { isAbout } from './pattern-inclusion.ts';
import type { PolicyRequest } from './policy-request.ts';

/** The value of a path that is not there. */
export const absent = Symbol('absent');

type Members = Readonly<Record<string, unknown>>;

/** Paths that the rules about an action look at, each with the values worth trying. */
export function candidatesFor(
  document: PolicyDocument,
  action: string,
): ReadonlyMap<string, readonly unknown[]> {
  const candidates = new Map<string, Set<unknown>>();
  const offer = (path: string, values: readonly unknown[]): void => {
    const known = candidates.get(path) ?? new Set();
    for (const value of values) known.add(value);
    candidates.set(path, known);
  };
  const allowed = document.actions[action]?.resource;
  if (allowed !== undefined) offer('resource', samplesOf(allowed));
  for (const rule of rulesAbout(document, action)) {
    for (const { path, literals } of readingsOf(rule.when)) {
      const tried = literals.flatMap(around);
      offer(path, path.startsWith('arguments.') ? [...tried, absent, 'x'] : tried);
    }
    for (const member of ['resource', 'agent', 'principal'] as const) {
      const patterns = rule.match?.[member];
      if (patterns !== undefined) offer(member, [patterns].flat().flatMap(samplesOf));
    }
  }
  return new Map([...candidates].map(([path, values]) => [path, [...values]]));
}

export function rulesAbout(document: PolicyDocument, action: string): readonly RuleDocument[] {
  return (document.rules ?? []).filter(({ match }) => isAbout(match, action));
}

/** A text that the pattern matches, and one that it does not, most likely. */
function samplesOf(pattern: string): readonly string[] {
  if (isLiteral(pattern)) return [pattern, `${pattern}-other`];
  return [pattern.replaceAll(/\*+|\?/g, 'x'), 'other'];
}

/** A literal and its neighbours. */
function around(literal: unknown): readonly unknown[] {
  if (typeof literal === 'boolean') return [literal, !literal];
  if (typeof literal === 'number') {
    if (!Number.isSafeInteger(literal))
      return [literal, ...textsAround(String(literal)).map(Number)];
    return [literal, literal - 1, literal + 1];
  }
  if (typeof literal !== 'string') return [literal];
  const texts = textsAround(literal);
  if (texts.length > 0) return [literal, ...texts, ...[literal, ...texts].map(Number)];
  return [literal, `${literal}/x`, `x${literal}`, `${literal}x`, `https://${literal}/`, 'x'];
}

/** The next decimals below and above, at the last place that is written. */
function textsAround(text: string): readonly string[] {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === '') return [];
  const scaled = BigInt(`${sign}${whole}${fraction}`);
  return [scaled - 1n, scaled + 1n].map((each) => {
    const digits = String(each < 0n ? -each : each).padStart(fraction.length + 1, '0');
    const point = digits.length - fraction.length;
    const decimal = fraction === '' ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
    return each < 0n ? `-${decimal}` : decimal;
  });
}

/** The request with one path changed, or undefined where that path is not the caller's to set. */
export function changed(
  request: PolicyRequest,
  path: string,
  value: unknown,
): PolicyRequest | undefined {
  const [root = '', ...rest] = path.split('.');
  if (root === 'arguments') {
    return { ...request, arguments: withMember(request.arguments, rest, value) };
  }
  if (root === 'session') return withSession(request, rest[0] ?? 'id', value);
  const isOwn = ['resource', 'tool', 'agent', 'principal', 'org'].includes(root);
  if (!isOwn || rest.length > 0 || typeof value !== 'string' || value === '') return undefined;
  return { ...request, [root]: value };
}

function withSession(
  request: PolicyRequest,
  member: string,
  value: unknown,
): PolicyRequest | undefined {
  const isCount = ['allowed', 'denied', 'riskScore'].includes(member);
  if (isCount && typeof value === 'number' && value >= 0) {
    return { ...request, session: { ...request.session, [member]: value } };
  }
  if (member === 'id' && typeof value === 'string') {
    return { ...request, session: { ...request.session, id: value } };
  }
  if (member !== 'labels' || typeof value !== 'string') return undefined;
  const labels = [...new Set([...(request.session?.labels ?? []), value])];
  return { ...request, session: { ...request.session, labels } };
}

function withMember(value: unknown, path: readonly string[], inner: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return inner === absent ? {} : inner;
  const members: Members = isObject(value) ? value : {};
  const others = Object.entries(members).filter(([each]) => each !== name);
  const own = Object.hasOwn(members, name) ? members[name] : undefined;
  if (rest.length === 0 && inner === absent) return Object.fromEntries(others);
  // `fromEntries` makes own members of any name, `__proto__` included.
  return Object.fromEntries([...others, [name, withMember(own, rest, inner)]]);
}

/** The value at a path of a request, own members only. */
export function valueAt(subject: unknown, path: string): unknown {
  let value: unknown = subject;
  for (const segment of path.split('.')) {
    if (!isObject(value) || !Object.hasOwn(value, segment)) return absent;
    value = value[segment];
  }
  return value;
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
