/** When a statement counts as unanswered: by what its process could read, and not by its clock alone. */
import { expect, test } from 'vitest';
import { Connections } from '../../src/storage/postgres/connections.ts';
import { newPool } from '../../src/storage/postgres/pool.ts';
import { newSchema } from './schema.ts';

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
    // By then it is on its way.
    await new Promise((done) => void setImmediate(done));
    standStill(stillMs);
    await asked;
    connection.release(true);
  }
  expect(answers).toEqual([[1]]);
  await pool.end();
});
