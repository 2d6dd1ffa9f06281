/**
 * One hot budget, here and in rate-limiter-flexible: 64 callers, in one process and in two on one file.
 *
 * Both do the same on the same disk: they take an amount, durably, and give back what was not used, durably.
 * What was spent beyond the budget stands beside the speed, and so does what was left of it though far more
 * was asked for.
 */
import { runTogether } from '../errand.ts';
import { FindingsBuilder } from '../findings.ts';
import { withFreshFile } from '../fresh-file.ts';
import { hotLimit } from '../hot-budget.ts';
import { progressOf } from '../progress.ts';
import type { SectionReport } from '../report.ts';
import { type Contender, runRounds, type Sample } from '../rounds.ts';
import { type HotWork, openSpending, type run as spend } from './hot-side.ts';

const sideModule = new URL('./hot-side.ts', import.meta.url);
const callers = 64;
const names = { ours: 'agent-control-plane', limiter: 'rate-limiter-flexible' } as const;

export interface HotPlan {
  readonly rounds: number;
  readonly folder: string;
  /** Calls of all processes together. */
  readonly calls: number;
}

export async function measureHotBudget(plan: HotPlan): Promise<SectionReport> {
  const contenders = [1, 2].flatMap((processes) =>
    (['ours', 'limiter'] as const).map((who) => contender(plan, who, processes)),
  );
  const rounds = await runRounds(contenders, { ...plan, progress: progressOf('hot budget') });
  const found = new FindingsBuilder();
  for (const processes of [1, 2]) {
    const [ours, limiter] = [nameOf('ours', processes), nameOf('limiter', processes)];
    for (const name of [ours, limiter]) {
      found.figure(`${name}: calls answered`, rounds.spread(name, 'perSecond'), 'calls/s');
      found.figure(`${name}: spent beyond ${hotLimit}`, rounds.spread(name, 'overspent'), 'units');
      found.figure(`${name}: left of ${hotLimit}`, rounds.spread(name, 'left'), 'units');
    }
    const ratio = rounds.ratio([ours, 'perSecond'], [limiter, 'perSecond']);
    found.figure(`${ours} / ${limiter}: rate`, ratio, '×');
    found.atMost(`${ours}: spent beyond it`, 0, rounds.spread(ours, 'overspent').max, 'units');
  }
  const { figures, bars, notMeasured } = found;
  return { title: `One budget, ${callers} callers, on disk`, figures, bars, notMeasured };
}

function nameOf(who: HotWork['who'], processes: number): string {
  return `${names[who]}, ${processes === 1 ? '1 process' : `${processes} processes`}`;
}

function contender({ folder, calls }: HotPlan, who: HotWork['who'], processes: number): Contender {
  const run = (): Promise<Sample> =>
    withFreshFile(folder, async (path) => {
      // Created beforehand, so that no process is ahead because it came first.
      await (await openSpending({ who, path })).close();
      const input = { who, path, callers: callers / processes, calls: calls / processes };
      const inputs = Array.from({ length: processes }, () => input);
      const drains = await runTogether<typeof spend>(sideModule, inputs);
      const spent = drains.reduce((sum, each) => sum + each.spent, 0);
      return {
        perSecond: calls / Math.max(...drains.map(({ seconds }) => seconds)),
        overspent: Math.max(0, spent - hotLimit),
        left: Math.max(0, hotLimit - spent),
      };
    });
  return { name: nameOf(who, processes), run };
}
