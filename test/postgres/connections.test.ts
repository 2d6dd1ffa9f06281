/** When a statement counts as unanswered, and what is asked once more. */
import { expect, test } from 'vitest';
import { Connections, type Statement } from '../../src/storage/postgres/connections.ts';
import { newPool } from '../../src/storage/postgres/pool.ts';
import { StorageError } from '../../src/storage/storage.ts';
import { newSchema, type TestSchema } from './schema.ts';

const timeoutMs = 1_000;

function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test('a process that stood still for longer than an answer may take has the answer that came meanwhile', async () => {
  const pool = await newPool(newSchema().url, 60_000);
  const connections = new Connections(pool, 'test', timeoutMs);
  const answers: unknown[] = [];
  // The server of a busy machine may not have answered within the first of these times.
  for (let stillMs = 1_200; answers.length === 0 && stillMs < 30_000; stillMs *= 2) {
    const connection = await connections.take();
    const asked = connection.query('SELECT 1').then(
      (rows) => answers.push(...rows),
      () => {},
    );
    // It is on its way: a socket writes at once what it can. Nothing is read before the time is over.
    standStill(stillMs);
    await asked;
    connection.release(true);
  }
  expect(answers).toEqual([['1']]);
  await pool.end();
});

test('a process is not kept alive by the time that answers might have taken', async () => {
  const pool = await newPool(newSchema().url, 60_000);
  const connections = new Connections(pool, 'test', 3_600_000);
  const timers = () =>
    process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
  const connection = await connections.take();
  const before = timers();
  for (let query = 0; query < 50; query += 1) await connection.query('SELECT 1');
  // Others of this process come and go; fifty would be those.
  expect(timers() - before).toBeLessThan(25);
  connection.release(true);
  await pool.end();
});

/** A statement whose server process ends each time but the one of this number; and how often it was begun. */
async function ending(schema: TestSchema, survives: number) {
  await schema.sql('CREATE SCHEMA $s');
  await schema.sql('CREATE SEQUENCE $s.begun');
  const text = `SELECT CASE WHEN nextval('${schema.schema}.begun') <> ${survives}
    THEN pg_terminate_backend(pg_backend_pid()) AND pg_sleep(60) IS NULL END`;
  const begun = async () => (await schema.sql('SELECT last_value::int AS begun FROM $s.begun'))[0];
  return { statement: { text } satisfies Statement, begun };
}

test.each([
  ['is read is asked once more', 'read', 2, 'answered', 2],
  ['is read is asked no third time', 'read', 3, 'unavailable', 2],
  ['may be written is never asked again', 'write', 2, 'unavailable', 1],
] as const)('after a connection was lost, what %s', async (_, way, survives, expected, times) => {
  const schema = newSchema();
  const pool = await newPool(schema.url, 60_000);
  const connections = new Connections(pool, 'test', 30_000);
  const { statement, begun } = await ending(schema, survives);
  const told = await connections[way](statement).then(
    () => 'answered',
    (failure: unknown) => (StorageError.is(failure) ? failure.code : String(failure)),
  );
  expect(told).toBe(expected);
  expect(await begun()).toEqual({ begun: times });
  await pool.end();
  await schema.drop();
});
