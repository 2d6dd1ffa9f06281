/**
 * Token buckets: a budget that fills up again by itself. It holds `limit`, and what was taken flows back at
 * `limit` per `bucketMs`, evenly.
 *
 * What is missing from a full bucket is kept in units of one smallest step times one millisecond, so that a
 * millisecond's flow is the whole number `limit` and nothing is ever rounded. Times are log times, which
 * never go back: no clock makes a bucket fill faster.
 */
import { limits } from '../limits.ts';

export interface BucketLevel {
  /** What is missing at `at`: an amount times `bucketMs`. */
  readonly missing: number;
  readonly at: number;
}

/** Whether a full bucket can be counted exactly. */
export function fitsBucket(limit: number, bucketMs: number): boolean {
  return BigInt(limit) * BigInt(bucketMs) <= BigInt(limits.amountMax);
}

/** The amount that has not flowed back yet, rounded up. */
export function takenAt(
  bucket: BucketLevel | undefined,
  limit: number,
  bucketMs: number,
  at: number,
): number {
  return Math.ceil(missingAt(bucket, limit, at) / bucketMs);
}

/** The bucket after an amount was taken. The amount MUST have been left in it. */
export function taken(
  bucket: BucketLevel | undefined,
  take: {
    readonly limit: number;
    readonly bucketMs: number;
    readonly amount: number;
    readonly at: number;
  },
): BucketLevel {
  const { limit, bucketMs, amount, at } = take;
  return { missing: capped(missingAt(bucket, limit, at), BigInt(amount) * BigInt(bucketMs)), at };
}

/** The bucket after more was used than was taken, or, below 0, less. */
export function corrected(
  bucket: BucketLevel | undefined,
  difference: number,
  bucketMs: number,
): BucketLevel {
  const { missing, at } = bucket ?? { missing: 0, at: 0 };
  return { missing: capped(missing, BigInt(difference) * BigInt(bucketMs)), at };
}

function missingAt(bucket: BucketLevel | undefined, limit: number, at: number): number {
  if (bucket === undefined) return 0;
  const flowed = BigInt(limit) * BigInt(Math.max(0, at - bucket.at));
  return Number(max(0n, BigInt(bucket.missing) - flowed));
}

function capped(missing: number, change: bigint): number {
  const sum = max(0n, BigInt(missing) + change);
  return sum > BigInt(limits.amountMax) ? limits.amountMax : Number(sum);
}

function max(left: bigint, right: bigint): bigint {
  return left > right ? left : right;
}
