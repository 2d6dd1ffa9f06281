/**
 * Compares the triggers, functions and row policies in the database with those of the migrations: one that
 * was taken away or switched off unlocks the log, and one that was added could change what is written.
 */
import { StorageError } from '../storage.ts';
import { textCell } from './cells.ts';
import type { Connection } from './connections.ts';
import { migrations, schemaVersion } from './schema.ts';
import { type SchemaName, quoted } from './schema-name.ts';

/** What is expected, read out of the statements themselves: as `kind name`, functions with their text. */
function expected(schema: SchemaName): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const statement of migrations.flatMap((each) => each.statements(schema))) {
    const trigger = /^CREATE TRIGGER (\w+)/.exec(statement)?.[1];
    if (trigger !== undefined) found.set(`trigger ${trigger}`, 'O');
    const procedure = /^CREATE FUNCTION "\w+"\.(\w+)\([^$]*\$\$([^]*)\$\$$/.exec(statement);
    if (procedure !== null) found.set(`function ${procedure[1]}`, procedure[2] ?? '');
    const secured = /^ALTER TABLE "\w+"\.(\w+) ENABLE ROW LEVEL SECURITY$/.exec(statement)?.[1];
    if (secured !== undefined) found.set(`row security of ${secured}`, 'true');
  }
  return found;
}

const present = `
  SELECT 'trigger ' || tgname, tgenabled::text FROM pg_trigger
    JOIN pg_class ON pg_class.oid = tgrelid
    WHERE relnamespace = $1::regnamespace AND NOT tgisinternal
  UNION ALL
  SELECT 'function ' || proname, prosrc FROM pg_proc WHERE pronamespace = $1::regnamespace
  UNION ALL
  SELECT 'row security of ' || relname, relrowsecurity::text FROM pg_class
    WHERE relnamespace = $1::regnamespace AND relkind = 'r' AND relrowsecurity`;

/**
 * Throws `unsafe-settings`. A schema that is newer than this release is left to the release that knows it.
 */
export async function assertUntouched(connection: Connection, schema: SchemaName): Promise<void> {
  const rows = await connection.query(
    `SELECT max(number) FROM ${quoted(schema)}.migration HAVING max(number) > ${schemaVersion}`,
  );
  if (rows.length > 0) return;
  const found = new Map(
    (await connection.query(present, [quoted(schema)])).map(([name, value]) => [
      textCell(name, 'name'),
      textCell(value, 'value'),
    ]),
  );
  for (const [name, value] of expected(schema)) {
    if (found.get(name) === value) continue;
    const what = found.has(name) ? 'was changed' : 'is missing';
    throw new StorageError('unsafe-settings', `the schema was tampered with: ${name} ${what}`);
  }
  const known = expected(schema);
  for (const name of found.keys()) {
    if (known.has(name) || !name.startsWith('trigger ')) continue;
    throw new StorageError('unsafe-settings', `the schema was tampered with: ${name} is new`);
  }
}
