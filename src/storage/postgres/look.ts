/** Opens a log to look at it: reads, and refuses what is not there, in place of making it. */
import { StorageError } from '../storage.ts';
import { integerCell } from './cells.ts';
import type { Connection, Connections } from './connections.ts';
import { versionOf } from './migrate.ts';
import { storageError } from './postgres-errors.ts';
import { schemaVersion } from './schema.ts';
import { assertUntouched } from './schema-check.ts';
import { type SchemaName, quoted } from './schema-name.ts';
import { unsafeSettings } from './settings.ts';
import { partOnly, seesWhole } from './whole.ts';

export interface LogPlace {
  readonly schema: SchemaName;
  readonly log: string;
  /** The store's, for messages. */
  readonly name: string;
}

/**
 * The id of the log. Throws `unavailable` for what is missing or not to be read as a whole, and what
 * `migrate` throws; with `acceptAltered` not for a schema that was tampered with.
 */
export async function lookUp(
  connections: Connections,
  { schema, log, name }: LogPlace,
  acceptAltered: boolean,
): Promise<number> {
  // Nothing is committed here. Text has to come back byte for byte all the same.
  await unsafeSettings(connections, true);
  const connection = await connections.take();
  try {
    assertCurrent(await versionOf(connection, schema), schema);
    if (!acceptAltered) await assertUntouched(connection, schema);
    const [row] = await connection.query(`SELECT ${seesWhole(schema)}`);
    if (row?.[0] !== true) throw partOnly();
    const id = await idOf(connection, schema, log);
    connection.release();
    return id;
  } catch (error) {
    connection.release(true);
    throw storageError(error, name, false);
  }
}

/** Throws `unavailable` for a schema that is missing or older than this release. */
export function assertCurrent(version: number, schema: SchemaName): void {
  if (version >= schemaVersion) return;
  const what =
    version === 0
      ? `there is no schema \`${schema}\` with a log in it`
      : `the schema has version ${version}, older than this release's ${schemaVersion}`;
  const help = 'as its owner, run `agent-control-plane postgres migrate`';
  throw new StorageError('unavailable', `${what}; ${help}`);
}

async function idOf(connection: Connection, schema: SchemaName, log: string): Promise<number> {
  const [row] = await connection.query(`SELECT id FROM ${quoted(schema)}.log WHERE name = $1`, [
    log,
  ]);
  if (row === undefined) throw new StorageError('unavailable', `it has no log \`${log}\``);
  return integerCell(row[0], 'id');
}
