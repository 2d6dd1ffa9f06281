/**
 * A disk that is full, that fails at the commit, that is read-only: no permit, a clear code,
 * recovery.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openControlPlane } from '../../src/engine/index.ts';
import { sqlite } from '../../src/storage/sqlite/sqlite-storage.ts';
import { codeOf, openShop, staff } from '../engine/shop.ts';
import { numbered } from '../storage/batches.ts';
import { type SmallDisk, smallDisk, temporaryFolder } from './disk.ts';
import { Governed, suffer, type Suffered } from './governed.ts';

/** What a caller is told when a commit failed: that nothing was decided, or that nobody knows. */
const failures = ['store-unavailable', 'outcome-unknown', 'outcome-unrecorded'];

let folder = '';
let path = '';

beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder, 'log.db');
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Runs a script of this folder on the file, by a shell command where one is given. */
function runScript(name: string, shell?: string): unknown {
  const script = join(import.meta.dirname, name);
  const options = { encoding: 'utf8' } as const;
  const child =
    shell === undefined
      ? spawnSync(process.execPath, [script, path], options)
      : spawnSync('bash', ['-c', shell, process.execPath, script, path], options);
  if (child.status !== 0) throw new Error(`it did not stay up: ${child.stderr}`);
  return JSON.parse(child.stdout);
}

/** A process whose files may not grow: a commit that passes the limit gets an I/O error. */
function underFileSizeLimit(): Suffered {
  return runScript('limited.ts', 'ulimit -S -f 800 && exec "$0" "$1" "$2"') as Suffered;
}

async function onFullDisk(): Promise<Suffered> {
  const disk = smallDisk(8_192);
  // Where no disk of our own may be mounted, a file that may not grow is as full as one.
  if (disk === undefined) return underFileSizeLimit();
  try {
    const governed = await Governed.open(join(disk.folder, 'log.db'));
    disk.fill();
    return await suffer(governed, () => {
      disk.free();
      return true;
    });
  } finally {
    disk.remove();
  }
}

/**
 * Nothing ran that was not recorded, and where the fault could be ended, calls ran again by
 * themselves.
 */
function expectFailedClosed(story: Suffered): void {
  const { failed, again, ranMeanwhile, recovered, problems } = story;
  expect(failures).toContain(failed.code);
  expect(['io', 'disk-full']).toContain(failed.store);
  expect(failures).toContain(again.code);
  expect(ranMeanwhile).toBe(0);
  expect(['ran', undefined]).toContain(recovered?.code);
  expect(problems).toEqual([]);
}

test('an I/O error at commit: no permit, the process stays up and recovers by itself', async () => {
  expectFailedClosed(underFileSizeLimit());
  const reopened = await Governed.open(path);
  expect((await reopened.call()).code).toBe('ran');
  expect(await reopened.account()).toEqual([]);
});

test('a full disk: no permit, and calls run again when there is space', async () => {
  expectFailedClosed(await onFullDisk());
});

/** Appends until the disk is full; the error, and what the log has then. */
async function appendToFullDisk(disk: SmallDisk) {
  const store = sqlite(join(disk.folder, 'log.db'));
  let { size } = await store.open('main');
  disk.fill();
  let error: unknown;
  while (error === undefined) {
    try {
      await store.append(numbered(size));
      size += 1;
    } catch (failure) {
      error = failure;
    }
  }
  const found = (await store.head()).size;
  disk.free();
  await store.append(numbered(found));
  await store.close();
  return { error, appended: size, found };
}

test('a full disk at the commit leaves doubt, and the log does not have the batch', async () => {
  const disk = smallDisk(8_192);
  // Where none may be mounted, the test of the file that may not grow has to do.
  if (disk === undefined) return;
  const { error, appended, found } = await appendToFullDisk(disk);
  disk.remove();
  expect(error).toMatchObject({ code: 'disk-full', ambiguous: true });
  expect(found).toBe(appended);
});

test('a read-only file is not governed, can be verified, and opens when writable', async () => {
  const governed = await Governed.open(path);
  expect((await governed.call()).code).toBe('ran');
  await governed.plane.close();
  for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o444);
  chmodSync(folder, 0o555);
  const { govern, holds } = runScript('unprivileged.ts') as { govern: string; holds: boolean };
  // Where not even SQLite's lock file can be made, it cannot be opened at all.
  expect(['read-only', 'unavailable']).toContain(govern);
  expect(holds).toBe(true);
  chmodSync(folder, 0o755);
  for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o644);
  const again = await Governed.open(path);
  expect((await again.call()).code).toBe('ran');
  expect(await again.account()).toEqual([]);
});

test('a store opened read-only gives no permit', async () => {
  const governed = await Governed.open(path);
  const { id } = governed.session;
  await governed.plane.close();
  const plane = await openControlPlane({ storage: sqlite(path, { mode: 'read-only' }) });
  const { billing, ops } = staff(plane);
  const opening = plane.openSession({ principal: billing, agent: 'bot' });
  expect(await codeOf(opening)).toBe('store-unavailable');
  const scope = { kind: 'session', org: 'acme', id } as const;
  const kill = plane.kill({ scope, by: ops, reason: 'smoke' });
  expect(await codeOf(kill)).toBe('kill-local-only');
  // The kill could not be written by anybody here, and closing says so.
  expect(await codeOf(plane.close())).toBe('kill-local-only');
  // What the configuration declares is there already, so that nothing has to be written.
  const declared = await openShop(sqlite(path, { mode: 'read-only' }));
  await declared.close();
});
