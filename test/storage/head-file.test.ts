/** A store with a head file keeps the contract, and refuses a log that does not continue what this host saw. */
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  lstatSync,
  mkdirSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { guard, openControlPlane, sqlite, withHeadFile } from '../../src/index.ts';
import { readHeadFile } from '../../src/storage/head-file.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { batchOf } from '../../src/testing/storage-batches.ts';
import { storageConformance } from '../../src/testing/storage-conformance.ts';
import type { StoreUnderTest } from '../../src/testing/storage-conformance.ts';
import { cli } from '../cli/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'control-plane-head-'));
let places = 0;
afterAll(() => rmSync(folder, { recursive: true }));

function newPlace(): { readonly database: string; readonly head: string; readonly backup: string } {
  const place = join(folder, `${(places += 1)}`);
  return { database: `${place}.db`, head: `${place}.json`, backup: `${place}.backup` };
}

async function memoryStore(): Promise<StoreUnderTest> {
  const open = memoryFleet();
  return { open: () => withHeadFile(open(), newPlace().head), cleanup: async () => {} };
}

describe('in front of another store', () => {
  test.each(storageConformance(memoryStore))('$name', async (each) => {
    await expect(each.run()).resolves.toBeUndefined();
  });
});

/** A way to a store that may be another one later. */
function at(store: () => Storage): Omit<Storage, 'close'> {
  return {
    name: 'elsewhere',
    durable: false,
    open: (log) => store().open(log),
    append: (batch) => store().append(batch),
    head: () => store().head(),
    readEntries: (from, limit) => store().readEntries(from, limit),
    readContents: (from, to) => store().readContents(from, to),
    readRecords: (keys) => store().readRecords(keys),
    scanRecords: (query) => store().scanRecords(query),
  };
}

/** Calls a tool `calls` times, with the head file unless there is none. */
async function work(database: string, calls: number, head?: string, log = 'main'): Promise<void> {
  const store = sqlite(database);
  const plane = await openControlPlane({
    log,
    storage: head === undefined ? store : withHeadFile(store, head),
    policy: { format: 1, version: 1, actions: { read: {} }, tiers: { unrestricted: ['read'] } },
    agents: ['bot'],
    tools: [{ name: 'read', action: 'read' }],
  });
  const principal = plane.identity.assert({ id: 'service:a', org: 'acme', roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'bot' });
  const read = guard(session, { name: 'read', action: 'read', execute: async () => 1 });
  for (let call = 0; call < calls; call += 1) await read({});
  await plane.close();
}

function restore(database: string, backup: string): void {
  for (const end of ['', '-wal', '-shm']) rmSync(`${database}${end}`, { force: true });
  const source = new DatabaseSync(backup);
  source.exec(`VACUUM INTO '${database}'`);
  source.close();
}

function backUp(database: string, backup: string): void {
  const source = new DatabaseSync(database);
  source.exec(`VACUUM INTO '${backup}'`);
  source.close();
}

const rolledBack: unknown = expect.objectContaining({ code: 'rolled-back' });

describe('a restored backup', () => {
  test('is refused where the log had gone on, and nothing is written', async () => {
    const { database, head, backup } = newPlace();
    await work(database, 1, head);
    backUp(database, backup);
    await work(database, 2, head);
    const known = readFileSync(head, 'utf8');
    restore(database, backup);
    await expect(work(database, 1, head)).rejects.toEqual(rolledBack);
    expect(readFileSync(head, 'utf8')).toBe(known);
  });

  test('is refused too once it has grown past what was lost, under another host', async () => {
    const { database, head, backup } = newPlace();
    await work(database, 1, head);
    backUp(database, backup);
    await work(database, 1, head);
    restore(database, backup);
    await work(database, 9);
    await expect(work(database, 1, head)).rejects.toEqual(rolledBack);
  });

  test.each([true, false])(
    'is refused by the head file that a link leads to, which was there: %s',
    async (wasThere) => {
      const { database, head, backup } = newPlace();
      const disk = `${head}.disk`;
      mkdirSync(disk);
      const real = join(disk, 'head.json');
      await work(database, 1, wasThere ? real : undefined);
      symlinkSync(join(basename(disk), 'head.json'), head);
      await work(database, 1, head);
      backUp(database, backup);
      await work(database, 2, head);
      const known = readHeadFile(real);
      expect([lstatSync(head).isSymbolicLink(), known]).toEqual([true, readHeadFile(head)]);
      restore(database, backup);
      await expect(work(database, 1, head)).rejects.toEqual(rolledBack);
      const words = ['accept-restore', database, '--head-file', head, '--yes'] as const;
      expect((await cli(...words)).code).toBe(0);
      expect(realpathSync(head)).toBe(realpathSync(real));
      await work(database, 1, head);
      expect(readHeadFile(real)?.size).toBeGreaterThan(0);
      expect(readHeadFile(real)).not.toEqual(known);
    },
  );

  test('is known from what was heard with a parcel that was left', async () => {
    const { head } = newPlace();
    const fleet = memoryFleet();
    const store = withHeadFile(fleet(), head);
    await store.open('main');
    const other = fleet();
    await other.open('main');
    await other.append(batchOf(0, ['{}']));
    const parcel = { sender: 'one', number: 1, text: 'a question' };
    await store.turns?.entrust(parcel, { from: 0, keys: [] });
    await store.close();
    expect(readHeadFile(head)?.size).toBe(1);
  });

  test('is taken where nothing was lost', async () => {
    const { database, head, backup } = newPlace();
    await work(database, 2, head);
    backUp(database, backup);
    restore(database, backup);
    await expect(work(database, 1, head)).resolves.toBeUndefined();
  });

  test('is taken once it was accepted, and the old head is kept', async () => {
    const { database, head, backup } = newPlace();
    await work(database, 1, head);
    backUp(database, backup);
    await work(database, 2, head);
    const known = readFileSync(head, 'utf8');
    restore(database, backup);
    const words = ['accept-restore', database, '--head-file', head] as const;
    expect((await cli(...words)).stderr).toContain('--yes');
    await expect(work(database, 1, head)).rejects.toEqual(rolledBack);
    const accepted = await cli(...words, '--yes', '--json');
    expect(accepted).toMatchObject({ code: 0, stderr: '' });
    const { kept, lost, ...told } = JSON.parse(accepted.stdout) as {
      kept: string;
      lost: number;
      accepted: number;
    };
    expect(readFileSync(kept, 'utf8')).toBe(known);
    expect(readHeadFile(head)?.size).toBe(told.accepted);
    expect(lost).toBeGreaterThan(0);
    await work(database, 1, head);
    expect(await cli(...words, '--yes')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('nothing to accept') as unknown,
    });
  });

  test('is accepted without a moment in which there is no head file', async () => {
    const { database, head, backup } = newPlace();
    await work(database, 1, head);
    backUp(database, backup);
    await work(database, 2, head);
    restore(database, backup);
    let [looks, missing] = [0, 0];
    const look = (): void => {
      looks += 1;
      missing += existsSync(head) ? 0 : 1;
      looking = setImmediate(look);
    };
    let looking = setImmediate(look);
    const { code } = await cli('accept-restore', database, '--head-file', head, '--yes');
    clearImmediate(looking);
    expect([code, missing]).toEqual([0, 0]);
    expect(looks).toBeGreaterThan(2);
    const left = readdirSync(folder).filter((name) => name.startsWith(`${basename(head)}.`));
    expect(left).toHaveLength(1);
  });

  test('leaves the evidence of an earlier one as it is', async () => {
    const { database, head, backup } = newPlace();
    await work(database, 1, head);
    backUp(database, backup);
    await work(database, 2, head);
    const earlier = `${head}.${readHeadFile(head)?.size ?? 0}`;
    writeFileSync(earlier, 'the evidence');
    restore(database, backup);
    const words = ['accept-restore', database, '--head-file', head, '--yes', '--json'] as const;
    const { kept } = JSON.parse((await cli(...words)).stdout) as { kept: string };
    expect(readFileSync(earlier, 'utf8')).toBe('the evidence');
    expect(readHeadFile(kept)?.size).toBeGreaterThan(readHeadFile(head)?.size ?? 0);
  });

  test('is not accepted where the old head cannot be kept, and that is said', async () => {
    const { database, head, backup } = newPlace();
    await work(database, 1, head);
    backUp(database, backup);
    await work(database, 2, head);
    restore(database, backup);
    // There is no room in the name for more.
    const long = join(folder, 'h'.repeat(255));
    copyFileSync(head, long);
    const { code, stderr } = await cli('accept-restore', database, '--head-file', long, '--yes');
    expect([code, stderr]).toEqual([2, expect.stringContaining('error: the old head cannot be')]);
    expect(readFileSync(long)).toEqual(readFileSync(head));
  });

  test('is not accepted where the new head cannot be kept, and the old head stays', async () => {
    const { database, head, backup } = newPlace();
    await work(database, 1, head);
    backUp(database, backup);
    await work(database, 2, head);
    restore(database, backup);
    // There is room in the name for that of the old head, and none for that of a draft.
    const long = join(folder, 'h'.repeat(250));
    copyFileSync(head, long);
    const { code, stdout } = await cli('accept-restore', database, '--head-file', long, '--yes');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(readFileSync(long)).toEqual(readFileSync(head));
    // A copy of what still holds would look like the evidence of a restore.
    expect(readdirSync(folder).filter((name) => name.startsWith(`${basename(long)}.`))).toEqual([]);
  });

  test('is accepted though a try before came to no end', async () => {
    const { database, head, backup } = newPlace();
    await work(database, 1, head);
    backUp(database, backup);
    await work(database, 2, head);
    restore(database, backup);
    writeFileSync(`${head}.new`, 'half a head');
    const words = ['accept-restore', database, '--head-file', head, '--yes'] as const;
    expect(await cli(...words)).toMatchObject({ code: 0, stderr: '' });
    expect([existsSync(`${head}.new`), readHeadFile(head)?.log]).toEqual([false, 'main']);
  });

  test('that has grown past what was lost is not accepted as one that lost nothing', async () => {
    const { database, head, backup } = newPlace();
    await work(database, 1, head);
    backUp(database, backup);
    await work(database, 1, head);
    restore(database, backup);
    await work(database, 9);
    const known = readFileSync(head, 'utf8');
    const words = ['accept-restore', database, '--head-file', head, '--yes'] as const;
    const { stdout } = await cli(...words, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ lost: null });
    writeFileSync(head, known);
    expect((await cli(...words)).stdout).toContain('how many were lost is not known');
  });

  test('is not said to have lost what another log has, whose head file it was', async () => {
    const { database, head } = newPlace();
    await work(database, 1);
    await work(database, 3, head, 'two');
    const known = readFileSync(head, 'utf8');
    const words = ['accept-restore', database, '--head-file', head, '--yes'] as const;
    const { stdout } = await cli(...words);
    expect(stdout).toContain(
      'the log `main` goes on from 6 entries; how many were lost is not known',
    );
    expect(stdout).toContain('the old head is of log `two`');
    writeFileSync(head, known);
    const told: unknown = JSON.parse((await cli(...words, '--json')).stdout);
    expect(told).toMatchObject({ accepted: 6, last: 10, lost: null });
    expect(known).toContain('"size":10');
  });

  test('is asked about by the names of both logs, where they are two', async () => {
    const { database, head } = newPlace();
    await work(database, 1);
    await work(database, 3, head, 'two');
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    stdin.end('no\n');
    const [stdout, stderr] = [new PassThrough().resume(), new PassThrough()];
    const codeBefore = process.exitCode;
    await run(['accept-restore', database, '--head-file', head], { stdin, stdout, stderr });
    process.exitCode = codeBefore;
    expect(String(stderr.read())).toContain(
      'from 6 entries of log `main`, where this host last saw 10 of log `two`?',
    );
  });
});

describe('the head file', () => {
  test('has what was appended by a process that never came to close it', async () => {
    const { database, head } = newPlace();
    const storage = withHeadFile(sqlite(database), head);
    const { size: before } = await storage.open('main');
    const batch = batchOf(before, ['{}']);
    await storage.append(batch);
    const { size, root, previous: leaf } = batch.head;
    const known = { log: 'main', size, root, leaf };
    await expect.poll(() => readHeadFile(head), { timeout: 20_000 }).toEqual(known);
    await storage.close();
  });

  test('is written after each commit, and a failure to is a warning that ends nothing', async () => {
    const { head } = newPlace();
    const warned: string[] = [];
    const onWarning = ({ message }: Error): void => void warned.push(message);
    process.on('warning', onWarning);
    onTestFinished(() => void process.off('warning', onWarning));
    const storage = withHeadFile(memoryFleet()(), head);
    let { size } = await storage.open('main');
    const append = async () => {
      const batch = batchOf(size, ['{}']);
      await storage.append(batch);
      size = batch.head.size;
    };
    await append();
    await expect.poll(() => readHeadFile(head)?.size, { timeout: 20_000 }).toBe(size);
    const known = readFileSync(head, 'utf8');
    writeFileSync(head, 'half');
    await append();
    await expect.poll(() => warned.join(), { timeout: 20_000 }).toContain('is no head file');
    writeFileSync(head, known);
    await append();
    await expect.poll(() => readHeadFile(head)?.size, { timeout: 20_000 }).toBe(size);
    await storage.close();
  });

  test('has nothing of what the store did not take', async () => {
    const { database, head } = newPlace();
    const [late, first] = [withHeadFile(sqlite(database), head), sqlite(database)];
    const { size: before } = await late.open('main');
    await first.open('main');
    const taken = batchOf(before, ['{}']);
    await first.append(taken);
    const { status } = await late.append(batchOf(before, ['{}', '{}']));
    expect(status).toBe('conflict');
    await Promise.all([first.close(), late.close()]);
    expect(readHeadFile(head)?.size).toBeLessThanOrEqual(taken.head.size);
  });

  test('that is there and cannot be read is not taken for one that is missing', () => {
    const { head } = newPlace();
    mkdirSync(head);
    expect(() => readHeadFile(head)).toThrow(expect.objectContaining({ code: 'unavailable' }));
  });

  test.each([
    ['its head', (store: Storage) => store.head()],
    ['records', (store: Storage) => store.readRecords([])],
  ])('has what others appended and this host saw by reading %s', async (_, read) => {
    const open = memoryFleet();
    const [other, { head }] = [open(), newPlace()];
    const own = withHeadFile(open(), head);
    await other.open('main');
    await own.open('main');
    await other.append(batchOf(0, ['a']));
    await read(own);
    await own.close();
    expect(readHeadFile(head)?.size).toBe(1);
  });

  test('keeps what another process of the host has seen beyond it', async () => {
    const { database, head } = newPlace();
    const behind = withHeadFile(sqlite(database), head);
    await behind.open('main');
    await work(database, 1, head);
    const known = readHeadFile(head);
    expect(known?.size).toBeGreaterThan(0);
    await behind.close();
    expect(readHeadFile(head)).toEqual(known);
  });

  test('is an anchor for verify', async () => {
    const { database, head } = newPlace();
    await work(database, 2, head);
    expect((await cli('verify', database, '--anchor', head)).code).toBe(0);
  });

  test('of another log refuses, and is not overwritten', async () => {
    const [one, other] = [newPlace(), newPlace()];
    await work(one.database, 1, one.head);
    const known = readFileSync(one.head, 'utf8').replace('main', 'elsewhere');
    writeFileSync(other.head, known);
    await expect(work(other.database, 1, other.head)).rejects.toEqual(rolledBack);
    expect(readFileSync(other.head, 'utf8')).toBe(known);
  });

  const hash = 'ab'.repeat(32);
  test.each([
    '',
    '{',
    '[]',
    '{"log":"main","size":1,"root":"x","leaf":null}',
    JSON.stringify({ log: 'main', size: 1, root: hash, leaf: null }),
    JSON.stringify({ log: 'main', size: 0, root: hash, leaf: hash }),
    JSON.stringify({ log: 'main', size: 0, root: hash, leaf: null, signature: '' }),
  ])('that holds %j refuses to open', async (text) => {
    const { database, head } = newPlace();
    writeFileSync(head, text);
    await expect(work(database, 1, head)).rejects.toEqual(
      expect.objectContaining({ code: 'corrupt' }),
    );
    expect(readFileSync(head, 'utf8')).toBe(text);
  });

  test('is written though a process of the same id left a draft, and leaves none itself', async () => {
    const { head } = newPlace();
    // In a container every process has the id of the one that crashed, or of one beside it.
    for (const draft of Array.from({ length: 99 }, (_, each) => `${process.pid}-${each}`)) {
      writeFileSync(`${head}.${draft}`, '{"log"');
    }
    const names = () => readdirSync(folder).filter((name) => name.startsWith(basename(head)));
    const before = names();
    const storage = withHeadFile(memoryFleet()(), head);
    await storage.open('main');
    await storage.close();
    expect(readHeadFile(head)).toMatchObject({ log: 'main', size: 0 });
    expect(names().toSorted()).toEqual([basename(head), ...before].toSorted());
  });

  test('is for its owner alone to read', async () => {
    const { head } = newPlace();
    const storage = withHeadFile(memoryFleet()(), head);
    await storage.open('main');
    await storage.close();
    const isPrivate = process.platform === 'win32' || (statSync(head).mode & 0o777) === 0o600;
    expect(isPrivate).toBe(true);
  });

  test('that is put in the place of another while the log is open is not overwritten', async () => {
    const { head } = newPlace();
    const storage = withHeadFile(memoryFleet()(), head);
    const { size } = await storage.open('main');
    const other = readFileSync(head, 'utf8').replace('main', 'elsewhere');
    writeFileSync(head, other);
    await storage.append(batchOf(size, ['{}']));
    await expect(storage.close()).rejects.toEqual(rolledBack);
    expect(readFileSync(head, 'utf8')).toBe(other);
    await expect(storage.head()).rejects.toEqual(expect.objectContaining({ code: 'closed' }));
  });

  test.each([
    { what: 'stays as it was accepted while the log was restored under a process', restored: true },
    { what: 'that is older than the log is made anew', restored: false },
  ])('$what', async ({ restored }) => {
    const { head } = newPlace();
    const [handle, handleOfOther] = [memoryFleet(), memoryFleet()];
    let inner = handle();
    const store = withHeadFile({ ...at(() => inner), close: () => inner.close() }, head);
    const { size } = await store.open('main');
    await store.append(batchOf(size, ['{}']));
    const older = memoryFleet()();
    expect((await withHeadFile(older, `${head}.older`).open('main')).size).toBe(size);
    await store.head();
    await expect.poll(() => readHeadFile(head)?.size).toBe(1);
    copyFileSync(`${head}.older`, head);
    if (restored) {
      inner = handleOfOther();
      await inner.open('main');
    }
    await store.close();
    expect(readHeadFile(head)?.size).toBe(restored ? 0 : 1);
  });

  test('has what was appended a moment before the log was closed', async () => {
    const { head } = newPlace();
    const storage = withHeadFile(memoryFleet()(), head);
    const { size } = await storage.open('main');
    const batch = batchOf(size, ['{}']);
    await storage.append(batch);
    await storage.close();
    expect(readHeadFile(head)?.size).toBe(batch.head.size);
  });

  test('that cannot be written refuses to open: what is configured is enforced', async () => {
    const { database } = newPlace();
    const head = join(folder, 'no such folder', 'head.json');
    const inner = sqlite(database);
    await expect(withHeadFile(inner, head).open('main')).rejects.toEqual(
      expect.objectContaining({ code: 'unavailable' }),
    );
    await inner.close();
    expect(existsSync(head)).toBe(false);
  });
});
