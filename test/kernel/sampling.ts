/**
 * How many random cases a test runs. `ACP_RUNS` multiplies (`ACP_RUNS=20` for a long search, `0.2`
 * for a quick one) and `ACP_SEED` starts elsewhere; without it every run tries the same cases.
 */
import * as fc from 'fast-check';

const factor = Number(process.env['ACP_RUNS'] ?? 1);
const seed = Number(process.env['ACP_SEED'] ?? 20_260_101);

export function runs(count: number): number {
  return Math.max(1, Math.round(count * factor));
}

/** Checks a property on `count` random cases, scaled. */
export function assertHolds<T>(
  arbitrary: fc.Arbitrary<T>,
  count: number,
  predicate: (value: T) => void,
): void {
  const parameters = { numRuns: runs(count), seed, plugins: [fc.unbiased()] };
  fc.assert(fc.property(arbitrary, predicate), parameters);
}
