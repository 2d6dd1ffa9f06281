/** The time of day for authenticators: credentials expire by it. Hosts may put their own in its place. */

/** Milliseconds since the epoch. */
export function wallClock(): number {
  return Date.now();
}
