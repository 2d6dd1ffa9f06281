/** The SQLite store across threads and processes: fair, gapless, out of the host's way. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { threadCode } from '../../scripts/thread-code.ts';
import { type LogPage, logPage } from '../../src/log/log-page.ts';
import { RecordBytesReader } from '../../src/log/record-bytes.ts';
import { SqliteStorage, sqlite } from '../../src/storage/sqlite/sqlite-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { batchOf, recordOf } from '../../src/testing/storage-batches.ts';
import { numbered } from './batches.ts';

interface Appended {
  readonly mine: readonly number[];
  readonly failure: { readonly code: string; readonly ambiguous: boolean } | null;
}

function parse(output: string): Appended {
  return JSON.parse(output) as Appended;
}

const script = join(import.meta.dirname, 'append-process.ts');

let folder = '';
let path = '';
let threads: Worker[] = [];
const watch = (worker: Worker): void => {
  threads.push(worker);
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'control-plane-'));
  path = join(folder, 'control-plane.db');
  threads = [];
  process.on('worker', watch);
});

afterEach(() => {
  process.off('worker', watch);
  rmSync(folder, { recursive: true });
});

async function openStore(options: { readonly busyTimeoutMs?: number } = {}): Promise<Storage> {
  const store = sqlite(path, options);
  await store.open('main');
  return store;
}

test('two processes append at once: no gap, no loss, both get their turn', async () => {
  const each = 50;
  // Counted in turns, not in time. Unfair locking shows as 5,930 : 1; here 300 : 1 would still do, as a
  // process may stand still for a while without anybody keeping it from its turn.
  const sizeMax = 15_000;
  const run = async (label: string): Promise<Appended> => {
    const words = [script, path, label, String(each), String(sizeMax)];
    return parse((await promisify(execFile)(process.execPath, words)).stdout);
  };
  const results = await Promise.all([run('left'), run('right')]);
  expect(results.map(({ failure }) => failure)).toEqual([null, null]);
  const acknowledged = results.flatMap(({ mine }) => mine).toSorted((a, b) => a - b);
  const store = await openStore();
  const { size } = await store.head();
  expect(acknowledged).toEqual(Array.from({ length: size }, (_, index) => index));
  expect((await store.scanRecords({ kind: 'budget', limit: 9 })).records).toHaveLength(2);
  await store.close();
  const counts = results.map(({ mine }) => mine.length);
  expect(Math.min(...counts)).toBeGreaterThanOrEqual(each);
});

test('what is read as bytes is what is read as rows, again and again', async () => {
  const store = await openStore();
  const texts = ['a', '{"ä":"€"}', '"🙂"', '€'.repeat(900_000)];
  const salts = ['00'.repeat(16), 'no salt', 'AB'.repeat(16), 'ff'.repeat(200)];
  const contents = texts.map((text, at) => ({
    index: at,
    field: `f${at}`,
    salt: salts[at] ?? '',
    text,
  }));
  const records = texts.map((value, at) =>
    recordOf('kind', `ä${at}`, { parent: '€', live: at === 1, value }),
  );
  await store.append(batchOf(0, texts, { contents, records }));
  for (let round = 0; round < 2; round += 1) {
    const page = await store.pages?.entries(1, 4);
    const rows = logPage(await store.readEntries(1, 3), await store.readContents(1, 4));
    expect(plain(page)).toEqual(plain(rows));
    const scanned = await store.pages?.records({ kind: 'kind', limit: 3, after: 'ä0' });
    if (scanned === undefined) throw new Error('it has pages');
    const reader = new RecordBytesReader(scanned.records);
    const read = Array.from({ length: reader.count }, (_, at) => ({
      kind: 'kind',
      ...reader.recordAt(at),
    }));
    const { head } = scanned;
    expect({ head, records: read }).toEqual(
      await store.scanRecords({ kind: 'kind', limit: 3, after: 'ä0' }),
    );
  }
  await store.close();
});

/** Its bytes up to the last item's end, without the text that only rows have. */
function plain(page: LogPage | undefined): unknown {
  if (page === undefined) throw new Error('it has pages');
  const { bytes, bodies: _, ...rest } = page;
  return { ...rest, bytes: Buffer.from(bytes).subarray(0, page.ends.at(-1)).toString('hex') };
}

test('a thread whose code is text, as in the package, keeps a log that others read', async () => {
  const module = join(import.meta.dirname, '../../src/storage/sqlite/sqlite-worker.ts');
  const store = new SqliteStorage(path, {}, await threadCode(module));
  await store.open('main');
  expect(await store.append(numbered(0))).toEqual({ status: 'appended' });
  await store.close();
  const other = await openStore();
  expect(await other.readEntries(0, 9)).toHaveLength(1);
  await other.close();
});

test('a write that fails in COMMIT is in doubt, and every answer given holds', async () => {
  // The limit on a file's size makes the write-ahead log fail in the middle of a commit.
  const command = 'ulimit -f 900; exec "$@"';
  const { stdout, stderr } = spawnSync(
    'bash',
    ['-c', command, 'bash', process.execPath, script, path, 'limited', '1', '100000', 'alone'],
    { encoding: 'utf8' },
  );
  const { mine, failure }: Appended = parse(stdout || stderr);
  expect(failure).toEqual({ code: 'io', ambiguous: true });
  const store = await openStore();
  const { size } = await store.head();
  expect([mine.length, mine.length + 1]).toContain(size);
  expect(await store.append(numbered(size))).toEqual({ status: 'appended' });
  await store.close();
});

test('the event loop stays free while the thread commits', async () => {
  const store = await openStore({ busyTimeoutMs: 60_000 });
  // The lock is held by this very thread: a commit that ran on it could neither end nor let it be released.
  const other = new DatabaseSync(path);
  other.exec('BEGIN IMMEDIATE');
  let answered = false;
  const appended = store.append(numbered(0)).then((result) => {
    answered = true;
    return result;
  });
  for (let turn = 0; turn < 100; turn += 1) {
    await new Promise((resolve) => void setImmediate(resolve));
  }
  expect(answered).toBe(false);
  other.exec('ROLLBACK');
  expect(await appended).toEqual({ status: 'appended' });
  other.close();
  await store.close();
});

test('when the thread dies, calls in flight reject and the next call starts another', async () => {
  const store = await openStore();
  await store.append(numbered(0));
  const lost = [store.append(numbered(1)), store.head()];
  const settled = Promise.allSettled(lost);
  await threads[0]?.terminate();
  const [append, head] = await settled;
  // Ended by force, the thread answers nothing more, whether it had committed or not.
  expect(append).toMatchObject({ reason: { code: 'unavailable', ambiguous: true } });
  expect(head).toMatchObject({ reason: { code: 'unavailable', ambiguous: false } });
  const heads = await Promise.all([store.head(), store.head(), store.head()]);
  expect(heads[2]?.size).toBeGreaterThanOrEqual(1);
  expect(threads).toHaveLength(2);
  await threads[1]?.terminate();
  await store.close();
});

test('a thread that cannot open its file ends', async () => {
  const store = sqlite(folder);
  await expect(store.open('main')).rejects.toMatchObject({ code: 'unavailable' });
  expect(threads.map(({ threadId }) => threadId)).toEqual([-1]);
  await store.close();
});

test('a forgotten close does not keep the process alive', () => {
  const url = JSON.stringify(
    new URL('../../src/storage/sqlite/sqlite-storage.ts', import.meta.url),
  );
  const code = `
    import { sqlite } from ${url};
    const store = sqlite(${JSON.stringify(path)});
    await store.open('main');
    console.log((await store.head()).size);`;
  // A process that is kept alive is ended by the limit, and then has no status.
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', code],
    { encoding: 'utf8', timeout: 120_000 },
  );
  expect({ stdout, stderr, status }).toEqual({ stdout: '0\n', stderr: '', status: 0 });
});
