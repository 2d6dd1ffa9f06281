/**
 * When a budget will be used up, if what was posted in its window so far goes on as fast as it did. A
 * straight line and no more: it knows neither nights nor weekends.
 */
import { windowAt } from '../../kernel/index.ts';
import { type BudgetRow, compiledWindow } from './rows.ts';

export interface Forecast {
  /** What is posted a day at the rate so far, in the unit's smallest steps, rounded down. */
  readonly perDay: bigint;
  /** Log time (ms) at which the limit is reached; undefined where that is not in this window. */
  readonly reachedAt: number | undefined;
}

const dayMs = 86_400_000n;

/** Undefined where there is no rate: no window began, or less than a hundredth of it is over. */
export function forecastOf(row: BudgetRow, now: number): Forecast | undefined {
  const window = windowOf(row, now);
  if (window === undefined) return undefined;
  const elapsed = now - window.start;
  if (elapsed <= 0 || elapsed * 100 < window.end - window.start) return undefined;
  if (row.posted === 0) return { perDay: 0n, reachedAt: undefined };
  const [posted, limit, passed] = [BigInt(row.posted), BigInt(row.plan.limit), BigInt(elapsed)];
  const reachedAt = window.start + Number((passed * limit + posted - 1n) / posted);
  const isInWindow = reachedAt <= now || reachedAt < window.end;
  return { perDay: (posted * dayMs) / passed, reachedAt: isInWindow ? reachedAt : undefined };
}

/** A rolling window begins with what still counts in it; at an even rate it is no fuller after its length. */
function windowOf(
  { plan, start }: BudgetRow,
  now: number,
): { readonly start: number; readonly end: number } | undefined {
  const window = compiledWindow(plan);
  if (window.kind === 'unlimited' || window.kind === 'bucket' || start === undefined) {
    return undefined;
  }
  if (window.kind === 'rolling') return { start, end: start + window.rollingMs };
  return windowAt(window, now);
}
