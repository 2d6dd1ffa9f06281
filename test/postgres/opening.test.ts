/** When the store opens, and when it refuses to: settings, versions, foreign tables, and tampering (I21). */
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openShop, staff } from '../engine/shop.ts';
import { numbered } from '../storage/batches.ts';
import { causeOf, newSchema, type TestSchema } from './schema.ts';
import { startServer } from './server.ts';

let schema: TestSchema;

beforeEach(() => {
  schema = newSchema();
});

afterEach(() => schema.drop());

/** Opens and closes; the code of what it throws, or `opened`, and the message. */
async function opening(of = schema, options = {}): Promise<readonly [string, string]> {
  const store = of.open(options);
  try {
    await store.open('main');
    return ['opened', store.durable ? 'durable' : 'not durable'];
  } catch (failure) {
    const { code = '', message = '' } = failure as { code?: string; message?: string };
    return [code, message];
  } finally {
    await store.close();
  }
}

test('eight that open a database for the first time at once make one schema', async () => {
  const opened = await Promise.all(Array.from({ length: 8 }, () => opening()));
  expect(opened).toEqual(Array.from({ length: 8 }, () => ['opened', 'durable']));
  expect(await schema.sql('SELECT number FROM $s.migration')).toEqual([{ number: 1 }]);
  expect(await schema.sql('SELECT name FROM $s.log')).toEqual([{ name: 'main' }]);
});

test('a schema with tables of something else is refused, and left alone', async () => {
  await schema.sql('CREATE SCHEMA $s');
  await schema.sql('CREATE TABLE $s.orders (id integer)');
  expect((await opening())[0]).toBe('not-a-control-plane');
  expect(await schema.sql(`SELECT tablename FROM pg_tables WHERE schemaname = '$s'`)).toEqual([
    { tablename: 'orders' },
  ]);
});

test('a newer schema is refused where it is breaking, and opened where it is not', async () => {
  await opening();
  await schema.sql('INSERT INTO $s.migration (number, breaking) VALUES (2, false)');
  expect((await opening())[0]).toBe('opened');
  await schema.sql('INSERT INTO $s.migration (number, breaking) VALUES (3, true)');
  expect((await opening())[0]).toBe('schema-too-new');
});

test('a process of the release before decides nothing after a breaking migration', async () => {
  const plane = await openShop(schema.open());
  await schema.sql('ALTER FUNCTION $s.append RENAME TO append_2');
  const session = plane.openSession({ principal: staff(plane).billing, agent: 'bot' });
  await expect(session).rejects.toMatchObject({
    code: 'store-unavailable',
    cause: { code: 'schema-too-new' },
  });
  await plane.close();
});

const create = 'CREATE TRIGGER entry_never_changes BEFORE';
const tampering = [
  ['a trigger is gone', 'DROP TRIGGER log_never_shrinks ON $s.log'],
  ['a trigger is off', 'ALTER TABLE $s.entry DISABLE TRIGGER entry_never_goes'],
  ['triggers are for replicas', 'ALTER TABLE $s.entry ENABLE REPLICA TRIGGER entry_never_goes'],
  [
    'a trigger never fires',
    `DROP TRIGGER entry_never_changes ON $s.entry; ${create} UPDATE OR DELETE ON $s.entry
      FOR EACH ROW WHEN (false) EXECUTE FUNCTION $s.refuse_change()`,
  ],
  [
    'a trigger fires for one column',
    `DROP TRIGGER entry_never_changes ON $s.entry; ${create} UPDATE OF idx OR DELETE ON $s.entry
      FOR EACH ROW EXECUTE FUNCTION $s.refuse_change()`,
  ],
  [
    'a trigger stands elsewhere',
    `DROP TRIGGER entry_never_changes ON $s.entry; ${create} UPDATE OR DELETE ON $s.migration
      FOR EACH ROW EXECUTE FUNCTION $s.refuse_change()`,
  ],
  [
    'a trigger is new',
    `CREATE TRIGGER extra BEFORE INSERT ON $s.entry
      FOR EACH ROW EXECUTE FUNCTION $s.refuse_change()`,
  ],
  [
    'a function does something else',
    `CREATE OR REPLACE FUNCTION $s.refuse_change() RETURNS trigger LANGUAGE plpgsql
      AS $$ BEGIN RETURN new; END $$`,
  ],
  // Their text is another, and their meaning the same.
  ...['entrust', 'await_reply', 'parcels', 'reclaim'].map(
    (name) =>
      [
        `${name} is altered`,
        `DO $do$ BEGIN
          EXECUTE replace(pg_get_functiondef('$s.${name}'::regproc), 'BEGIN', 'BEGIN PERFORM 1;');
        END $do$`,
      ] as const,
  ),
  ...['entry', 'content', 'record', 'log', 'reader', 'migration'].map(
    (table) => [`${table} is lost by a crash`, `ALTER TABLE $s.${table} SET UNLOGGED`] as const,
  ),
  ['row security of parcels is off', 'ALTER TABLE $s.parcel DISABLE ROW LEVEL SECURITY'],
  ['parcels are shown', 'CREATE POLICY open_house ON $s.parcel FOR SELECT USING (true)'],
  ['a role may leave parcels', 'GRANT INSERT ON $s.parcel TO pg_monitor'],
  ['everybody may take parcels', 'GRANT EXECUTE ON FUNCTION $s.parcels TO PUBLIC'],
  ['a function is gone', 'DROP FUNCTION $s.grant_worker'],
  ['row security is off', 'ALTER TABLE $s.record DISABLE ROW LEVEL SECURITY'],
  ['row security is for the owner, too', 'ALTER TABLE $s.log FORCE ROW LEVEL SECURITY'],
  ['a policy is gone', 'DROP POLICY own_org ON $s.content'],
  ['a policy is new', 'CREATE POLICY open_house ON $s.record FOR SELECT USING (true)'],
  ['a policy shows everything', 'ALTER POLICY own_org ON $s.entry USING (true)'],
  [
    'a policy asks a table of another schema',
    `CREATE TABLE public.$s_reader (role name, org text);
      ALTER POLICY own_org ON $s.entry USING ((SELECT $s.reads_all()) OR body::json -> 'by' ->> 'org'
        = (SELECT org FROM public.$s_reader AS reader WHERE role = current_user))`,
  ],
  ['a policy is for one role', 'ALTER POLICY own_org ON $s.entry TO pg_monitor'],
  ['a function has its caller’s rights', 'ALTER FUNCTION $s.append SECURITY INVOKER'],
  ['a function looks elsewhere', 'ALTER FUNCTION $s.append RESET search_path'],
  [
    'a function has a namesake',
    `CREATE FUNCTION $s.append(integer) RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint';
      REVOKE ALL ON FUNCTION $s.append(integer) FROM PUBLIC`,
  ],
  [
    'a rule swallows what is written',
    'CREATE RULE none AS ON INSERT TO $s.entry DO INSTEAD NOTHING',
  ],
  ['a table is somebody else’s', 'ALTER TABLE $s.reader OWNER TO pg_monitor'],
  ...['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER'].map(
    (right) =>
      [`a role has the right to ${right}`, `GRANT ${right} ON $s.record TO pg_monitor`] as const,
  ),
  ['everybody may write', 'GRANT INSERT ON $s.entry TO PUBLIC'],
  ['a role may write one column', 'GRANT UPDATE (size) ON $s.log TO pg_monitor'],
  ['everybody may append', 'GRANT EXECUTE ON FUNCTION $s.append TO PUBLIC'],
  ['a role may make functions in it', 'GRANT CREATE ON SCHEMA $s TO pg_monitor'],
  // A child's rows are its parent's, and the parent's triggers and keys do not hold them.
  ...['log', 'entry', 'content', 'record', 'parcel', 'reader'].map(
    (table) => [`${table} has a child`, `CREATE TABLE $s.child () INHERITS ($s.${table})`] as const,
  ),
  ['records need not be one for each key', 'ALTER TABLE $s.record DROP CONSTRAINT record_pkey'],
  ['entries need not be one for each index', 'ALTER TABLE $s.entry DROP CONSTRAINT entry_pkey'],
  ['two logs may have one name', 'ALTER TABLE $s.log DROP CONSTRAINT log_name_key'],
  [
    'a key is looked at late',
    `ALTER TABLE $s.entry DROP CONSTRAINT entry_pkey, ADD PRIMARY KEY (log, idx) DEFERRABLE`,
  ],
  [
    'keys are ordered by a language',
    'ALTER TABLE $s.record ALTER parent TYPE text COLLATE "und-x-icu"',
  ],
  [
    'keys are not told apart by case',
    `CREATE COLLATION $s.loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      ALTER TABLE $s.record ALTER key TYPE text COLLATE $s.loose`,
  ],
  [
    'a collation has the name of another',
    `CREATE COLLATION $s."C" (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      ALTER TABLE $s.record ALTER key TYPE text COLLATE $s."C"`,
  ],
  ['a column pads what is written', 'ALTER TABLE $s.entry ALTER leaf TYPE char(80)'],
  [
    'a column makes its own values',
    `ALTER TABLE $s.log DROP frontier;
      ALTER TABLE $s.log ADD frontier text GENERATED ALWAYS AS ('') STORED`,
  ],
] as const;

test.each(tampering)('a schema is refused where %s', async (_, text) => {
  await opening();
  await schema.sql(text);
  const [code, message] = await opening();
  expect(code).toBe('unsafe-settings');
  expect(message).toContain('tampered with');
});

test('a role for which no trigger fires is refused, and opens once they do', async () => {
  const name = `${schema.schema}_replica`;
  await opening();
  await schema.sql(`CREATE ROLE ${name} LOGIN SUPERUSER PASSWORD 'replica'`);
  try {
    const url = Object.assign(new URL(schema.url), { username: name, password: 'replica' });
    const as = newSchema(url.href, schema.schema);
    await schema.sql(`ALTER ROLE ${name} SET session_replication_role = replica`);
    const [code, message] = await opening(as);
    expect([code, message]).toEqual([
      'unsafe-settings',
      expect.stringContaining('session_replication_role of this session was changed'),
    ]);
    await schema.sql(`ALTER ROLE ${name} SET session_replication_role = local`);
    expect(await opening(as)).toEqual(['opened', 'durable']);
  } finally {
    await schema.sql(`DROP ROLE ${name}`);
  }
});

const none = `CREATE FUNCTION $s.none() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
  CREATE TRIGGER none BEFORE INSERT OR UPDATE ON $s`;
const each = 'FOR EACH ROW EXECUTE FUNCTION $s.none()';

test.each([
  ['a trigger on the head', `${none}.log ${each}`],
  ['a trigger on entries', `${none}.entry ${each}`],
  ['a trigger on contents', `${none}.content ${each}`],
  ['a trigger on records', `${none}.record ${each}`],
  ['a rule', 'CREATE RULE none AS ON INSERT TO $s.entry DO INSTEAD NOTHING'],
])('nothing is acknowledged that %s keeps from being written', async (_, text) => {
  const plane = await openShop(schema.open());
  const [before] = await schema.sql('SELECT size FROM $s.log');
  await schema.sql(text);
  const session = plane.openSession({ principal: staff(plane).billing, agent: 'bot' });
  await expect(session).rejects.toMatchObject({
    code: 'store-unavailable',
    cause: { code: 'unsafe-settings' },
  });
  expect(await schema.sql('SELECT size FROM $s.log')).toEqual([before]);
  await plane.close();
});

test('an owner for whom somebody made the schema need not be able to make one', async () => {
  const owner = `${schema.schema}_owner`;
  await schema.sql(`CREATE ROLE ${owner} LOGIN PASSWORD 'owner'`);
  try {
    await schema.sql(`CREATE SCHEMA $s AUTHORIZATION ${owner}`);
    const url = Object.assign(new URL(schema.url), { username: owner, password: 'owner' });
    expect(await opening(newSchema(url.href, schema.schema))).toEqual(['opened', 'durable']);
  } finally {
    await schema.sql(`DROP OWNED BY ${owner}; DROP ROLE ${owner}`);
  }
});

test('a right to read, and the owner’s own rights, are no tampering', async () => {
  await opening();
  await schema.sql('GRANT SELECT ON ALL TABLES IN SCHEMA $s TO PUBLIC');
  await schema.sql('GRANT ALL ON ALL TABLES IN SCHEMA $s TO current_user');
  await schema.sql('GRANT ALL ON SCHEMA $s TO current_user');
  expect((await opening())[0]).toBe('opened');
});

test('a schema whose name is a word of SQL, and one on the session’s path, are opened again', async () => {
  const url = new URL(schema.url);
  url.searchParams.set('options', `-c search_path=user -c quote_all_identifiers=on`);
  const word = newSchema(url.href, 'user');
  try {
    expect(await opening(word)).toEqual(['opened', 'durable']);
    expect(await opening(word)).toEqual(['opened', 'durable']);
  } finally {
    await word.sql('DROP SCHEMA "user" CASCADE');
  }
});

test.each([
  'standard_conforming_strings=off',
  'backslash_quote=off',
  'array_nulls=off',
  'client_encoding=LATIN1',
  'DateStyle=SQL',
  'default_transaction_isolation=serializable',
])('a schema is the same under a session’s %s', async (setting) => {
  await opening();
  const url = new URL(schema.url);
  url.searchParams.set('options', `-c ${setting}`);
  const same = newSchema(url.href, schema.schema);
  const store = same.open();
  const head = await store.open('main');
  const key = { kind: 'lock', key: `\\'"{,}é€😀\n\u0001` };
  const record = { ...key, parent: '', live: false, value: `"\\u0000 NULL é€😀"` };
  const batch = { ...numbered(head.size), entries: [], contents: [], records: [record], head };
  expect(await store.append(batch)).toEqual({ status: 'appended' });
  expect((await store.readRecords([key])).records).toEqual([record]);
  await store.close();
});

test('of a session that only reads it is said that it does, and not to migrate', async () => {
  const url = new URL(schema.url);
  url.searchParams.set('options', '-c default_transaction_read_only=on');
  const [code, message] = await opening(newSchema(url.href, schema.schema));
  expect(code).toBe('read-only');
  expect(message).toContain('read-only transaction');
  expect(message).not.toContain('migrate');
});

test('a session that does not wait for the disk is refused', async () => {
  const url = new URL(schema.url);
  url.searchParams.set('options', '-c synchronous_commit=off');
  const [code, message] = await opening(newSchema(url.href, schema.schema));
  expect(code).toBe('unsafe-settings');
  expect(message).toContain('synchronous_commit is off');
});

test('a server that does not wait for its disk is refused, or acknowledged with a warning', async () => {
  const server = await startServer(['-c', 'fsync=off']);
  try {
    const there = newSchema(server.url);
    const [code, message] = await opening(there);
    expect(code).toBe('unsafe-settings');
    expect(message).toContain('fsync is off');
    const warned = once(process, 'warning') as Promise<[Error]>;
    expect(await opening(there, { acceptLostCommits: true })).toEqual(['opened', 'not durable']);
    const [warning] = await warned;
    expect(warning.message).toContain('may lose acknowledged commits: fsync = off');
  } finally {
    await server.remove();
  }
});

test('a setting that is lost while the store is open ends its commits', async () => {
  const role = `role_${schema.schema}`;
  await opening();
  await schema.sql(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
  await schema.sql(`SELECT $s.grant_worker('${role}')`);
  const url = new URL(schema.url);
  url.username = role;
  url.password = 'secret';
  const plane = await openShop(newSchema(url.href, schema.schema).open());
  await schema.sql(`ALTER ROLE ${role} SET synchronous_commit = off`);
  await schema.sql(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${role}'`,
  );
  const { billing } = staff(plane);
  // The first may meet a connection that was ended, and be told so.
  const opens = () => plane.openSession({ principal: billing, agent: 'bot' });
  await expect.poll(() => causeOf(opens()), { timeout: 30_000 }).toBe('unsafe-settings');
  await plane.close();
  await schema.drop();
  await schema.sql(`DROP ROLE ${role}`);
});
