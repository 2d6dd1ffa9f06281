/**
 * Whether what SQLite finds by an index is what it finds by reading the table. Whoever writes the file can
 * make an index that is not its table's: then `verify`, which reads all records of a kind in their order,
 * sees a budget, and a control plane, which looks for it by its key, sees none.
 *
 * The same with a key that is not what Node shows of it: older releases end a text at its first NUL, and all
 * of them write U+FFFD for bytes that are no UTF-8.
 */
import { isUtf8 } from 'node:buffer';
import type { DatabaseSync } from 'node:sqlite';

const tables = ['log', 'entry', 'content', 'record'] as const;

/** What records and contents are found by: nearly always ASCII. SQLite's `length` ends at a NUL. */
const names = [
  ['log', 'name'],
  ['content', 'field'],
  ['record', 'kind'],
  ['record', 'key'],
  ['record', 'parent'],
] as const;

/** In a few words, or undefined where nothing is found. To be asked in a snapshot. */
export function problemIn(database: DatabaseSync): string | undefined {
  for (const table of tables) {
    // Of one table with all its indexes: what others keep in the file is theirs.
    const [found] = database.prepare(`PRAGMA integrity_check(${table})`).all();
    const [message] = Object.values(found ?? {});
    if (message !== 'ok') return `table ${table}: ${String(message)}`;
  }
  for (const [table, column] of names) {
    const odd = database.prepare(
      `SELECT CAST(${column} AS BLOB) AS bytes FROM ${table}
      WHERE ${column} GLOB '*[^ -~]*' OR length(${column}) < length(CAST(${column} AS BLOB))`,
    );
    for (const { bytes } of odd.iterate()) {
      if (bytes instanceof Uint8Array && isUtf8(bytes) && !bytes.includes(0)) continue;
      return `table ${table}: a ${column} is no text`;
    }
  }
  return undefined;
}
