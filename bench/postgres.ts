/**
 * PostgreSQL: governed actions by many callers in many processes on one log, next to what a user would write
 * and to bare durable inserts on the same server; then how fast a kill crosses processes.
 */
import { join } from 'node:path';
import { type AwakeClock, awakeClock } from './awake.ts';
import { runTogether } from './errand.ts';
import { appendDecided, decideBeforehand } from './decided-beforehand.ts';
import { FindingsBuilder } from './findings.ts';
import type { Plan } from './options.ts';
import { benchServer, withFreshSchema } from './postgres-database.ts';
import { measureKills } from './postgres-kill.ts';
import { actOften, booksOf, type Way, ways } from './postgres-spending.ts';
import type { run as writeInto, Span, Until, Writing, Written } from './postgres-writer.ts';
import { progressOf } from './progress.ts';
import { type Contender, type Rounds, runRounds, type Sample } from './rounds.ts';
import { percentile } from './spread.ts';
import { postgres } from '../src/storage/postgres/postgres-storage.ts';

const writerModule = new URL('./postgres-writer.ts', import.meta.url);
const compiled = join(import.meta.dirname, '../node_modules/.cache/compiled');
const progress = progressOf('postgres');

/** Callers in all, and the processes they are shared out to. */
interface Shape {
  readonly callers: number;
  readonly processes: number;
}
const shapes: readonly Shape[] = [
  { callers: 1, processes: 1 },
  ...[16, 64].flatMap((callers) => [1, 4, 8].map((processes) => ({ callers, processes }))),
];
const quickShapes: readonly Shape[] = [
  { callers: 1, processes: 1 },
  { callers: 64, processes: 2 },
];
interface UpdateBar {
  readonly processes: number;
  readonly limit: number;
  readonly floor?: number;
}
/**
 * How often one guarded update and insert, with 64 callers: of the design, and what it may not fall below. In
 * one process the store alone is close to what would be its floor, so that it has one of its own.
 */
const bars: readonly UpdateBar[] = [
  { processes: 1, limit: 50 },
  { processes: 4, limit: 12, floor: 4 },
  { processes: 8, limit: 8, floor: 2.5 },
];

const plenty = 1_000_000_000;
const wayNames: Readonly<Record<Way, string>> = {
  ours: 'governed actions',
  update: 'guarded update + insert, twice',
  insert: 'bare durable insert, twice',
};

export async function measurePostgres(plan: Plan): Promise<FindingsBuilder> {
  // Processes are started for every run, and how fast they start is no part of it.
  process.env['NODE_COMPILE_CACHE'] ??= compiled;
  const server = await benchServer();
  try {
    const { url } = server;
    // Processes start for every run: a quick run has one round, or it would not be quick.
    const rounds = plan.quick ? 1 : plan.rounds;
    const measured = await runRounds(contenders(url, plan), {
      rounds,
      progress,
      // Every contender starts processes of its own, and warms them up.
      warmUp: false,
    });
    const found = findings(measured, plan);
    await findKills(found, url, plan);
    return found;
  } finally {
    await server.close();
  }
}

function shapesOf(plan: Plan): readonly Shape[] {
  return plan.quick ? quickShapes : shapes;
}

/** One hot budget in every shape; a budget for each caller where there are many. */
function contenders(url: string, plan: Plan): readonly Contender[] {
  const terms = { until: { milliseconds: 3 * plan.roundMs }, isWarm: !plan.quick };
  const hot = shapesOf(plan).flatMap((shape) =>
    ways.map((way) => contender(url, { way, shape, spread: false }, terms)),
  );
  const spread = shapesOf(plan)
    .filter(({ callers }) => callers === 64)
    .flatMap((shape) =>
      (['ours', 'update'] as const).map((way) =>
        contender(url, { way, shape, spread: true }, terms),
      ),
    );
  const shape = { callers: 64, processes: plan.quick ? 2 : 8 };
  const limit = plan.quick ? 60 : 300;
  const drains = (['ours', 'update'] as const).map((way) =>
    drain(url, { way, shape, spread: false }, limit),
  );
  return [...hot, ...spread, ...drains, aloneContender(url, plan)];
}

const storeAlone = 'decided beforehand, 64 callers in 1 process, one budget';

/** What the store alone allows, see `decided-beforehand.ts`. */
function aloneContender(url: string, { quick }: Plan): Contender {
  const work = { callers: 64, actions: quick ? 1_000 : 20_000, limit: plenty };
  return {
    name: storeAlone,
    run: async () => {
      const decided = await decideBeforehand((storage) => actOften(storage, work));
      return withFreshSchema(url, ({ schema }) =>
        appendDecided(postgres(url, { schema }), decided),
      );
    },
  };
}

interface Kind {
  readonly way: Way;
  readonly shape: Shape;
  readonly spread: boolean;
}

function nameOf({ way, shape: { callers, processes }, spread }: Kind): string {
  const where = processes === 1 ? '1 process' : `${processes} processes`;
  const who = callers === 1 ? '1 caller' : `${callers} callers in ${where}`;
  const what = way === 'insert' ? '' : spread ? ', a budget each' : ', one budget';
  return `${wayNames[way]}, ${who}${what}`;
}

function contender(url: string, kind: Kind, terms: Omit<Terms, 'limit'>): Contender {
  return {
    name: nameOf(kind),
    run: async () => {
      const { outputs } = await written(url, kind, { ...terms, limit: plenty });
      return sampleOf(outputs, await awakeClock());
    },
  };
}

/** All ask for twice what there is: what was let through is counted by the callers. */
function drain(url: string, kind: Kind, limit: number): Contender {
  return {
    name: `${kind.way} emptied`,
    run: async () => {
      const until = { calls: (2 * limit) / kind.shape.processes };
      const { outputs, spent } = await written(url, kind, { until, limit, isWarm: false });
      const refused = outputs.reduce((sum, each) => sum + each.refused, 0);
      if (refused === 0) throw new Error('the budget was not emptied');
      return { overspent: Math.max(0, spent - limit) };
    },
  };
}

interface Terms {
  readonly until: Until;
  readonly limit: number;
  /** Whether it is measured as it is once it has run for a while. */
  readonly isWarm: boolean;
}

/**
 * For how long each process works before it is measured, ms, times the number of processes: they share the
 * cores. By then the rates of all ways hardly rose any more, and a service has been running for longer.
 */
const warmUpMs = 2_500;

/** Runs it, and holds what the callers say they used against the books. */
function written(
  url: string,
  { way, shape, spread }: Kind,
  { until, limit, isWarm }: Terms,
): Promise<{ readonly outputs: readonly Written[]; readonly spent: number }> {
  return withFreshSchema(url, async (place) => {
    const { callers, processes } = shape;
    const budgets = spread ? callers : 1;
    const books = booksOf(way, place);
    await books.prepare(budgets, limit);
    const share = callers / processes;
    const inputs = Array.from({ length: processes }, (_, process): Writing => {
      const warmedUpMs = isWarm ? warmUpMs * processes : 0;
      return {
        place,
        way,
        process,
        processes,
        callers: share,
        spread,
        until,
        warmUpMs: warmedUpMs,
      };
    });
    const outputs = await runTogether<typeof writeInto>(writerModule, inputs);
    const spent = outputs.reduce((sum, each) => sum + each.spent, 0);
    const total = await books.total(budgets);
    if (way !== 'insert' && total !== spent) {
      throw new Error(`the books say that ${total} was used, the callers ${spent}`);
    }
    return { outputs, spent };
  });
}

function sampleOf(outputs: readonly Written[], clock: AwakeClock): Sample {
  const awakeMs = ([from, to]: Span): number => clock.between(from, to);
  const counts = outputs.map(({ calls }) => calls.length);
  const actions = counts.reduce((sum, count) => sum + count, 0);
  const times = outputs.flatMap(({ calls }) => calls.map(awakeMs)).toSorted(ascending);
  return {
    perSecond: (1_000 * actions) / Math.max(...outputs.map(({ measured }) => awakeMs(measured))),
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
    share: Math.min(...counts) / Math.max(...counts),
  };
}

function ascending(left: number, right: number): number {
  return left - right;
}

function findings(rounds: Rounds, plan: Plan): FindingsBuilder {
  const found = new FindingsBuilder();
  for (const shape of shapesOf(plan)) {
    for (const way of ways) {
      describe(found, rounds, { way, shape, spread: false });
      if (shape.callers === 64 && way !== 'insert') {
        describe(found, rounds, { way, shape, spread: true });
      }
    }
  }
  for (const bar of bars) holdAgainstUpdate(found, rounds, bar, plan);
  found.figure(`${storeAlone}: all together`, rounds.spread(storeAlone, rate), 'actions/s');
  for (const way of ['ours', 'update'] as const) {
    const overspent = rounds.spread(`${way} emptied`, 'overspent').max;
    const name = `postgres, one hot budget, ${wayNames[way]}: spent beyond it`;
    if (way === 'ours') found.atMost(name, 0, overspent, 'units');
    else found.figure(name, overspent, 'units');
  }
  return found;
}

const rate = 'perSecond';

function holdAgainstUpdate(
  found: FindingsBuilder,
  rounds: Rounds,
  bar: UpdateBar,
  plan: Plan,
): void {
  const { processes, limit, floor } = bar;
  const ours = `postgres, one hot budget, 64 callers in ${processes}: ours`;
  const name = `${ours} / guarded update + insert`;
  const isMeasured = (shape: Shape): boolean =>
    shape.callers === 64 && shape.processes === processes;
  if (!shapesOf(plan).some(isMeasured)) {
    found.skip(name);
    return;
  }
  const rateOf = (way: Way) =>
    [nameOf({ way, shape: { callers: 64, processes }, spread: false }), rate] as const;
  const ratio = rounds.ratio(rateOf('ours'), rateOf('update'));
  if (floor === undefined) found.atLeast(name, limit, ratio, '×');
  else found.atLeastWithFloor(name, { limit, floor }, ratio, '×');
  const alone = rounds.ratio([storeAlone, rate], rateOf('update'));
  found.figure(`${storeAlone} / guarded update + insert in ${processes}`, alone, '×');
  if (processes > 1) return;
  const share = rounds.ratio(rateOf('ours'), [storeAlone, rate]);
  found.atLeast(`${ours} / decided beforehand, floor`, 0.4, share, '×');
}

function describe(found: FindingsBuilder, rounds: Rounds, kind: Kind): void {
  const name = nameOf(kind);
  found.figure(`${name}: all together`, rounds.spread(name, 'perSecond'), 'actions/s');
  found.figure(`${name}: an action, p50`, rounds.spread(name, 'p50Ms'), 'ms');
  found.figure(`${name}: an action, p99`, rounds.spread(name, 'p99Ms'), 'ms');
  if (kind.shape.processes > 1 && kind.way === 'ours') {
    const share = rounds.spread(name, 'share');
    found.figure(`${name}: fairness, smallest / largest share`, share, '×');
  }
}

async function findKills(found: FindingsBuilder, url: string, { quick }: Plan): Promise<void> {
  const kills = quick ? 5 : 40;
  for (const [listen, limit] of [
    [true, 50],
    [false, 1_000],
  ] as const) {
    const name = `postgres, kill to abort in other processes, ${listen ? 'notified' : 'polling'}`;
    progress(name);
    const { p50Ms, p99Ms } = await measureKills(url, listen, kills);
    found.figure(`${name}: p50`, p50Ms, 'ms');
    found.atMost(`${name}: p99`, limit, p99Ms, 'ms');
  }
}
