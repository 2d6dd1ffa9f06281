/**
 * Growth: what a governed action costs on a log of a thousand events, and on one of a million.
 *
 * Every round opens each log, lets it warm up and drives the same number of actions on it. Logs
 * small enough to grow visibly by that are copied afresh each round; the largest is copied once.
 */
import { sqlite } from '../src/index.ts';
import { builtLog, sizeName } from './built-logs.ts';
import { FindingsBuilder } from './findings.ts';
import { copyDatabase, withFreshFile } from './fresh-file.ts';
import { GovernedWork } from './governed-work.ts';
import type { Plan } from './options.ts';
import { progressOf } from './progress.ts';
import { type Contender, type Rounds, runRounds, type Sample } from './rounds.ts';

const freshCopyEventsMax = 100_000;

interface Sizes {
  readonly events: readonly [number, ...number[]];
  /** Timed actions, and those before them that warm up, for each number of callers. */
  readonly drives: readonly { readonly callers: number; readonly actions: number }[];
}

const full: Sizes = {
  events: [1_000, 100_000, 1_000_000],
  drives: [
    { callers: 1, actions: 400 },
    { callers: 64, actions: 4_000 },
  ],
};

const quick: Sizes = {
  events: [1_000, 20_000],
  drives: [
    { callers: 1, actions: 40 },
    { callers: 64, actions: 640 },
  ],
};

export async function measureGrowth(plan: Plan): Promise<FindingsBuilder> {
  const sizes = plan.quick ? quick : full;
  const built = new Map<number, string>();
  for (const events of sizes.events) built.set(events, await builtLog(plan.folder, events));
  return withLargestCopied(plan, built, async (largest) => {
    const contenders = [...built].map(([events, path]): Contender => ({
      name: sizeName(events),
      run: () =>
        events > freshCopyEventsMax
          ? driveOn(largest, sizes)
          : withFreshFile(plan.folder, (copy) => {
              copyDatabase(path, copy);
              return driveOn(copy, sizes);
            }),
    }));
    const { rounds } = plan;
    const measured = await runRounds(contenders, { rounds, progress: progressOf('growth') });
    return findings(plan, sizes, measured);
  });
}

async function withLargestCopied<T>(
  plan: Plan,
  built: ReadonlyMap<number, string>,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const [events = 0, path = ''] = [...built].at(-1) ?? [];
  return withFreshFile(plan.folder, (copy) => {
    if (events > freshCopyEventsMax) copyDatabase(path, copy);
    return use(copy);
  });
}

async function driveOn(path: string, { drives }: Sizes): Promise<Sample> {
  const work = await GovernedWork.open(sqlite(path));
  const sample: Record<string, number> = {};
  try {
    for (const { callers, actions } of drives) {
      await work.drive(callers, { actions: Math.ceil(actions / 8) });
      const { seconds } = await work.drive(callers, { actions });
      sample[metricOf(callers)] = (seconds * 1e6) / actions;
    }
  } finally {
    await work.plane.close();
  }
  return sample;
}

function metricOf(callers: number): string {
  return callers === 1 ? '1 caller' : `${callers} callers`;
}

function findings(plan: Plan, { events, drives }: Sizes, rounds: Rounds): FindingsBuilder {
  const found = new FindingsBuilder();
  const [smallest, ...larger] = events.map(sizeName);
  for (const { callers } of drives) {
    const metric = metricOf(callers);
    for (const size of events.map(sizeName)) {
      const cost = rounds.spread(size, metric);
      found.figure(`${metric}, log of ${size} events: authorize + settle`, cost, 'µs/action');
    }
    for (const size of larger) {
      const ratio = rounds.ratio([size, metric], [smallest ?? '', metric]);
      found.figure(`${metric}: cost at ${size} / at ${smallest} events`, ratio, '×');
    }
    const name = `${metric}: cost of a decision at 1 M / at 1 k events`;
    if (plan.quick) found.skip(name);
    else found.atMost(name, 1.2, rounds.ratio(['1 M', metric], ['1 k', metric]), '×');
  }
  return found;
}
