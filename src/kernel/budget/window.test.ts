/** Windows on days that go wrong elsewhere: each expectation is a date that can be looked up. */
import { expect, test } from 'vitest';
import { checkWindow } from './check-window.ts';
import { type RollingWindow, sliceAt, sliceCounts, type SteadyWindow, windowAt } from './window.ts';

const hourMs = 3_600_000;
const instant = (text: string): number => Date.parse(text);

function steady(value: unknown): SteadyWindow {
  const check = checkWindow(value);
  if (!('window' in check)) throw new Error(check.problem);
  const { window } = check;
  if (window.kind === 'rolling' || window.kind === 'bucket') throw new Error(window.kind);
  return window;
}

function rolling(rollingMs: number): RollingWindow {
  const check = checkWindow({ rollingMs });
  if (!('window' in check) || check.window.kind !== 'rolling') throw new Error('not rolling');
  return check.window;
}

/** The window around an instant, in UTC text, and its length in hours. */
function shown(document: unknown, at: string): readonly [string, string, number] {
  const { start, end } = windowAt(steady(document), instant(at));
  const text = (time: number): string => new Date(time).toISOString().slice(0, 19);
  return [text(start), text(end), (end - start) / hourMs];
}

const day = (zone: string): unknown => ({ every: 'day', zone });

test.each([
  ['the clock springs forward', 'Europe/Berlin', '2026-03-29T10:00:00Z', '2026-03-28T23:00:00', 23],
  ['the clock falls back', 'Europe/Berlin', '2026-10-25T00:30:00Z', '2026-10-24T22:00:00', 25],
  ['there is no midnight', 'America/Sao_Paulo', '2018-11-04T12:00:00Z', '2018-11-04T03:00:00', 23],
  ['there is no midnight', 'Asia/Beirut', '2022-03-27T12:00:00Z', '2022-03-26T22:00:00', 23],
  ['23:00 comes twice', 'America/Sao_Paulo', '2018-02-18T02:30:00Z', '2018-02-17T02:00:00', 25],
  ['midnight comes twice', 'America/Havana', '2024-11-03T04:30:00Z', '2024-11-03T04:00:00', 25],
  // At 00:01 the clock went back to 23:01: the new day had begun, and it does not end again.
  [
    'the clock falls back over midnight',
    'America/St_Johns',
    '2010-11-07T02:45:00Z',
    '2010-11-07T02:30:00',
    25,
  ],
  [
    'the offset has half an hour',
    'Asia/Kolkata',
    '2026-01-01T00:00:00Z',
    '2025-12-31T18:30:00',
    24,
  ],
  [
    'summer time is half an hour',
    'Australia/Lord_Howe',
    '2026-04-05T00:00:00Z',
    '2026-04-04T13:00:00',
    24.5,
  ],
  [
    'summer time is two hours',
    'Antarctica/Troll',
    '2026-03-29T12:00:00Z',
    '2026-03-29T00:00:00',
    22,
  ],
  ['the next day was skipped', 'Pacific/Apia', '2011-12-30T09:59:59Z', '2011-12-29T10:00:00', 24],
  ['the day before was skipped', 'Pacific/Apia', '2011-12-30T10:00:00Z', '2011-12-30T10:00:00', 24],
  ['the offset has seconds', 'Africa/Monrovia', '1971-06-01T12:00:00Z', '1971-06-01T00:44:30', 24],
])('a day where %s, in %s', (_name, zone, at, start, hours) => {
  const [from, , length] = shown(day(zone), at);
  expect([from, length]).toEqual([start, hours]);
});

test('a month has the length that the calendar gives it, summer time included', () => {
  const month = { every: 'month', zone: 'Europe/Berlin' };
  expect(shown(month, '2028-02-29T12:00:00Z')).toEqual([
    '2028-01-31T23:00:00',
    '2028-02-29T23:00:00',
    29 * 24,
  ]);
  expect(shown(month, '2100-02-28T12:00:00Z')[2]).toBe(28 * 24);
  expect(shown(month, '2026-03-31T21:59:59Z')).toEqual([
    '2026-02-28T23:00:00',
    '2026-03-31T22:00:00',
    31 * 24 - 1,
  ]);
  expect(shown(month, '2026-12-31T23:00:00Z')[0]).toBe('2026-12-31T23:00:00');
});

test('a week begins on Monday unless it is said to begin on Sunday', () => {
  const week = { every: 'week', zone: 'UTC' };
  // 2026-10-25 is a Sunday.
  expect(shown(week, '2026-10-25T12:00:00Z')[0]).toBe('2026-10-19T00:00:00');
  expect(shown({ ...week, weekStart: 'sunday' }, '2026-10-25T12:00:00Z')[0]).toBe(
    '2026-10-25T00:00:00',
  );
});

test('the first window is cut at log time 0', () => {
  expect(windowAt(steady(day('America/New_York')), 0)).toEqual({ start: 0, end: 5 * hourMs });
  expect(windowAt(steady({ everyMs: 10_000, from: 4_000 }), 3_999)).toEqual({
    start: 0,
    end: 4_000,
  });
});

test('a fixed window is counted from the instant that it names', () => {
  const window = steady({ everyMs: 10_000, from: 4_000 });
  expect(windowAt(window, 13_999)).toEqual({ start: 4_000, end: 14_000 });
  expect(windowAt(window, 14_000)).toEqual({ start: 14_000, end: 24_000 });
});

test('an unlimited window has every log time', () => {
  expect(windowAt(steady('unlimited'), instant('9999-12-31T23:59:59.999Z'))).toEqual({
    start: 0,
    end: Number.MAX_SAFE_INTEGER,
  });
});

test('a slice counts until its last millisecond has left the window, and not longer', () => {
  const window = rolling(60_000);
  expect(sliceAt(window, 5_999)).toEqual({ start: 5_000, end: 6_000 });
  expect(sliceCounts(window, 5_000, 5_999 + 59_999)).toBe(true);
  expect(sliceCounts(window, 5_000, 5_999 + 60_000)).toBe(false);
});

test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 253_402_300_800_000])(
  'no window answers for %s, which is no log time',
  (at) => {
    expect(() => windowAt(steady('unlimited'), at)).toThrow('is no log time');
    expect(() => sliceAt(rolling(60_000), at)).toThrow('is no log time');
    expect(() => sliceCounts(rolling(60_000), 0, at)).toThrow('is no log time');
  },
);
