/** Ends of keys: durations from now, days and instants, and nothing that could be read in two ways. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { expiryOption } from './expiry-option.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
});
afterEach(() => {
  vi.useRealTimers();
});

test.each([
  ['30d', '2026-01-31T00:00:00.000Z'],
  ['12h', '2026-01-01T12:00:00.000Z'],
  ['45m', '2026-01-01T00:45:00.000Z'],
  ['2026-12-31', '2026-12-31T00:00:00.000Z'],
  ['2026-12-31T15:00:00Z', '2026-12-31T15:00:00.000Z'],
])('%s is %s', (text, instant) => {
  expect(expiryOption(text).toISOString()).toBe(instant);
});

test.each([
  '',
  '0d',
  '-1d',
  '1.5d',
  '30',
  '30D',
  '30 d',
  '1y',
  '9999999d',
  '31.12.2026',
  '2026-02-30',
])('`%s` is refused', (text) => {
  expect(() => expiryOption(text)).toThrow('a time from now');
});
