/**
 * Two processes on one file: whether both get their share, and what sharing costs in all.
 *
 * SQLite's own lock is not fair. Left to itself it may let one process commit thousands of times
 * while the other commits once.
 */
import { sqlite, verify } from '../src/index.ts';
import { runTogether } from './errand.ts';
import { FindingsBuilder } from './findings.ts';
import { withFreshFile } from './fresh-file.ts';
import { GovernedWork } from './governed-work.ts';
import type { Plan } from './options.ts';
import { progressOf } from './progress.ts';
import { type Contender, type Rounds, runRounds, type Sample } from './rounds.ts';
import type { run as writeAlongside } from './side-writer.ts';

const writerModule = new URL('./side-writer.ts', import.meta.url);
/** Callers in all, shared out evenly. */
const callerCounts = [2, 32] as const;
/** Processes open the file and find their turns first; a round has to outlast that. */
const roundMsMin = 1_000;

export async function measureProcesses(plan: Plan): Promise<FindingsBuilder> {
  const contenders = callerCounts.flatMap((callers) =>
    [1, 2].map((processes): Contender => ({
      name: nameOf(processes, callers),
      run: () => sideBySide(plan, processes, callers),
    })),
  );
  const { rounds } = plan;
  return findings(await runRounds(contenders, { rounds, progress: progressOf('processes') }));
}

function nameOf(processes: number, callers: number): string {
  const each = callers / processes;
  if (processes === 1) return `1 process, ${callers} callers`;
  return `${processes} processes, ${each === 1 ? '1 caller' : `${each} callers`} each`;
}

function sideBySide(plan: Plan, processes: number, callers: number): Promise<Sample> {
  return withFreshFile(plan.folder, async (path) => {
    // Created beforehand, so that no process is ahead because it came first.
    const work = await GovernedWork.open(sqlite(path));
    const { size } = await work.plane.head();
    await work.plane.close();
    const input = {
      path,
      callers: callers / processes,
      milliseconds: Math.max(plan.roundMs, roundMsMin),
    };
    const inputs = Array.from({ length: processes }, () => input);
    const outputs = await runTogether<typeof writeAlongside>(writerModule, inputs);
    const counts = outputs.map(({ actions }) => actions);
    const actions = counts.reduce((sum, count) => sum + count, 0);
    await assertLogged(path, size, actions, processes);
    return {
      perSecond: actions / Math.max(...outputs.map(({ seconds }) => seconds)),
      share: Math.min(...counts) / Math.max(...counts),
      longestMs: Math.max(...outputs.map(({ longestMs }) => longestMs)),
    };
  });
}

/** The log has two entries for each action and two for each session, and verifies as a whole. */
async function assertLogged(
  path: string,
  sizeBefore: number,
  actions: number,
  sessions: number,
): Promise<void> {
  const storage = sqlite(path, { mode: 'read-only' });
  try {
    const { holds, entries, faults } = await verify(storage);
    const expected = sizeBefore + 2 * actions + 2 * sessions;
    if (holds && entries === expected) return;
    const found = JSON.stringify(faults);
    throw new Error(`the shared log has ${entries} entries, not ${expected}: ${found}`);
  } finally {
    await storage.close();
  }
}

function findings(rounds: Rounds): FindingsBuilder {
  const found = new FindingsBuilder();
  for (const callers of callerCounts) {
    const [one, two] = [nameOf(1, callers), nameOf(2, callers)];
    for (const name of [one, two]) {
      found.figure(`${name}: all together`, rounds.spread(name, 'perSecond'), 'actions/s');
      found.figure(`${name}: longest call`, rounds.spread(name, 'longestMs'), 'ms');
    }
    const share = rounds.spread(two, 'share');
    found.figure(`${two}: fairness, smaller / larger share`, share, '×');
    const gain = rounds.ratio([two, 'perSecond'], [one, 'perSecond']);
    found.figure(`${two} / ${one}: rate`, gain, '×');
  }
  return found;
}
