/** What the roles of a schema may do: a worker continues the log and nothing else, a reader sees its org (A94). */
import { DatabaseError } from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { verify } from '../../src/engine/index.ts';
import { batchOf } from '../../src/testing/storage-batches.ts';
import { shopPolicy } from '../engine/shop.ts';
import { newSchema, type TestSchema } from './schema.ts';
import { workDay } from './work-day.ts';

let schema: TestSchema;
/** Roles belong to the whole server: each test has its own. */
let role = '';
let as: TestSchema;

beforeEach(async () => {
  schema = newSchema();
  role = `role_${schema.schema}`;
  const store = schema.open();
  await store.open('main');
  await store.close();
  await schema.sql(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
  const url = new URL(schema.url);
  url.username = role;
  url.password = 'secret';
  as = newSchema(url.href, schema.schema);
});

afterEach(async () => {
  await schema.drop();
  await schema.sql(`DROP ROLE ${role}`);
});

async function refusal(work: Promise<unknown>): Promise<string> {
  const failure: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  return failure instanceof DatabaseError ? (failure.code ?? '') : String(failure);
}

test('a worker’s role runs a control plane wholly', async () => {
  await schema.sql(`SELECT $s.grant_worker('${role}')`);
  await workDay(as.open());
  const store = as.open();
  expect((await verify(store)).faults).toEqual([]);
  await store.close();
});

const parcel = { sender: 'somebody', number: 1, text: 'a question' };

test('a worker’s role leaves, takes, answers and takes back parcels, and sees none in the table', async () => {
  await schema.sql(`SELECT $s.grant_worker('${role}')`);
  const [worker, other] = [as.open(), as.open()];
  for (const store of [worker, other]) await store.open('main');
  expect(await worker.turns?.entrust(parcel)).toEqual({ own: { status: 'waiting' } });
  const own = { ...parcel, sender: 'another' };
  expect(await other.turns?.entrust(own)).toEqual({ own: { status: 'waiting' } });
  const sees = 'SELECT sender FROM $s.parcel';
  expect(await as.sql(sees)).toEqual([]);
  const news = { own: { status: 'waiting' }, parcels: [parcel] };
  expect(await other.turns?.take(0, [], own)).toMatchObject(news);
  const parcels = { own, replies: [{ ...parcel, text: 'an answer' }] };
  expect(await other.append({ ...batchOf(0, ['a']), parcels })).toEqual({ status: 'appended' });
  const answered = { status: 'answered', text: 'an answer' };
  expect(await worker.turns?.reclaim(parcel)).toEqual(answered);
  expect(await other.turns?.reclaim(own)).toEqual({ status: 'gone' });
  expect(await as.sql(sees)).toEqual([]);
  expect(await schema.sql(sees)).toHaveLength(2);
  for (const store of [worker, other]) await store.close();
});

const tables = ['log', 'entry', 'content', 'record', 'reader', 'migration', 'parcel'];
const changes = tables.flatMap((table) => [
  `DELETE FROM $s.${table}`,
  `TRUNCATE $s.${table}`,
  `INSERT INTO $s.${table} OVERRIDING SYSTEM VALUE SELECT * FROM $s.${table}`,
]);
const others = [
  'UPDATE $s.log SET size = 0',
  `UPDATE $s.entry SET body = '{}'`,
  'UPDATE $s.content SET salt = NULL, text = NULL',
  `UPDATE $s.record SET value = '{}'`,
  `UPDATE $s.reader SET org = '*'`,
  `UPDATE $s.parcel SET text = NULL, reply = 'forged'`,
  `SELECT * FROM $s.parcel FOR UPDATE`,
  'UPDATE $s.migration SET number = 0',
  `SELECT $s.grant_worker(current_user)`,
  `SELECT $s.grant_reader(current_user, '*')`,
  'DROP TRIGGER entry_never_changes ON $s.entry',
  'ALTER TABLE $s.entry DISABLE TRIGGER ALL',
  'ALTER TABLE $s.entry DISABLE ROW LEVEL SECURITY',
  'CREATE TABLE $s.mine (id integer)',
  'DROP FUNCTION $s.open_log',
  'SET session_replication_role = replica',
];

const workersCalls = [
  `SELECT $s.open_log('other')`,
  `SELECT $s.entrust(1, 'somebody', 2, 'forged')`,
  `SELECT $s.await_reply(1, 'somebody')`,
  `SELECT $s.parcels(1, '')`,
  `SELECT $s.reclaim(1, 'somebody', 1)`,
];

test('a worker’s role can change, add to and empty no table, nor give itself more', async () => {
  await schema.sql(`SELECT $s.grant_worker('${role}')`);
  await workDay(schema.open());
  for (const text of [...changes, ...others]) {
    expect([text, await refusal(as.sql(text))]).toEqual([text, '42501']);
  }
  const store = schema.open();
  expect((await verify(store)).faults).toEqual([]);
  await store.close();
});

/** What row-level security leaves out is not there: no kill, no budget that was spent. */
const refusedInPart = { code: 'unavailable', ambiguous: false };

test('whoever is only a member of a worker’s role, and so sees no row, is refused before it decides', async () => {
  const workers = `${role}_all`;
  await schema.sql(`CREATE ROLE ${workers}; GRANT ${workers} TO ${role}`);
  try {
    await schema.sql(`SELECT $s.grant_worker('${workers}')`);
    const store = as.open();
    await expect(store.open('new')).rejects.toMatchObject(refusedInPart);
    await store.close();
    expect(await schema.sql('SELECT name FROM $s.log')).toEqual([{ name: 'main' }]);
  } finally {
    await schema.sql(`DROP OWNED BY ${workers}; DROP ROLE ${workers}`);
  }
});

test.each([
  ['is renamed', 'ALTER ROLE $r RENAME TO $r_new', 'ALTER ROLE $r_new RENAME TO $r'],
  ['is no reader any more', `DELETE FROM $s.reader WHERE role = '$r'`, 'SELECT'],
])('a worker whose role %s while it is at work is told nothing more', async (_, text, back) => {
  await schema.sql(`SELECT $s.grant_worker('${role}')`);
  const store = as.open({ listen: false });
  await store.open('main');
  await schema.sql(text.replaceAll('$r', role));
  const [own, query] = [
    { sender: 'a', number: 1 },
    { kind: 'kill', limit: 1 },
  ] as const;
  try {
    await expect(store.head()).rejects.toMatchObject(refusedInPart);
    await expect(store.readRecords([])).rejects.toMatchObject(refusedInPart);
    await expect(store.scanRecords(query)).rejects.toMatchObject(refusedInPart);
    for (const keys of [[], [{ kind: 'kill', key: 'system' }]]) {
      expect(await store.turns?.take(0, keys, own)).toBe(undefined);
    }
  } finally {
    await schema.sql(back.replaceAll('$r', role));
    await store.close();
  }
});

test('a worker’s role that is made a reader’s appends no more', async () => {
  await schema.sql(`SELECT $s.grant_worker('${role}')`);
  const store = as.open({ listen: false });
  await store.open('main');
  await schema.sql(`SELECT $s.grant_reader('${role}', '*')`);
  await expect(store.append(batchOf(0, ['a']))).rejects.toMatchObject({ code: 'read-only' });
  await store.close();
  for (const text of workersCalls) expect(await refusal(as.sql(text))).toBe('42501');
  await schema.sql(`SELECT $s.grant_worker('${role}')`);
  await workDay(as.open());
});

const slips = [
  `UPDATE $s.entry SET body = '{}'`,
  'DELETE FROM $s.entry',
  'TRUNCATE $s.entry',
  'UPDATE $s.log SET size = size - 1',
  'UPDATE $s.log SET id = DEFAULT',
  `UPDATE $s.log SET name = 'other'`,
  'DELETE FROM $s.log',
  'TRUNCATE $s.log',
  `UPDATE $s.content SET text = '"another"'`,
  ...['log', 'idx'].map(
    (column) => `UPDATE $s.content SET salt = NULL, text = NULL, ${column} = ${column} + 1000`,
  ),
  `UPDATE $s.content SET salt = NULL, text = NULL, field = field || 's'`,
  'DELETE FROM $s.content',
  'TRUNCATE $s.content',
  'DELETE FROM $s.record',
  'TRUNCATE $s.record',
];

test('to the owner himself a slip in the log is refused, whatever it would change or take away', async () => {
  await workDay(schema.open());
  for (const text of slips) {
    expect([text, await refusal(schema.sql(text))]).toEqual([text, 'P0001']);
  }
  const store = schema.open();
  expect(await verify(store)).toMatchObject({ holds: true, faults: [] });
  await store.close();
});

test.each([
  ['behind the log’s end', 1],
  ['at an old size', -1],
])('an append %s writes nothing', async (_, off) => {
  await schema.sql(`SELECT $s.grant_worker('${role}')`);
  await workDay(schema.open());
  const [{ size } = {}] = await schema.sql('SELECT size FROM $s.log');
  const append = `SELECT $s.append(id, size + $1, previous, '{forged}', '{forged}', '{}', '{}', '{}', '{}',
    '{budget}', '{forged}', '{}', '{true}', '{"{}"}', 'forged', 'forged', '', at, true, true,
    true, NULL, NULL, '{}', '{}', '{}') AS was
    FROM $s.log`;
  expect(await as.sql(append, [off])).toEqual([{ was: size }]);
  const store = schema.open();
  const { faults, head } = await verify(store);
  await store.close();
  expect(faults).toEqual([]);
  expect(head.size).toBe(Number(size));
});

test('a reader’s role sees its own org and no keys', async () => {
  await schema.sql(`SELECT $s.grant_reader('${role}', 'acme')`);
  await workDay(schema.open());
  const orgs = await as.sql(`SELECT DISTINCT body::json -> 'by' ->> 'org' AS org FROM $s.entry`);
  expect(orgs).toEqual([{ org: 'acme' }]);
  const strange = await as.sql(`SELECT count(*)::integer AS count FROM $s.content
    WHERE NOT EXISTS (SELECT FROM $s.entry WHERE entry.log = content.log AND entry.idx = content.idx)`);
  expect(strange).toEqual([{ count: 0 }]);
  const count = 'SELECT count(*)::integer AS count FROM $s.content';
  const [[own], [all]] = [await as.sql(count), await schema.sql(count)];
  expect(own?.['count']).toBeGreaterThan(0);
  expect(own?.['count']).toBeLessThan(Number(all?.['count']));
  const records = await as.sql(`SELECT DISTINCT kind, value::json ->> 'org' AS org FROM $s.record`);
  expect(records).not.toEqual([]);
  expect(new Set(records.map(({ org }) => org))).toEqual(new Set(['acme']));
  expect(records.map(({ kind }) => kind)).not.toContain('key');
  expect(await schema.sql(`SELECT kind FROM $s.record WHERE kind = 'key'`)).toHaveLength(1);
});

test('a policy that forbids NULs hides nothing from a reader, and no other org’s rows are shown', async () => {
  await schema.sql(`SELECT $s.grant_reader('${role}', 'acme')`);
  const when = { path: 'arguments.orderId', contains: '\0\\u0000' } as const;
  const rules = [{ id: 'no-nul', effect: 'deny', when }];
  await workDay(schema.open(), { policy: { ...shopPolicy, rules } });
  const [nul] = await schema.sql(`SELECT FROM $s.entry WHERE body LIKE E'%\\\\\\\\u0000%'`);
  expect(nul).toEqual({});
  for (const table of ['entry', 'content', 'record']) {
    const count = `SELECT count(*)::integer AS count FROM $s.${table}`;
    const [[own], [all]] = [await as.sql(count), await schema.sql(count)];
    expect(own?.['count']).toBeGreaterThan(0);
    expect(own?.['count']).toBeLessThan(Number(all?.['count']));
  }
});

test('a reader’s role with a schema of its own sees no other org by an equality of its own', async () => {
  await schema.sql(`SELECT $s.grant_reader('${role}', 'acme')`);
  await workDay(schema.open());
  await schema.sql(`CREATE SCHEMA ${role} AUTHORIZATION ${role}`);
  await as.sql(`CREATE FUNCTION ${role}.always(text, text) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS 'SELECT true'`);
  await as.sql(
    `CREATE OPERATOR ${role}.= (FUNCTION = ${role}.always, LEFTARG = text, RIGHTARG = text)`,
  );
  await schema.sql(`ALTER ROLE ${role} SET search_path = ${role}, pg_catalog`);
  const seen = await as.sql(`SELECT DISTINCT body::json -> 'by' ->> 'org' AS org FROM $s.entry`);
  await schema.sql(`DROP SCHEMA ${role} CASCADE`);
  expect(seen).toEqual([{ org: 'acme' }]);
});

test('a reader’s role sees no parcel, of whatever org it may see', async () => {
  const store = schema.open();
  await store.open('main');
  await store.turns?.entrust(parcel);
  await store.close();
  for (const org of ['acme', '*']) {
    await schema.sql(`SELECT $s.grant_reader('${role}', '${org}')`);
    expect(await as.sql('SELECT * FROM $s.parcel')).toEqual([]);
  }
  expect(await schema.sql('SELECT text FROM $s.parcel')).toEqual([{ text: 'a question' }]);
});

test('a reader’s role changes nothing and gives itself no other org', async () => {
  await schema.sql(`SELECT $s.grant_reader('${role}', 'acme')`);
  for (const text of [...changes, ...others, ...workersCalls]) {
    expect([text, await refusal(as.sql(text))]).toEqual([text, '42501']);
  }
});
