/** The files that the SQLite store refuses, and those it only looks at. */
import { copyFileSync, existsSync, linkSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SqliteDatabase } from '../../src/storage/sqlite/sqlite-database.ts';
import type { RecordKey } from '../../src/storage/storage.ts';
import { numbered } from './batches.ts';
import { doctor, expectRefusal, fault, makeStore } from './doctored-file.ts';

let folder = '';
let path = '';
const open: SqliteDatabase[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'control-plane-'));
  path = join(folder, 'control-plane.db');
});

afterEach(() => {
  for (const store of open.splice(0)) store.close();
  rmSync(folder, { recursive: true });
});

/** Another writer. While it stays, what it writes is in the write-ahead log alone. */
function makeStoreLonger(file: string): SqliteDatabase {
  const writer = new SqliteDatabase(file);
  const { size } = writer.open('main');
  writer.append(numbered(size));
  open.push(writer);
  return writer;
}

describe('files that are not ours', () => {
  test("another application's database is refused and left as it is", () => {
    doctor(path, 'CREATE TABLE notes (text)');
    const before = readFileSync(path);
    expectRefusal(path, 'not-a-control-plane');
    expect(() => new SqliteDatabase(path).open('main')).toThrow(/without an application id/);
    doctor(path, 'PRAGMA application_id = 7');
    expectRefusal(path, 'not-a-control-plane');
    expect(() => new SqliteDatabase(path).open('main')).toThrow(/of application 7/);
    doctor(path, 'PRAGMA application_id = 0');
    expect(readFileSync(path).subarray(100)).toEqual(before.subarray(100));
    expect(readdirSync(folder)).toHaveLength(1);
  });

  test('a file that has two names is refused by both: each would have a write-ahead log of its own', () => {
    makeStore(path, 1);
    const second = join(folder, 'second.db');
    linkSync(path, second);
    const before = readFileSync(path);
    for (const name of [path, second]) {
      expectRefusal(name, 'unsafe-settings');
      expectRefusal(name, 'unsafe-settings', 'read-only');
    }
    expect(readFileSync(path)).toEqual(before);
    rmSync(second);
    expect(makeStoreLonger(path).head().size).toBe(2);
  });

  test('a database that another application has marked is refused, though there is nothing in it yet', () => {
    doctor(path, 'CREATE TABLE notes (text); DROP TABLE notes; PRAGMA application_id = 7');
    expectRefusal(path, 'not-a-control-plane');
  });

  test.each(['x', 'not a database '.repeat(1_000)])('garbage is refused', (garbage) => {
    writeFileSync(path, garbage);
    expectRefusal(path, 'not-a-control-plane');
    expectRefusal(path, 'not-a-control-plane', 'read-only');
    expect(readFileSync(path, 'utf8')).toBe(garbage);
  });

  test('a truncated file is corrupt', () => {
    makeStore(path, 50);
    truncateSync(path, 40_960);
    expectRefusal(path, 'corrupt');
    truncateSync(path, 50);
    expectRefusal(path, 'not-a-control-plane');
  });

  test('a torn page is corrupt, and no crash', () => {
    makeStore(path, 50);
    const bytes = readFileSync(path);
    bytes.fill(0xff, 4_096 * 2);
    writeFileSync(path, bytes);
    expect(() => makeStore(path, 1)).toThrow(fault('corrupt'));
  });

  test('a directory, and a file in a folder that does not exist, are unavailable', () => {
    mkdirSync(path);
    expectRefusal(path, 'unavailable');
    expectRefusal(join(folder, 'missing', 'control-plane.db'), 'unavailable');
  });

  test('every character of a path is part of its name', () => {
    path = join(folder, 'a?mode=memory&b=%20#c é.db');
    makeStore(path, 1);
    expect(existsSync(path)).toBe(true);
  });
});

describe('newer schemas', () => {
  test('a breaking one is refused', () => {
    makeStore(path, 1);
    doctor(path, 'PRAGMA user_version = 2; INSERT INTO migration VALUES (2, 1, 0)');
    expectRefusal(path, 'schema-too-new');
    expectRefusal(path, 'schema-too-new', 'read-only');
  });

  test('one that says nothing about itself is refused', () => {
    makeStore(path, 1);
    doctor(path, 'PRAGMA user_version = 2');
    expectRefusal(path, 'schema-too-new');
  });

  test('one that is breaking is refused also where a later one only adds', () => {
    makeStore(path, 1);
    const rows = 'INSERT INTO migration VALUES (2, 1, 0), (3, 0, 0)';
    doctor(path, `PRAGMA user_version = 3; ${rows}`);
    expectRefusal(path, 'schema-too-new');
  });

  test('one that only adds is used', () => {
    makeStore(path, 1);
    doctor(path, 'PRAGMA user_version = 2; INSERT INTO migration VALUES (2, 0, 0)');
    const store = new SqliteDatabase(path);
    expect(store.open('main').size).toBe(1);
    store.close();
  });
});

describe('read-only', () => {
  test('writes nothing, and works on a copy of the file alone', () => {
    makeStore(path, 5);
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
    expectRefusal(path, 'unavailable', 'read-only');
    expect(readdirSync(folder)).toEqual([]);
    writeFileSync(path, '');
    expectRefusal(path, 'not-a-control-plane', 'read-only');
    makeStore(path, 1);
    const store = new SqliteDatabase(path, { mode: 'read-only' });
    expect(() => store.open('other')).toThrow(fault('unavailable'));
  });

  test('follows a writer that comes later', () => {
    makeStore(path, 1);
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

  test('follows a writer that came and went between two reads', () => {
    makeStore(path, 1);
    const reader = new SqliteDatabase(path, { mode: 'read-only' });
    expect(reader.open('main').size).toBe(1);
    makeStoreLonger(path).close();
    expect(readdirSync(folder)).toEqual(['control-plane.db']);
    expect(reader.head().size).toBe(2);
    reader.close();
  });

  test.each([
    ['a writer', () => makeStoreLonger(path)],
    ['a writer that is gone again', () => makeStoreLonger(path).close()],
    [
      'a writer, so that pages do not fit together,',
      () => {
        makeStoreLonger(path).close();
        throw new Error('malformed');
      },
    ],
  ])('what %s changes in the middle of a read is read once more', (_, change) => {
    makeStore(path, 1);
    const reader = new SqliteDatabase(path, { mode: 'read-only' });
    reader.open('main');
    const name = { kind: 'session', key: 'a' };
    let rounds = 0;
    const keys = {
      *[Symbol.iterator]() {
        rounds += 1;
        // The first round checks the names, the second one reads.
        if (rounds === 2) change();
        yield name;
      },
    };
    const { head } = reader.readRecords(keys as unknown as readonly RecordKey[]);
    expect([head.size, rounds]).toEqual([2, 3]);
    reader.close();
  });

  test('a file with a rollback journal beside it is another one to whoever writes, and not looked at', () => {
    makeStore(path, 1);
    writeFileSync(`${path}-journal`, '');
    const reader = new SqliteDatabase(path, { mode: 'read-only' });
    expect(reader.open('main').size).toBe(1);
    reader.close();
    writeFileSync(`${path}-journal`, Buffer.alloc(512, 1));
    expectRefusal(path, 'unavailable', 'read-only');
  });

  test.each(['a?mode=memory&b=%20#c é.db', 'beside.db'])(
    'through the link %j it sees what a writer has committed, and follows it',
    (name) => {
      const writer = new SqliteDatabase(path);
      writer.open('main');
      writer.append(numbered(0));
      // Nothing is in the file itself yet, and the link has no write-ahead log beside it.
      const link = join(folder, name);
      symlinkSync(path, link);
      const reader = new SqliteDatabase(link, { mode: 'read-only' });
      expect(reader.open('main').size).toBe(1);
      writer.append(numbered(1));
      expect(reader.head().size).toBe(2);
      writer.close();
      reader.close();
      const late = new SqliteDatabase(link, { mode: 'read-only' });
      expect(late.open('main').size).toBe(2);
      makeStoreLonger(path);
      expect(late.head().size).toBe(3);
      late.close();
    },
  );
});
