/**
 * The cases that every store has to pass, for any test runner: each is a name and a function that
 * throws when the store breaks the contract of `storage/storage.ts`.
 *
 *     for (const { name, run } of storageConformance(makeStore)) test(name, run);
 *
 * Crashes and power cuts are not among them: they need a store's own harness.
 */
import type { Storage } from '../storage/storage.ts';
import type { Check } from './storage-batches.ts';
import { logCases } from './storage-log-cases.ts';
import { parcelCases } from './storage-parcel-cases.ts';
import { recordCases } from './storage-record-cases.ts';

/** One empty store, made for one case. */
export interface StoreUnderTest {
  /** A new handle on the store's data, not opened yet: it plays a process of its own. */
  open(): Storage;
  /** Removes the data. Called when the case is over and has closed its handles. */
  cleanup(): Promise<void>;
}

export interface ConformanceCase {
  readonly name: string;
  run(): Promise<void>;
}

export function storageConformance(
  makeStore: () => Promise<StoreUnderTest>,
): readonly ConformanceCase[] {
  return [...logCases, ...parcelCases, ...recordCases].map(([name, check]) => ({
    name,
    run: () => runCheck(makeStore, check),
  }));
}

async function runCheck(makeStore: () => Promise<StoreUnderTest>, check: Check): Promise<void> {
  const store = await makeStore();
  const handles: Storage[] = [];
  const make = (): Storage => {
    const handle = store.open();
    handles.push(handle);
    return handle;
  };
  const open = async (): Promise<Storage> => {
    const handle = make();
    await handle.open('main');
    return handle;
  };
  try {
    await check(open, make);
  } finally {
    for (const handle of handles) await handle.close();
    await store.cleanup();
  }
}
