/** Which commits wake the other processes, and that none of them is kept from them for long. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Bell, quietMs } from '../../src/storage/postgres/bell.ts';

let rung: number;
let bell: Bell;

beforeEach(() => {
  vi.useFakeTimers();
  rung = 0;
  bell = new Bell(() => (rung += 1));
});

afterEach(() => {
  bell.close();
  vi.useRealTimers();
});

test('what somebody may wait for is told at once, however much was told just now', () => {
  for (const size of [1, 2, 3]) expect(bell.tells(size, false)).toBe(true);
});

test('of routine commits one in a while tells of itself', () => {
  expect(bell.tells(1, true)).toBe(true);
  vi.advanceTimersByTime(quietMs - 1);
  expect(bell.tells(2, true)).toBe(false);
  vi.advanceTimersByTime(3 * quietMs);
  expect(bell.tells(3, true)).toBe(true);
});

test('what was left out is told a little later, once', () => {
  bell.tells(1, true);
  bell.tells(2, true);
  bell.tells(3, true);
  expect(rung).toBe(0);
  vi.advanceTimersByTime(10 * quietMs);
  expect(rung).toBe(1);
});

test('another process that tells of it makes that needless, one that tells of less does not', () => {
  bell.tells(1, true);
  bell.tells(5, true);
  bell.heard(4);
  vi.advanceTimersByTime(10 * quietMs);
  expect(rung).toBe(1);
  bell.tells(6, true);
  bell.tells(7, true);
  bell.heard(7);
  vi.advanceTimersByTime(10 * quietMs);
  expect(rung).toBe(1);
});
