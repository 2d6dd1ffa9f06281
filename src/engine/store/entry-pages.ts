/** The log's entries in pages, none left out: a reader that passed one over would tell of another log. */
import { EntryError } from '../../log/index.ts';
import type { Storage, StoredEntry } from '../../storage/storage.ts';

const pageSize = 500;

/** From an index to the end of the log. Throws `EntryError` where an entry is missing. */
export async function* entryPages(
  storage: Storage,
  first: number,
): AsyncGenerator<readonly StoredEntry[], void, undefined> {
  for (let from = first; ;) {
    const page = await storage.readEntries(from, pageSize);
    const missing = page.findIndex(({ index }, place) => index !== from + place);
    if (missing !== -1) throw missingAt(from + missing);
    if (page.length > 0) {
      yield page;
      from += page.length;
      continue;
    }
    if ((await storage.head()).size <= from) return;
    // They may have come since.
    if ((await storage.readEntries(from, 1)).length === 0) throw missingAt(from);
  }
}

function missingAt(index: number): EntryError {
  return new EntryError('malformed', `entry ${index} is missing`);
}
