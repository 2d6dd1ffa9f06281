/** Opening and verifying a large log, each in a process that starts cold. */
import { awakeClock } from './awake.ts';
import { builtLog, sizeName } from './built-logs.ts';
import type { run as openCold } from './cold-open.ts';
import type { run as readCold } from './cold-read.ts';
import type { run as verifyCold } from './cold-verify.ts';
import { runErrand } from './errand.ts';
import { FindingsBuilder } from './findings.ts';
import type { Plan } from './options.ts';
import { progressOf } from './progress.ts';
import { type Contender, type Rounds, runRounds, type Sample } from './rounds.ts';

const openModule = new URL('./cold-open.ts', import.meta.url);
const readModule = new URL('./cold-read.ts', import.meta.url);
const verifyModule = new URL('./cold-verify.ts', import.meta.url);
/** A verification of a million events takes long, and its rate hardly varies. */
const verifyRoundsMax = 3;

export async function measureOpen(plan: Plan): Promise<FindingsBuilder> {
  const events = plan.quick ? 20_000 : 1_000_000;
  const sizes = [1_000, events];
  const contenders: Contender[] = [];
  for (const size of sizes) {
    const path = await builtLog(plan.folder, size);
    contenders.push({ name: sizeName(size), run: () => openInNewProcess(path, size) });
  }
  const { rounds } = plan;
  const opened = await runRounds(contenders, { rounds, progress: progressOf('open') });
  const path = await builtLog(plan.folder, events);
  const verifier: Contender = {
    name: sizeName(events),
    run: () => runErrand<typeof verifyCold>(verifyModule, { path, events }),
  };
  const reader: Contender = {
    name: 'read',
    run: () => runErrand<typeof readCold>(readModule, { path, events }),
  };
  const verified = await runRounds([verifier, reader], {
    rounds: Math.min(rounds, verifyRoundsMax),
    progress: progressOf('verify'),
  });
  return findings(plan, sizes.map(sizeName), opened, verified);
}

/** Corrected here: this process's clock ran before the other one started. */
async function openInNewProcess(path: string, events: number): Promise<Sample> {
  const clock = await awakeClock();
  const opened = await runErrand<typeof openCold>(openModule, { path, events });
  const { startedAt, calledAt, openedAt, rssMb, heapMb } = opened;
  await clock.settled();
  const openMs = clock.between(calledAt, openedAt);
  return { openMs, sinceStartMs: clock.between(startedAt, openedAt), rssMb, heapMb };
}

function findings(
  { quick }: Plan,
  sizes: readonly string[],
  opened: Rounds,
  verified: Rounds,
): FindingsBuilder {
  const found = new FindingsBuilder();
  for (const size of sizes) {
    const name = `open a log of ${size} events`;
    found.figure(`${name}: the call`, opened.spread(size, 'openMs'), 'ms');
    const sinceStart = opened.spread(size, 'sinceStartMs');
    found.figure(`${name}: since the process started`, sinceStart, 'ms');
    found.figure(`${name}: resident memory`, opened.spread(size, 'rssMb'), 'MB');
    found.figure(`${name}: heap`, opened.spread(size, 'heapMb'), 'MB');
  }
  const [small = '', large = ''] = sizes;
  const growth = opened.ratio([large, 'openMs'], [small, 'openMs']);
  found.figure(`open ${large} / open ${small} events: the call`, growth, '×');
  const rate = verified.spread(large, 'perSecond');
  found.figure(`verify a log of ${large} events`, rate, 'events/s');
  const cpu = verified.spread(large, 'cpuUs');
  found.figure(`verify a log of ${large} events: processor time per event`, cpu, 'µs');
  const peak = verified.spread(large, 'peakMb');
  found.figure(`verify a log of ${large} events: peak resident memory`, peak, 'MB');
  const openBar = 'open a log of 1 M events, since the process started';
  const rateBar = 'verify a log of 1 M events';
  const workBar = 'verify / read, parse and hash the same 1 M events: processor time';
  if (quick) {
    found.skip(openBar);
    found.skip(rateBar);
    found.skip(workBar);
    return found;
  }
  const { median, min, max } = opened.spread(large, 'sinceStartMs');
  const seconds = { median: median / 1_000, min: min / 1_000, max: max / 1_000 };
  found.atMost(openBar, 2, seconds, 's');
  const overReading = verified.ratio([large, 'cpuUs'], ['read', 'cpuUs']);
  found.atLeast(rateBar, 100_000, rate, 'events/s');
  found.atMost(workBar, 4, overReading, '×');
  return found;
}
