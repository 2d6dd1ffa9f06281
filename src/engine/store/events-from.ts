/** The log from a point in time on, in pages: for sums over what happened, which need no contents. */
import { readEntry } from '../../log/index.ts';
import type { Storage } from '../../storage/storage.ts';
import { entryPages } from './entry-pages.ts';
import { type PlacedEvent, placedEvent } from './placed-event.ts';

/** The events from an index to the end of the log, without what lies beside them. */
export async function* eventsFrom(
  storage: Storage,
  first: number,
): AsyncGenerator<PlacedEvent, void, undefined> {
  for await (const entries of entryPages(storage, first)) {
    for (const { body } of entries) yield placedEvent(readEntry(body));
  }
}

/** The index of the first entry at or after a log time. Log time never goes back, so halving finds it. */
export async function firstIndexAt(storage: Storage, at: number): Promise<number> {
  let low = 0;
  let high = at === 0 ? 0 : (await storage.head()).size;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [entry] = await storage.readEntries(middle, 1);
    if (entry === undefined || readEntry(entry.body).at >= at) high = middle;
    else low = middle + 1;
  }
  return low;
}
