/**
 * The tables of a fresh SQLite file, as they are in `sql-schema.sql`. A published migration is never edited:
 * a change of this file comes with a new migration, and with a test that opens an older file.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { SqliteDatabase } from '../../src/storage/sqlite/sqlite-database.ts';

test('a fresh file has the pinned schema', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sql-schema-'));
  try {
    const path = join(folder, 'control-plane.db');
    const store = new SqliteDatabase(path);
    store.open('main');
    store.close();
    // Vitest would write a file that is not there, and call it a match.
    expect(existsSync(join(import.meta.dirname, 'sql-schema.sql'))).toBe(true);
    await expect(dump(path)).toMatchFileSnapshot('sql-schema.sql');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function dump(path: string): string {
  const database = new DatabaseSync(path, { readOnly: true });
  const pragmas = ['application_id', 'user_version'].map((name) => {
    const [value] = Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {});
    return `PRAGMA ${name} = ${String(value)};`;
  });
  const objects = database
    .prepare('SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name')
    .all()
    .map(({ sql }) => `${String(sql)};`);
  database.close();
  return `${[...pragmas, ...objects].join('\n\n')}\n`;
}
