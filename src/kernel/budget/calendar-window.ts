/**
 * Calendar windows: local days, weeks and months of a time zone, each from the beginning of its first day to
 * the beginning of the next one's.
 *
 * INVARIANT: every instant lies in exactly one window, and later instants lie in the same window or a later
 * one. A day that a zone skipped has no window.
 */
import type { CalendarUnit, CalendarWindow, WeekStart, Window } from './window.ts';
import { dayMs, type Zone } from './zone.ts';

export interface CalendarPeriod {
  readonly every: CalendarUnit;
  readonly weekStart: WeekStart;
}

export function calendarWindow(period: CalendarPeriod, zone: Zone): CalendarWindow {
  const startOf = (number: number): number => zone.startOfDay(firstDayOf(period, number));
  let last: Window = { start: 0, end: 0 };
  const at = (instant: number): Window => {
    // A pure memo: the answer for an instant does not depend on what was asked before.
    if (instant >= last.start && instant < last.end) return last;
    let number = periodOf(period, zone.dayAt(instant));
    let start = startOf(number);
    let end = startOf(number + 1);
    // A clock that was set back over midnight shows the day before, though the next one has begun.
    while (end <= instant) {
      number += 1;
      start = end;
      end = startOf(number + 1);
    }
    last = { start: Math.max(0, start), end };
    return last;
  };
  return { kind: 'calendar', at };
}

/** The days (since 1970-01-01, a Thursday) on which a week begins. */
const weekShift: Readonly<Record<WeekStart, number>> = { monday: -3, sunday: -4 };

/** Which period a local day is in; periods are numbered without a gap. */
function periodOf({ every, weekStart }: CalendarPeriod, day: number): number {
  if (every === 'day') return day;
  if (every === 'week') return Math.floor((day - weekShift[weekStart]) / 7);
  const date = new Date(day * dayMs);
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
}

/** The first local day of a period. */
function firstDayOf({ every, weekStart }: CalendarPeriod, number: number): number {
  if (every === 'day') return number;
  if (every === 'week') return number * 7 + weekShift[weekStart];
  return Date.UTC(1970, number, 1) / dayMs;
}
