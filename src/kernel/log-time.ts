/**
 * Log time: milliseconds since 1970-01-01T00:00:00Z, whole numbers from 0 to `limits.windowInstantMax`.
 *
 * INVARIANT: a log has no other time. It never goes back, so one entry of a clock that is wrong by thousands
 * of years would leave a log in which no window can be told any more.
 */
import { limits } from './limits.ts';

export function isLogTime(at: number): boolean {
  return Number.isSafeInteger(at) && at >= 0 && at <= limits.windowInstantMax;
}
