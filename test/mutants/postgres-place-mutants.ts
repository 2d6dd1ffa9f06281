/** Mutants of what the PostgreSQL store makes of its place: a URL, a server's locks, a schema that others change. */
import type { Mutant } from './mutant.ts';

const room = 'src/storage/postgres';
const opening = ['test/postgres/opening.test.ts'];
const commands = ['test/postgres/cli-postgres.test.ts'];
const held = ['test/postgres/held-by-others.test.ts'];
const urls = [`${room}/url.test.ts`];

export const placeMutants: readonly Mutant[] = [
  {
    name: 'postgres-turn-in-vain-reads-nothing',
    guards: 'Whoever waited for a turn in vain decides on what others appended meanwhile.',
    file: 'src/engine/store/sequencer.ts',
    find: "if (taken === 'in-vain') this.#route(await replica.follow());",
    replace: '',
    tests: held,
  },
  {
    name: 'postgres-waits-on-for-nobody',
    guards: 'A server that waits for a lock notices that whoever asked is gone.',
    file: `${room}/pool.ts`,
    find: "pool.on('connect', (client) => void noticeGone(client));",
    replace: '',
    tests: held,
  },
  {
    name: 'postgres-unwritten-head-is-acknowledged',
    guards: 'An append whose head was not written is not acknowledged.',
    file: `${room}/schema.ts`,
    find: 'IF (standing, standing_previous) IS NOT DISTINCT FROM (in_expected, in_expected_previous) THEN',
    replace: 'IF false THEN',
    tests: opening,
  },
  {
    name: 'postgres-unwritten-rows-are-acknowledged',
    guards: 'An append of which a row was not written is not acknowledged.',
    file: `${room}/schema.ts`,
    find: 'IF written + more <> cardinality(in_bodies) + cardinality(in_content_idx) + cardinality(in_kind) THEN',
    replace: 'IF false THEN',
    tests: opening,
  },
  {
    name: 'postgres-forced-security-is-no-change',
    guards: 'Row-level security that holds for the owner, too, is noticed.',
    file: `${room}/schema-present.ts`,
    find: "CASE WHEN relforcerowsecurity THEN 'forced' ELSE 'true' END",
    replace: "'true'",
    tests: opening,
  },
  {
    name: 'postgres-makes-a-schema-that-is-there',
    guards: 'The owner of a schema that is there needs no right to make one.',
    file: `${room}/migrate.ts`,
    find: 'if (row?.[0] === true) await connection.query(`CREATE SCHEMA IF NOT EXISTS ${quoted(schema)}`);',
    replace: 'await connection.query(`CREATE SCHEMA IF NOT EXISTS ${quoted(schema)}`);',
    tests: opening,
  },
  {
    name: 'postgres-everybody-is-let-in',
    guards: 'Nobody is let in by the name of everybody.',
    file: `${room}/schema.ts`,
    find: "IF in_role = 'public' THEN",
    replace: 'IF false THEN',
    tests: commands,
  },
  {
    name: 'postgres-reader-sees-every-row',
    guards: 'A role that sees every row is not said to see those of one org.',
    file: `${room}/schema.ts`,
    find: "IF ${org} <> '*' AND (pg_has_role(in_role, (SELECT relowner FROM pg_class",
    replace: 'IF false AND (pg_has_role(in_role, (SELECT relowner FROM pg_class',
    tests: commands,
  },
  {
    name: 'postgres-password-is-named',
    guards: 'What may be a part of a password is not named in a message.',
    file: `${room}/url.ts`,
    find: 'if (authority === undefined || !isReadable(url) || isSplit(path, rest)) {',
    replace: 'if (authority === undefined || !isReadable(url)) {',
    tests: urls,
  },
  {
    name: 'postgres-empty-sslmode',
    guards: 'A URL that has no value for its encryption is refused.',
    file: `${room}/url.ts`,
    find: "if (empties.has(name) && value === '') {",
    replace: 'if (false) {',
    tests: urls,
  },
  {
    name: 'postgres-child-passes',
    guards: 'A table whose rows others add to, past its triggers and keys, is refused.',
    file: `${room}/schema-present.ts`,
    find: 'FROM pg_inherits JOIN tables ON tables.oid = inhparent',
    replace: 'FROM pg_inherits JOIN tables ON false',
    tests: opening,
  },
  {
    name: 'postgres-lost-key-passes',
    guards: 'A table in which two rows may have one key is refused.',
    file: `${room}/schema-check.ts`,
    find: "if (key !== undefined) return [[`key of ${table}, ${key}`, '']];",
    replace: 'if (key !== undefined) return [];',
    tests: opening,
  },
  {
    name: 'postgres-two-logs-of-a-name-pass',
    guards: 'A table in which two logs may have one name is refused.',
    file: `${room}/schema-check.ts`,
    find: 'const kind = /PRIMARY KEY|UNIQUE/.exec(more)?.[0];',
    replace: 'const kind = /PRIMARY KEY/.exec(more)?.[0];',
    tests: opening,
  },
  {
    name: 'postgres-altered-column-passes',
    guards: 'A column that takes or orders texts otherwise is refused.',
    file: `${room}/schema-check.ts`,
    find: 'if (found.get(name) === value) continue;',
    replace: 'if (found.get(name) === value || /^column/.test(name)) continue;',
    tests: opening,
  },
  {
    name: 'postgres-silent-triggers-pass',
    guards: 'A role for which no trigger fires is refused.',
    file: `${room}/schema-present.ts`,
    find: "replace(current_setting('session_replication_role'), 'local', 'origin')",
    replace: "'origin'",
    tests: opening,
  },
];
