/**
 * Batches that were decided beforehand, to be appended again: what is measured then is the store alone, as if
 * whatever decides cost nothing. No decision, hash or canonical JSON of ours is in it, so that nothing that
 * writes the same can be faster.
 */
import { memory, type Storage } from '../src/index.ts';
import type { Batch } from '../src/storage/storage.ts';
import { awakeClock } from './awake.ts';
import type { Sample } from './rounds.ts';

export interface DecidedBeforehand {
  readonly log: string;
  readonly batches: readonly Batch[];
}

/** The batches that `work` has appended, on a store in memory. */
export async function decideBeforehand(
  work: (storage: Storage) => Promise<void>,
): Promise<DecidedBeforehand> {
  const store = memory();
  const batches: Batch[] = [];
  let log = '';
  const [open, append] = [store.open.bind(store), store.append.bind(store)];
  store.open = (name) => {
    log = name;
    return open(name);
  };
  store.append = (batch) => {
    batches.push(batch);
    return append(batch);
  };
  await work(store);
  return { log, batches };
}

/** The same without the records: the least that a log with these entries can write. */
export function withoutRecords({ log, batches }: DecidedBeforehand): DecidedBeforehand {
  return { log, batches: batches.map((batch) => ({ ...batch, records: [] })) };
}

/** Appends all of it to an empty store, one batch after the other, and closes the store. */
export async function appendDecided(
  storage: Storage,
  { log, batches }: DecidedBeforehand,
): Promise<Sample> {
  const clock = await awakeClock();
  await storage.open(log);
  try {
    const ms = await clock.during(async () => {
      for (const batch of batches) {
        const { status } = await storage.append(batch);
        if (status !== 'appended') throw new Error(`a batch was not appended: ${status}`);
      }
    });
    const { root, size } = await storage.head();
    if (root !== batches.at(-1)?.head.root) throw new Error('the log is not the one decided');
    // An action is two entries; the few that open and close the session are too few to matter.
    return { perSecond: (size / 2 / ms) * 1_000 };
  } finally {
    await storage.close();
  }
}
