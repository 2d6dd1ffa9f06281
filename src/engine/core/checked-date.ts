/** Dates as callers give them, read once: one that is none would bound nothing, or everything. */
import { isDate } from 'node:util/types';
import { fault } from '../error.ts';

/**
 * Milliseconds since the epoch. Throws `input-invalid` for what is no `Date`, of whatever realm, and for one
 * that holds no time. Whether it is one that will do, such as a time to come, the kernel says.
 */
export function checkedDate(name: string, value: unknown): number {
  // Not what the object says of itself: a getter of its own may answer differently each time.
  const at = isDate(value) ? Date.prototype.getTime.call(value) : Number.NaN;
  if (Number.isNaN(at)) throw fault('input-invalid', `\`${name}\` is no date`);
  return at;
}
