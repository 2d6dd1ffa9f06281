/**
 * Looks into a file whose tables or triggers were altered, which the store refuses to open.
 *
 * Whoever takes a trigger away wants to change entries. `verify` has to be able to say which; so the file is
 * copied, the copy gets the triggers of the schema back, and the copy is checked. The file stays as it is.
 */
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { besideFile } from '../storage/sqlite/connection.ts';
import { migrations } from '../storage/sqlite/schema.ts';
import { CommandError } from './exit.ts';
import { isAlteredSchema } from './log-file.ts';
import { temporaryFolder } from './temporary-folder.ts';

export async function withAlteredSchema<T>(
  path: string,
  check: (copy: string) => Promise<T>,
): Promise<T> {
  const folder = temporaryFolder('agent-control-plane-verify-');
  try {
    const copy = join(folder.path, 'copy.db');
    copyFileSync(path, copy);
    const { wal } = besideFile(path);
    if (existsSync(wal)) copyFileSync(wal, `${copy}-wal`);
    restoreTriggers(copy);
    return await check(copy);
  } catch (failure) {
    if (!isAlteredSchema(failure)) throw failure;
    const message = `the tables of \`${path}\` were altered, and its log cannot be read`;
    throw new CommandError(message, 'restore a backup', { cause: failure });
  } finally {
    folder.remove();
  }
}

function restoreTriggers(path: string): void {
  const database = new DatabaseSync(path);
  try {
    const found = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all();
    for (const { name } of found) {
      database.exec(`DROP TRIGGER "${String(name).replaceAll('"', '""')}"`);
    }
    for (const sql of migrations.flatMap(({ statements }) => statements)) {
      if (sql.startsWith('CREATE TRIGGER')) database.exec(sql);
    }
  } finally {
    database.close();
  }
}
