/** One order for names everywhere: by UTF-16 code unit, as canonical JSON has it. Never a locale's. */
export function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The members of an object, by name. */
export function sortedEntries<T>(members: Readonly<Record<string, T>>): readonly [string, T][] {
  return Object.entries(members).toSorted(([left], [right]) => compareText(left, right));
}

/** Equality of plain data, whatever the order of members. */
export function sameJson(left: unknown, right: unknown): boolean {
  return JSON.stringify(canonicalOrder(left)) === JSON.stringify(canonicalOrder(right));
}

/** Plain data with the members of its objects in canonical order, at every level. */
export function canonicalOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonicalOrder);
  if (typeof value !== 'object' || value === null) return value;
  const entries = sortedEntries<unknown>({ ...value });
  return Object.fromEntries(entries.map(([name, each]) => [name, canonicalOrder(each)]));
}
