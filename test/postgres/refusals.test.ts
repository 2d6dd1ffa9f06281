/** What a PostgreSQL server, its settings, rights or schema can do to a control plane: nothing is permitted. */
import { randomInt } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ControlPlane, guard, openControlPlane } from '../../src/index.ts';
import { postgres } from '../../src/storage/postgres/postgres-storage.ts';
import { batchOf } from '../../src/testing/storage-batches.ts';
import { openShop, read, shopPolicy } from '../engine/shop.ts';
import { causeOf, newSchema, type TestSchema } from './schema.ts';

let place: TestSchema;
let worker: string;
let planes: ControlPlane[];
beforeEach(async () => {
  place = newSchema();
  worker = `${place.schema}_worker`;
  planes = [];
});
afterEach(async () => {
  for (const plane of planes) await plane.close().catch(() => {});
  await place.drop();
  const [found] = await place.sql(`SELECT FROM pg_roles WHERE rolname = '${worker}'`);
  if (found !== undefined) await place.sql(`DROP OWNED BY ${worker}; DROP ROLE ${worker}`);
});

/** A control plane of a worker's role, on a schema that its owner made. */
async function workerPlane(): Promise<ControlPlane> {
  const owner = place.open();
  await owner.open('main');
  await owner.close();
  await place.sql(`CREATE ROLE ${worker} LOGIN PASSWORD 'secret'`);
  await place.sql(`SELECT $s.grant_worker('${worker}')`);
  const url = new URL(place.url);
  url.username = worker;
  url.password = 'secret';
  const storage = postgres(url.href, { schema: place.schema, listen: false });
  const plane = await openControlPlane({ storage, agents: ['bot'] });
  planes.push(plane);
  return plane;
}

function opening(plane: ControlPlane) {
  const principal = plane.identity.assert({ id: 'service:desk', org: 'acme', roles: ['agent'] });
  return plane.openSession({ principal, agent: 'bot' });
}

/**
 * Makes the server close the worker's connections, so that it connects anew. Whoever calls before he has heard
 * of that is told so.
 */
async function reconnected(): Promise<void> {
  await place.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE usename = '${worker}'`);
}

const size = async () => (await place.sql('SELECT size FROM $s.log'))[0]?.['size'];

/** An index of PostgreSQL has rows of 2,704 bytes at most; characters that repeat would be packed. */
test('a call on a long resource that is locked takes no other call down with it', async () => {
  const locks = [{ actions: ['order.read'], mode: 'exclusive' }] as const;
  const plane = await openShop(place.open(), { policy: { ...shopPolicy, locks } });
  planes.push(plane);
  const principal = plane.identity.assert({ id: 'service:desk', org: 'acme', roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'bot' });
  const codes = Array.from({ length: 1_000 }, () => 0x4e_00 + randomInt(20_000));
  const orders = [String.fromCharCode(...codes), 'o-1', 'o-2'];
  const reading = orders.map((orderId) => guard(session, read)({ orderId }));
  expect(await Promise.all(reading)).toHaveLength(3);
});

test('a commit that the server could not order is refused, though the log is as long as it was', async () => {
  const storage = place.open({ listen: false });
  const { size: before } = await storage.open('main');
  await place.sql(`DO $do$ BEGIN
    EXECUTE replace(pg_get_functiondef('$s.append'::regproc), 'IF NOT in_accept_unsafe AND',
      'RAISE EXCEPTION ''unordered'' USING ERRCODE = ''40001''; IF NOT in_accept_unsafe AND');
  END $do$`);
  const refused = { code: 'busy', ambiguous: false };
  await expect(storage.append(batchOf(before, ['a']))).rejects.toMatchObject(refused);
  expect((await storage.head()).size).toBe(before);
  await storage.close();
});

test('a server that is not there is unavailable', async () => {
  const storage = postgres('postgres://nobody@127.0.0.1:1/nothing');
  const opened = openControlPlane({ storage });
  await expect(opened).rejects.toMatchObject({ code: 'unavailable', ambiguous: false });
});

test('a role that is told to lose commits appends nothing, until it is told otherwise', async () => {
  const plane = await workerPlane();
  await place.sql(`ALTER ROLE ${worker} SET synchronous_commit = off`);
  await reconnected();
  const before = await size();
  await expect.poll(() => causeOf(opening(plane))).toBe('unsafe-settings');
  expect(await size()).toBe(before);
  await place.sql(`ALTER ROLE ${worker} RESET synchronous_commit`);
  await reconnected();
  await expect.poll(() => causeOf(opening(plane))).toBeUndefined();
});

test('where nothing may be written nothing is permitted', async () => {
  const plane = await workerPlane();
  await place.sql(`ALTER ROLE ${worker} SET default_transaction_read_only = on`);
  await reconnected();
  await expect.poll(() => causeOf(opening(plane))).toBe('read-only');
});

test('a breaking migration under a running worker stops its next commit', async () => {
  const plane = await workerPlane();
  await place.sql('ALTER FUNCTION $s.append RENAME TO append_2');
  const before = await size();
  await expect(opening(plane)).rejects.toMatchObject({
    code: 'store-unavailable',
    cause: { code: 'schema-too-new' },
  });
  expect(await size()).toBe(before);
});

test('a role whose rights are taken appends nothing', async () => {
  const plane = await workerPlane();
  await place.sql(`REVOKE EXECUTE ON FUNCTION $s.append FROM ${worker}`);
  const before = await size();
  await expect(opening(plane)).rejects.toMatchObject({
    code: 'store-unavailable',
    cause: { code: 'read-only' },
  });
  expect(await size()).toBe(before);
});

test('tables of something else are refused and stay as they were', async () => {
  await place.sql('CREATE SCHEMA $s');
  await place.sql('CREATE TABLE $s.orders (id integer)');
  const opened = openControlPlane({ storage: place.open() });
  await expect(opened).rejects.toMatchObject({ code: 'not-a-control-plane' });
  const tables = await place.sql(`SELECT tablename FROM pg_tables WHERE schemaname = '$s'`);
  expect(tables).toEqual([{ tablename: 'orders' }]);
});
