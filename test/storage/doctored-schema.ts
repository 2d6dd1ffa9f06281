/** Files whose indexes are not those of their tables, as whoever has the file can make them. */
import { DatabaseSync } from 'node:sqlite';

/** Fills the index, or those of the table, as if it had been made by other words, which nobody sees after it. */
export function reindexAs(path: string, name: string, from: string, to: string): void {
  const raw = new DatabaseSync(path);
  try {
    raw.enableDefensive?.(false);
    const row = raw.prepare('SELECT sql FROM sqlite_schema WHERE name = ?').get(name);
    const words = String(row?.['sql']);
    for (const [sql, then] of [
      [words.replace(from, to), `REINDEX ${name}`],
      [words, ''],
    ] as const) {
      raw.exec('PRAGMA writable_schema = ON');
      raw.prepare('UPDATE sqlite_schema SET sql = ? WHERE name = ?').run(sql, name);
      raw.exec('PRAGMA writable_schema = RESET');
      raw.exec(then);
    }
  } finally {
    raw.close();
  }
}
