/**
 * Values that nobody can change after they were decided on.
 *
 * `frozenFromCanonical` is how a decision's arguments reach the tool that runs: not the caller's
 * object, which the caller may change between decision and run, but a frozen one read back from the
 * very text that was hashed.
 */

/**
 * Freezes a JSON-like value and all it holds, in place, and returns it. Iterative, so depth costs
 * no stack. Cycles end: an object that is met frozen is looked into once and then left alone.
 */
export function deepFreeze<T>(value: T): T {
  const waiting: object[] = [];
  const metFrozen = new Set<object>();
  if (isObject(value)) waiting.push(value);
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (Object.isFrozen(next)) {
      if (metFrozen.has(next)) continue;
      metFrozen.add(next);
    } else {
      Object.freeze(next);
    }
    for (const member of Object.values(next) as readonly unknown[]) {
      if (isObject(member)) waiting.push(member);
    }
  }
  return value;
}

/** The value that a canonical text stands for, frozen throughout. */
export function frozenFromCanonical(text: string): unknown {
  return deepFreeze<unknown>(JSON.parse(text));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
