/**
 * What the store alone allows: the batches of governed actions, decided beforehand, appended by the product's
 * own store. However little deciding cost, governed actions could not be faster.
 */
import { sqlite, type Storage } from '../src/index.ts';
import {
  appendDecided,
  type DecidedBeforehand,
  decideBeforehand,
  withoutRecords,
} from './decided-beforehand.ts';
import { FindingsBuilder } from './findings.ts';
import { withFreshFile } from './fresh-file.ts';
import { GovernedWork } from './governed-work.ts';
import type { Plan } from './options.ts';
import { progressOf } from './progress.ts';
import { type Contender, runRounds } from './rounds.ts';
import { slowerByMs, slowerSqlite } from './slower-disk.ts';

const disks = [
  { suffix: '', open: (path: string): Storage => sqlite(path) },
  { suffix: `, disk ${slowerByMs} ms slower`, open: slowerSqlite },
] as const;
/** What is written of an action. */
const extents = [
  { suffix: '', of: (all: DecidedBeforehand) => all },
  { suffix: ', the log without records', of: withoutRecords },
] as const;

export async function measureStoreAlone(plan: Plan): Promise<FindingsBuilder> {
  const one = await decided(1, plan.quick ? 100 : 1_000);
  const many = await decided(64, plan.quick ? 1_000 : 20_000);
  const contenders = disks.flatMap((disk) =>
    extents.flatMap((extent) => [
      contender(plan, `1 caller${extent.suffix}${disk.suffix}`, disk.open, extent.of(one)),
      contender(plan, `64 callers${extent.suffix}${disk.suffix}`, disk.open, extent.of(many)),
    ]),
  );
  const progress = progressOf('store-alone');
  const rounds = await runRounds(contenders, { rounds: plan.rounds, progress });
  const found = new FindingsBuilder();
  for (const { name } of contenders) {
    found.figure(`${name}: decided beforehand`, rounds.spread(name, 'perSecond'), 'actions/s');
  }
  for (const disk of disks) {
    for (const extent of extents) {
      const of = (callers: string) =>
        [`${callers}${extent.suffix}${disk.suffix}`, 'perSecond'] as const;
      const ratio = rounds.ratio(of('64 callers'), of('1 caller'));
      const name = `64 callers / 1 caller, decided beforehand${extent.suffix}${disk.suffix}: rate`;
      found.figure(name, ratio, '×');
    }
  }
  return found;
}

function decided(callers: number, actions: number): Promise<DecidedBeforehand> {
  return decideBeforehand(async (storage) => {
    const work = await GovernedWork.open(storage);
    await work.drive(callers, { actions });
    await work.plane.close();
  });
}

function contender(
  { folder }: Plan,
  name: string,
  open: (path: string) => Storage,
  batches: DecidedBeforehand,
): Contender {
  const run = () => withFreshFile(folder, (path) => appendDecided(open(path), batches));
  return { name, run };
}
