/**
 * Ends whoever keeps a log's head locked and does not go on.
 *
 * From version 17 on the server does that by itself, with the `transaction_timeout` of `append`. Before,
 * none of its timeouts holds between two messages of one statement: an append that was executed, and whose
 * last message, five bytes, never comes, would keep the head for as long as the server takes the connection
 * for alive. So a process that has waited for the head in vain looks who has it. Ending a connection is
 * safe: what was under way on it is rolled back, and whoever asked for it looks for the outcome.
 */
import type { Statement } from './connections.ts';
import { appendMs } from './schema.ts';
import { type SchemaName, quoted } from './schema-name.ts';

/**
 * Ends the sessions that have the head of a log of this schema, wait for their client, and began longer ago
 * than `ms`. A role ends its own sessions only, and sees what others' wait for only where it is a member of
 * `pg_read_all_stats`.
 */
export function endStalled(schema: SchemaName, ms = appendMs): Statement {
  return {
    text: `SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE usename = current_user AND wait_event = 'ClientRead'
        AND xact_start < clock_timestamp() - interval '${ms} ms'
        AND pid IN (SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database
          WHERE datname = current_database() AND relation = $1::regclass::oid
            AND mode = 'RowExclusiveLock' AND granted)`,
    values: [`${quoted(schema)}.log`],
  };
}
