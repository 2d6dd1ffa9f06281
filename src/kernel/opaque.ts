/** Objects that are not what they seem: what they hold are no members. */

/**
 * Whether an object is of a class and has no members, as a `Map` or a `Date` is. Taken for limits or options,
 * it would be none of them, whatever it holds.
 */
export function isOpaque(value: object): boolean {
  if (Object.keys(value).length > 0) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Every realm's own `Object.prototype` is a root.
  return prototype !== null && Object.getPrototypeOf(prototype) !== null;
}
