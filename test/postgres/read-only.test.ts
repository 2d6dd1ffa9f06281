/** In mode `read-only` the store looks, and makes, migrates and writes nothing. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { emptyHead } from '../../src/storage/rules.ts';
import { postgres } from '../../src/storage/postgres/postgres-storage.ts';
import { fillExample } from '../cli/run-cli.ts';
import { numbered } from '../storage/batches.ts';
import { newSchema, type TestSchema } from './schema.ts';

let place: TestSchema;
beforeEach(() => {
  place = newSchema();
});
afterEach(() => place.drop());

test('a schema or a log that is missing is refused, and not made', async () => {
  const open = (log: string) => place.open({ mode: 'read-only' }).open(log);
  await expect(open('main')).rejects.toMatchObject({ code: 'unavailable' });
  expect(await place.sql(`SELECT FROM pg_namespace WHERE nspname = '$s'`)).toEqual([]);
  await fillExample(place.open());
  await expect(open('other')).rejects.toMatchObject({ code: 'unavailable' });
  expect(await place.sql('SELECT name FROM $s.log')).toEqual([{ name: 'main' }]);
});

test('a schema of an older release is refused, and not migrated', async () => {
  await fillExample(place.open());
  await place.sql('DELETE FROM $s.migration');
  const storage = place.open({ mode: 'read-only' });
  await expect(storage.open('main')).rejects.toMatchObject({ code: 'unavailable' });
  expect(await place.sql('SELECT FROM $s.migration')).toEqual([]);
});

test('nothing is appended, not even what is empty', async () => {
  await fillExample(place.open());
  const storage = place.open({ mode: 'read-only' });
  try {
    const head = await storage.open('main');
    const batch = { ...numbered(head.size), entries: [], contents: [], records: [], head };
    await expect(storage.append(batch)).rejects.toMatchObject({ code: 'read-only' });
    expect(head.size).toBeGreaterThan(emptyHead.size);
    expect(await storage.readEntries(0, 10_000)).toHaveLength(head.size);
    expect(await storage.head()).toEqual(head);
  } finally {
    await storage.close();
  }
});

test('it looks in a session that may not write, as on a standby', async () => {
  await fillExample(place.open());
  const url = new URL(place.url);
  url.searchParams.set('options', '-c default_transaction_read_only=on');
  const storage = postgres(url.href, { schema: place.schema, mode: 'read-only' });
  try {
    expect((await storage.open('main')).size).toBeGreaterThan(0);
    const { records } = await storage.scanRecords({ kind: 'session', limit: 10 });
    expect(records).toHaveLength(2);
  } finally {
    await storage.close();
  }
});

test('an altered schema is read only where that was asked for, and never written', async () => {
  await fillExample(place.open());
  await place.sql('DROP TRIGGER entry_never_changes ON $s.entry');
  const refused = place.open({ mode: 'read-only' });
  await expect(refused.open('main')).rejects.toMatchObject({ code: 'unsafe-settings' });
  expect(() => place.open({ acceptAlteredSchema: true })).toThrow(TypeError);
  const storage = place.open({ mode: 'read-only', acceptAlteredSchema: true });
  try {
    expect((await storage.open('main')).size).toBeGreaterThan(0);
  } finally {
    await storage.close();
  }
});
