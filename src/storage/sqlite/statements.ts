/**
 * Every statement of the hot path, prepared once per connection, and the way from rows to the
 * contract's shapes.
 *
 * One prepared statement per row is the fastest way in: a commit of 64 entries, 64 contents and
 * 130 records takes 0.83 ms this way, 1.05 ms with 16 rows a statement, 1.46 ms over json_each.
 */
import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { StorageError } from '../storage.ts';
import type { Head, RecordQuery, StoredContent, StoredEntry, StoredRecord } from '../storage.ts';

type Row = Record<string, SQLOutputValue>;

const recordColumns = 'kind, key, parent, live, value';

export class Statements {
  readonly begin: StatementSync;
  readonly beginWrite: StatementSync;
  readonly commit: StatementSync;
  readonly rollback: StatementSync;
  readonly size: StatementSync;
  readonly head: StatementSync;
  readonly entries: StatementSync;
  readonly contents: StatementSync;
  readonly record: StatementSync;
  readonly insertEntry: StatementSync;
  readonly insertContent: StatementSync;
  readonly putRecord: StatementSync;
  readonly moveRecord: StatementSync;
  readonly updateHead: StatementSync;
  readonly #database: DatabaseSync;
  readonly #scans = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    const prepare = (sql: string) => database.prepare(sql);
    this.#database = database;
    this.begin = prepare('BEGIN');
    this.beginWrite = prepare('BEGIN IMMEDIATE');
    this.commit = prepare('COMMIT');
    this.rollback = prepare('ROLLBACK');
    this.size = prepare('SELECT size FROM log WHERE id = ?');
    this.head = prepare('SELECT size, previous, root, frontier, at FROM log WHERE id = ?');
    this.entries = prepare(
      'SELECT idx, body, leaf FROM entry WHERE log = ? AND idx >= ? ORDER BY idx LIMIT ?',
    );
    this.contents = prepare(
      `SELECT idx, field, salt, text FROM content
      WHERE log = ? AND idx >= ? AND idx < ? AND text IS NOT NULL ORDER BY idx, field`,
    );
    this.record = prepare(
      `SELECT ${recordColumns} FROM record WHERE log = ? AND kind = ? AND key = ?`,
    );
    this.insertEntry = prepare('INSERT INTO entry (log, idx, body, leaf) VALUES (?, ?, ?, ?)');
    this.insertContent = prepare(
      'INSERT INTO content (log, idx, field, salt, text) VALUES (?, ?, ?, ?, ?)',
    );
    // Naming `parent` in SET would rewrite its index entry each time; it hardly ever changes.
    this.putRecord = prepare(
      `INSERT INTO record (log, kind, key, parent, live, value) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (log, kind, key) DO UPDATE SET live = excluded.live, value = excluded.value
      WHERE parent = excluded.parent`,
    );
    this.moveRecord = prepare(
      `UPDATE record SET parent = ?4, live = ?5, value = ?6
      WHERE log = ?1 AND kind = ?2 AND key = ?3`,
    );
    this.updateHead = prepare(
      'UPDATE log SET size = ?, previous = ?, root = ?, frontier = ?, at = ? WHERE id = ?',
    );
  }

  scan(log: number, query: RecordQuery): StoredRecord[] {
    const { kind, parent, live, after, limit } = query;
    const where = ['log = ? AND kind = ?'];
    const values: (string | number)[] = [log, kind];
    if (parent !== undefined) {
      // The literal lets SQLite use the partial index.
      where.push(parent === '' ? 'parent = ?' : "parent = ? AND parent <> ''");
      values.push(parent);
    }
    if (live !== undefined) where.push(live ? 'live = 1' : 'live = 0');
    if (after !== undefined) {
      where.push('key > ?');
      values.push(after);
    }
    const sql = `SELECT ${recordColumns} FROM record WHERE ${where.join(' AND ')}
      ORDER BY key LIMIT ?`;
    const statement = this.#scans.get(sql) ?? this.#database.prepare(sql);
    this.#scans.set(sql, statement);
    return statement.all(...values, limit).map(recordOf);
  }
}

export function headOf(row: Row): Head {
  return {
    size: count(row, 'size'),
    previous: row['previous'] === null ? null : text(row, 'previous'),
    root: text(row, 'root'),
    frontier: frontierOf(text(row, 'frontier')),
    at: count(row, 'at'),
  };
}

export function entryOf(row: Row): StoredEntry {
  return { index: count(row, 'idx'), body: text(row, 'body'), leaf: text(row, 'leaf') };
}

export function contentOf(row: Row): StoredContent {
  const [field, salt, content] = [text(row, 'field'), text(row, 'salt'), text(row, 'text')];
  return { index: count(row, 'idx'), field, salt, text: content };
}

export function recordOf(row: Row): StoredRecord {
  return {
    kind: text(row, 'kind'),
    key: text(row, 'key'),
    parent: text(row, 'parent'),
    live: row['live'] === 1,
    value: text(row, 'value'),
  };
}

/** An integer of a row; somebody else's file can hold anything. */
export function count(row: Row | undefined, column: string): number {
  const value = row?.[column];
  if (typeof value === 'number') return value;
  throw new StorageError('corrupt', `column \`${column}\` does not hold a number`);
}

function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === 'string') return value;
  throw new StorageError('corrupt', `column \`${column}\` does not hold text`);
}

/** Hashes are hex, so a space parts them. */
export function frontierText(frontier: readonly string[]): string {
  return frontier.join(' ');
}

function frontierOf(stored: string): readonly string[] {
  return stored === '' ? [] : stored.split(' ');
}
