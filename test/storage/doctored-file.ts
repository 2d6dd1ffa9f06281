/** SQLite files for tests: made by the store, changed behind its back, refused by it. */
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'vitest';
import { SqliteDatabase } from '../../src/storage/sqlite/sqlite-database.ts';
import type { SqliteOptions } from '../../src/storage/sqlite/sqlite-options.ts';
import type { StorageErrorCode } from '../../src/storage/storage.ts';
import { numbered } from './batches.ts';

/** A store of `size` entries, closed again. */
export function makeStore(path: string, size: number): void {
  const store = new SqliteDatabase(path);
  store.open('main');
  for (let at = 0; at < size; at += 1) store.append(numbered(at));
  store.close();
}

/** Runs SQL on the file behind the store's back. */
export function doctor(path: string, sql: string): void {
  const raw = new DatabaseSync(path);
  try {
    raw.exec(sql);
  } finally {
    raw.close();
  }
}

/** Matches a `StorageError` that leaves no doubt. */
export function fault(code: StorageErrorCode): unknown {
  return expect.objectContaining({ code, ambiguous: false });
}

export function expectRefusal(
  path: string,
  code: StorageErrorCode,
  mode: SqliteOptions['mode'] = 'read-write',
): void {
  const store = new SqliteDatabase(path, { mode });
  expect(() => store.open('main')).toThrow(fault(code));
  expect(() => store.head()).toThrow(fault('closed'));
  store.close();
}
