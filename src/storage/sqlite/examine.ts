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

/**
 * SQLite's `length` ends at a NUL, and what is longer in bytes is not all ASCII. Only a key can be any text:
 * where a kind or a parent shows U+FFFD, `verify` has missed it among the names already.
 */
const oddNames = `SELECT CAST(kind AS BLOB) AS kind, CAST(key AS BLOB) AS key, CAST(parent AS BLOB) AS parent
  FROM record WHERE length(kind) <> octet_length(kind) OR length(parent) <> octet_length(parent)
    OR length(key) <> octet_length(key) OR key GLOB '*[^ -~]*'`;

/**
 * In a few words, or undefined where nothing is found. To be asked in a snapshot. Of the records alone: they
 * are what is looked for by name, and entries and contents are read by `verify` as everybody reads them.
 */
export function problemIn(database: DatabaseSync): string | undefined {
  const [found] = database.prepare('PRAGMA integrity_check(record)').all();
  const [message] = Object.values(found ?? {});
  if (message !== 'ok') return `table record: ${String(message)}`;
  for (const row of database.prepare(oddNames).iterate()) {
    for (const [column, bytes] of Object.entries(row)) {
      if (bytes instanceof Uint8Array && isUtf8(bytes) && !bytes.includes(0)) continue;
      return `table record: a ${column} is no text`;
    }
  }
  return undefined;
}
