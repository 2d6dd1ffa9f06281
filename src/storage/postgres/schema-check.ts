/**
 * Compares the triggers, functions and row policies in the database with those of the migrations: one that
 * was taken away or switched off unlocks the log, and one that was added could change what is written.
 */
import { StorageError } from '../storage.ts';
import { textCell } from './cells.ts';
import type { Connection } from './connections.ts';
import { migrations, schemaVersion } from './schema.ts';
import { type SchemaName, quoted } from './schema-name.ts';

const triggerPattern = new RegExp(
  [
    String.raw`^CREATE TRIGGER (\w+) BEFORE ([A-Z ]+) ON "\w+"\.(\w+)`,
    String.raw`FOR EACH (ROW|STATEMENT)(\s+WHEN[^]*)?`,
    String.raw`EXECUTE FUNCTION "\w+"\.(\w+)`,
  ].join(String.raw`\s+`),
);
/** Bits of `tgtype`, https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_trigger.h. */
const triggerBits: Readonly<Record<string, number>> = { DELETE: 8, UPDATE: 16, TRUNCATE: 32 };

/** Enabled, its table, when it fires, what it calls, whether on a condition, and on which columns only. */
function describedTrigger([, , events = '', table, level, when, called]: RegExpExecArray): string {
  const bits = events.split(' OR ').map((event) => triggerBits[event] ?? 0);
  const type = bits.reduce((sum, bit) => sum + bit, level === 'ROW' ? 3 : 2);
  return ['O', table, type, called, when !== undefined, ''].join(' ');
}

/** What is expected, read out of the statements themselves: as `kind name`, functions with their text. */
function expected(schema: SchemaName): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const statement of migrations.flatMap((each) => each.statements(schema))) {
    const trigger = triggerPattern.exec(statement);
    if (trigger !== null) found.set(`trigger ${trigger[1]}`, describedTrigger(trigger));
    const policy = /^CREATE POLICY (\w+) ON "\w+"\.(\w+) FOR SELECT/.exec(statement);
    if (policy !== null) found.set(`policy ${policy[1]} of ${policy[2]}`, 'r');
    const procedure = /^CREATE FUNCTION "\w+"\.(\w+)\([^$]*\$\$([^]*)\$\$$/.exec(statement);
    if (procedure !== null) found.set(`function ${procedure[1]}`, procedure[2] ?? '');
    const secured = /^ALTER TABLE "\w+"\.(\w+) ENABLE ROW LEVEL SECURITY$/.exec(statement)?.[1];
    if (secured !== undefined) found.set(`row security of ${secured}`, 'true');
  }
  return found;
}

const present = `
  SELECT 'trigger ' || tgname,
      concat_ws(' ', tgenabled, relname, tgtype, proname, (tgqual IS NOT NULL)::text, tgattr::text)
    FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid
    WHERE relnamespace = $1::regnamespace AND NOT tgisinternal
  UNION ALL
  SELECT 'policy ' || polname || ' of ' || relname, polcmd::text FROM pg_policy
    JOIN pg_class ON pg_class.oid = polrelid WHERE relnamespace = $1::regnamespace
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
    if (known.has(name) || !/^(?:trigger|policy) /.test(name)) continue;
    throw new StorageError('unsafe-settings', `the schema was tampered with: ${name} is new`);
  }
}
