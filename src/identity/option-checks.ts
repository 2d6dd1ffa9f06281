/** Options of authenticators: one that is not known or out of range is refused where it is given. */

/** Throws a `TypeError` where `given` is no object, or has a member that is not listed. */
export function checkMembers(option: string, given: unknown, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TypeError(`\`${option}\` is not an object`);
  }
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new TypeError(`\`${option}.${unknown}\` is not known`);
}

/** A list as it is read once, and anything else as a list of itself. */
export function listFrom(given: unknown): readonly unknown[] {
  return Array.isArray(given) ? Array.from<unknown>(given) : [given];
}

/** `given`, or the fallback where it is left out. Throws a `TypeError` out of the range. */
export function wholeWithin(
  option: string,
  given: number | undefined,
  range: { readonly least: number; readonly most: number; readonly fallback: number },
): number {
  // Not for what is null: that is what a member without a value is in YAML.
  const value = given === undefined ? range.fallback : given;
  if (Number.isSafeInteger(value) && value >= range.least && value <= range.most) return value;
  throw new TypeError(`\`${option}\` is not a whole number from ${range.least} to ${range.most}`);
}
