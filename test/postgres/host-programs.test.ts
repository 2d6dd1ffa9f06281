/** What a host's program brings along: a pool of its own, and ways of its own to read what the driver reads. */
import { Pool, types } from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { verify } from '../../src/engine/index.ts';
import { postgres } from '../../src/storage/postgres/postgres-storage.ts';
import { examine } from '../../src/storage/postgres/examine.ts';
import { newSchema, type TestSchema } from './schema.ts';
import { workDay } from './work-day.ts';

let place: TestSchema;
beforeEach(() => {
  place = newSchema();
});
afterEach(() => place.drop());

const { BOOL, INT4, INT8, TEXT } = types.builtins;

test('a program that reads numbers, truths and texts in ways of its own has a store as ever', async () => {
  const before = ([BOOL, INT4, INT8, TEXT] as const).map(
    (type) => [type, types.getTypeParser(type) as (text: string) => unknown] as const,
  );
  types.setTypeParser(INT8, BigInt);
  types.setTypeParser(INT4, (text) => ({ number: text }));
  types.setTypeParser(BOOL, (text) => (text === 't' ? 1 : 0));
  types.setTypeParser(TEXT, (text) => text.toUpperCase());
  try {
    await workDay(place.open());
    const storage = place.open({ mode: 'read-only' });
    expect(await verify(storage)).toMatchObject({ holds: true, faults: [] });
    await storage.close();
    const { schema, role, logs } = await examine(place);
    expect({ schema, role, logs }).toMatchObject({
      schema: { problem: null },
      role: { owner: true },
      logs: [{ name: 'main' }],
    });
  } finally {
    for (const [type, parser] of before) types.setTypeParser(type, parser);
  }
});

test('a pool in which an append could wait for itself is refused', async () => {
  const pool = new Pool({ connectionString: place.url, max: 3 });
  const storage = postgres(pool, { schema: place.schema });
  await expect(storage.open('main')).rejects.toThrow('the store needs 4');
  await storage.close();
  await pool.end();
});
