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
import { type SchemaName, quoted } from './schema-name.ts';

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
/** SQLSTATE by which a block gives back its lock. */
const throughState = 'ACP03';
/** How many turns of others a parcel waits for: whoever had one when it came may not have seen it. */
const roundsAwaited = 4;
/** How long to wait for a turn, ms. */
export const turnWaitMs = 2_000;
/** How many parcels come with a turn. */
const parcelsMax = 64;
/** For how long a parcel is for others to decide, ms. */
const parcelMs = 30_000;
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
    // The last parcel of each sender: waiting while it has a text, answered once it has a reply. Rows are
    // replaced in place and kept in the row, so that nothing has to be swept up; none outlasts a crash.
    `CREATE UNLOGGED TABLE ${s}.parcel (
      log integer NOT NULL,
      sender text COLLATE "C" NOT NULL,
      number bigint NOT NULL,
      text text,
      reply text,
      at timestamptz NOT NULL,
      PRIMARY KEY (log, sender)
    ) WITH (fillfactor = 10, toast_tuple_target = 8160)`,
    `ALTER TABLE ${s}.parcel ALTER text SET STORAGE MAIN, ALTER reply SET STORAGE MAIN`,
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

/** What `append` answers where somebody else has the turn or a parcel does not wait: nothing was written. */
export const turnTaken = -1;

/**
 * What `append` is called with, in this order. It returns the log's size before it, or `turnTaken`. Whoever
 * has no turn gives way to those who wait for one, and holds them up for no longer than its own commit.
 */
export const appendParameters = [
  'in_log integer',
  'in_expected bigint',
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
  'in_own_sender text',
  'in_own_number bigint',
  'in_senders text[]',
  'in_numbers bigint[]',
  'in_replies text[]',
] as const;

/** The two keys of the advisory lock that is the queue for a log's head. */
export function turnLock(schema: SchemaName, log: string): string {
  return `hashtext('${schema}'), ${log}`;
}

function functions(schema: SchemaName): readonly string[] {
  const s = quoted(schema);
  const commits = lastingCommits.map((each) => `'${each}'`).join(', ');
  const owned = `LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp`;
  return [
    `CREATE FUNCTION ${s}.open_log(in_name text) RETURNS integer ${owned} AS $$
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
END $$`,
    `CREATE FUNCTION ${s}.entrust(in_log integer, in_sender text, in_number bigint, in_text text)
RETURNS void ${owned} AS $$
BEGIN
  -- What processes left behind that are gone.
  IF in_number = 1 THEN
    DELETE FROM ${s}.parcel WHERE log = in_log AND at < clock_timestamp() - interval '1 day';
  END IF;
  -- One that comes after it was taken back, or after a later one, comes too late.
  INSERT INTO ${s}.parcel AS old (log, sender, number, text, at)
    VALUES (in_log, in_sender, in_number, in_text, clock_timestamp())
    ON CONFLICT (log, sender) DO UPDATE
    SET number = excluded.number, text = excluded.text, reply = NULL, at = excluded.at
    WHERE old.number < excluded.number;
END $$`,
    // Waits until whoever has the turn, and has queued for the next one, is through twice. A lock is given
    // back before the end of the transaction only where the block that took it fails.
    `CREATE FUNCTION ${s}.await_reply(in_log integer, in_sender text)
RETURNS TABLE (sender text, number bigint, text text, reply text) ${owned} AS $$
DECLARE
  waited boolean;
  had_waited boolean := false;
BEGIN
  PERFORM set_config('lock_timeout', '${turnWaitMs}', true);
  FOR round IN 1..${roundsAwaited} LOOP
    BEGIN
      waited := NOT pg_try_advisory_xact_lock_shared(${turnLock(schema, 'in_log')});
      IF waited THEN
        PERFORM pg_advisory_xact_lock_shared(${turnLock(schema, 'in_log')});
      END IF;
      RAISE EXCEPTION USING ERRCODE = '${throughState}';
    EXCEPTION WHEN SQLSTATE '${throughState}' THEN NULL;
    END;
    EXIT WHEN EXISTS (SELECT FROM ${s}.parcel AS each
      WHERE log = in_log AND each.sender = in_sender AND each.text IS NULL);
    IF NOT waited THEN
      -- Between two turns of the same process the lock is free for a moment.
      EXIT WHEN NOT had_waited;
      PERFORM pg_sleep(0.001);
    END IF;
    had_waited := waited;
  END LOOP;
  RETURN QUERY SELECT each.sender, each.number, each.text, each.reply FROM ${s}.parcel AS each
    WHERE log = in_log AND each.sender = in_sender;
END $$`,
    // Those that wait, and the last one of a sender. What has waited for longer is its sender's business.
    `CREATE FUNCTION ${s}.parcels(in_log integer, in_sender text)
RETURNS TABLE (sender text, number bigint, text text, reply text) ${owned} AS $$
BEGIN
  RETURN QUERY SELECT each.sender, each.number, each.text, each.reply FROM ${s}.parcel AS each
    WHERE log = in_log AND (each.sender = in_sender OR each.text IS NOT NULL
      AND each.at > clock_timestamp() - interval '${parcelMs} ms')
    ORDER BY each.sender <> in_sender, each.at LIMIT ${parcelsMax};
END $$`,
    `CREATE FUNCTION ${s}.reclaim(in_log integer, in_sender text, in_number bigint)
RETURNS text ${owned} AS $$
BEGIN
  INSERT INTO ${s}.parcel AS old (log, sender, number, at)
    VALUES (in_log, in_sender, in_number, clock_timestamp())
    ON CONFLICT (log, sender) DO UPDATE
    SET number = excluded.number, text = NULL, reply = NULL, at = excluded.at
    WHERE old.number < excluded.number OR old.number = excluded.number AND old.reply IS NULL;
  RETURN (SELECT reply FROM ${s}.parcel
    WHERE log = in_log AND sender = in_sender AND number = in_number);
END $$`,
    `CREATE FUNCTION ${s}.append(${appendParameters.join(', ')}) RETURNS bigint ${owned} AS $$
DECLARE
  new_size bigint := in_expected + cardinality(in_bodies);
  standing bigint;
  settled integer;
BEGIN
  IF NOT in_accept_unsafe AND NOT (current_setting('fsync') = 'on'
    AND current_setting('full_page_writes') = 'on'
    AND current_setting('synchronous_commit') IN (${commits})) THEN
    RAISE EXCEPTION 'a commit would not last' USING ERRCODE = '${unsafeState}';
  END IF;
  IF NOT in_has_turn AND NOT pg_try_advisory_xact_lock(${turnLock(schema, 'in_log')}) THEN
    RETURN ${turnTaken};
  END IF;
  PERFORM set_config('lock_timeout', '${commitWaitMs}', true);
  -- All in one order: two batches may name each other's.
  settled := cardinality(in_senders) + num_nonnulls(in_own_number);
  IF settled > 0 THEN
    PERFORM FROM ${s}.parcel
      JOIN unnest(in_senders || in_own_sender, in_numbers || in_own_number) AS each (sender, number)
      USING (sender, number) WHERE log = in_log AND text IS NOT NULL ORDER BY sender FOR UPDATE OF parcel;
    GET DIAGNOSTICS standing = ROW_COUNT;
    IF standing < settled THEN
      RETURN ${turnTaken};
    END IF;
  END IF;
  -- A client that never says that it is through would keep the head locked. Before 17 others end it.
  IF current_setting('server_version_num')::integer >= 170000 THEN
    PERFORM set_config('transaction_timeout', '${appendMs}', true);
  END IF;
  UPDATE ${s}.log SET size = new_size, previous = in_previous, root = in_root,
    frontier = in_frontier, at = in_at WHERE id = in_log AND size = in_expected;
  IF NOT FOUND THEN
    SELECT size INTO standing FROM ${s}.log WHERE id = in_log;
    IF standing IS NULL THEN
      RAISE EXCEPTION 'the log is gone' USING ERRCODE = '${noLogState}';
    END IF;
    RETURN standing;
  END IF;
  INSERT INTO ${s}.entry (log, idx, body, leaf)
    SELECT in_log, in_expected + place - 1, body, leaf
    FROM unnest(in_bodies, in_leaves) WITH ORDINALITY AS each (body, leaf, place);
  IF cardinality(in_content_idx) > 0 THEN
    INSERT INTO ${s}.content (log, idx, field, salt, text)
      SELECT in_log, idx, field, salt, content
      FROM unnest(in_content_idx, in_content_field, in_content_salt, in_content_text)
        AS each (idx, field, salt, content);
  END IF;
  INSERT INTO ${s}.record AS old (log, kind, key, parent, live, value)
    SELECT in_log, kind, key, parent, live, value
    FROM unnest(in_kind, in_key, in_parent, in_live, in_value)
      AS each (kind, key, parent, live, value)
    ON CONFLICT (log, kind, key)
    DO UPDATE SET parent = excluded.parent, live = excluded.live, value = excluded.value;
  IF in_own_number IS NOT NULL THEN
    UPDATE ${s}.parcel SET text = NULL WHERE log = in_log AND sender = in_own_sender;
  END IF;
  IF cardinality(in_senders) > 0 THEN
    UPDATE ${s}.parcel SET text = NULL, reply = each.reply
      FROM unnest(in_senders, in_replies) AS each (sender, reply)
      WHERE log = in_log AND parcel.sender = each.sender;
  END IF;
  IF in_tell THEN
    PERFORM pg_notify('${schema}', in_log || ' ' || new_size);
  END IF;
  RETURN in_expected;
END $$`,
  ];
}

/** Row-level security: a second lock behind the kernel's own rights, for those who read with SQL. */
function policies(s: string): readonly string[] {
  // What nobody has a policy for is nobody's to see but the owner's.
  const secured = ['log', 'entry', 'content', 'record', 'reader', 'parcel'];
  const all = `(SELECT ${s}.reads_all())`;
  const orgs = `(SELECT org FROM ${s}.reader WHERE role = current_user)`;
  return [
    // Its text is read anew in each session: under a path of the reader's, by what the reader means by `=`.
    `CREATE FUNCTION ${s}.reads_all() RETURNS boolean LANGUAGE sql STABLE
      SET search_path = pg_catalog, pg_temp AS
      $$ SELECT EXISTS (SELECT FROM ${s}.reader WHERE role = current_user AND org = '*') $$`,
    ...secured.map((table) => `ALTER TABLE ${s}.${table} ENABLE ROW LEVEL SECURITY`),
    `CREATE POLICY own_row ON ${s}.reader FOR SELECT USING (role = current_user)`,
    `CREATE POLICY every_reader ON ${s}.log FOR SELECT USING (true)`,
    `CREATE POLICY own_org ON ${s}.entry FOR SELECT
      USING (${all} OR body::json -> 'by' ->> 'org' = ${orgs})`,
    // A content is seen where its entry is: the inner query is under the policy above.
    `CREATE POLICY own_org ON ${s}.content FOR SELECT
      USING (${all} OR EXISTS (SELECT FROM ${s}.entry
        WHERE entry.log = content.log AND entry.idx = content.idx))`,
    `CREATE POLICY own_org ON ${s}.record FOR SELECT
      USING (${all} OR (kind <> 'key' AND value::json ->> 'org' = ${orgs}))`,
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
  EXECUTE format('GRANT USAGE ON SCHEMA ${s} TO %I', in_role);
  EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA ${s} TO %I', in_role);
  EXECUTE format('GRANT EXECUTE ON FUNCTION ${s}.reads_all() TO %I', in_role);${more}
  INSERT INTO ${s}.reader (role, org) VALUES (in_role, ${org})
    ON CONFLICT (role) DO UPDATE SET org = excluded.org;
END $$`;
  const append = `
  EXECUTE format('GRANT EXECUTE ON FUNCTION ${s}.entrust(integer, text, bigint, text) TO %I', in_role);
  EXECUTE format('GRANT EXECUTE ON FUNCTION ${s}.await_reply(integer, text) TO %I', in_role);
  EXECUTE format('GRANT EXECUTE ON FUNCTION ${s}.parcels(integer, text) TO %I', in_role);
  EXECUTE format('GRANT EXECUTE ON FUNCTION ${s}.reclaim(integer, text, bigint) TO %I', in_role);
  EXECUTE format('GRANT EXECUTE ON FUNCTION ${s}.open_log(text) TO %I', in_role);
  EXECUTE format('GRANT EXECUTE ON FUNCTION ${s}.append(${signature}) TO %I', in_role);`;
  return [
    reads('grant_worker', `'*'`, append),
    reads('grant_reader', 'in_org', ''),
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
