/**
 * Durable work: the disk, the bare baseline on it, and governed actions by 1 to 256 callers.
 *
 * All take turns in one process on one disk, so that their ratios mean something.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { memory, sqlite, type Storage } from '../src/index.ts';
import { awakeClock, LoopDelay } from './awake.ts';
import { bareRow, BareWriter } from './bare-writer.ts';
import { BareThread } from './bare-thread.ts';
import { measureDisk } from './disk.ts';
import { FindingsBuilder } from './findings.ts';
import { withFreshFiles } from './fresh-file.ts';
import { GovernedWork } from './governed-work.ts';
import type { Plan } from './options.ts';
import { progressOf } from './progress.ts';
import { type Contender, type Rounds, runRounds, type Sample } from './rounds.ts';
import { slowerByMs, slowerSqlite, waitForSlowerDisk } from './slower-disk.ts';

const callerCounts = [1, 16, 64, 256] as const;
const actionsForRowSize = 100;

export function measureDurable(plan: Plan): Promise<FindingsBuilder> {
  const files = ['governed', 'slowed', 'bare', 'thread'] as const;
  return withFreshFiles(plan.folder, files, async (paths) => {
    const storage = sqlite(paths.governed);
    const work = await GovernedWork.open(storage);
    const slowed = await GovernedWork.open(slowerSqlite(paths.slowed));
    const rowBytes = await averageEntryBytes(work, storage);
    const writer = new BareWriter(paths.bare);
    const thread = await BareThread.start(paths.thread);
    try {
      const contenders = [
        ...floors(plan),
        bareContender(plan, rowBytes, writer),
        threadContender(plan, rowBytes, thread),
        ...callerCounts.map((callers) => governedContender(plan, work, callers, nameOf(callers))),
        memoryContender(plan),
        slowerBareContender(plan, rowBytes, writer),
        ...[1, 64].map((callers) =>
          governedContender(plan, slowed, callers, slower(nameOf(callers))),
        ),
      ];
      const { rounds } = plan;
      const progress = progressOf('durable');
      return findings(rowBytes, await runRounds(contenders, { rounds, progress }));
    } finally {
      writer.close();
      await thread.close();
      await slowed.plane.close();
      await work.plane.close();
    }
  });
}

/** Bytes of an entry's body, over the entries of some governed actions. */
async function averageEntryBytes(work: GovernedWork, storage: Storage): Promise<number> {
  const { size } = await work.plane.head();
  await work.drive(1, { actions: actionsForRowSize });
  // The session's opening is the first entry, its close the last.
  const entries = await storage.readEntries(size + 1, 2 * actionsForRowSize);
  const bytes = entries.reduce((sum, { body }) => sum + Buffer.byteLength(body), 0);
  return Math.round(bytes / entries.length);
}

function floors({ folder, roundMs }: Plan): readonly Contender[] {
  return [
    { name: 'disk', run: async () => ({ ...(await measureDisk(`${folder}/disk.bin`, roundMs)) }) },
    {
      name: 'idle',
      run: async () => {
        const clock = await awakeClock();
        const loop = new LoopDelay();
        await sleep(roundMs);
        return { loopDelayP99Ms: loop.stop(clock) };
      },
    },
  ];
}

function bareContender({ roundMs }: Plan, rowBytes: number, writer: BareWriter): Contender {
  return {
    name: 'bare',
    run: async () => {
      const before = writer.count();
      const rate = await actionRate(roundMs, () => {
        writer.transact(bareRow(rowBytes));
        writer.transact(bareRow(rowBytes));
      });
      assertCommitted(writer.count() - before, rate.actions);
      return rate;
    },
  };
}

function slowerBareContender({ roundMs }: Plan, rowBytes: number, writer: BareWriter): Contender {
  const transact = (): void => {
    writer.transact(bareRow(rowBytes));
    waitForSlowerDisk();
  };
  return {
    name: slower('bare'),
    run: () =>
      actionRate(roundMs, () => {
        transact();
        transact();
      }),
  };
}

function slower(name: string): string {
  return `${name}, disk ${slowerByMs} ms slower`;
}

function threadContender({ roundMs }: Plan, rowBytes: number, thread: BareThread): Contender {
  return {
    name: 'bare in a thread',
    run: async () => {
      const before = await thread.count();
      const rate = await actionRate(roundMs, async () => {
        await thread.transact(bareRow(rowBytes));
        await thread.transact(bareRow(rowBytes));
      });
      assertCommitted((await thread.count()) - before, rate.actions);
      return rate;
    },
  };
}

async function actionRate(durationMs: number, act: () => Promise<void> | void) {
  const clock = await awakeClock();
  let actions = 0;
  const ms = await clock.during(async () => {
    const end = performance.now() + durationMs;
    for (; performance.now() < end; actions += 1) await act();
  });
  return { actions, perSecond: (actions / ms) * 1_000 } satisfies Sample;
}

function assertCommitted(transactions: number, actions: number): void {
  if (transactions === 2 * actions) return;
  throw new Error(`the baseline made ${actions} actions and committed ${transactions} times`);
}

function governedContender(
  { roundMs }: Plan,
  work: GovernedWork,
  callers: number,
  name: string,
): Contender {
  const run = async (): Promise<Sample> => ({
    ...(await work.drive(callers, { milliseconds: roundMs })),
  });
  return { name, run };
}

/** The same work on a store that writes nothing: what is left is the processor's. */
function memoryContender({ roundMs }: Plan): Contender {
  return {
    name: 'memory',
    run: async () => {
      const work = await GovernedWork.open(memory());
      try {
        return { ...(await work.drive(64, { milliseconds: roundMs })) };
      } finally {
        await work.plane.close();
      }
    },
  };
}

function nameOf(callers: number): string {
  return callers === 1 ? '1 caller' : `${callers} callers`;
}

function findings(rowBytes: number, rounds: Rounds): FindingsBuilder {
  const found = new FindingsBuilder();
  const rate = 'perSecond';
  const one = nameOf(1);
  found.figure('disk: 4 KiB append + fdatasync, p50', rounds.spread('disk', 'p50Ms'), 'ms');
  found.figure('disk: 4 KiB append + fdatasync, p99', rounds.spread('disk', 'p99Ms'), 'ms');
  found.figure('baseline: row size', rowBytes, 'bytes');
  for (const bare of ['bare', 'bare in a thread']) {
    found.figure(
      `${bare}: two transactions of two inserts`,
      rounds.spread(bare, rate),
      'actions/s',
    );
  }
  for (const callers of callerCounts) {
    const name = nameOf(callers);
    found.figure(`${name}: authorize + settle`, rounds.spread(name, rate), 'actions/s');
    found.figure(`${name}: one call, p50`, rounds.spread(name, 'p50Ms'), 'ms');
    found.figure(`${name}: one call, p99`, rounds.spread(name, 'p99Ms'), 'ms');
    const delay = rounds.spread(name, 'loopDelayP99Ms');
    found.figure(`${name}: event-loop delay, p99`, delay, 'ms');
  }
  const idleDelay = rounds.spread('idle', 'loopDelayP99Ms');
  found.figure('idle process: event-loop delay, p99', idleDelay, 'ms');
  const inMemory = rounds.spread('memory', rate);
  found.figure('64 callers, store in memory: authorize + settle', inMemory, 'actions/s');
  for (const callers of [16, 256]) {
    const gain = rounds.ratio([nameOf(callers), rate], [one, rate]);
    found.figure(`${nameOf(callers)} / 1 caller: rate`, gain, '×');
  }
  const overThread = rounds.ratio(['bare in a thread', rate], [one, rate]);
  found.figure('1 caller / bare in a thread: time per action', overThread, '×');
  const share = rounds.ratio(['64 callers', rate], ['memory', rate]);
  found.figure('64 callers / same with the store in memory: rate', share, '×');
  for (const name of [slower('bare'), slower(one), slower('64 callers')]) {
    found.figure(`${name}: actions`, rounds.spread(name, rate), 'actions/s');
  }
  // Time per action is one over the rate, so the ratio of times is the inverse ratio of rates.
  const overBare = rounds.ratio(['bare', rate], [one, rate]);
  found.figure('1 caller / bare transactions: time per action', overBare, '×');
  const gain64 = rounds.ratio(['64 callers', rate], [one, rate]);
  found.atLeast('64 callers / 1 caller: rate', 30, gain64, '×');
  const slowerOverBare = rounds.ratio([slower('bare'), rate], [slower(one), rate]);
  const slowerName = `1 caller / bare transactions, disk ${slowerByMs} ms slower: time per action`;
  found.atMost(slowerName, 1.5, slowerOverBare, '×');
  const slowerGain = rounds.ratio([slower('64 callers'), rate], [slower(one), rate]);
  const gainName = `64 callers / 1 caller, disk ${slowerByMs} ms slower: rate`;
  found.atLeastWithFloor(gainName, { limit: 30, floor: 12 }, slowerGain, '×');
  const wait = rounds.ratio(['64 callers', 'p99Ms'], ['disk', 'p99Ms']);
  found.figure('64 callers: p99 of a call / p99 of fdatasync', wait, '×');
  const tail = rounds.ratio(['64 callers', 'p99Ms'], ['64 callers', 'p50Ms']);
  found.atMost('64 callers: p99 / p50 of a call', 4, tail, '×');
  const delay64 = rounds.spread('64 callers', 'loopDelayP99Ms');
  found.atMost('64 callers: event-loop delay, p99', 5, delay64, 'ms');
  return found;
}
