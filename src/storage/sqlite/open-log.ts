/**
 * One log of one file, open: the connection, its prepared statements and the log's row, which is
 * made where it is missing (but not in a file that is only looked at).
 */
import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { emptyHead } from '../rules.ts';
import { StorageError } from '../storage.ts';
import { besideFile, openConnection } from './connection.ts';
import type { Connection } from './connection.ts';
import { count, frontierText, Statements } from './statements.ts';
import type { Mode } from './sqlite-options.ts';
import type { WriteTurn } from './write-turn.ts';

export interface OpenLog extends Connection {
  readonly log: string;
  readonly id: number;
  readonly statements: Statements;
  /** The file, and what is read and written beside it. */
  readonly files: readonly string[];
  /** Tells these files from others that take their places. */
  readonly fileIds: string;
}

export function openLog(path: string, mode: Mode, turn: WriteTurn, log: string): OpenLog {
  const connection = openConnection(path, mode, turn);
  const { database } = connection;
  try {
    const statements = turn.patiently(() => new Statements(database));
    const found = turn.patiently(() => idOf(database, log));
    if (found === undefined && mode === 'read-only') {
      throw new StorageError('unavailable', `the file has no log \`${log}\``);
    }
    if (found === undefined) turn.patiently(() => insertLog(database, log));
    const id = found ?? idOf(database, log);
    if (id === undefined) throw new StorageError('corrupt', 'the log is gone');
    const { wal, shm } = besideFile(path);
    const files = [path, wal, shm];
    return { ...connection, log, id, statements, files, fileIds: fileIdsOf(files) };
  } catch (error) {
    database.close();
    throw error;
  }
}

export function fileIdsOf(files: readonly string[]): string {
  return files.map(fileIdOf).join(', ');
}

/** Empty where there is no file. */
function fileIdOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? '' : `${stat.dev} ${stat.ino}`;
}

function idOf(database: DatabaseSync, log: string): number | undefined {
  const row = database.prepare('SELECT id FROM log WHERE name = ?').get(log);
  return row === undefined ? undefined : count(row, 'id');
}

/** Another process may be first: then its row is ours. */
function insertLog(database: DatabaseSync, log: string): void {
  const { size, root, frontier, at } = emptyHead;
  const insert = database.prepare(
    `INSERT INTO log (name, size, root, frontier, at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (name) DO NOTHING`,
  );
  insert.run(log, size, root, frontierText(frontier), at);
}
