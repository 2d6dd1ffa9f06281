/** The queue for the log's head: whoever was never overtaken gives way too, and nobody waits without end. */
import { Client } from 'pg';
import { afterEach, expect, test } from 'vitest';
import { appendMs } from '../../src/storage/postgres/schema.ts';
import { batchOf } from '../../src/testing/storage-batches.ts';
import { newSchema, type TestSchema } from './schema.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function opened() {
  const schema = newSchema();
  cleanups.push(() => schema.drop());
  const store = schema.open();
  cleanups.push(() => store.close());
  await store.open('main');
  return { schema, store };
}

/** A connection in a transaction. */
async function begun({ url, schema }: TestSchema): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  // The server ends it in one of the tests.
  client.on('error', () => {});
  cleanups.push(() => client.end());
  await client.query(`BEGIN; SET LOCAL search_path = ${schema}`);
  return client;
}

/** Somebody who has the turn, until it is given back. */
async function turnOf(place: TestSchema): Promise<() => Promise<unknown>> {
  const client = await begun(place);
  await client.query(
    `SELECT pg_advisory_xact_lock(hashtext('${place.schema}'), id) FROM log WHERE name = 'main'`,
  );
  return () => client.query('COMMIT');
}

async function waiting({ sql, schema }: TestSchema): Promise<number> {
  const [row] = await sql(
    `SELECT count(*) FROM pg_locks
      WHERE locktype = 'advisory' AND NOT granted AND classid = hashtext('${schema}')::oid`,
  );
  return Number(row?.['count']);
}

test('an append gives way to whoever has the turn, and is made once it is given back', async () => {
  const { schema, store } = await opened();
  const give = await turnOf(schema);
  let isDone = false;
  const append = store.append(batchOf(0, ['a'])).finally(() => (isDone = true));
  await expect.poll(() => waiting(schema)).toBe(1);
  expect(isDone).toBe(false);
  expect(await schema.sql('SELECT * FROM $s.entry')).toEqual([]);
  await give();
  expect(await append).toEqual({ status: 'appended' });
});

test('an append goes on without a turn that nobody gives back', async () => {
  const { schema, store } = await opened();
  await turnOf(schema);
  expect(await store.append(batchOf(0, ['a']))).toEqual({ status: 'appended' });
});

test('what came with the turn is what the log holds, and no entry is told of twice', async () => {
  const { schema, store } = await opened();
  const other = schema.open();
  cleanups.push(() => other.close());
  await other.open('main');
  const first = batchOf(0, ['a', 'b', 'c']);
  await other.append(first);
  expect(await store.append(batchOf(0, ['x']))).toEqual({ status: 'conflict', size: 3 });
  expect(await store.readEntries(0, 2)).toEqual(first.entries.slice(0, 2));
  expect(await store.readEntries(0, 10)).toEqual(first.entries);
  expect(await store.append(batchOf(3, ['d']))).toEqual({ status: 'appended' });
});

test('the transaction of an append has an end that the server keeps, from version 17 on', async () => {
  const { schema } = await opened();
  const client = await begun(schema);
  await client.query(`SELECT append(id, size, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
    previous, root, frontier, at, false, true) FROM log`);
  const { rows } = await client.query<{ version: number; end: string | null }>(
    `SELECT current_setting('server_version_num')::integer AS version,
      current_setting('transaction_timeout', true) AS end`,
  );
  const bound = `${appendMs / 1_000}s`;
  expect(rows.map(({ version, end }) => [version >= 170_000, end])).toEqual(
    Number(rows[0]?.version) >= 170_000 ? [[true, bound]] : [[false, null]],
  );
});

test('whoever has the log’s head and does not go on is ended by those who wait for it', async () => {
  const { schema, store } = await opened();
  const client = await begun(schema);
  // As an append would, but without its end.
  await client.query('UPDATE log SET at = at');
  const append = () => store.append(batchOf(0, ['a'])).catch(({ code }: { code: string }) => code);
  expect(await append()).toBe('busy');
  await expect.poll(append).toEqual({ status: 'appended' });
  await expect(client.query('COMMIT')).rejects.toBeInstanceOf(Error);
});
