/**
 * A file that is torn, foreign or no database: it is refused with a code of its own and not
 * touched.
 */
import { DatabaseSync } from 'node:sqlite';
import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openControlPlane, verify } from '../../src/engine/index.ts';
import { sqlite } from '../../src/storage/sqlite/sqlite-storage.ts';
import { codeOf, openShop } from '../engine/shop.ts';
import { temporaryFolder } from './disk.ts';
import { Governed } from './governed.ts';

let folder = '';
let path = '';

beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder, 'log.db');
});

afterEach(() => rmSync(folder, { recursive: true }));

test('a file torn in the middle of a page is corrupt, to govern and to verify', async () => {
  const governed = await Governed.open(path);
  for (let call = 0; call < 20; call += 1) await governed.call(2_000);
  await governed.plane.close();
  const { size } = statSync(path);
  truncateSync(path, Math.floor(size / 2) - 700);
  expect(await codeOf(openShop(sqlite(path)))).toBe('corrupt');
  expect(await codeOf(verify(sqlite(path, { mode: 'read-only' })))).toBe('corrupt');
});

test('a file torn behind the data that is needed never shows other answers', async () => {
  const governed = await Governed.open(path);
  for (let call = 0; call < 20; call += 1) await governed.call(2_000);
  await governed.plane.close();
  const whole = readFileSync(path);
  for (let cut = 700; cut < whole.length; cut += Math.floor(whole.length / 5)) {
    writeFileSync(path, whole.subarray(0, whole.length - cut));
    const report = verify(sqlite(path, { mode: 'read-only' })).then(
      ({ holds, entries }) => (holds ? `holds ${entries}` : 'faults'),
      (failure: { readonly code?: string }) => failure.code ?? 'no code',
    );
    const expected = ['corrupt', 'not-a-control-plane', 'faults', `holds ${20 * 4 + 8}`];
    expect(expected).toContain(await report);
  }
});

test('a foreign SQLite file is refused and stays as it was', async () => {
  const database = new DatabaseSync(path);
  database.exec('CREATE TABLE mine (a TEXT); INSERT INTO mine VALUES (1)');
  database.close();
  const before = readFileSync(path);
  expect(await codeOf(openShop(sqlite(path)))).toBe('not-a-control-plane');
  expect(readFileSync(path).equals(before)).toBe(true);
});

test('a file that is no database is refused and stays as it was', async () => {
  const text = 'this is not a database\n'.repeat(200);
  writeFileSync(path, text);
  expect(await codeOf(openControlPlane({ storage: sqlite(path) }))).toBe('not-a-control-plane');
  expect(readFileSync(path, 'utf8')).toBe(text);
});

test('a file that is replaced under a running control plane gives no permit', async () => {
  const governed = await Governed.open(path);
  expect((await governed.call()).code).toBe('ran');
  rmSync(path);
  writeFileSync(path, '');
  const { code, store } = await governed.call();
  expect({ code, store }).toEqual({ code: 'store-unavailable', store: 'unavailable' });
  expect(governed.runs).toBe(1);
});

test.each([['-wal'], ['-shm'], ['-wal', '-shm']])(
  'what is beside the file (%s %s) is taken away: no permit, and what was acknowledged is there',
  async (...ends) => {
    const governed = await Governed.open(path);
    expect((await governed.call()).code).toBe('ran');
    for (const end of ends) rmSync(`${path}${end}`);
    const { code, store } = await governed.call();
    expect({ code, store }).toEqual({ code: 'store-unavailable', store: 'unavailable' });
    expect(governed.runs).toBe(1);
    expect(await governed.account()).toEqual([]);
  },
);
