/** One order for names everywhere: by UTF-16 code unit, as canonical JSON has it. Never a locale's. */
export function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The members of an object, by name. */
export function sortedEntries<T>(members: Readonly<Record<string, T>>): readonly [string, T][] {
  return Object.entries(members).toSorted(([left], [right]) => compareText(left, right));
}
