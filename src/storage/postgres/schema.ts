/**
 * The tables, functions and locks of the PostgreSQL store, as numbered migrations. A published migration is
 * never edited; a new one is added. One that old code must not write under is `breaking`: it MUST drop or
 * rename the function `append`, so that processes which still run old code fail at their next commit.
 *
 * `append` is the only way in. It belongs to the schema's owner and runs with the owner's rights, so a worker
 * needs none to insert, update or delete: it can continue the log, and nothing else. It compares and writes
 * in one statement of one transaction, and refuses where a commit would not last.
 *
 * The triggers are a seat belt for the owner. Erasing a content is the one change the log's tables allow.
 * The policies let a reader's role see what carries its org, and nothing else (`reader` below).
 */
import { parcelFunctions, parcelParameters, parcelSignatures } from './parcel-schema.ts';
import { parcelTables, parcelsWait, settleParcels } from './parcel-schema.ts';
import { owned, type SchemaName, quoted } from './schema-name.ts';
import { notAppended, turnLock } from './turn-lock.ts';

export interface Migration {
  readonly number: number;
  readonly breaking: boolean;
  statements(schema: SchemaName): readonly string[];
}

/** SQLSTATE of an append that would not survive a power cut. */
export const unsafeState = 'ACP01';
/** SQLSTATE of an append to a log that does not exist. */
export const noLogState = 'ACP02';

/** Values of `synchronous_commit` under which a commit waits for this server's own disk. */
export const lastingCommits: readonly string[] = ['on', 'local', 'remote_write', 'remote_apply'];

/** How long an append waits for another's commit before it gives up with `busy`, ms. */
const commitWaitMs = 5_000;
/** How long an append may take in all, ms. */
export const appendMs = 10_000;

function tables(s: string): readonly string[] {
  return [
    `CREATE TABLE ${s}.log (
      id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      name text COLLATE "C" NOT NULL UNIQUE,
      size bigint NOT NULL,
      previous text,
      root text NOT NULL,
      frontier text NOT NULL,
      at bigint NOT NULL
    ) WITH (fillfactor = 10)`,
    `CREATE TABLE ${s}.entry (
      log integer NOT NULL,
      idx bigint NOT NULL,
      body text NOT NULL,
      leaf text NOT NULL,
      PRIMARY KEY (log, idx)
    )`,
    `CREATE TABLE ${s}.content (
      log integer NOT NULL,
      idx bigint NOT NULL,
      field text COLLATE "C" NOT NULL,
      salt text,
      text text,
      PRIMARY KEY (log, idx, field),
      CHECK ((salt IS NULL) = (text IS NULL))
    )`,
    `CREATE TABLE ${s}.record (
      log integer NOT NULL,
      kind text COLLATE "C" NOT NULL,
      key text COLLATE "C" NOT NULL,
      parent text COLLATE "C" NOT NULL,
      live boolean NOT NULL,
      value text NOT NULL,
      PRIMARY KEY (log, kind, key)
    ) WITH (fillfactor = 70)`,
    `CREATE INDEX record_live ON ${s}.record (log, kind, key) WHERE live`,
    `CREATE INDEX record_parent ON ${s}.record (log, parent, kind, key) WHERE parent <> ''`,
    ...parcelTables(s),
    // Which org a role that only reads may see; `*` is every org, as workers need.
    `CREATE TABLE ${s}.reader (role name PRIMARY KEY, org text NOT NULL)`,
  ];
}

/** Trigger functions raise: nothing changes what is in the log. */
function seatBelts(s: string): readonly string[] {
  const refuse = (name: string, message: string): string =>
    `CREATE FUNCTION ${s}.${name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '${message}';
END $$`;
  return [
    refuse('refuse_change', 'the log is append-only'),
    refuse('refuse_deletion', 'a record is replaced, not deleted'),
    `CREATE TRIGGER entry_never_changes BEFORE UPDATE OR DELETE ON ${s}.entry
      FOR EACH ROW EXECUTE FUNCTION ${s}.refuse_change()`,
    `CREATE TRIGGER entry_never_goes BEFORE TRUNCATE ON ${s}.entry
      FOR EACH STATEMENT EXECUTE FUNCTION ${s}.refuse_change()`,
    `CREATE TRIGGER log_never_goes BEFORE DELETE ON ${s}.log
      FOR EACH ROW EXECUTE FUNCTION ${s}.refuse_change()`,
    `CREATE TRIGGER log_never_empties BEFORE TRUNCATE ON ${s}.log
      FOR EACH STATEMENT EXECUTE FUNCTION ${s}.refuse_change()`,
    `CREATE TRIGGER log_never_shrinks BEFORE UPDATE ON ${s}.log FOR EACH ROW
      WHEN (new.size < old.size OR new.id <> old.id OR new.name <> old.name)
      EXECUTE FUNCTION ${s}.refuse_change()`,
    `CREATE TRIGGER content_is_only_erased BEFORE UPDATE ON ${s}.content FOR EACH ROW
      WHEN (new.text IS NOT NULL OR new.log <> old.log OR new.idx <> old.idx OR new.field <> old.field)
      EXECUTE FUNCTION ${s}.refuse_change()`,
    `CREATE TRIGGER content_never_goes BEFORE DELETE ON ${s}.content
      FOR EACH ROW EXECUTE FUNCTION ${s}.refuse_change()`,
    `CREATE TRIGGER content_never_empties BEFORE TRUNCATE ON ${s}.content
      FOR EACH STATEMENT EXECUTE FUNCTION ${s}.refuse_change()`,
    `CREATE TRIGGER record_never_goes BEFORE DELETE ON ${s}.record
      FOR EACH ROW EXECUTE FUNCTION ${s}.refuse_deletion()`,
    `CREATE TRIGGER record_never_empties BEFORE TRUNCATE ON ${s}.record
      FOR EACH STATEMENT EXECUTE FUNCTION ${s}.refuse_deletion()`,
  ];
}

/**
 * What `append` is called with, in this order. It returns the log's size before it, or `notAppended`.
 * Whoever has no turn gives way to those who wait for one, and holds them up for no longer than its own
 * commit.
 */
export const appendParameters = [
  'in_log integer',
  'in_expected bigint',
  'in_expected_previous text',
  'in_bodies text[]',
  'in_leaves text[]',
  'in_content_idx bigint[]',
  'in_content_field text[]',
  'in_content_salt text[]',
  'in_content_text text[]',
  'in_kind text[]',
  'in_key text[]',
  'in_parent text[]',
  'in_live boolean[]',
  'in_value text[]',
  'in_previous text',
  'in_root text',
  'in_frontier text',
  'in_at bigint',
  'in_accept_unsafe boolean',
  'in_has_turn boolean',
  'in_tell boolean',
  ...parcelParameters,
] as const;

function functions(schema: SchemaName): readonly string[] {
  return [openLogFunction(quoted(schema)), ...parcelFunctions(schema), appendFunction(schema)];
}

function openLogFunction(s: string): string {
  return `CREATE FUNCTION ${s}.open_log(in_name text) RETURNS integer ${owned} AS $$
DECLARE
  standing integer;
BEGIN
  SELECT id INTO standing FROM ${s}.log WHERE name = in_name;
  IF standing IS NULL THEN
    INSERT INTO ${s}.log (name, size, root, frontier, at)
      VALUES (in_name, 0, encode(sha256(''), 'hex'), '', 0) ON CONFLICT (name) DO NOTHING;
    SELECT id INTO standing FROM ${s}.log WHERE name = in_name;
  END IF;
  RETURN standing;
END $$`;
}

function appendFunction(schema: SchemaName): string {
  const s = quoted(schema);
  const commits = lastingCommits.map((each) => `'${each}'`).join(', ');
  return `CREATE FUNCTION ${s}.append(${appendParameters.join(', ')}) RETURNS bigint ${owned} AS $$
DECLARE
  new_size bigint := in_expected + cardinality(in_bodies);
  standing bigint;
  standing_previous text;
  settled integer;
  written integer;
  more integer;
BEGIN
  IF NOT in_accept_unsafe AND NOT (current_setting('fsync') = 'on'
    AND current_setting('full_page_writes') = 'on'
    AND current_setting('synchronous_commit') IN (${commits})) THEN
    RAISE EXCEPTION 'a commit would not last' USING ERRCODE = '${unsafeState}';
  END IF;
  IF NOT in_has_turn AND NOT pg_try_advisory_xact_lock(${turnLock(schema, 'in_log')}) THEN
    RETURN ${notAppended};
  END IF;
  PERFORM set_config('lock_timeout', '${commitWaitMs}', true);
${parcelsWait(s)}
  -- A client that never says that it is through would keep the head locked. Before 17 others end it.
  IF current_setting('server_version_num')::integer >= 170000 THEN
    PERFORM set_config('transaction_timeout', '${appendMs}', true);
  END IF;
  UPDATE ${s}.log SET size = new_size, previous = in_previous, root = in_root,
    frontier = in_frontier, at = in_at WHERE id = in_log
    AND (size, previous) IS NOT DISTINCT FROM (in_expected, in_expected_previous);
  IF NOT FOUND THEN
    SELECT size, previous INTO standing, standing_previous FROM ${s}.log WHERE id = in_log;
    IF standing IS NULL THEN
      RAISE EXCEPTION 'the log is gone' USING ERRCODE = '${noLogState}';
    END IF;
    -- A trigger, a rule or a policy that came since keeps rows from being written, without a word.
    IF (standing, standing_previous) IS NOT DISTINCT FROM (in_expected, in_expected_previous) THEN
      RAISE EXCEPTION 'the schema was tampered with: the head is not written'
        USING ERRCODE = '${unsafeState}';
    END IF;
    RETURN CASE WHEN standing = in_expected THEN ${notAppended} ELSE standing END;
  END IF;
  INSERT INTO ${s}.entry (log, idx, body, leaf)
    SELECT in_log, in_expected + place - 1, body, leaf
    FROM unnest(in_bodies, in_leaves) WITH ORDINALITY AS each (body, leaf, place);
  GET DIAGNOSTICS written = ROW_COUNT;
  IF cardinality(in_content_idx) > 0 THEN
    INSERT INTO ${s}.content (log, idx, field, salt, text)
      SELECT in_log, idx, field, salt, content
      FROM unnest(in_content_idx, in_content_field, in_content_salt, in_content_text)
        AS each (idx, field, salt, content);
    GET DIAGNOSTICS more = ROW_COUNT;
    written := written + more;
  END IF;
  INSERT INTO ${s}.record AS old (log, kind, key, parent, live, value)
    SELECT in_log, kind, key, parent, live, value
    FROM unnest(in_kind, in_key, in_parent, in_live, in_value)
      AS each (kind, key, parent, live, value)
    ON CONFLICT (log, kind, key)
    DO UPDATE SET parent = excluded.parent, live = excluded.live, value = excluded.value;
  GET DIAGNOSTICS more = ROW_COUNT;
  IF written + more <> cardinality(in_bodies) + cardinality(in_content_idx) + cardinality(in_kind) THEN
    RAISE EXCEPTION 'the schema was tampered with: rows are not written' USING ERRCODE = '${unsafeState}';
  END IF;
${settleParcels(s)}
  IF in_tell THEN
    PERFORM pg_notify('${schema}', in_log || ' ' || new_size);
  END IF;
  RETURN in_expected;
END $$`;
}

/** Row-level security: a second lock behind the kernel's own rights, for those who read with SQL. */
function policies(s: string): readonly string[] {
  // What nobody has a policy for is nobody's to see but the owner's.
  const secured = ['log', 'entry', 'content', 'record', 'reader', 'parcel'];
  const all = `(SELECT ${s}.reads_all())`;
  const orgs = `(SELECT org FROM ${s}.reader WHERE role = current_user)`;
  // PostgreSQL reads no JSON that has a NUL in it, which is written as \u0000: one policy that forbids NULs
  // would hide everything from every reader. No org has one.
  const json = (text: string): string =>
    `replace(${text}, chr(92) || 'u0000', chr(92) || 'u0001')::json`;
  return [
    // Its text is read anew in each session: under a path of the reader's, by what the reader means by `=`.
    `CREATE FUNCTION ${s}.reads_all() RETURNS boolean LANGUAGE sql STABLE
      SET search_path = pg_catalog, pg_temp AS
      $$ SELECT EXISTS (SELECT FROM ${s}.reader WHERE role = current_user AND org = '*') $$`,
    ...secured.map((table) => `ALTER TABLE ${s}.${table} ENABLE ROW LEVEL SECURITY`),
    `CREATE POLICY own_row ON ${s}.reader FOR SELECT USING (role = current_user)`,
    `CREATE POLICY every_reader ON ${s}.log FOR SELECT USING (true)`,
    `CREATE POLICY own_org ON ${s}.entry FOR SELECT
      USING (${all} OR ${json('body')} -> 'by' ->> 'org' = ${orgs})`,
    // A content is seen where its entry is: the inner query is under the policy above.
    `CREATE POLICY own_org ON ${s}.content FOR SELECT
      USING (${all} OR EXISTS (SELECT FROM ${s}.entry
        WHERE entry.log = content.log AND entry.idx = content.idx))`,
    `CREATE POLICY own_org ON ${s}.record FOR SELECT
      USING (${all} OR (kind <> 'key' AND ${json('value')} ->> 'org' = ${orgs}))`,
  ];
}

/** What a role gets, by functions that only the owner may call. */
function grants(schema: SchemaName): readonly string[] {
  const s = quoted(schema);
  const signature = appendParameters.map((each) => each.split(' ')[1]).join(', ');
  const reads = (name: string, org: string, more: string): string =>
    `CREATE FUNCTION ${s}.${name}(in_role name${org === `'*'` ? '' : ', in_org text'}) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- A GRANT takes this name, quoted or not, for everybody.
  IF in_role = 'public' THEN
    RAISE EXCEPTION 'public is every role: let each in by its own name';
  END IF;
  -- Row-level security leaves nothing out for these.
  IF ${org} <> '*' AND (pg_has_role(in_role, (SELECT relowner FROM pg_class
      WHERE oid = '${s}.record'::regclass), 'USAGE')
    OR (SELECT rolbypassrls FROM pg_roles WHERE rolname = in_role)) THEN
    RAISE EXCEPTION 'the role % sees every row, whatever it is let in for', quote_ident(in_role);
  END IF;
  EXECUTE format('GRANT USAGE ON SCHEMA ${s} TO %I', in_role);
  EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA ${s} TO %I', in_role);
  EXECUTE format('GRANT EXECUTE ON FUNCTION ${s}.reads_all() TO %I', in_role);${more}
  INSERT INTO ${s}.reader (role, org) VALUES (in_role, ${org})
    ON CONFLICT (role) DO UPDATE SET org = excluded.org;
END $$`;
  const writing = [...parcelSignatures, 'open_log(text)', `append(${signature})`];
  const each = (verb: string, preposition: string): string =>
    writing
      .map((name) => `${verb} EXECUTE ON FUNCTION ${s}.${name} ${preposition} %I`)
      .map((text) => `\n  EXECUTE format('${text}', in_role);`)
      .join('');
  return [
    reads('grant_worker', `'*'`, each('GRANT', 'TO')),
    // Whoever saw one org's rows and could append would decide without the others'.
    reads('grant_reader', 'in_org', each('REVOKE', 'FROM')),
    // Every role may call a new function unless it is told otherwise.
    `REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ${s} FROM PUBLIC`,
  ];
}

export const migrations: readonly Migration[] = [
  {
    number: 1,
    breaking: true,
    statements: (schema) => {
      const s = quoted(schema);
      return [
        ...tables(s),
        ...seatBelts(s),
        ...functions(schema),
        ...policies(s),
        ...grants(schema),
      ];
    },
  },
];

/** The newest schema this code knows. */
export const schemaVersion = migrations.length;
