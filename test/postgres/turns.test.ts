/** The queue for the log's head: whoever was never overtaken gives way too, and nobody waits without end. */
import { Client } from 'pg';
import { afterEach, expect, test } from 'vitest';
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

/** Somebody who has the turn, until it is given back. */
async function turnOf({ url, schema }: TestSchema): Promise<() => Promise<unknown>> {
  const client = new Client({ connectionString: url });
  await client.connect();
  cleanups.push(() => client.end());
  await client.query('BEGIN');
  await client.query(
    `SELECT pg_advisory_xact_lock(hashtext('${schema}'), id) FROM ${schema}.log WHERE name = 'main'`,
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
