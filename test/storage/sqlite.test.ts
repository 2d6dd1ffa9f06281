/** What the SQLite store refuses, and what it keeps safe, file by file. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { readdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applySettings } from '../../src/storage/sqlite/connection.ts';
import { SqliteDatabase } from '../../src/storage/sqlite/sqlite-database.ts';
import { storageError } from '../../src/storage/sqlite/sqlite-errors.ts';
import type { StorageErrorCode } from '../../src/storage/storage.ts';
import { numbered } from './batches.ts';

let folder = '';
let path = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'control-plane-'));
  path = join(folder, 'control-plane.db');
});

afterEach(() => rmSync(folder, { recursive: true }));

/** A store of `size` entries, closed again. */
function makeStore(size: number): void {
  const store = new SqliteDatabase(path);
  store.open('main');
  for (let at = 0; at < size; at += 1) store.append(numbered(at));
  store.close();
}

/** Runs SQL on the file behind the store's back. */
function doctor(sql: string): void {
  const raw = new DatabaseSync(path);
  try {
    raw.exec(sql);
  } finally {
    raw.close();
  }
}

/** Matches a `StorageError` that leaves no doubt. */
function fault(code: StorageErrorCode): unknown {
  return expect.objectContaining({ code, ambiguous: false });
}

function expectRefusal(code: StorageErrorCode, options = {}, file = path): void {
  const store = new SqliteDatabase(file, options);
  expect(() => store.open('main')).toThrow(fault(code));
  expect(() => store.head()).toThrow(fault('closed'));
  store.close();
}

describe('settings', () => {
  test('all hold on a file, whatever journal it came with', () => {
    makeStore(1);
    doctor('PRAGMA journal_mode = DELETE');
    const raw = new DatabaseSync(path);
    applySettings(raw);
    expect(raw.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 });
    expect(raw.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    raw.close();
  });

  test('one that does not hold is refused', () => {
    const inMemory = new DatabaseSync(':memory:');
    const unsafe = fault('unsafe-settings');
    expect(() => applySettings(inMemory)).toThrow(unsafe);
    inMemory.close();
    const deaf = new DatabaseSync(path);
    deaf.setAuthorizer((action, name) =>
      action === constants.SQLITE_PRAGMA && name === 'synchronous'
        ? constants.SQLITE_IGNORE
        : constants.SQLITE_OK,
    );
    expect(() => applySettings(deaf)).toThrow(/synchronous is undefined, not FULL/);
    deaf.close();
    expectRefusal('unsafe-settings', {}, ':memory:');
    expectRefusal('unsafe-settings', {}, '');
  });
});

describe('append-only', () => {
  const attempts = [
    `UPDATE entry SET body = '{}' WHERE idx = 1`,
    `DELETE FROM entry WHERE idx = 1`,
    `INSERT OR REPLACE INTO entry VALUES (1, 1, '{}', '')`,
    `UPDATE content SET text = 'forged' WHERE idx = 1`,
    `UPDATE content SET field = 'forged', text = NULL, salt = NULL WHERE idx = 1`,
    `DELETE FROM content WHERE idx = 1`,
    `INSERT OR REPLACE INTO content VALUES (1, 1, 'arguments', '', 'forged')`,
    `UPDATE log SET size = 1`,
    `DELETE FROM log`,
    `INSERT OR REPLACE INTO log VALUES (1, 'main', 9, NULL, '', '', 0)`,
    `DELETE FROM record`,
  ];
  test.each(attempts)('%s', (sql) => {
    makeStore(3);
    expect(() => doctor(`PRAGMA recursive_triggers = ON; ${sql}`)).toThrow(/append-only|not/);
    if (sql.includes('REPLACE INTO log')) return;
    expect(() => doctor(`PRAGMA recursive_triggers = OFF; ${sql}`)).toThrow(/append-only|not/);
  });

  test('erasing a content is allowed, and reading leaves it out', () => {
    makeStore(3);
    doctor('UPDATE content SET salt = NULL, text = NULL WHERE idx = 1');
    const store = new SqliteDatabase(path);
    store.open('main');
    expect(store.readContents(0, 3).map(({ index }) => index)).toEqual([0, 2]);
    store.close();
  });

  test('a file without its triggers, or with others, is refused', () => {
    makeStore(1);
    doctor('CREATE TABLE somebodys (a); CREATE INDEX somebodys_index ON record (value)');
    makeStore(0);
    doctor(`CREATE TRIGGER leak AFTER INSERT ON record BEGIN SELECT 1; END`);
    expectRefusal('unsafe-settings');
    doctor('DROP TRIGGER leak; DROP TRIGGER entry_never_goes');
    expectRefusal('unsafe-settings', { mode: 'read-only' });
  });
});

describe('files that are not ours', () => {
  test("another application's database is refused and left as it is", () => {
    doctor('CREATE TABLE notes (text)');
    const before = readFileSync(path);
    expectRefusal('not-a-control-plane');
    doctor('PRAGMA application_id = 7');
    expectRefusal('not-a-control-plane');
    doctor('PRAGMA application_id = 0');
    expect(readFileSync(path).subarray(100)).toEqual(before.subarray(100));
    expect(readdirSync(folder)).toHaveLength(1);
  });

  test.each(['x', 'not a database '.repeat(1_000)])('garbage is refused', (garbage) => {
    writeFileSync(path, garbage);
    expectRefusal('not-a-control-plane');
    expectRefusal('not-a-control-plane', { mode: 'read-only' });
    expect(readFileSync(path, 'utf8')).toBe(garbage);
  });

  test('a truncated file is corrupt', () => {
    makeStore(50);
    truncateSync(path, 40_960);
    expectRefusal('corrupt');
    truncateSync(path, 50);
    expectRefusal('not-a-control-plane');
  });

  test('a torn page is corrupt, and no crash', () => {
    makeStore(50);
    const bytes = readFileSync(path);
    bytes.fill(0xff, 4_096 * 2);
    writeFileSync(path, bytes);
    expect(() => makeStore(1)).toThrow(fault('corrupt'));
  });

  test('a directory, and a file in a folder that does not exist, are unavailable', () => {
    mkdirSync(path);
    expectRefusal('unavailable');
    expectRefusal('unavailable', {}, join(folder, 'missing', 'control-plane.db'));
  });

  test('every character of a path is part of its name', () => {
    path = join(folder, 'a?mode=memory&b=%20#c é.db');
    makeStore(1);
    expect(existsSync(path)).toBe(true);
  });
});

describe('newer schemas', () => {
  test('a breaking one is refused', () => {
    makeStore(1);
    doctor('PRAGMA user_version = 2; INSERT INTO migration VALUES (2, 1, 0)');
    expectRefusal('schema-too-new');
    expectRefusal('schema-too-new', { mode: 'read-only' });
  });

  test('one that says nothing about itself is refused', () => {
    makeStore(1);
    doctor('PRAGMA user_version = 2');
    expectRefusal('schema-too-new');
  });

  test('one that only adds is used', () => {
    makeStore(1);
    doctor('PRAGMA user_version = 2; INSERT INTO migration VALUES (2, 0, 0)');
    const store = new SqliteDatabase(path);
    expect(store.open('main').size).toBe(1);
    store.close();
  });
});

describe('read-only', () => {
  test('writes nothing, and works on a copy of the file alone', () => {
    makeStore(5);
    const copy = join(folder, 'copy', 'copy.db');
    mkdirSync(join(folder, 'copy'));
    copyFileSync(path, copy);
    const store = new SqliteDatabase(copy, { mode: 'read-only' });
    expect(store.open('main').size).toBe(5);
    expect(store.readEntries(0, 10)).toHaveLength(5);
    const readOnly = fault('read-only');
    expect(() => store.append(numbered(5))).toThrow(readOnly);
    expect(readdirSync(join(folder, 'copy'))).toEqual(['copy.db']);
    store.close();
    expect(readFileSync(copy)).toEqual(readFileSync(path));
  });

  test('creates neither a file nor a log', () => {
    expectRefusal('unavailable', { mode: 'read-only' });
    expect(readdirSync(folder)).toEqual([]);
    writeFileSync(path, '');
    expectRefusal('not-a-control-plane', { mode: 'read-only' });
    makeStore(1);
    const store = new SqliteDatabase(path, { mode: 'read-only' });
    expect(() => store.open('other')).toThrow(fault('unavailable'));
  });

  test('follows a writer that comes later', () => {
    makeStore(1);
    const reader = new SqliteDatabase(path, { mode: 'read-only' });
    expect(reader.open('main').size).toBe(1);
    const writer = new SqliteDatabase(path);
    writer.open('main');
    writer.append(numbered(1));
    expect(reader.head().size).toBe(2);
    writer.append(numbered(2));
    expect(reader.readEntries(0, 10)).toHaveLength(3);
    writer.close();
    reader.close();
  });
});

describe('appending', () => {
  test('to a file that was moved away is refused', () => {
    const store = new SqliteDatabase(path);
    store.open('main');
    store.append(numbered(0));
    renameSync(path, `${path}.old`);
    const moved = fault('unavailable');
    expect(() => store.append(numbered(1))).toThrow(moved);
    makeStore(1);
    expect(() => store.append(numbered(1))).toThrow(moved);
    store.close();
  });

  test('waits for the lock as long as it was told, and is then busy', () => {
    makeStore(1);
    const store = new SqliteDatabase(path, { busyTimeoutMs: 100 });
    store.open('main');
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    const start = performance.now();
    const busy = fault('busy');
    expect(() => store.append(numbered(1))).toThrow(busy);
    expect(performance.now() - start).toBeGreaterThan(95);
    expect(store.head().size).toBe(1);
    other.exec('ROLLBACK');
    expect(store.append(numbered(1))).toEqual({ status: 'appended' });
    other.close();
    store.close();
  });

  test('an entry beyond the head means the file is corrupt, and nothing is written', () => {
    makeStore(1);
    doctor(`INSERT INTO entry VALUES (1, 1, 'planted', '')`);
    const store = new SqliteDatabase(path);
    store.open('main');
    const corrupt = fault('corrupt');
    expect(() => store.append(numbered(1))).toThrow(corrupt);
    expect(store.head().size).toBe(1);
    store.close();
  });
});

describe('errors', () => {
  const rows: readonly [errcode: number, fate: 'rolled-back' | 'unknown' | undefined, string][] = [
    [5, undefined, 'busy, certain'],
    [5 | (2 << 8), undefined, 'busy, certain'],
    [13, undefined, 'disk-full, certain'],
    [13, 'rolled-back', 'disk-full, certain'],
    [13, 'unknown', 'disk-full, in doubt'],
    [10 | (3 << 8), undefined, 'io, certain'],
    [10 | (4 << 8), 'rolled-back', 'io, in doubt'],
    [8 | (4 << 8), undefined, 'read-only, certain'],
    [11, undefined, 'corrupt, certain'],
    [26, undefined, 'not-a-control-plane, certain'],
    [14, undefined, 'unavailable, certain'],
    [7, undefined, 'unavailable, certain'],
  ];
  test.each(rows)('SQLite %i with the transaction %s is %s', (errcode, fate, expected) => {
    const error = storageError(Object.assign(new Error('why'), { errcode }), 'store', fate);
    const [code, doubt] = expected.split(', ');
    expect(error).toMatchObject({ code, ambiguous: doubt === 'in doubt' });
  });

  test("a programmer's error stays what it is", () => {
    const error = new TypeError('why');
    expect(storageError(error, 'store')).toBe(error);
  });
});
