/** What is left of the budget plans of an org, and until when it lasts. */
import { formatAmount } from '../../kernel/index.ts';
import { forecastOf } from './forecast.ts';
import type { BudgetUsage } from './report.ts';
import { rowsNow } from './rows.ts';

/** One account as it counts now. Amounts are exact decimal texts of the plan's unit. */
export interface Headroom {
  /** Id of the plan. */
  readonly plan: string;
  readonly unit: string;
  readonly limit: string;
  /** Whose account it is, `*` where all share it; undefined where nothing was used yet. */
  readonly member: string | undefined;
  readonly posted: string;
  readonly reserved: string;
  /** What new calls may reserve. */
  readonly left: string;
  readonly frozen: boolean;
  /** Undefined where there is no rate: in no window, or in the first hundredth of one. */
  readonly forecast: HeadroomForecast | undefined;
}

/** If what was posted in the window so far goes on as fast as it did. */
export interface HeadroomForecast {
  readonly perDay: string;
  /** Log time (ms) at which the limit is reached; undefined where that is not in this window. */
  readonly reachedAt: number | undefined;
}

/** By plan and member, at a log time (ms). */
export function headroomOf(plans: readonly BudgetUsage[], now: number): readonly Headroom[] {
  return plans.flatMap((usage) =>
    rowsNow(usage, now).map((row): Headroom => {
      const { id, unit, limit } = usage.plan;
      const text = (amount: number | bigint): string => formatAmount(unit, amount);
      const forecast = forecastOf(row, now);
      return {
        plan: id,
        unit,
        limit: text(limit),
        member: row.member,
        posted: text(row.posted),
        reserved: text(row.reserved),
        left: text(row.left ?? 0),
        frozen: row.frozen,
        forecast:
          forecast === undefined
            ? undefined
            : { perDay: text(forecast.perDay), reachedAt: forecast.reachedAt },
      };
    }),
  );
}
