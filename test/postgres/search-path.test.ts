/**
 * What others put on a session's path is not called: where everybody may make functions in `public`, as up to
 * PostgreSQL 14, one that fits an argument better than PostgreSQL's own would run with the store's rights.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { examine } from '../../src/storage/postgres/examine.ts';
import { endStalled } from '../../src/storage/postgres/stalled.ts';
import { schemaName } from '../../src/storage/postgres/schema-name.ts';
import { workDay } from './work-day.ts';
import { newSchema, type TestSchema } from './schema.ts';

/** Calls whose arguments PostgreSQL's own functions take by a conversion, a default or a wider type. */
const functions = [
  ['json_build_array', 'bigint, text, text, text, bigint, boolean', 'json'],
  ['pg_terminate_backend', 'integer', 'boolean'],
  ['pg_has_role', 'text, text', 'boolean'],
  ['pg_total_relation_size', 'oid', 'bigint'],
  ['unnest', 'text[]', 'SETOF text'],
] as const;
const equalities = ['regnamespace', 'regclass'] as const;

let schema: TestSchema;
let trapped: TestSchema;

beforeEach(async () => {
  schema = newSchema();
  const traps = `${schema.schema}_traps`;
  const body = `LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$`;
  await schema.sql(`CREATE SCHEMA ${traps}`);
  for (const [name, types, returned] of functions) {
    await schema.sql(`CREATE FUNCTION ${traps}.${name}(${types}) RETURNS ${returned} ${body}`);
  }
  for (const type of equalities) {
    await schema.sql(`CREATE FUNCTION ${traps}.equal(oid, ${type}) RETURNS boolean ${body};
      CREATE OPERATOR ${traps}.= (FUNCTION = ${traps}.equal, LEFTARG = oid, RIGHTARG = ${type})`);
  }
  const url = new URL(schema.url);
  url.searchParams.set('options', `-c search_path=${traps}`);
  trapped = newSchema(url.href, schema.schema);
});

afterEach(async () => {
  await schema.drop();
  await schema.sql('DROP SCHEMA $s_traps CASCADE');
});

test('a session with functions of others on its path calls none of them', async () => {
  await workDay(trapped.open());
  const reader = trapped.open({ mode: 'read-only' });
  expect((await reader.open('main')).size).toBeGreaterThan(0);
  await reader.close();
  const { schema: found, tables } = await examine(trapped);
  expect(found.problem).toBe(null);
  expect(tables).not.toEqual([]);
});

/** It only calls anything where somebody has been stalled for long: so what it would call is looked up. */
test('whoever is stalled is ended by nothing of others either', async () => {
  await workDay(trapped.open());
  const { text, values = [] } = endStalled(schemaName(schema.schema));
  await trapped.sql(
    `CREATE VIEW $s_traps.ending AS ${text.replace('$1', `'${String(values[0])}'`)}`,
  );
  const called = await schema.sql(`SELECT refobjid FROM pg_depend
    JOIN pg_rewrite ON pg_rewrite.oid = objid AND ev_class = '$s_traps.ending'::regclass
    WHERE refobjid IN (SELECT oid FROM pg_proc WHERE pronamespace = '$s_traps'::regnamespace
      UNION ALL SELECT oid FROM pg_operator WHERE oprnamespace = '$s_traps'::regnamespace)`);
  await schema.sql('DROP VIEW $s_traps.ending');
  expect(called).toEqual([]);
});
