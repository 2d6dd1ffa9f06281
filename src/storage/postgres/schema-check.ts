/**
 * Compares the triggers, functions, columns, keys, row policies, owners and rights in the database with those
 * of the migrations: one that was taken away, changed or switched off unlocks the log, and one that was added
 * could change what is written, or let somebody write past the function that appends.
 */
import { StorageError } from '../storage.ts';
import { textCell } from './cells.ts';
import type { Connection } from './connections.ts';
import { migrations, schemaVersion } from './schema.ts';
import { type SchemaName, quoted } from './schema-name.ts';
import { policyConditions, presentIn } from './schema-present.ts';

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

/** Whether it has its owner's rights, the settings that it runs under, and its text. */
function describedFunction([, , terms = '', text = '']: RegExpExecArray): string {
  const path = /SET search_path = (.*?) AS/.exec(terms)?.[1];
  const settings = path === undefined ? [] : [`search_path=${path}`];
  return [/SECURITY DEFINER/.test(terms) ? 't' : 'f', ...settings, text].join(' ');
}

const types: Readonly<Record<string, string>> = { timestamptz: 'timestamp with time zone' };

/** The columns and keys of a table that a statement makes. */
function describedTable(table: string, columns: string): readonly (readonly [string, string])[] {
  // Commas between parentheses are part of a key.
  return columns.split(/,\s*(?![^(]*\))/).flatMap((text): (readonly [string, string])[] => {
    const key = /^\s*(PRIMARY KEY \(.*\))/.exec(text)?.[1];
    if (key !== undefined) return [[`key of ${table}, ${key}`, '']];
    const [, name, type = '', more = ''] = /^\s*(\w+) ([a-z]+)(.*)/.exec(text) ?? [];
    if (name === undefined) return [];
    const own = [[`column ${name} of ${table}`, (types[type] ?? type) + collated(more)]] as const;
    const kind = /PRIMARY KEY|UNIQUE/.exec(more)?.[0];
    return kind === undefined ? [...own] : [...own, [`key of ${table}, ${kind} (${name})`, '']];
  });
}

function collated(more: string): string {
  return / COLLATE "\w+"/.exec(more)?.[0] ?? '';
}

/** What is expected, read out of the statements themselves: as `kind name`. */
function expected(schema: SchemaName): ReadonlyMap<string, string> {
  const found = new Map([['session_replication_role of this session', 'origin']]);
  for (const statement of migrations.flatMap((each) => each.statements(schema))) {
    const trigger = triggerPattern.exec(statement);
    if (trigger !== null) found.set(`trigger ${trigger[1]}`, describedTrigger(trigger));
    const policy = /^CREATE POLICY (\w+) ON "\w+"\.(\w+) FOR SELECT/.exec(statement);
    if (policy !== null) {
      const name = `${policy[1]} of ${policy[2]}`;
      found.set(`policy ${name}`, `r t {0} ${policyConditions[name]}`);
    }
    const procedure = /^CREATE FUNCTION "\w+"\.(\w+)\(([^$]*)\$\$([^]*)\$\$$/.exec(statement);
    if (procedure !== null) found.set(`function ${procedure[1]}`, describedFunction(procedure));
    const secured = /^ALTER TABLE "\w+"\.(\w+) ENABLE ROW LEVEL SECURITY$/.exec(statement)?.[1];
    if (secured !== undefined) found.set(`row security of ${secured}`, 'true');
    const made = /^CREATE (?:UNLOGGED )?TABLE "\w+"\.(\w+) \(([^]*?)\)(?: WITH \([^]*\))?$/.exec(
      statement,
    );
    const [, table = '', columns = ''] = made ?? [];
    for (const [name, value] of describedTable(table, columns)) found.set(name, value);
  }
  return found;
}

/** What the owner makes and has to himself: nothing of these kinds may be there that is not expected. */
const lockKinds = /^(?:trigger|policy|rule|grant|owner|unlogged table|child) /;

/**
 * Throws `unsafe-settings`. A schema that is newer than this release is left to the release that knows it.
 */
export async function assertUntouched(connection: Connection, schema: SchemaName): Promise<void> {
  const rows = await connection.query(
    `SELECT max(number) FROM ${quoted(schema)}.migration HAVING max(number) > ${schemaVersion}`,
  );
  if (rows.length > 0) return;
  const found = new Map(
    (await connection.query(presentIn(schema))).map(([name, value]) => [
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
    if (known.has(name) || !lockKinds.test(name)) continue;
    throw new StorageError('unsafe-settings', `the schema was tampered with: ${name} is new`);
  }
}
