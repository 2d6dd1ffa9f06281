/** Deadlines by themselves: moved, dropped, many of them, and further away than a timer can count. */
import { afterEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/engine/clock.ts';
import { type Deadline, Deadlines } from '../../src/engine/core/deadlines.ts';
import { FakeClock } from '../../src/testing/index.ts';

const second = 1_000;
const day = 86_400_000;

afterEach(() => {
  vi.useRealTimers();
});

function open() {
  const clock = new FakeClock(0);
  const due: string[] = [];
  const deadlines = new Deadlines(clock, ({ key }) => due.push(key));
  const named = (key: string): Deadline => ({ kind: 'decision', key });
  return { clock, due, deadlines, named };
}

test('a deadline that was moved is due at its new time and no other', () => {
  const { clock, due, deadlines, named } = open();
  deadlines.set(named('later'), 5 * second);
  deadlines.set(named('later'), 60 * second);
  deadlines.set(named('sooner'), 60 * second);
  deadlines.set(named('sooner'), 5 * second);
  deadlines.set(named('dropped'), 5 * second);
  deadlines.drop(named('dropped'));
  clock.advance(30 * second);
  expect(due).toEqual(['sooner']);
  clock.advance(40 * second);
  expect(due).toEqual(['sooner', 'later']);
  expect([deadlines.size, clock.waiting]).toEqual([0, 0]);
});

test('however many there are, one timer waits, and each is due in the second after its time', () => {
  const { clock, due, deadlines, named } = open();
  for (let at = 1_000; at > 0; at -= 1) deadlines.set(named(`${at}`), at * second);
  expect(clock.waiting).toBe(1);
  for (let at = 1; at <= 1_000; at += 1) {
    clock.advance(second);
    expect(due.length).toBeGreaterThanOrEqual(at - 1);
    expect(due.length).toBeLessThanOrEqual(at);
  }
  clock.advance(second);
  expect(due).toEqual(Array.from({ length: 1_000 }, (_, at) => `${at + 1}`));
});

test('a clock that is set back puts off what is due until it says so again', () => {
  const { clock, due, deadlines, named } = open();
  clock.advance(10 * day);
  deadlines.set(named('a'), clock.now() + 60 * second);
  clock.step(-day);
  clock.advance(day);
  expect(due).toEqual([]);
  clock.advance(62 * second);
  expect(due).toEqual(['a']);
});

test('what is further away than a timer can count does not end at once', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  const task = vi.fn<() => void>();
  systemClock.after(30 * day, task);
  systemClock.after(Number.POSITIVE_INFINITY, task);
  vi.advanceTimersByTime(20 * day);
  expect(task).not.toHaveBeenCalled();
});
