/**
 * The part of the schema where processes leave each other their commands: a table, functions, and what
 * `append` does of it. A parcel waits while it has a text, and is answered once it has a reply.
 */
import { owned, type SchemaName, quoted } from './schema-name.ts';
import { notAppended, turnLock, turnWaitMs } from './turn-lock.ts';

/** SQLSTATE by which a block gives back its lock. */
const throughState = 'ACP03';
/** How often a sender looks: whoever had the turn when its parcel came may not have seen it. */
const roundsAwaited = 4;
/** How many parcels come with a turn. */
const parcelsMax = 64;
/** For how long a parcel is for others to decide, ms. */
const parcelMs = 30_000;

/**
 * The last parcel of each sender. Rows are replaced in place, and texts kept in them as long as they fit, so
 * that nothing has to be swept up. None outlasts a crash of the server.
 */
export function parcelTables(s: string): readonly string[] {
  return [
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
  ];
}

export function parcelFunctions(schema: SchemaName): readonly string[] {
  const s = quoted(schema);
  return [
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
  ];
}

/** What `append` is called with of them. */
export const parcelParameters = [
  'in_own_sender text',
  'in_own_number bigint',
  'in_senders text[]',
  'in_numbers bigint[]',
  'in_replies text[]',
] as const;

/** In `append`, with its variables `standing` and `settled`: ends it unless all that are settled wait. */
export function parcelsWait(s: string): string {
  return `  -- All in one order: two batches may name each other's.
  settled := cardinality(in_senders) + num_nonnulls(in_own_number);
  IF settled > 0 THEN
    PERFORM FROM ${s}.parcel
      JOIN unnest(in_senders || in_own_sender, in_numbers || in_own_number) AS each (sender, number)
      USING (sender, number) WHERE log = in_log AND text IS NOT NULL ORDER BY sender FOR UPDATE OF parcel;
    GET DIAGNOSTICS standing = ROW_COUNT;
    IF standing < settled THEN
      RETURN ${notAppended};
    END IF;
  END IF;`;
}

/** In `append`: settles them. */
export function settleParcels(s: string): string {
  return `  IF in_own_number IS NOT NULL THEN
    UPDATE ${s}.parcel SET text = NULL WHERE log = in_log AND sender = in_own_sender;
  END IF;
  IF cardinality(in_senders) > 0 THEN
    UPDATE ${s}.parcel SET text = NULL, reply = each.reply
      FROM unnest(in_senders, in_replies) AS each (sender, reply)
      WHERE log = in_log AND parcel.sender = each.sender;
  END IF;`;
}

/** Those that a worker may call. */
export const parcelSignatures: readonly string[] = [
  'entrust(integer, text, bigint, text)',
  'await_reply(integer, text)',
  'parcels(integer, text)',
  'reclaim(integer, text, bigint)',
];
