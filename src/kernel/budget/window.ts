/**
 * Windows: the stretches of log time over which a budget counts, each half-open, [start, end).
 *
 * Calendar, fixed and unlimited windows cover log time without a gap and without an overlap, so an amount
 * counts in exactly one of them. A rolling window is counted in slices. Times are log times (`log-time.ts`);
 * any other time is a failed assertion, because the caller would not know what it counted.
 *
 * Calendar windows follow the time zone rules of the Node that runs. Two versions of Node may disagree about
 * a future day, so whoever decides with a window MUST write its start into the event, and whoever applies the
 * event MUST read it from there.
 */

import { isLogTime } from '../log-time.ts';

export type CalendarUnit = 'day' | 'week' | 'month';
export type WeekStart = 'monday' | 'sunday';

/** A window as people write it: plain data, as in YAML. */
export type WindowDocument =
  | 'unlimited'
  | {
      readonly every: CalendarUnit;
      /** `UTC`, or the IANA name of an area and a place, such as `Europe/Berlin`. */
      readonly zone: string;
      /** Of a week only; `monday` (ISO 8601) where nothing is said. */
      readonly weekStart?: WeekStart;
    }
  | {
      readonly everyMs: number;
      /** Some log time at which a window starts; 0 where nothing is said. */
      readonly from?: number;
    }
  | { readonly rollingMs: number }
  /** A token bucket: it holds the limit, and what was taken flows back evenly, all of it in that time. */
  | { readonly bucketMs: number };

/** One window, [start, end), in log time (ms). */
export interface Window {
  readonly start: number;
  readonly end: number;
}

export interface UnlimitedWindow {
  readonly kind: 'unlimited';
}

export interface FixedWindow {
  readonly kind: 'fixed';
  readonly everyMs: number;
  readonly from: number;
}

/** Made by `calendarWindow`. */
export interface CalendarWindow {
  readonly kind: 'calendar';
  readonly at: (at: number) => Window;
}

export interface RollingWindow {
  readonly kind: 'rolling';
  readonly rollingMs: number;
  readonly sliceMs: number;
}

/** No window: what was taken flows back. */
export interface BucketWindow {
  readonly kind: 'bucket';
  readonly bucketMs: number;
}

/** Windows of which an instant has exactly one. */
export type SteadyWindow = UnlimitedWindow | FixedWindow | CalendarWindow;
export type CompiledWindow = SteadyWindow | RollingWindow | BucketWindow;

const unlimited: Window = { start: 0, end: Number.MAX_SAFE_INTEGER };

/**
 * The window that `at` lies in. The first window is cut at log time 0. A calendar window that was asked for
 * last is remembered, so that deciding many calls within one window costs two comparisons each.
 */
export function windowAt(window: SteadyWindow, at: number): Window {
  assertInstant(at);
  if (window.kind === 'unlimited') return unlimited;
  if (window.kind === 'calendar') return window.at(at);
  const start = startOf(at - window.from, window.everyMs) + window.from;
  return { start: Math.max(0, start), end: start + window.everyMs };
}

/**
 * The slice of a rolling window that an amount at `at` is counted in. Amounts of one slice are summed, so
 * that a budget keeps `windowSlices + 1` sums at most, however many amounts it counts.
 */
export function sliceAt(window: RollingWindow, at: number): Window {
  assertInstant(at);
  const start = startOf(at, window.sliceMs);
  return { start, end: start + window.sliceMs };
}

/**
 * Whether the slice that starts at `sliceStart` still counts at `at`: until the last millisecond of the slice
 * is `rollingMs` old. An amount therefore never stops counting early, and stops at most `sliceMs - 1` ms late
 * (`rollingMs / 60 - 1`): no stretch of `rollingMs` ever holds more than the limit. A slice that starts after
 * `at` counts.
 */
export function sliceCounts(window: RollingWindow, sliceStart: number, at: number): boolean {
  assertInstant(at);
  return at < sliceStart + window.sliceMs - 1 + window.rollingMs;
}

function startOf(at: number, lengthMs: number): number {
  return Math.floor(at / lengthMs) * lengthMs;
}

function assertInstant(at: number): void {
  if (!isLogTime(at)) throw new Error(`assertion: ${String(at)} is no log time`);
}
