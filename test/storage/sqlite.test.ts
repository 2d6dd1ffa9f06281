/** The SQLite store's settings, its append-only tables, its lock and its errors. */
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applySettings } from '../../src/storage/sqlite/connection.ts';
import { SqliteDatabase } from '../../src/storage/sqlite/sqlite-database.ts';
import { storageError } from '../../src/storage/sqlite/sqlite-errors.ts';
import { numbered } from './batches.ts';
import { doctor, expectRefusal, fault, makeStore } from './doctored-file.ts';

let folder = '';
let path = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'control-plane-'));
  path = join(folder, 'control-plane.db');
});

afterEach(() => rmSync(folder, { recursive: true }));

function tryAppend(store: SqliteDatabase): string {
  try {
    return store.append(numbered(1)).status;
  } catch {
    return 'busy';
  }
}

describe('settings', () => {
  test('all hold on a file, whatever journal it came with', () => {
    makeStore(path, 1);
    doctor(path, 'PRAGMA journal_mode = DELETE');
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
    expectRefusal(':memory:', 'unsafe-settings');
    expectRefusal('', 'unsafe-settings');
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
    makeStore(path, 3);
    expect(() => doctor(path, `PRAGMA recursive_triggers = ON; ${sql}`)).toThrow(/append-only|not/);
    if (sql.includes('REPLACE INTO log')) return;
    expect(() => doctor(path, `PRAGMA recursive_triggers = OFF; ${sql}`)).toThrow(
      /append-only|not/,
    );
  });

  test('erasing a content is allowed, and reading leaves it out', () => {
    makeStore(path, 3);
    doctor(path, 'UPDATE content SET salt = NULL, text = NULL WHERE idx = 1');
    const store = new SqliteDatabase(path);
    store.open('main');
    expect(store.readContents(0, 3).map(({ index }) => index)).toEqual([0, 2]);
    store.close();
  });

  test('a file without its triggers, or with others, is refused', () => {
    makeStore(path, 1);
    doctor(path, 'CREATE TABLE somebodys (a); CREATE INDEX somebodys_index ON record (value)');
    makeStore(path, 0);
    doctor(path, `CREATE TRIGGER leak AFTER INSERT ON record BEGIN SELECT 1; END`);
    expectRefusal(path, 'unsafe-settings');
    doctor(path, 'DROP TRIGGER leak; DROP TRIGGER entry_never_goes');
    expectRefusal(path, 'unsafe-settings', 'read-only');
  });

  test('a file with a trigger that has the name of ours, and does nothing, is refused', () => {
    makeStore(path, 1);
    const nothing = 'BEFORE DELETE ON entry WHEN 0 BEGIN SELECT 1; END';
    doctor(path, `DROP TRIGGER entry_never_goes; CREATE TRIGGER entry_never_goes ${nothing}`);
    expectRefusal(path, 'unsafe-settings');
    expectRefusal(path, 'unsafe-settings', 'read-only');
  });
});

describe('appending', () => {
  test.each([
    'BEFORE INSERT ON entry',
    'BEFORE INSERT ON content',
    "BEFORE INSERT ON record WHEN new.kind = 'permit'",
    "BEFORE UPDATE ON record WHEN new.kind = 'budget'",
    'BEFORE UPDATE ON log',
  ])('what a trigger keeps from being written since is not acknowledged: %s', (when) => {
    const store = new SqliteDatabase(path);
    store.open('main');
    store.append(numbered(0));
    doctor(path, `CREATE TRIGGER gap ${when} BEGIN SELECT RAISE(IGNORE); END`);
    expect(() => store.append(numbered(1))).toThrow(fault('unsafe-settings'));
    doctor(path, 'DROP TRIGGER gap');
    expect(store.head().size).toBe(1);
    expect(store.append(numbered(1))).toEqual({ status: 'appended' });
    store.close();
  });

  test('to a file that was moved away is refused', () => {
    const store = new SqliteDatabase(path);
    store.open('main');
    store.append(numbered(0));
    renameSync(path, `${path}.old`);
    const moved = fault('unavailable');
    expect(() => store.append(numbered(1))).toThrow(moved);
    makeStore(path, 1);
    expect(() => store.append(numbered(1))).toThrow(moved);
    store.close();
  });

  test('waits for the lock as long as it was told, and is then busy', () => {
    makeStore(path, 1);
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

  test('after a conflict the next append cannot be overtaken, and the lock is not kept', () => {
    makeStore(path, 1);
    const [left, right] = [
      new SqliteDatabase(path),
      new SqliteDatabase(path, { busyTimeoutMs: 0 }),
    ];
    left.open('main');
    right.open('main');
    right.append(numbered(1));
    expect(left.append(numbered(1))).toEqual({ status: 'conflict', size: 2 });
    expect(left.readEntries(0, 9)).toHaveLength(2);
    expect(() => right.append(numbered(2))).toThrow(fault('busy'));
    expect(left.append(numbered(2))).toEqual({ status: 'appended' });
    expect(right.append(numbered(2))).toEqual({ status: 'conflict', size: 3 });
    // An empty batch says that nothing more comes.
    const { head } = numbered(2);
    const nothing = { ...numbered(3), entries: [], contents: [], records: [], head };
    expect(right.append(nothing)).toEqual({ status: 'appended' });
    expect(left.append(numbered(3))).toEqual({ status: 'appended' });
    left.close();
    right.close();
  });

  test('the lock that a conflict keeps runs out by itself', async () => {
    makeStore(path, 1);
    const [left, right] = [
      new SqliteDatabase(path),
      new SqliteDatabase(path, { busyTimeoutMs: 0 }),
    ];
    left.open('main');
    right.open('main');
    expect(left.append(numbered(0))).toEqual({ status: 'conflict', size: 1 });
    expect(() => right.append(numbered(1))).toThrow(fault('busy'));
    await expect.poll(() => tryAppend(right)).toBe('appended');
    left.close();
    right.close();
  });

  test('an entry beyond the head means the file is corrupt, and nothing is written', () => {
    makeStore(path, 1);
    doctor(path, `INSERT INTO entry VALUES (1, 1, 'planted', '')`);
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

  test.each([
    ['database is locked', 'busy'],
    ['database table is locked: entries', 'busy'],
    ['attempt to write a readonly database', 'read-only'],
    ['disk I/O error', 'io'],
    ['database or disk is full', 'disk-full'],
    ['unable to open database file: /tmp/x.db', 'unavailable'],
    ['locking protocol', 'busy'],
    ['file is not a database', 'not-a-control-plane'],
    ['no such table: entries', 'corrupt'],
  ])('without a number, as in Deno, %j is %s', (message, code) => {
    const thrown = Object.assign(new Error(message), { code: 'ERR_SQLITE_ERROR' });
    const error = storageError(thrown, 'store', 'unknown');
    expect(error).toMatchObject({ code, ambiguous: true });
  });

  test("a programmer's error stays what it is", () => {
    const error = new TypeError('why');
    expect(storageError(error, 'store')).toBe(error);
  });
});
