/** Every block of SQL that the documents give to operators does on a real server what is said of it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verify } from '../../src/index.ts';
import { fillExample } from '../cli/run-cli.ts';
import { codeBlocks, read } from '../docs/documents.ts';
import { shopPolicy } from '../engine/shop.ts';
import { newSchema, type TestSchema } from './schema.ts';
import { workDay } from './work-day.ts';

let place: TestSchema;
beforeAll(async () => {
  place = newSchema();
  await fillExample(place.open());
});
afterAll(() => place.drop());

const blocks = codeBlocks('docs/operations.md', 'sql');
const here = (sql: string): string => sql.replaceAll('agent_control_plane', place.schema);
const statements = blocks.flatMap((block) => block.split(/;\n/)).filter((each) => /\S/.test(each));
const reading = statements.filter((each) => /^\s*SELECT/.test(each));

test('the page has its blocks, and most of them only read', () => {
  expect(reading.length).toBeGreaterThan(9);
  expect(statements.length - reading.length).toBe(2);
});

test.each(reading.map((sql) => [sql.trim().replaceAll(/\s+/g, ' '), sql]))('%s', async (_, sql) => {
  expect(await place.sql(here(sql))).toBeInstanceOf(Array);
});

test('the log, its workers and its tables are found by these queries', async () => {
  const storage = place.open();
  try {
    const { size } = await storage.open('main');
    const rowsOf = (word: string) =>
      place.sql(here(reading.find((each) => each.includes(word)) ?? ''));
    expect(await rowsOf('last_entry')).toMatchObject([{ name: 'main', size: String(size) }]);
    expect((await rowsOf("application_name = 'agent-control-plane'")).length).toBeGreaterThan(0);
    const tables = (await rowsOf('n_live_tup')).map((each) => each['relname']);
    expect(tables).toEqual(expect.arrayContaining(['entry', 'content', 'record', 'log']));
  } finally {
    await storage.close();
  }
});

test('autovacuum of the records is set, and the schema is still as it was made', async () => {
  const alter = statements.find((each) => /^\s*ALTER TABLE/.test(each)) ?? '';
  await place.sql(here(alter));
  const storage = place.open();
  expect((await storage.open('main')).size).toBeGreaterThan(0);
  await storage.close();
});

test('old contents are erased, secrets stay, and the log still verifies', async () => {
  const left = () => place.sql('SELECT field FROM $s.content WHERE text IS NOT NULL');
  const erase = statements.find((each) => /^\s*UPDATE/.test(each)) ?? '';
  const before = await left();
  await place.sql(here(erase));
  expect(await left()).toEqual(before);
  await place.sql(here(erase.replace("interval '90 days'", "interval '-1 days'")));
  expect(new Set((await left()).map(({ field }) => field))).toEqual(new Set(['secret']));
  const storage = place.open({ mode: 'read-only' });
  try {
    expect(await verify(storage)).toMatchObject({ holds: true });
  } finally {
    await storage.close();
  }
});

test('old contents are erased where a policy forbids NULs, of which PostgreSQL reads no JSON', async () => {
  const other = newSchema();
  try {
    const when = { path: 'arguments.orderId', contains: '\0' } as const;
    const rules = [{ id: 'no-nul', effect: 'deny', when }];
    await workDay(other.open(), { policy: { ...shopPolicy, rules } });
    const erase = statements.find((each) => /^\s*UPDATE/.test(each)) ?? '';
    const now = erase.replace("interval '90 days'", "interval '-1 days'");
    await other.sql(now.replaceAll('agent_control_plane', other.schema));
    const left = await other.sql('SELECT field FROM $s.content WHERE text IS NOT NULL');
    expect(new Set(left.map(({ field }) => field))).toEqual(new Set(['secret']));
  } finally {
    await other.drop();
  }
});

test('the erasing of one entry, as the page on storage has it, erases that', async () => {
  const other = newSchema();
  try {
    await fillExample(other.open());
    const [, section = ''] = read('docs/storage.md').split('### Erasing content in PostgreSQL');
    const [, sql = ''] = /```sql\n([^]*?)```/.exec(section) ?? [];
    const [{ idx } = {}] = await other.sql('SELECT max(idx)::int AS idx FROM $s.content');
    await other.sql(
      sql
        .replaceAll('agent_control_plane', other.schema)
        .replace('idx = 42', `idx = ${String(idx)}`),
    );
    const erased = await other.sql('SELECT DISTINCT idx::int FROM $s.content WHERE text IS NULL');
    expect(erased).toEqual([{ idx }]);
  } finally {
    await other.drop();
  }
});
