/** What an owner does with a schema from outside a control plane: bring it up to date, and let roles in. */
import { StorageError } from '../storage.ts';
import { Connections } from './connections.ts';
import { assertCurrent } from './look.ts';
import { type Migrated, migrate, versionOf } from './migrate.ts';
import { newPool } from './pool.ts';
import { isReadOnlySession, storageError } from './postgres-errors.ts';
import { type SchemaName, quoted, schemaName } from './schema-name.ts';

export type { Migrated } from './migrate.ts';

export interface SchemaPlace {
  readonly url: string;
  readonly schema: string;
}

/** Migrations may have to go through whole tables. */
const errandTimeoutMs = 60_000;

/** A place with connections to it, for one errand. */
export interface Visit {
  readonly connections: Connections;
  readonly schema: SchemaName;
}

/**
 * Connects, and lets go whatever happens. `timeoutMs` is how long one statement may take. Rejects with
 * `StorageError`s.
 */
export async function visiting<T>(
  { url, schema }: SchemaPlace,
  use: (visit: Visit) => Promise<T>,
  timeoutMs = errandTimeoutMs,
): Promise<T> {
  const pool = await newPool(url, timeoutMs);
  try {
    const connections = new Connections(pool, 'postgres', timeoutMs);
    return await use({ connections, schema: schemaName(schema) });
  } finally {
    await pool.end();
  }
}

/** Makes the schema or brings it up to date. Several at once, and again, do no harm. */
export function migrateSchema(place: SchemaPlace): Promise<Migrated> {
  return visiting(place, ({ connections, schema }) => migrate(connections, schema, 'postgres'));
}

/** Lets a role read and append, and nothing else. It has to exist. */
export function grantWorker(place: SchemaPlace, role: string): Promise<void> {
  return visiting(place, (visit) => granted(visit, 'grant_worker($1)', [role]));
}

/** Lets a role read the rows of one org, or of all where the org is `*`. It has to exist. */
export function grantReader(place: SchemaPlace, role: string, org: string): Promise<void> {
  return visiting(place, (visit) => granted(visit, 'grant_reader($1, $2)', [role, org]));
}

async function granted(
  { connections, schema }: Visit,
  call: string,
  values: readonly string[],
): Promise<void> {
  const connection = await connections.take();
  try {
    assertCurrent(await versionOf(connection, schema), schema);
    await connection.query(`SELECT ${quoted(schema)}.${call}`, values);
    connection.release();
  } catch (error) {
    connection.release(true);
    throw notTheOwner(storageError(error, 'postgres', false), schema);
  }
}

function notTheOwner(error: StorageError, schema: SchemaName): StorageError {
  if (error.code !== 'read-only' || isReadOnlySession(error.cause)) return error;
  const message = `${error.message}; only the owner of the schema \`${schema}\` lets roles in`;
  return new StorageError('unavailable', message, { cause: error });
}
