/** Memory after many actions: bounded, or growing with the log. */
import type { run as measureActions } from './actions-memory.ts';
import { runErrand } from './errand.ts';
import { sizeName } from './built-logs.ts';
import { FindingsBuilder } from './findings.ts';
import { withFreshFile } from './fresh-file.ts';
import type { Plan } from './options.ts';
import { progressOf } from './progress.ts';
import { type Contender, runRounds } from './rounds.ts';

const memoryModule = new URL('./actions-memory.ts', import.meta.url);
const roundsMax = 3;

export async function measureMemory(plan: Plan): Promise<FindingsBuilder> {
  const actions = plan.quick ? 2_000 : 100_000;
  const contender: Contender = {
    name: 'memory',
    run: () =>
      withFreshFile(plan.folder, (path) =>
        runErrand<typeof measureActions>(memoryModule, { path, actions }),
      ),
  };
  const rounds = await runRounds([contender], {
    rounds: Math.min(plan.rounds, roundsMax),
    progress: progressOf('memory'),
  });
  const found = new FindingsBuilder();
  const [half, whole] = [sizeName(actions / 2), sizeName(actions)];
  const { name } = contender;
  found.figure('heap before the first action', rounds.spread(name, 'startHeapMb'), 'MB');
  found.figure(`heap after ${half} actions`, rounds.spread(name, 'halfHeapMb'), 'MB');
  found.figure(`heap after ${whole} actions`, rounds.spread(name, 'wholeHeapMb'), 'MB');
  found.figure(`resident memory after ${whole} actions`, rounds.spread(name, 'rssMb'), 'MB');
  const growth = rounds.ratio([name, 'wholeHeapMb'], [name, 'halfHeapMb']);
  found.figure(`heap after ${whole} / after ${half} actions`, growth, '×');
  return found;
}
