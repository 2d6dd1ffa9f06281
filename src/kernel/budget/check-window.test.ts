/** What is no window is refused with a sentence, and nothing in it is ignored. */
import { expect, test } from 'vitest';
import { checkWindow } from './check-window.ts';

const problemOf = (value: unknown): string | undefined => {
  const check = checkWindow(value);
  return 'problem' in check ? check.problem : undefined;
};

test.each([
  ['unlimited'],
  [{ every: 'day', zone: 'Europe/Berlin' }],
  [{ every: 'week', zone: 'UTC', weekStart: 'sunday' }],
  [{ every: 'month', zone: 'America/Argentina/Buenos_Aires' }],
  [{ everyMs: 1_000 }],
  [{ everyMs: 31_622_400_000, from: 5 }],
  [{ rollingMs: 1_020 }],
])('%j is a window', (value) => {
  expect(problemOf(value)).toBeUndefined();
});

test.each([
  [undefined, 'must be `unlimited` or have'],
  [null, 'must be `unlimited` or have'],
  ['day', 'must be `unlimited` or have'],
  [['unlimited'], 'must be `unlimited` or have'],
  [{}, 'exactly one of'],
  [{ zone: 'UTC' }, 'exactly one of'],
  [Object.create({ everyMs: 1_000 }), 'exactly one of'],
  [{ every: 'day', zone: 'UTC', everyMs: 1_000 }, 'exactly one of'],
  [{ every: 'day', zone: 'UTC', from: 0 }, 'has no `from`'],
  [{ rollingMs: 60_000, from: 0 }, 'has no `from`'],
  [{ everyMs: 60_000, ['__proto__']: 1 }, 'has no `__proto__`'],
  [{ every: 'year', zone: 'UTC' }, '`every` must be'],
  [{ every: 'month', zone: 'UTC', weekStart: 'monday' }, '`weekStart` is for weeks'],
  [{ every: 'week', zone: 'UTC', weekStart: 'friday' }, '`weekStart` must be'],
  [{ everyMs: 999 }, 'from 1000 to'],
  [{ everyMs: 31_622_400_001 }, 'from 1000 to'],
  [{ everyMs: 1_000.5 }, 'from 1000 to'],
  [{ everyMs: '1000' }, 'from 1000 to'],
  [{ everyMs: Number.NaN }, 'from 1000 to'],
  [{ everyMs: 1_000, from: -1 }, '`from` must be'],
  [{ everyMs: 1_000, from: null }, '`from` must be'],
  [{ rollingMs: 1_000 }, 'a multiple of 60'],
  [{ rollingMs: 0 }, 'a multiple of 60'],
])('%j is refused: %s', (value, problem) => {
  expect(problemOf(value)).toContain(problem);
});

test('a calendar window does not go without a zone', () => {
  expect(problemOf({ every: 'day' })).toContain('`zone` is missing');
});

test.each([
  '+02:00',
  '-0800',
  'UTC+2',
  'utc',
  'GMT',
  'EST',
  'BST',
  'europe/berlin',
  'EUROPE/BERLIN',
  'Europe/berlin',
  'Asia/KOLKATA',
  'ETC/UTC',
  'Etc/Utc',
  'Etc/Gmt',
  'Us/Pacific',
  'Australia/Act',
  'America/Knox_In',
  'Chile/Easterisland',
  'Europe/Berlin ',
  ' Europe/Berlin',
  'Europe/Atlantis',
  'Europe',
  'SystemV/EST5',
  `Europe/${'B'.repeat(100)}`,
  '',
  7,
])('the zone %j is not known', (zone) => {
  expect(problemOf({ every: 'day', zone })).toContain('is not known');
});

test.each([
  'Asia/Kolkata',
  'Asia/Calcutta',
  'Europe/Kyiv',
  'Europe/Kiev',
  'US/East-Indiana',
  'America/Knox_IN',
  'America/Port-au-Prince',
  'Australia/ACT',
  'US/Pacific',
  'Chile/EasterIsland',
  'Brazil/DeNoronha',
  'Etc/GMT+5',
  'Etc/UTC',
])('the zone %s is known, whether it is the zone itself or an alias', (zone) => {
  expect(problemOf({ every: 'day', zone })).toBeUndefined();
});
