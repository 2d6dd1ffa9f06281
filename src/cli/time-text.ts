/** Time as people write it down. */

/** The time in ISO 8601; log time, in ms since the epoch, may be anything that a counter can hold. */
export function timeText(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString();
}
