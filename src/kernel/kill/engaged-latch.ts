/** Which kill switch covers a subject now, and which one was engaged since something was decided. */
import { coveringLatchKeys, type KillSubject } from './latch.ts';
import { quoted } from '../name.ts';
import type { StateView } from '../record.ts';

/** The key of an engaged latch that covers the subject, or undefined. */
export function engagedLatch(view: StateView, subject: KillSubject): string | undefined {
  return engagedAmong(view, coveringLatchKeys(subject));
}

/** The first of the latches that is engaged, or undefined. */
export function engagedAmong(view: StateView, keys: readonly string[]): string | undefined {
  return keys.find((key) => view.get('latch', key)?.engaged ?? false);
}

/** The first of the latches that was released under supervision, or undefined. */
export function supervisedAmong(view: StateView, keys: readonly string[]): string | undefined {
  return keys.find((key) => view.get('latch', key)?.supervised ?? false);
}

/**
 * The key of a latch that covers the subject and was engaged since `index`, released or not: what was
 * decided before a kill does not come back to life with its release.
 */
export function engagedAfter(
  view: StateView,
  index: number,
  subject: KillSubject,
): string | undefined {
  return coveringLatchKeys(subject).find((key) => {
    const latch = view.get('latch', key);
    return latch !== undefined && (latch.engaged || latch.engagedIndex > index);
  });
}

export function killedMessage(latch: string): string {
  return `the kill switch ${quoted(latch)} is engaged`;
}
