/** Of all sessions that are open on a database, only those that keep a log's head and stopped are ended. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { schemaName } from '../../src/storage/postgres/schema-name.ts';
import { endStalled } from '../../src/storage/postgres/stalled.ts';
import { newSchema, type TestSchema } from './schema.ts';

let place: TestSchema;
let other: TestSchema;
const clients: Client[] = [];

beforeEach(async () => {
  [place, other] = [newSchema(), newSchema()];
  for (const each of [place, other]) {
    const store = each.open({ listen: false });
    await store.open('main');
    await store.close();
  }
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.end().catch(() => {});
  for (const each of [place, other]) await each.drop();
  await place.sql(`DROP ROLE IF EXISTS ${place.schema}_other`);
});

/** A session in a transaction that has a lock on a table, and whether it is still there. */
async function locking(table: string, url = place.url) {
  const client = new Client({ connectionString: url });
  client.on('error', () => {});
  clients.push(client);
  await client.connect();
  await client.query(`BEGIN; UPDATE ${table} SET at = at WHERE false`);
  return {
    client,
    lives: () =>
      client.query('SELECT').then(
        () => true,
        () => false,
      ),
  };
}

test('whoever began just now, works, has another’s head, or is another role is left alone', async () => {
  // Shorter than an append may take: what is told apart is the same.
  const ms = 2_000;
  const log = `${place.schema}.log`;
  const role = `${place.schema}_other`;
  await place.sql(`CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD 'secret'`);
  const url = new URL(place.url);
  url.username = role;
  url.password = 'secret';
  const stopped = await locking(log);
  const elsewhere = await locking(`${other.schema}.log`);
  const parcels = await locking(`${place.schema}.parcel`);
  const working = await locking(log);
  const foreign = await locking(log, url.href);
  const work = working.client.query(`SELECT pg_sleep(${ms / 1_000 + 3})`).catch(() => {});
  await sleep(ms + 500);
  const quick = await locking(log);
  const { text, values = [] } = endStalled(schemaName(place.schema), ms);
  expect(await place.sql(text, [...values])).toHaveLength(1);
  await expect.poll(stopped.lives).toBe(false);
  for (const each of [elsewhere, parcels, foreign, quick]) expect(await each.lives()).toBe(true);
  await work;
  expect(await working.lives()).toBe(true);
});
