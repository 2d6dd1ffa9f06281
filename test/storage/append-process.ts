/**
 * A process that appends single entries to a SQLite store beside another one, until both have appended `each`,
 * an append fails, or the log is as long as `sizeMax`. Alone (`alone`), it waits for nobody.
 * Arguments: path, label, each, sizeMax, `alone` or nothing. Prints one JSON line.
 */
import { sqlite } from '../../src/storage/sqlite/sqlite-storage.ts';
import { StorageError } from '../../src/storage/storage.ts';
import { numbered } from './batches.ts';

const [path = '', label = '', each = '0', sizeMax = '0', alone] = process.argv.slice(2);
// Long enough for a machine that stands still: here, only somebody else's turns may use up patience.
const store = sqlite(path, { busyTimeoutMs: 120_000 });
let { size } = await store.open('main');
let failure: { code: string; ambiguous: boolean } | null = null;
const mine: number[] = [];
// There are two writers, so whatever this one did not append, the other one did.
const bothHave = (count: number): boolean => Math.min(mine.length, size - mine.length) >= count;
while (!bothHave(Number(each)) && size < Number(sizeMax) && failure === null) {
  // A process that starts late has not lost a turn: the first entry of each opens the race.
  if (alone === undefined && mine.length === 1 && !bothHave(1)) {
    ({ size } = await store.head());
    continue;
  }
  try {
    const result = await store.append(numbered(size, label));
    if (result.status === 'appended') mine.push(size);
    size = result.status === 'appended' ? size + 1 : result.size;
  } catch (error) {
    if (!StorageError.is(error)) throw error;
    failure = { code: error.code, ambiguous: error.ambiguous };
  }
}
await store.close();
process.stdout.write(JSON.stringify({ mine, failure }));
