/** A forecast is the line through what was posted so far, and is silent where there is none to draw. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkPlan } from '../../kernel/budget/plan.ts';
import type { WindowDocument } from '../../kernel/index.ts';
import { type Forecast, forecastOf } from './forecast.ts';
import type { BudgetRow } from './rows.ts';

const hourMs = 3_600_000;
const start = Date.UTC(2026, 0, 5);
const at = (hours: number): number => start + hours * hourMs;

function rowOf(window: WindowDocument, limit: number, posted: number): BudgetRow {
  const document = { id: 'p', unit: 'usd', limit: '1', scope: { kind: 'principal', every: true } };
  const check = checkPlan({ ...document, sharing: 'perMember', window }, 'acme');
  if ('problem' in check) throw new Error(check.problem);
  const plan = { ...check.plan, limit };
  const left = Math.max(0, limit - posted);
  return { org: 'acme', plan, member: 'ann', start, posted, reserved: 0, left, frozen: false };
}

const daily = { every: 'day', zone: 'UTC' } as const;

test.each<readonly [string, BudgetRow, number, Forecast | undefined]>([
  ['half of it in a quarter', rowOf(daily, 100, 50), 6, { perDay: 200n, reachedAt: at(12) }],
  ['exactly at the end', rowOf(daily, 100, 25), 6, { perDay: 100n, reachedAt: undefined }],
  ['used up already', rowOf(daily, 100, 100), 20, { perDay: 120n, reachedAt: at(20) }],
  ['over the limit', rowOf(daily, 100, 200), 20, { perDay: 240n, reachedAt: at(10) }],
  ['nothing posted', rowOf(daily, 100, 0), 6, { perDay: 0n, reachedAt: undefined }],
  ['just begun', rowOf(daily, 100, 99), 0.2, undefined],
  ['a hundredth of it', rowOf(daily, 100, 1), 0.24, { perDay: 100n, reachedAt: undefined }],
  ['no end', rowOf('unlimited', 100, 99), 6, undefined],
  ['rolling', rowOf({ rollingMs: 24 * hourMs }, 100, 50), 6, { perDay: 200n, reachedAt: at(12) }],
  [
    'rolling and full',
    rowOf({ rollingMs: 24 * hourMs }, 100, 99),
    24.2,
    { perDay: 98n, reachedAt: undefined },
  ],
  ['a token bucket', rowOf({ bucketMs: 24 * hourMs }, 100, 50), 6, undefined],
])('%s', (_, row, hours, forecast) => {
  expect(forecastOf(row, at(hours))).toEqual(forecast);
});

test('a member without an account has no rate', () => {
  const { start: _, ...row } = rowOf(daily, 100, 0);
  expect(forecastOf({ ...row, start: undefined, member: undefined }, at(6))).toBeUndefined();
});

test('at the forecast instant, and not a millisecond before, the line is at the limit', () => {
  const amounts = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
  const times = fc.integer({ min: 864_000, max: 86_399_999 });
  fc.assert(
    fc.property(amounts, amounts, times, (limit, posted, elapsed) => {
      const { reachedAt } = forecastOf(rowOf(daily, limit, posted), start + elapsed) ?? {};
      const line = (time: number): bigint => BigInt(posted) * BigInt(time);
      const needed = BigInt(limit) * BigInt(elapsed);
      if (reachedAt === undefined) return line(86_400_000 - 1) < needed;
      return line(reachedAt - start) >= needed && line(reachedAt - start - 1) < needed;
    }),
  );
});
