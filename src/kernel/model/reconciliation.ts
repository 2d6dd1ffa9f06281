/**
 * Reconciliation: what a provider billed, day by day and model by model, beside what the log recorded.
 *
 * Amounts are whole micro-USD. A drift is what was billed less what was recorded: above 0, the log knows of
 * less than was spent.
 */
import { limits } from '../limits.ts';
import { isQualifiedName, quoted } from '../name.ts';
import { isModelName } from './catalogue-document.ts';

export interface ReconciledRow {
  /** A calendar day in UTC, such as `2026-01-31`. */
  readonly day: string;
  /** The catalogue's id of the model. */
  readonly model: string;
  readonly billed: number;
  /** What the log has, found by the engine. */
  readonly recorded: number;
}

/** Why a reconciliation cannot be recorded, or undefined where it can. */
export function reconciliationProblem(
  source: unknown,
  rows: readonly ReconciledRow[],
  freezeAbovePercent: unknown,
): string | undefined {
  if (!isQualifiedName(source)) return `${quoted(source)} cannot be the name of a source`;
  const { reconciledRowsMax, driftPercentMax } = limits;
  if (rows.length === 0 || rows.length > reconciledRowsMax) {
    return `it has to have 1 to ${reconciledRowsMax} rows`;
  }
  const isPercent =
    Number.isSafeInteger(freezeAbovePercent) &&
    Number(freezeAbovePercent) >= 0 &&
    Number(freezeAbovePercent) <= driftPercentMax;
  if (freezeAbovePercent !== undefined && !isPercent) {
    return `the percentage must be a whole number from 0 to ${driftPercentMax}`;
  }
  const seen = new Set<string>();
  for (const { day, model, billed, recorded } of rows) {
    if (!isDay(day)) return `${quoted(day)} is no day such as \`2026-01-31\``;
    if (!isModelName(model)) return `${quoted(model)} is no name of a model`;
    if (![billed, recorded].every((each) => Number.isSafeInteger(each) && each >= 0)) {
      return `an amount of ${quoted(model)} on ${day} cannot be counted`;
    }
    const key = `${day} ${model}`;
    if (seen.has(key)) return `${quoted(model)} is billed twice on ${day}`;
    seen.add(key);
  }
  return undefined;
}

function isDay(value: unknown): value is string {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  const at = Date.parse(value);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(value);
}

/** Models of which a day was billed at more than so many percent above what was recorded, sorted. */
export function driftedModels(
  rows: readonly ReconciledRow[],
  percent: number | undefined,
): readonly string[] {
  if (percent === undefined) return [];
  const drifted = rows.filter(
    ({ billed, recorded }) => BigInt(billed) * 100n > BigInt(recorded) * BigInt(100 + percent),
  );
  return [...new Set(drifted.map(({ model }) => model))].toSorted();
}
