/** What there is to know of a schema and its server for whoever operates them. Changes nothing. */
import { type SchemaPlace, type Visit, visiting } from './administer.ts';
import { integerCell, textCell } from './cells.ts';
import type { Connection, Rows } from './connections.ts';
import { Listener, type ListenerState } from './listener.ts';
import { versionOf } from './migrate.ts';
import { storageError } from './postgres-errors.ts';
import { schemaVersion } from './schema.ts';
import { assertUntouched } from './schema-check.ts';
import { type SchemaName, quoted, schemaName } from './schema-name.ts';
import { durabilitySettings, unsafeSettings } from './settings.ts';
import { seesWhole } from './whole.ts';

export interface Examination {
  readonly server: {
    readonly version: string;
    readonly standby: boolean;
    /** The settings that durability rests on, as they are for this session. */
    readonly settings: Readonly<Record<string, string>>;
    /** Those under which a commit may be lost, as `name = value`. */
    readonly unsafe: readonly string[];
    readonly connections: number;
    readonly connectionsMax: number;
  };
  readonly standbys: {
    /** `synchronous_standby_names`: empty where no commit waits for another server. */
    readonly names: string;
    /** Null where the role may not see them. */
    readonly connected: number | null;
    readonly synchronous: number | null;
  };
  readonly role: {
    readonly name: string;
    readonly owner: boolean;
    readonly appends: boolean;
    /** Whether it sees every row; false where there is no schema that it may look at. */
    readonly whole: boolean;
  };
  readonly schema: {
    readonly name: string;
    /** 0 where there is none. */
    readonly version: number;
    readonly known: number;
    /** Why it cannot be used, where that is so. */
    readonly problem: string | null;
  };
  readonly notifications: ListenerState;
  /** Of all transactions of the database that the role may see: without `pg_read_all_stats` its own. */
  readonly oldestTransactionSeconds: number;
  readonly allTransactionsSeen: boolean;
  readonly tables: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly deadRows: number;
  }[];
  readonly logs: readonly { readonly name: string; readonly size: number; readonly at: number }[];
}

/** What a healthy server answers at once; one that does not is a finding. */
const timeoutMs = 5_000;

/** Rejects with a `StorageError` where the server cannot be asked, or can keep no log at all. */
export function examine(place: SchemaPlace): Promise<Examination> {
  return visiting(place, examined, timeoutMs);
}

async function examined(visit: Visit): Promise<Examination> {
  const { connections, schema } = visit;
  const unsafe = await unsafeSettings(connections, true);
  const connection = await connections.take();
  try {
    const server = await serverOf(connection, unsafe);
    const found = await schemaOf(connection, schema);
    const isThere = found.version > 0;
    const examination = {
      server,
      standbys: await standbysOf(connection),
      role: { ...(await roleOf(connection, schema)), whole: await isWhole(connection, found) },
      schema: found,
      ...(await oldestTransaction(connection)),
      tables: isThere ? await tablesOf(connection, schema) : [],
      logs: isThere ? await logsOf(connection, schema) : [],
    };
    connection.release();
    const notifications = server.standby ? 'not-delivered' : await deliveryTo(visit);
    return { ...examination, notifications };
  } catch (error) {
    connection.release(true);
    throw storageError(error, 'postgres', false);
  }
}

async function serverOf(
  connection: Connection,
  unsafe: readonly string[],
): Promise<Examination['server']> {
  const list = durabilitySettings.map((name) => `current_setting('${name}')`).join(', ');
  const [row = []] = await connection.query(
    `SELECT current_setting('server_version'), pg_is_in_recovery(),
      (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
      current_setting('max_connections')::int, ${list}`,
  );
  const [version, standby, used, most, ...values] = row;
  const settings = durabilitySettings.map(
    (name, at) => [name, textCell(values[at], name)] as const,
  );
  return {
    version: textCell(version, 'server_version'),
    standby: standby === true,
    settings: Object.fromEntries(settings),
    unsafe,
    connections: integerCell(used, 'connections'),
    connectionsMax: integerCell(most, 'max_connections'),
  };
}

/** The view shows its columns to superusers and members of `pg_monitor` alone. */
async function standbysOf(connection: Connection): Promise<Examination['standbys']> {
  const [row = []] = await connection.query(
    `SELECT current_setting('synchronous_standby_names'),
      pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'), count(*),
      count(*) FILTER (WHERE sync_state IN ('sync', 'quorum') AND state = 'streaming')
      FROM pg_stat_replication`,
  );
  const [names, visible, connected, synchronous] = row;
  return {
    names: textCell(names, 'synchronous_standby_names'),
    connected: visible === true ? integerCell(connected, 'connected') : null,
    synchronous: visible === true ? integerCell(synchronous, 'synchronous') : null,
  };
}

async function isWhole(
  connection: Connection,
  { name, version }: Examination['schema'],
): Promise<boolean> {
  if (version === 0) return false;
  const [row] = await connection.query(`SELECT ${seesWhole(schemaName(name))}`);
  return row?.[0] === true;
}

async function roleOf(
  connection: Connection,
  schema: SchemaName,
): Promise<Omit<Examination['role'], 'whole'>> {
  const [row = []] = await connection.query(
    `SELECT current_user,
      coalesce((SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = $1), false),
      coalesce((SELECT has_function_privilege(pg_proc.oid, 'EXECUTE') FROM pg_proc
        JOIN pg_namespace ON pg_namespace.oid = pronamespace
        WHERE nspname = $1 AND proname = 'append'), false)`,
    [schema],
  );
  const [name, owner, appends] = row;
  return { name: textCell(name, 'current_user'), owner: owner === true, appends: appends === true };
}

async function schemaOf(
  connection: Connection,
  schema: SchemaName,
): Promise<Examination['schema']> {
  const known = { name: schema, known: schemaVersion };
  let version = 0;
  try {
    version = await versionOf(connection, schema);
    if (version > 0) await assertUntouched(connection, schema);
    return { ...known, version, problem: null };
  } catch (error) {
    // A role that may not even look at the schema is a finding, and no failure.
    const { message } = storageError(error, 'postgres', false);
    return { ...known, version, problem: message.replace('postgres: ', '') };
  }
}

async function oldestTransaction(
  connection: Connection,
): Promise<Pick<Examination, 'oldestTransactionSeconds' | 'allTransactionsSeen'>> {
  const [row] = await connection.query(
    `SELECT coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0)::int,
      pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')
      FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
  return {
    oldestTransactionSeconds: integerCell(row?.[0], 'seconds'),
    allTransactionsSeen: row?.[1] === true,
  };
}

async function tablesOf(
  connection: Connection,
  schema: SchemaName,
): Promise<Examination['tables']> {
  const rows: Rows = await connection.query(
    `SELECT relname, pg_total_relation_size(relid::regclass), n_dead_tup FROM pg_stat_user_tables
      WHERE schemaname = $1 ORDER BY relname`,
    [schema],
  );
  return rows.map(([name, bytes, dead]) => ({
    name: textCell(name, 'relname'),
    bytes: integerCell(bytes, 'bytes'),
    deadRows: integerCell(dead, 'n_dead_tup'),
  }));
}

async function logsOf(connection: Connection, schema: SchemaName): Promise<Examination['logs']> {
  const rows: Rows = await connection.query(
    `SELECT name, size, at FROM ${quoted(schema)}.log ORDER BY name`,
  );
  return rows.map(([name, size, at]) => ({
    name: textCell(name, 'name'),
    size: integerCell(size, 'size'),
    at: integerCell(at, 'at'),
  }));
}

/** No log has the id 0: only the listener's own trial is heard. */
async function deliveryTo({ connections, schema }: Visit): Promise<ListenerState> {
  const listener = new Listener(connections, schema, 0, () => {});
  await listener.start();
  const { state } = listener;
  listener.close();
  return state;
}
