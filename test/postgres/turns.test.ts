/** The queue for the log's head: whoever was never overtaken gives way too, and nobody waits without end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterEach, expect, test } from 'vitest';
import { postgres } from '../../src/storage/postgres/postgres-storage.ts';
import { appendMs } from '../../src/storage/postgres/schema.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { type Connection, Connections } from '../../src/storage/postgres/connections.ts';
import { newPool } from '../../src/storage/postgres/pool.ts';
import { schemaName } from '../../src/storage/postgres/schema-name.ts';
import { Statements } from '../../src/storage/postgres/statements.ts';
import { idleMs, Turn } from '../../src/storage/postgres/turn.ts';
import { batchOf, recordOf } from '../../src/testing/storage-batches.ts';
import { Proxy } from './proxy.ts';
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

/** How many have the turn, or wait for it. */
async function turnsThat(how: 'granted' | 'NOT granted', place: TestSchema): Promise<number> {
  const [row] = await place.sql(
    `SELECT count(*) FROM pg_locks
      WHERE locktype = 'advisory' AND ${how} AND classid = hashtext('${place.schema}')::oid`,
  );
  return Number(row?.['count']);
}

/** Names a parcel that nobody left. */
const nobody = { sender: 'nobody', number: 0 };

test('an append gives way to whoever has the turn, and waits for its own', async () => {
  const { schema, store } = await opened();
  const give = await turnOf(schema);
  expect(await store.append(batchOf(0, ['a']))).toEqual({ status: 'conflict', size: 0 });
  expect(await schema.sql('SELECT * FROM $s.entry')).toEqual([]);
  expect(store.turns?.wanted).toBe(true);
  let isDone = false;
  const taken = store.turns?.take(0, [], nobody).finally(() => (isDone = true));
  await expect.poll(() => turnsThat('NOT granted', schema)).toBe(1);
  expect(isDone).toBe(false);
  await give();
  expect(await taken).toMatchObject({ head: { size: 0 }, entries: [], records: [] });
  expect(await store.append(batchOf(0, ['a']))).toEqual({ status: 'appended' });
});

test('a turn ends with its append: the next in the queue has it', async () => {
  const { schema, store } = await opened();
  const other = schema.open();
  cleanups.push(() => other.close());
  await other.open('main');
  await store.turns?.take(0, [], nobody);
  const next = other.turns?.take(0, [], nobody);
  const batch = batchOf(0, ['a', 'b'], { records: [recordOf('kind', 'key')] });
  expect(await store.append(batch)).toEqual({ status: 'appended' });
  expect(await next).toMatchObject({ head: batch.head, entries: batch.entries });
});

test('a COMMIT that the server answers with ROLLBACK committed nothing, and is not taken for a commit', async () => {
  const { schema, store } = await opened();
  const proxy = await Proxy.start(schema.url);
  cleanups.push(() => proxy.close());
  const behind = postgres(proxy.url, { schema: schema.schema });
  cleanups.push(() => behind.close());
  await behind.open('main');
  await behind.turns?.take(0, [], nobody);
  proxy.failsTransactions = 1;
  await expect(behind.append(batchOf(0, ['a']))).rejects.toMatchObject({
    code: 'unavailable',
    // Whoever appended looks for it: this server says what became of it, a pooler might not.
    ambiguous: true,
    message: expect.stringContaining('the server did not commit: ROLLBACK') as unknown,
  });
  expect(proxy.failsTransactions).toBe(0);
  expect(await schema.sql('SELECT * FROM $s.entry')).toEqual([]);
  // The connection is not used again, and the log goes on from where it was.
  expect((await behind.head()).size).toBe(0);
  expect(await store.append(batchOf(0, ['b']))).toEqual({ status: 'appended' });
});

test('a turn that nothing is appended under is given back', async () => {
  const { schema, store } = await opened();
  await store.turns?.take(0, [], nobody);
  // Whoever asks for it after that gets it.
  expect(await turnOf(schema)).toBeTypeOf('function');
});

test('an append goes on without a turn that nobody gives back', async () => {
  const { schema, store } = await opened();
  await turnOf(schema);
  expect(await store.append(batchOf(0, ['a']))).toEqual({ status: 'conflict', size: 0 });
  expect(await store.turns?.take(0, [], nobody)).toBeUndefined();
  expect(await store.append(batchOf(0, ['a']))).toEqual({ status: 'appended' });
});

test('an append whose turn was over before it came goes on without one', async () => {
  const { schema, store } = await opened();
  await store.turns?.take(0, [], nobody);
  await turnOf(schema);
  // Timers run in the order of their times: the store has noticed by now, too.
  await sleep(1);
  expect(await store.append(batchOf(0, ['a']))).toEqual({ status: 'appended' });
});

test('a turn that was over too soon is kept for longer the next time', async () => {
  const { schema, store } = await opened();
  for (let attempts = 0; ; attempts += 1) {
    expect(attempts).toBeLessThan(20);
    await store.turns?.take(0, [], nobody);
    await sleep(2 * idleMs);
    if ((await turnsThat('granted', schema)) > 0) break;
  }
});

test('of processes that all decide for longer than a turn is kept at first, each gets on', async () => {
  const { schema, store } = await opened();
  const other = schema.open();
  cleanups.push(() => other.close());
  await other.open('main');
  const decideMs = 400;
  let attempts = 0;
  const appendTwice = async (slow: Storage): Promise<void> => {
    for (let appended = 0; appended < 2; attempts += 1) {
      const news = await slow.turns?.take(0, [], nobody);
      const { size } = news?.head ?? (await slow.head());
      await sleep(decideMs);
      const append = slow.append(batchOf(size, [`${attempts}`]));
      // A machine that stood still loses its turn without a sign: then it is not known, and tried again.
      const { status } = await append.catch(() => ({ status: 'in-doubt' }));
      if (status === 'appended') appended += 1;
    }
  };
  await Promise.all([store, other].map(appendTwice));
  // A conflict means that the other has appended, and never that it only has the turn.
  expect(attempts).toBeLessThan(20);
});

/** Connections, and what was sent on those that were taken. */
class Told extends Connections {
  readonly texts: string[] = [];

  override async take(): Promise<Connection> {
    const connection = await super.take();
    return {
      ...connection,
      query: (text, values) => {
        this.texts.push(text);
        return connection.query(text, values);
      },
      queryAll: (statements) => {
        this.texts.push(...statements.map(({ text }) => text));
        return connection.queryAll(statements);
      },
    };
  }
}

test('a process that is quick again has its turns for no longer than at first', async () => {
  const { schema } = await opened();
  const pool = await newPool(schema.url, 60_000);
  cleanups.push(() => pool.end());
  const connections = new Told(pool, 'test', 30_000);
  const name = schemaName(schema.schema);
  const [row] = await schema.sql(`SELECT id::int AS log FROM $s.log WHERE name = 'main'`);
  const statements = new Statements(name, false);
  const place = { connections, statements, schema: name, log: Number(row?.['log']), name: 'test' };
  const turn = new Turn(place);
  const idle = () =>
    /idle_in_transaction_session_timeout = (\d+)/.exec(connections.texts.join())?.[1];
  const taken = async (): Promise<string | undefined> => {
    connections.texts.length = 0;
    await turn.take(0, [], nobody);
    return idle();
  };
  expect(await taken()).toBe(`${idleMs}`);
  while (turn.held) await sleep(10);
  expect(turn.isOverdue).toBe(true);
  expect(Number(await taken())).toBeGreaterThan(idleMs);
  // A machine that stands still in between makes a slow one of a quick one.
  for (let kept = Number.POSITIVE_INFINITY; kept > idleMs; kept = Number(await taken())) {
    if (turn.held) await turn.append({ text: 'SELECT 1' });
  }
  await turn.leave();
});

test('with the turn comes what the log holds from the index on, and the records asked for', async () => {
  const { schema, store } = await opened();
  const other = schema.open();
  cleanups.push(() => other.close());
  await other.open('main');
  const first = batchOf(0, ['a', 'b', 'c'], { records: [recordOf('kind', 'key')] });
  await other.append(first);
  expect(await store.append(batchOf(0, ['x']))).toEqual({ status: 'conflict', size: 3 });
  const keys = [...first.records, { kind: 'kind', key: 'none' }];
  const came = { head: first.head, entries: first.entries.slice(1), records: first.records };
  const news = { ...came, own: { status: 'gone' }, parcels: [] };
  expect(await store.turns?.take(1, keys, nobody)).toEqual(news);
  expect(await store.append(batchOf(3, ['d']))).toEqual({ status: 'appended' });
});

test('the transaction of an append has an end that the server keeps, from version 17 on', async () => {
  const { schema } = await opened();
  const client = await begun(schema);
  await client.query(`SELECT append(id, size, previous, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
    previous, root, frontier, at, false, true, true, NULL, NULL, '{}', '{}', '{}') FROM log`);
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
