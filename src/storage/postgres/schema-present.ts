/**
 * What there is in a schema that locks the log, or unlocks it, as the database has it: a query whose rows are
 * names and values. `schema-check.ts` knows what they have to be.
 */
import { type SchemaName, quoted } from './schema-name.ts';

/**
 * What the conditions of the row policies are, as `pg_get_expr` prints them in every release from 14 on, with
 * one space where it breaks lines and `$s` for the schema.
 */
export const policyConditions: Readonly<Record<string, string>> = {
  'own_row of reader': '(role = CURRENT_USER)',
  'every_reader of log': 'true',
  'own_org of entry':
    '(( SELECT $s.reads_all() AS reads_all) OR ' +
    "((((replace(body, (chr(92) || 'u0000'::text), (chr(92) || 'u0001'::text)))::json " +
    "-> 'by'::text) ->> 'org'::text) = " +
    '( SELECT reader.org FROM $s.reader WHERE (reader.role = CURRENT_USER))))',
  'own_org of content':
    '(( SELECT $s.reads_all() AS reads_all) OR (EXISTS ( SELECT FROM $s.entry ' +
    'WHERE ((entry.log = content.log) AND (entry.idx = content.idx)))))',
  'own_org of record':
    "(( SELECT $s.reads_all() AS reads_all) OR ((kind <> 'key'::text) AND " +
    "(((replace(value, (chr(92) || 'u0000'::text), (chr(92) || 'u0001'::text)))::json ->> 'org'::text) = " +
    '( SELECT reader.org FROM $s.reader WHERE (reader.role = CURRENT_USER)))))',
};

/**
 * The statements, for a connection that is in no transaction. Names are printed with their schema, whatever
 * the session's own path and quoting are.
 *
 * A table that is not in the write-ahead log is empty after a crash, which only the parcels may be. The rows
 * of a child are rows of its parent, which the parent's triggers and keys do not hold; and where two rows
 * have one key, or keys are not told apart byte by byte, nobody knows which of them is the record.
 *
 * Rights are told of where only an owner has them: any but SELECT on a table or a column, CREATE in the
 * schema, and EXECUTE where everybody has it. Owners are those of the function `append` and of the schema.
 */
export function presentIn(schema: SchemaName): string {
  const here = `'${quoted(schema)}'::regnamespace`;
  const grantee = `CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END`;
  return `SET LOCAL search_path = pg_catalog; SET LOCAL quote_all_identifiers = off;
  WITH tables AS (SELECT * FROM pg_class WHERE relnamespace = ${here} AND relkind IN ('r', 'p')),
    functions AS (SELECT * FROM pg_proc WHERE pronamespace = ${here}),
    owner AS (SELECT proowner AS id FROM functions WHERE proname = 'append' LIMIT 1),
    rights AS (SELECT relname AS place, relowner AS owner, relacl AS acl FROM tables UNION ALL
      SELECT relname || '.' || attname, relowner, attacl FROM pg_attribute
        JOIN tables ON tables.oid = attrelid)
  SELECT 'trigger ' || tgname,
      concat_ws(' ', tgenabled, relname, tgtype, proname, (tgqual IS NOT NULL)::text, tgattr::text)
    FROM pg_trigger JOIN tables ON tables.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid
    WHERE NOT tgisinternal
  UNION ALL
  SELECT 'policy ' || polname || ' of ' || relname, concat_ws(' ', polcmd, polpermissive, polroles,
      replace(regexp_replace(pg_get_expr(polqual, polrelid), E'\\\\s+', ' ', 'g'),
        quote_ident('${schema}') || '.', '$s.'))
    FROM pg_policy JOIN tables ON tables.oid = polrelid
  UNION ALL
  SELECT 'function ' || proname, string_agg(concat_ws(' ', prosecdef,
      replace(array_to_string(proconfig, ' '), '"pg_catalog", "pg_temp"', 'pg_catalog, pg_temp'),
      prosrc), ' ')
    FROM functions GROUP BY proname
  UNION ALL
  SELECT 'row security of ' || relname, CASE WHEN relforcerowsecurity THEN 'forced' ELSE 'true' END
    FROM tables WHERE relrowsecurity
  UNION ALL
  SELECT 'key of ' || relname || ', ' || pg_get_constraintdef(pg_constraint.oid), ''
    FROM pg_constraint JOIN tables ON tables.oid = conrelid WHERE contype IN ('p', 'u')
  UNION ALL
  SELECT 'column ' || attname || ' of ' || relname, concat_ws(' ', atttypid::regtype,
      CASE WHEN attcollation <> typcollation THEN 'COLLATE ' || attcollation::regcollation END,
      nullif(attgenerated, ''))
    FROM pg_attribute JOIN tables ON tables.oid = attrelid JOIN pg_type ON pg_type.oid = atttypid
    WHERE attnum > 0
  UNION ALL
  SELECT 'child ' || inhrelid::regclass || ' of ' || relname, ''
    FROM pg_inherits JOIN tables ON tables.oid = inhparent
  UNION ALL
  SELECT 'session_replication_role of this session',
      replace(current_setting('session_replication_role'), 'local', 'origin')
  UNION ALL
  SELECT 'unlogged table ' || relname, '' FROM tables
    WHERE relpersistence <> 'p' AND relname <> 'parcel'
  UNION ALL
  SELECT 'rule ' || rulename || ' of ' || relname, '' FROM pg_rewrite
    JOIN tables ON tables.oid = ev_class
  UNION ALL
  SELECT 'grant of ' || privilege_type || ' on ' || place || ' to ' || ${grantee}, ''
    FROM rights CROSS JOIN LATERAL aclexplode(acl)
    WHERE grantee <> owner AND privilege_type <> 'SELECT'
  UNION ALL
  SELECT 'grant of EXECUTE on ' || proname || ' to PUBLIC', '' FROM functions
    CROSS JOIN LATERAL aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE grantee = 0
  UNION ALL
  SELECT 'grant of CREATE on the schema to ' || ${grantee}, ''
    FROM pg_namespace CROSS JOIN LATERAL aclexplode(nspacl)
    WHERE pg_namespace.oid = ${here} AND privilege_type = 'CREATE'
      AND grantee NOT IN (SELECT nspowner UNION ALL SELECT id FROM owner)
  UNION ALL
  SELECT 'owner of ' || name || ', ' || owned_by::regrole, '' FROM
    (SELECT relname, relowner FROM tables UNION ALL SELECT proname, proowner FROM functions)
      AS owned (name, owned_by) CROSS JOIN owner WHERE owned_by <> owner.id`;
}
