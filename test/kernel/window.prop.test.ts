/** Windows: no gap, no overlap, and the calendar's own days, whatever the zone does with its clocks. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkWindow } from '../../src/kernel/budget/check-window.ts';
import {
  type RollingWindow,
  sliceAt,
  sliceCounts,
  type SteadyWindow,
  windowAt,
  type WindowDocument,
} from '../../src/kernel/budget/window.ts';
import { assertHolds } from './sampling.ts';

const dayMs = 86_400_000;
const from = Date.UTC(1970, 1, 10);
const to = Date.UTC(2200, 11, 31);

/** Zones that do odd things: halves of hours, no midnight, two midnights, skipped days, offsets in seconds. */
const oddZones = [
  ['America/Sao_Paulo', '2018-11-04', '2018-02-18'],
  ['Asia/Beirut', '2022-03-27', '2021-10-31'],
  ['America/Havana', '2024-11-03', '2024-03-10'],
  ['America/St_Johns', '2010-11-07', '2006-10-29'],
  ['America/Asuncion', '2024-10-06', '2024-03-24'],
  ['Africa/Cairo', '2010-09-30', '2023-10-26'],
  ['Asia/Gaza', '2010-03-26', '2008-08-28'],
  ['Pacific/Apia', '2011-12-30', '2012-04-01'],
  ['Pacific/Kwajalein', '1993-08-21', '1993-08-20'],
  ['Pacific/Kiritimati', '1994-12-31', '1995-01-01'],
  ['Africa/Monrovia', '1972-01-07', '1971-01-01'],
  ['Australia/Lord_Howe', '2026-04-05', '2026-10-04'],
  ['Asia/Kathmandu', '1986-01-01', '2000-02-29'],
  ['Pacific/Chatham', '2026-04-05', '2026-09-27'],
  ['Africa/Casablanca', '2026-02-15', '2026-03-22'],
  ['Europe/Berlin', '2026-03-29', '2026-10-25'],
  ['America/New_York', '2026-03-08', '2026-11-01'],
  ['UTC', '2100-02-28', '2000-02-29'],
] as const;

interface ZoneAndInstant {
  readonly zone: string;
  readonly at: number;
}

const zoneAndInstant = fc.oneof(
  // Within a day and a half of a date at which the zone does what it is listed for, or at any time.
  fc
    .tuple(
      fc.constantFrom(...oddZones),
      fc.integer({ min: -1.5 * dayMs, max: 1.5 * dayMs }),
      fc.nat(1),
    )
    .map(([[zone, ...dates], shift, which]): ZoneAndInstant => {
      return { zone, at: Date.parse(dates[which] ?? dates[0]) + shift };
    }),
  fc.record({
    zone: fc.constantFrom(...oddZones).map(([zone]): string => zone),
    at: fc.integer({ min: from, max: to }),
  }),
  fc.record({
    zone: fc.constantFrom(
      ...Intl.supportedValuesOf('timeZone').filter((name) => name.includes('/')),
    ),
    at: fc.integer({ min: from, max: to }),
  }),
);

type Calendar = Extract<WindowDocument, { readonly every: unknown }>;

type Period = Omit<Calendar, 'zone'>;

const periods: readonly Period[] = [
  { every: 'day' },
  { every: 'week' },
  { every: 'week', weekStart: 'sunday' },
  { every: 'month' },
];
const period = fc.constantFrom(...periods);

const calendarCase = fc
  .tuple(period, zoneAndInstant)
  .map(([each, { zone, at }]): { readonly document: WindowDocument; readonly at: number } => {
    return { document: { ...each, zone }, at };
  });

const anyCase = fc.oneof(
  { arbitrary: calendarCase, weight: 4 },
  {
    arbitrary: fc.record({
      document: fc.record({
        everyMs: fc.integer({ min: 1_000, max: 31_622_400_000 }),
        from: fc.integer({ min: 0, max: to }),
      }),
      at: fc.integer({ min: 0, max: to }),
    }),
    weight: 1,
  },
);

function steady(document: WindowDocument): SteadyWindow {
  const check = checkWindow(document);
  if (!('window' in check)) throw new Error(check.problem);
  const { window } = check;
  if (window.kind === 'rolling' || window.kind === 'bucket') throw new Error(window.kind);
  return window;
}

/** The local date, from another face of `Intl` than the one under test. */
function localDate(zone: string, at: number): string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short' });
  return format.format(at);
}

/** The first day of the period that a date is in, worked out with UTC dates alone. */
function firstDayOf({ every, weekStart }: Period, date: string): string {
  if (every === 'month') return `${date.slice(0, 7)}-01`;
  if (every === 'day') return date;
  const wanted = weekStart === 'sunday' ? 0 : 1;
  let at = Date.parse(date);
  while (new Date(at).getUTCDay() !== wanted) at -= dayMs;
  return new Date(at).toISOString().slice(0, 10);
}

test('an instant lies in its window, and every instant of the window is in the same one', () => {
  assertHolds(
    fc.tuple(anyCase, fc.double({ min: 0, max: 1, noNaN: true })),
    400,
    ([each, part]) => {
      const window = steady(each.document);
      const { start, end } = windowAt(window, each.at);
      expect(start).toBeLessThanOrEqual(each.at);
      expect(end).toBeGreaterThan(each.at);
      const inside = start + Math.floor((end - 1 - start) * part);
      for (const at of [start, inside, end - 1]) {
        // Compiled afresh, so that nothing is remembered.
        expect(windowAt(steady(each.document), at)).toEqual({ start, end });
      }
    },
  );
});

test('the next window starts where one ends, and the one before ends where it starts', () => {
  assertHolds(anyCase, 300, ({ document, at }) => {
    const { start, end } = windowAt(steady(document), at);
    expect(windowAt(steady(document), end).start).toBe(end);
    const before = start === 0 ? start : windowAt(steady(document), start - 1).end;
    expect(before).toBe(start);
  });
});

test('a window starts at the first instant of its first local day', () => {
  assertHolds(fc.tuple(period, zoneAndInstant), 400, ([each, { zone, at }]) => {
    const { start, end } = windowAt(steady({ ...each, zone }), at);
    const startDate = localDate(zone, start);
    const first = firstDayOf(each, startDate);
    // What is not the first day of a period can only follow a day that the zone skipped.
    expect(startDate === first || skippedBefore.test(`${zone} ${startDate}`)).toBe(true);
    expect(localDate(zone, start - 1) < first).toBe(true);
    expect(firstDayOf(each, localDate(zone, end - 1)) <= first).toBe(true);
  });
});

/** Days after days that never were. */
const skippedBefore =
  /^(?:Pacific\/(?:Apia|Fakaofo) 2011-12-31|Pacific\/Kwajalein 1993-08-22|Pacific\/\S+ 1995-01-0[12])$/;

test('the windows of a decade follow each other, and days last from 22 to 26 hours', () => {
  const walk = fc.record({
    zone: fc.constantFrom(...oddZones).map(([zone]): string => zone),
    each: period,
    year: fc.integer({ min: 1970, max: 2190 }),
  });
  assertHolds(walk, 8, ({ zone, each, year }) => {
    const window = steady({ ...each, zone });
    const last = Date.UTC(year + 10, 0, 1);
    let { end } = windowAt(window, Date.UTC(year, 1, 10));
    while (end < last) {
      const next = windowAt(window, end);
      if (next.start !== end || next.end <= end) throw new Error(`gap or overlap at ${end}`);
      const hours = (next.end - next.start) / 3_600_000;
      // St. John's put its clocks two hours forward in 1988.
      if (each.every === 'day' && (hours < 22 || hours > 26)) {
        throw new Error(`${zone}: a day of ${hours} hours at ${end}`);
      }
      ({ end } = next);
    }
  });
});

test.each(oddZones)(
  'around the odd days of %s, time goes from window to window',
  (zone, ...dates) => {
    const wrong: string[] = [];
    for (const date of dates) {
      const window = steady({ every: 'day', zone });
      const middle = Date.parse(date);
      let last = windowAt(window, middle - 2 * dayMs);
      for (let at = last.start; at < middle + 2 * dayMs; at += 20 * 60_000) {
        const next = windowAt(window, at);
        if (at < next.start || at >= next.end) wrong.push(`${at} is not in its window`);
        if (next.start !== last.start && next.start !== last.end) wrong.push(`gap at ${at}`);
        last = next;
      }
    }
    expect(wrong).toEqual([]);
  },
);

test('what was asked before does not change an answer', () => {
  const asked = fc.tuple(
    calendarCase,
    fc.array(fc.integer({ min: -40, max: 40 }), { maxLength: 6 }),
  );
  assertHolds(asked, 60, ([{ document, at }, steps]) => {
    const window = steady(document);
    for (const step of steps) {
      const instant = at + step * 6 * 3_600_000;
      expect(windowAt(window, instant)).toEqual(windowAt(steady(document), instant));
    }
  });
});

function rolling(rollingMs: number): RollingWindow {
  const check = checkWindow({ rollingMs });
  if (!('window' in check) || check.window.kind !== 'rolling') throw new Error('not rolling');
  return check.window;
}

const rollingCase = fc.record({
  rollingMs: fc.integer({ min: 17, max: 500_000_000 }).map((slice) => slice * 60),
  at: fc.integer({ min: from, max: to }),
});

test('an amount in a rolling window never stops counting early, and stops within a slice', () => {
  assertHolds(rollingCase, 500, ({ rollingMs, at }) => {
    const window = rolling(rollingMs);
    const { start, end } = sliceAt(window, at);
    expect(start <= at && at < end).toBe(true);
    expect(sliceAt(window, end - 1)).toEqual({ start, end });
    expect(sliceAt(window, end).start).toBe(end);
    expect(sliceCounts(window, start, at)).toBe(true);
    expect(sliceCounts(window, start, at + rollingMs - 1)).toBe(true);
    expect(sliceCounts(window, start, at + rollingMs + rollingMs / 60 - 1)).toBe(false);
  });
});

test('no more than 61 slices of a rolling window count at one time', () => {
  assertHolds(rollingCase, 200, ({ rollingMs, at }) => {
    const window = rolling(rollingMs);
    let { start } = sliceAt(window, at);
    let count = 0;
    for (; sliceCounts(window, start, at); start -= window.sliceMs) count += 1;
    expect(count).toBeGreaterThanOrEqual(60);
    expect(count).toBeLessThanOrEqual(61);
  });
});
