/**
 * Whether a role sees every row. Row-level security leaves out what a role may not see without a word, so
 * that for whoever sees a part an agent that was stopped is not stopped, and a budget that was spent is full:
 * a log is read as a whole or not at all.
 */
import { StorageError } from '../storage.ts';
import { type SchemaName, quoted } from './schema-name.ts';

/**
 * SQL that is true for a role that sees all: that is `*` in the table of readers, under its own name. Whoever
 * is only a member of such a role is not, and neither is one that was renamed.
 */
export function seesWhole(schema: SchemaName): string {
  const s = quoted(schema);
  return `(NOT pg_catalog.row_security_active('${s}.record') OR EXISTS
    (SELECT FROM ${s}.reader WHERE role = current_user AND org = '*'))`;
}

export function partOnly(): StorageError {
  const message =
    'the role sees the rows of one org at most, and a log is read as a whole; let that role itself in, by ' +
    '`agent-control-plane postgres grant-worker`, or to read by `grant-reader … *`';
  return new StorageError('unavailable', message);
}
