/**
 * A process that appends single entries to a SQLite store until its time is up, or fails.
 * Arguments: path, milliseconds, label. Prints one JSON line.
 */
import { sqlite } from '../../src/storage/sqlite/sqlite-storage.ts';
import { StorageError } from '../../src/storage/storage.ts';
import { numbered } from './batches.ts';

const [path = '', milliseconds = '0', label = ''] = process.argv.slice(2);
const store = sqlite(path);
let { size } = await store.open('main');
const deadline = performance.now() + Number(milliseconds);
let conflicts = 0;
let failure: { code: string; ambiguous: boolean } | null = null;
const mine: number[] = [];
const waits: number[] = [];
while (performance.now() < deadline && failure === null) {
  const start = performance.now();
  try {
    const result = await store.append(numbered(size, label));
    if (result.status === 'appended') mine.push(size);
    else conflicts += 1;
    size = result.status === 'appended' ? size + 1 : result.size;
  } catch (error) {
    if (!StorageError.is(error)) throw error;
    failure = { code: error.code, ambiguous: error.ambiguous };
  }
  waits.push(performance.now() - start);
}
await store.close();
const longestMs = Math.round(Math.max(0, ...waits));
process.stdout.write(JSON.stringify({ mine, conflicts, failure, longestMs }));
