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

/**
 * The bucket after a reservation was resolved by what was used. More is owed. Less comes back, but for what
 * may have flowed back already since it was taken: it would be given out twice.
 */
export function corrected(
  bucket: BucketLevel | undefined,
  change: {
    readonly limit: number;
    readonly bucketMs: number;
    readonly reserved: number;
    readonly used: number;
    readonly takenAt: number;
    readonly at: number;
  },
): BucketLevel {
  const { limit, bucketMs, reserved, used, at } = change;
  const level = bucket ?? { missing: 0, at: 0 };
  const difference = (BigInt(used) - BigInt(reserved)) * BigInt(bucketMs);
  if (difference >= 0n) return { ...level, missing: capped(level.missing, difference) };
  const flowed = BigInt(limit) * BigInt(Math.max(0, at - change.takenAt));
  return { ...level, missing: capped(level.missing, -max(0n, -difference - flowed)) };
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
