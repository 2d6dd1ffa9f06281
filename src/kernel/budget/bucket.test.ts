/** A token bucket never gives more than what is in it, and fills evenly with the log's time. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { type BucketLevel, corrected, fitsBucket, taken, takenAt } from './bucket.ts';

test('over any stretch of time it gives no more than it holds and what flows in', () => {
  const steps = fc.array(
    fc.record({ pauseMs: fc.nat(5_000), amount: fc.integer({ min: 1, max: 50 }) }),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1_000, max: 90_000 }),
      steps,
      (limit, bucketMs, wanted) => {
        let bucket: BucketLevel | undefined;
        let at = 0;
        const given: { at: number; amount: number }[] = [];
        for (const { pauseMs, amount } of wanted) {
          at += pauseMs;
          if (amount > limit - takenAt(bucket, limit, bucketMs, at)) continue;
          bucket = taken(bucket, { limit, bucketMs, amount, at });
          given.push({ at, amount });
        }
        for (const [from, first] of given.entries()) {
          let sum = 0;
          for (const each of given.slice(from)) {
            sum += each.amount;
            expect(sum * bucketMs).toBeLessThanOrEqual(limit * (bucketMs + each.at - first.at));
          }
        }
      },
    ),
  );
});

test('an empty bucket is full again after its time, and half full after half of it', () => {
  const bucket = taken(undefined, { limit: 10, bucketMs: 60_000, amount: 10, at: 5 });
  const left = (at: number): number => 10 - takenAt(bucket, 10, 60_000, at);
  expect([left(5), left(6_004), left(6_005), left(30_005), left(60_005)]).toEqual([0, 0, 1, 5, 10]);
});

test('a clock that is set back fills nothing', () => {
  const bucket = taken(undefined, { limit: 10, bucketMs: 60_000, amount: 10, at: 100_000 });
  expect(takenAt(bucket, 10, 60_000, 0)).toBe(10);
});

const change = { limit: 10, bucketMs: 1_000, reserved: 4, takenAt: 0, at: 0 };

test('what was not used flows back at once, and what was used beyond is owed', () => {
  const bucket = taken(undefined, { limit: 10, bucketMs: 1_000, amount: 4, at: 0 });
  const left = (used: number): number =>
    takenAt(corrected(bucket, { ...change, used }), 10, 1_000, 0);
  expect([left(1), left(24), left(0)]).toEqual([1, 24, 0]);
});

test('what has flowed back by itself does not come back once more', () => {
  const first = taken(undefined, { limit: 10, bucketMs: 1_000, amount: 10, at: 0 });
  const second = taken(first, { limit: 10, bucketMs: 1_000, amount: 5, at: 1_000 });
  const resolved = corrected(second, { ...change, reserved: 10, used: 0, at: 1_000 });
  expect(takenAt(resolved, 10, 1_000, 1_000)).toBe(5);
});

test('a bucket that cannot be counted exactly is none', () => {
  expect(fitsBucket(Number.MAX_SAFE_INTEGER, 1_000)).toBe(false);
  expect(fitsBucket(Math.floor(Number.MAX_SAFE_INTEGER / 1_000), 1_000)).toBe(true);
});

test('what is owed to a bucket is counted as far as it can be counted exactly, and no further', () => {
  const owing = { limit: 1, bucketMs: 1_000, reserved: 0, takenAt: 0, at: 0 };
  const owed = corrected(undefined, { ...owing, used: limits.amountMax });
  expect(owed).toEqual({ missing: limits.amountMax, at: 0 });
  expect(corrected(owed, { ...owing, used: 1 })).toEqual(owed);
});
