/**
 * Brings the schema up to date, one process at a time, and refuses one that is not as it was made.
 *
 * A worker's role may not make tables: it finds the schema as the owner left it. Migrations are additive
 * unless they are breaking, so workers of the release before go on until then.
 */
import { StorageError } from '../storage.ts';
import { integerCell } from './cells.ts';
import type { Connection, Connections, Rows } from './connections.ts';
import { isReadOnlySession, storageError } from './postgres-errors.ts';
import { migrations, schemaVersion } from './schema.ts';
import { type SchemaName, quoted } from './schema-name.ts';
import { assertUntouched } from './schema-check.ts';

/** Versions of the schema; 0 where there was none. */
export interface Migrated {
  readonly before: number;
  readonly after: number;
}

type Found = 'none' | readonly { readonly number: number; readonly breaking: boolean }[];

/**
 * Throws `not-a-control-plane`, `schema-too-new`, or `unsafe-settings` for a schema that was tampered
 * with.
 */
export async function migrate(
  connections: Connections,
  schema: SchemaName,
  name: string,
): Promise<Migrated> {
  const connection = await connections.take();
  try {
    let version = assertKnown(await find(connection, schema));
    if (version < schemaVersion) version = await migrateAlone(connection, schema);
    await assertUntouched(connection, schema);
    connection.release();
    return { before: version, after: Math.max(version, schemaVersion) };
  } catch (error) {
    // Whatever transaction was under way ends with the connection.
    connection.release(true);
    throw explained(storageError(error, name, false), schema);
  }
}

/** Returns the version that it found. */
async function migrateAlone(connection: Connection, schema: SchemaName): Promise<number> {
  await connection.query('BEGIN ISOLATION LEVEL READ COMMITTED');
  await connection.query('SELECT pg_advisory_xact_lock(hashtext($1), -1)', [schema]);
  // Asked again under the lock: another process may have been first.
  const found = await find(connection, schema);
  const version = assertKnown(found);
  if (found === 'none') {
    await makeSchema(connection, schema);
    await connection.query(`CREATE TABLE ${quoted(schema)}.migration (
      number integer PRIMARY KEY,
      breaking boolean NOT NULL,
      applied timestamptz NOT NULL DEFAULT now()
    )`);
  }
  for (const migration of migrations.slice(version)) {
    const { number, breaking } = migration;
    for (const statement of migration.statements(schema)) await connection.query(statement);
    await connection.query(
      `INSERT INTO ${quoted(schema)}.migration (number, breaking) VALUES ($1, $2)`,
      [number, breaking],
    );
  }
  // CRASH: before COMMIT nothing was done; after it all of it.
  await connection.query('COMMIT');
  return version;
}

/** One that somebody made for its owner is taken as it is: that owner need not be able to make another. */
async function makeSchema(connection: Connection, schema: SchemaName): Promise<void> {
  const [row] = await connection.query('SELECT to_regnamespace($1) IS NULL', [quoted(schema)]);
  if (row?.[0] === true) await connection.query(`CREATE SCHEMA IF NOT EXISTS ${quoted(schema)}`);
}

/** The schema's version as it is, 0 where there is none. Throws as `migrate` does. */
export async function versionOf(connection: Connection, schema: SchemaName): Promise<number> {
  return assertKnown(await find(connection, schema));
}

async function find(connection: Connection, schema: SchemaName): Promise<Found> {
  const [row = []] = await connection.query(
    `SELECT to_regclass($1) IS NOT NULL,
      (SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace($2)::oid)`,
    [`${quoted(schema)}.migration`, quoted(schema)],
  );
  const [exists, tables] = row;
  if (exists !== true) {
    if (integerCell(tables, 'tables') === 0) return 'none';
    const message = `the schema \`${schema}\` holds tables of something else`;
    throw new StorageError('not-a-control-plane', message);
  }
  const rows: Rows = await connection.query(
    `SELECT number, breaking FROM ${quoted(schema)}.migration ORDER BY number`,
  );
  return rows.map(([number, breaking]) => ({
    number: integerCell(number, 'number'),
    breaking: breaking === true,
  }));
}

/** The schema's version. A newer one is fine as long as none of what is new to us is breaking. */
function assertKnown(found: Found): number {
  if (found === 'none') return 0;
  const version = found.at(-1)?.number ?? 0;
  if (!found.some(({ number, breaking }) => number > schemaVersion && breaking)) return version;
  throw new StorageError(
    'schema-too-new',
    `the schema has version ${version}, this release knows ${schemaVersion}: upgrade the package`,
  );
}

function explained(error: StorageError, schema: SchemaName): StorageError {
  // Whom a whole session or server only lets read, a migration would be refused as well.
  if (error.code !== 'read-only' || isReadOnlySession(error.cause)) return error;
  const help = `as the owner of \`${schema}\`, run \`agent-control-plane postgres migrate\``;
  return new StorageError('unavailable', `${error.message}; ${help}`, { cause: error });
}
