/** What the model says, as the tables that `docs/scale.md` prints: its test makes them anew. */
import { type Latency, latchEverywhere, manyLogs, oneLog } from './model.ts';

/** Where the replicas of a log are. */
const places: readonly (readonly [name: string, latency: Latency])[] = [
  ['one server, local disk', { commitMs: 0.5, tripMs: 0.3 }],
  ['three replicas in one zone', { commitMs: 2, tripMs: 0.5 }],
  ['three zones of a region', { commitMs: 4, tripMs: 1 }],
  ['three regions', { commitMs: 60, tripMs: 1 }],
];
const threeZones: Latency = { commitMs: 4, tripMs: 1 };

export function tables(): readonly string[] {
  return [throughputTable(), coreTable(), latchTable(), sharedLatchTable()];
}

/** One log. */
function throughputTable(): string {
  const shapes = [1, 4, 8].map((processes) => ({ callers: 64, processes }));
  const rows = places.map(([name, latency]) => [
    name,
    ...[{ callers: 1, processes: 1 }, ...shapes].map((shape) => {
      const { perSecond, answerP99Ms } = oneLog(latency, shape);
      return `${number(perSecond)} (${number(answerP99Ms)})`;
    }),
  ]);
  return table(['', '1 caller', '1 × 64', '4 × 16', '8 × 8'], rows);
}

/** Many logs on one core, in three zones. */
function coreTable(): string {
  const rows = [100, 1_000, 3_000, 10_000].map((logs) => {
    const load = { logs, perLogPerSecond: 0.2 };
    const apart = manyLogs(threeZones, { ...load, pollsPerSecond: 4 * logs });
    const together = manyLogs(threeZones, { ...load, pollsPerSecond: 4 });
    return [number(logs), ...[apart, together].map(coreCell)];
  });
  return table(['logs on one core', 'each polled', 'polled together'], rows);
}

function coreCell({
  busy,
  answerP99Ms,
}: {
  readonly busy: number;
  readonly answerP99Ms: number;
}): string {
  const used = `${Math.round(busy * 100)} %`;
  return Number.isFinite(answerP99Ms) ? `${used} (${number(answerP99Ms)} ms)` : `${used}: too much`;
}

/** A kill of all tenants, appended to every log. */
function latchTable(): string {
  const rows = [100, 1_000, 10_000, 100_000].map((logs) => [
    number(logs),
    ...[64, 1_024].map((atOnce) => {
      const { medianMs, lastMs } = latchEverywhere(threeZones, { logs, atOnce });
      return `${number(medianMs)} / ${number(lastMs)} ms`;
    }),
  ]);
  return table(['logs', '64 commits at once', '1,024 at once'], rows);
}

/** What it costs to read the latch of all tenants in each commit instead: one more trip. */
function sharedLatchTable(): string {
  const rows = places.map(([name, latency]) => {
    const shape = { callers: 64, processes: 1 };
    const alone = oneLog(latency, shape).perSecond;
    const { commitMs, tripMs } = latency;
    const reading = oneLog({ commitMs: commitMs + tripMs, tripMs }, shape).perSecond;
    return [name, number(alone), number(reading), `${Math.round((reading / alone) * 100)} %`];
  });
  return table(['', 'latch in the log', 'latch read elsewhere', 'left'], rows);
}

/** Two significant digits: the model carries no more. */
function number(value: number): string {
  const rounded = Number(value.toPrecision(2));
  return rounded.toLocaleString('en-US', { maximumFractionDigits: 2 });
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
