/**
 * Paths, members and elements of expressions. Only an object's own members are seen, and only a list's
 * elements: neither has a length, a constructor or a prototype here.
 */
import { type ConditionSubject, pathRoots } from './expression.ts';
import type { Evaluation } from './expression-evaluation.ts';
import { isMap } from './expression-value.ts';
import { Failure } from './failure.ts';

/** What an expression comes to that was compiled without having been checked. */
export const unchecked = new Failure('the expression was not checked');
export const noElements = new Failure('only a list or map has elements');
const noIndex = new Failure('the index is none of the list or map');

export function elementOf(value: unknown, at: unknown): unknown {
  if (Array.isArray(value)) {
    const inside = Number.isSafeInteger(at) && (at as number) >= 0 && (at as number) < value.length;
    return inside ? (value as unknown[])[at as number] : noIndex;
  }
  if (!isMap(value)) return noElements;
  return typeof at === 'string' && Object.hasOwn(value, at) ? value[at] : noIndex;
}

export function memberOf(value: unknown, name: string, missing: Failure): unknown {
  if (!isMap(value)) return missing;
  return Object.hasOwn(value, name) ? value[name] : missing;
}

/** What stands before the last member of a path. */
export function compileParent(path: readonly string[]): Evaluation {
  if (path[0] !== 'session' || path.length !== 2) return compilePath(path.slice(0, -1));
  return ({ session, counters }) => ({ ...counters, id: session });
}

export function compilePath(path: readonly string[]): Evaluation {
  const [root, ...members] = path;
  const missing = new Failure(`\`${path.join('.')}\` is missing`);
  if (root === 'session') {
    const [name = '', ...more] = members;
    return walk((subject) => sessionMember(subject, name, missing), more, missing);
  }
  if (root === undefined || !pathRoots.includes(root)) return () => unchecked;
  const key = root as keyof ConditionSubject;
  return walk((subject) => subject[key], members, missing);
}

function sessionMember(
  { session, counters }: ConditionSubject,
  name: string,
  missing: Failure,
): unknown {
  return name === 'id' ? session : memberOf(counters, name, missing);
}

function walk(start: Evaluation, members: readonly string[], missing: Failure): Evaluation {
  if (members.length === 0) return start;
  return (subject) => {
    let value = start(subject);
    for (const name of members) {
      value = memberOf(value, name, missing);
      if (value === missing) return missing;
    }
    return value;
  };
}
