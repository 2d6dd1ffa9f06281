/**
 * Tampers with a copy of the log's file as a careful intruder would: takes the trigger away that forbids it,
 * turns a denial into an allow, and puts the trigger back.
 */
import { copyFileSync, existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

export interface Tampering {
  readonly path: string;
  /** The entry that was changed. */
  readonly index: number;
}

/** Changes entry `index` in a copy at `path`. The file must not be open. */
export function tamperedCopy(file: string, path: string, index: number): Tampering {
  copyFileSync(file, path);
  if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${path}-wal`);
  const database = new DatabaseSync(path);
  try {
    const trigger = database
      .prepare("SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = ?")
      .get('entry_never_changes');
    database.exec('DROP TRIGGER entry_never_changes');
    const { changes } = database
      .prepare(`UPDATE entry SET body = replace(body, '"outcome":"deny"', '"outcome":"allow"')
        WHERE idx = ? AND body LIKE '%"outcome":"deny"%'`)
      .run(index);
    if (changes !== 1) throw new Error(`entry ${index} is not a denial`);
    database.exec(String(trigger?.['sql']));
  } finally {
    database.close();
  }
  return { path, index };
}
