import { expect, test } from 'vitest';
import { FakeClock } from './fake-clock.ts';

test.each([undefined, Number.NaN, Number.POSITIVE_INFINITY, -1, '5'])(
  'no time of %o passes: what runs again and again would never end, and the timers would be late',
  (ms) => {
    const clock = new FakeClock(0);
    let runs = 0;
    const run = (): void => {
      runs += 1;
      // Without the refusal this would not end either.
      if (runs < 10) clock.after(1, run);
    };
    clock.after(1, run);
    expect(() => clock.advance(ms as number)).toThrow(RangeError);
    expect([clock.now(), runs]).toEqual([0, 0]);
    clock.advance(3);
    expect([clock.now(), runs]).toEqual([3, 3]);
  },
);
