/**
 * Opens a database file: ours or new, nothing else; with every setting that durability depends on
 * set AND read back; with the newest schema, unaltered.
 *
 * A file that is not ours is never written to, not even its journal mode. `read-only` is for
 * looking at somebody's file: it creates, migrates and writes nothing. A file without a
 * write-ahead log is then opened as immutable, because SQLite would otherwise create files beside
 * it; the caller has to watch `immutable` connections with `isOutdated`.
 */
import { realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { StorageError } from '../storage.ts';
import { applicationId, migrations, schemaVersion } from './schema.ts';
import type { Migration } from './schema.ts';
import type { Mode } from './sqlite-options.ts';
import { count } from './statements.ts';
import type { WriteTurn } from './write-turn.ts';

export interface Connection {
  readonly database: DatabaseSync;
  /** The file as it was found, where it is read as one that nobody writes; undefined where it is not. */
  readonly immutable: string | undefined;
}

const smallestDatabase = 512;

/** What SQLite has to report of a setting; undefined: whatever it is. */
type Reported = string | number | undefined;

/** Settings that hold per connection, but for the first. */
const writeSettings: readonly (readonly [name: string, set: string, reported: Reported])[] = [
  // Of a new file; one that is there keeps the pages that it was made with. A page of 4096 bytes takes three
  // entries or records and is a quarter empty: commits of 64 callers' calls take 0.74 of the time with these.
  ['page_size', '8192', undefined],
  ['busy_timeout', '0', 0], // WriteTurn waits, fairly
  ['journal_mode', 'WAL', 'wal'],
  ['synchronous', 'FULL', 2], // NORMAL lost acknowledged rows in 784 of 975 power cuts, FULL none
  ['fullfsync', 'ON', 1], // macOS: fsync alone does not reach the platter
  ['checkpoint_fullfsync', 'ON', 1],
  ['recursive_triggers', 'ON', 1], // or INSERT OR REPLACE walks past the append-only triggers
  ['trusted_schema', 'OFF', 0],
  ['foreign_keys', 'OFF', 0], // there are none, and each check would cost a lookup
  ['cache_size', '-65536', -65_536],
  // 4 MB, as SQLite's own. 16 MB: as many commits, p99 of batches 10 to 17 ms instead of 7 to 9.
  ['wal_autocheckpoint', '500', 500],
  ['journal_size_limit', '67108864', 67_108_864],
];

const readSettings: typeof writeSettings = [
  ['busy_timeout', '0', 0],
  ['query_only', 'ON', 1],
  ['trusted_schema', 'OFF', 0],
  ['cell_size_check', 'ON', 1], // the file may have been made to harm us
  ['cache_size', '-65536', -65_536],
];

export function openConnection(path: string, mode: Mode, turn: WriteTurn): Connection {
  assertPath(path);
  if (mode === 'read-only') assertNoJournal(path);
  // Before anything is read: what is written from here on has to be seen.
  const found = fileState(path);
  const immutable = mode === 'read-only' && !walExists(path) ? found : undefined;
  const database = openFile(resolve(path), mode, immutable !== undefined);
  try {
    // Not in every supported Node: refuses statements that could corrupt the file on purpose.
    database.enableDefensive?.(true);
    const whose = turn.patiently(() => identifyInSnapshot(database));
    if (mode === 'read-only') {
      applySettings(database, readSettings);
      if (whose === 'new') throw new StorageError('not-a-control-plane', 'the file is empty');
    } else {
      turn.patiently(() => applySettings(database, writeSettings));
      migrate(database, turn);
    }
    turn.patiently(() => assertSchema(database));
    return { database, immutable };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** An absolute path is never read as a URL, so that no character of it is taken for an option. */
function openFile(path: string, mode: Mode, immutable: boolean): DatabaseSync {
  const options = { readOnly: mode === 'read-only', enableForeignKeyConstraints: false };
  if (!immutable) return new DatabaseSync(path, options);
  const url = pathToFileURL(path);
  url.searchParams.set('immutable', '1');
  try {
    return new DatabaseSync(url, options);
  } catch (error) {
    // Node before 22.15 takes no URL: it looks at the file as any reader does, with a file beside it.
    if (!(error instanceof TypeError)) throw error;
    return new DatabaseSync(path, options);
  }
}

/**
 * Whether somebody wrote the file that a connection reads as immutable, or writes it now. A writer that came
 * and went leaves nothing beside it; SQLite keeps the pages that it has read, and mixes them with new ones.
 */
export function isOutdated(path: string, { immutable }: Connection): boolean {
  return immutable !== undefined && (walExists(path) || fileState(path) !== immutable);
}

/** Changes with every write to the file, and where another one is in its place. */
function fileState(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
  if (stat === undefined) return '';
  return [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(' ');
}

/** Whether a write-ahead log that may hold commits lies beside the file. */
function walExists(path: string): boolean {
  return (statSync(besideFile(path).wal, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

/**
 * A hot journal is rolled back by whoever opens the file for writing. Read without it, as an immutable file
 * is, the file is another one than they will have. What we write has a write-ahead log in its place.
 */
function assertNoJournal(path: string): void {
  const { journal } = besideFile(path);
  if ((statSync(journal, { throwIfNoEntry: false })?.size ?? 0) === 0) return;
  const why = 'opening the file for writing may change it';
  throw new StorageError('unavailable', `a rollback journal lies beside it (${journal}): ${why}`);
}

/** What SQLite keeps beside the file: beside the one that a symbolic link leads to, not beside the link. */
export function besideFile(path: string): {
  readonly wal: string;
  readonly shm: string;
  readonly journal: string;
} {
  const real = realPathOf(path);
  return { wal: `${real}-wal`, shm: `${real}-shm`, journal: `${real}-journal` };
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // It is not there yet, or not to be looked at.
    return path;
  }
}

/** Sets every setting and reads it back: SQLite ignores what it cannot do, without an error. */
export function applySettings(
  database: DatabaseSync,
  settings: typeof writeSettings = writeSettings,
): void {
  for (const [name, set, reported] of settings) {
    database.exec(`PRAGMA ${name} = ${set}`);
    const [held] = Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {});
    if (reported === undefined || held === reported) continue;
    throw new StorageError('unsafe-settings', `${name} is ${String(held)}, not ${set}`);
  }
}

function assertPath(path: string): void {
  if (path === '' || path === ':memory:') {
    throw new StorageError('unsafe-settings', `\`${path}\` names no file, so nothing would last`);
  }
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() !== true) return;
  if (stat.nlink > 1) {
    // Each name has a write-ahead log of its own, which those who use the other one do not see.
    const remedy = 'keep one of them, or copy the file';
    throw new StorageError('unsafe-settings', `the file has ${stat.nlink} names: ${remedy}`);
  }
  if (stat.size === 0 || stat.size >= smallestDatabase) return;
  // SQLite takes some of these for new.
  throw new StorageError('not-a-control-plane', `the file has ${stat.size} bytes`);
}

/** In one snapshot: another process may be creating the file right now. */
function identifyInSnapshot(database: DatabaseSync): 'ours' | 'new' {
  database.exec('BEGIN');
  try {
    return identify(database);
  } finally {
    rollback(database);
  }
}

/** Tells our own file from a new one; throws for any other. Reads only. */
function identify(database: DatabaseSync): 'ours' | 'new' {
  const id = pragma(database, 'application_id');
  const version = pragma(database, 'user_version');
  if (id === applicationId && version > 0) {
    assertKnownSchema(database, version);
    return 'ours';
  }
  const objects = count(database.prepare('SELECT count(*) AS n FROM sqlite_schema').get(), 'n');
  if (id === 0 && version === 0 && objects === 0) return 'new';
  const what = id === 0 ? 'without an application id' : `of application ${id}`;
  throw new StorageError('not-a-control-plane', `the file is a SQLite database ${what}`);
}

/** A newer schema is fine as long as none of what is new to us is breaking. */
function assertKnownSchema(database: DatabaseSync, version: number): void {
  if (version <= schemaVersion) return;
  const row = database
    .prepare('SELECT count(*) AS n FROM migration WHERE number > ? AND breaking = 0')
    .get(schemaVersion);
  if (count(row, 'n') === version - schemaVersion) return;
  throw new StorageError(
    'schema-too-new',
    `the file has schema ${version}, this release knows ${schemaVersion}: upgrade the package`,
  );
}

function migrate(database: DatabaseSync, turn: WriteTurn): void {
  for (;;) {
    // Taken even where nothing is left to do: that shows whether the file can be written at all.
    turn.take(() => database.exec('BEGIN IMMEDIATE'));
    try {
      // Asked again under the lock: another process may have been first.
      identify(database);
      const next = migrations[pragma(database, 'user_version')];
      if (next !== undefined) applyMigration(database, next);
      // CRASH: before COMMIT the file keeps its old schema; after it, it has the whole next one.
      database.exec('COMMIT');
      if (next === undefined) return;
    } catch (error) {
      rollback(database);
      throw error;
    } finally {
      turn.leave();
    }
  }
}

function applyMigration(database: DatabaseSync, { number, breaking, statements }: Migration): void {
  for (const statement of statements) database.exec(statement);
  database
    .prepare("INSERT INTO migration VALUES (?, ?, CAST(unixepoch('subsec') * 1000 AS INTEGER))")
    .run(number, breaking ? 1 : 0);
  database.exec(`PRAGMA application_id = ${applicationId}`);
  database.exec(`PRAGMA user_version = ${number}`);
}

function rollback(database: DatabaseSync): void {
  try {
    database.exec('ROLLBACK');
  } catch {
    // SQLite had rolled back already; the error that matters is on its way.
  }
}

/**
 * Refuses a file whose tables or triggers were changed: a trigger taken away unlocks the log, a
 * trigger added could change what we write. Tables, views and indexes of others may be there.
 */
function assertSchema(database: DatabaseSync): void {
  if (pragma(database, 'user_version') !== schemaVersion) return;
  const model = new DatabaseSync(':memory:');
  for (const { statements } of migrations) for (const sql of statements) model.exec(sql);
  const expected = schemaOf(model);
  model.close();
  const found = schemaOf(database);
  for (const [object, sql] of expected) {
    if (found.get(object) === sql) continue;
    const what = found.has(object) ? 'was changed' : 'is missing';
    throw new StorageError('unsafe-settings', `the schema was tampered with: ${object} ${what}`);
  }
  for (const object of found.keys()) {
    if (expected.has(object) || !object.startsWith('trigger ')) continue;
    throw new StorageError('unsafe-settings', `the schema was tampered with: ${object} is new`);
  }
}

function schemaOf(database: DatabaseSync): Map<string, unknown> {
  const rows = database.prepare('SELECT type, name, sql FROM sqlite_schema').all();
  return new Map(rows.map(({ type, name, sql }) => [`${String(type)} ${String(name)}`, sql]));
}

function pragma(database: DatabaseSync, name: string): number {
  return count(database.prepare(`PRAGMA ${name}`).get(), name);
}
