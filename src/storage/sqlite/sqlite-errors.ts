/**
 * Turns what SQLite throws into the contract's `StorageError`.
 *
 * A batch is in doubt (`ambiguous`) only when COMMIT itself failed: before it, SQLite has written
 * nothing that a later opening could take for a commit. When COMMIT fails, SQLite ends the
 * transaction by itself, on a full disk as on an I/O error, and does not say how: nothing is
 * concluded, and the caller reads the log. Only where the transaction is still there to be rolled
 * back, as after a lock, is it certain that nothing was committed. An I/O error leaves doubt even
 * then: the frame that marks the commit may lie in the write-ahead log although its fsync failed,
 * and if the process dies before the next commit overwrites it, recovery accepts it.
 */
import { StorageError } from '../storage.ts';
import type { StorageErrorCode } from '../storage.ts';

/** SQLite's primary result codes, https://sqlite.org/rescode.html. */
const codeOfResult: ReadonlyMap<number, StorageErrorCode> = new Map([
  [1, 'corrupt'], // ERROR: our fixed statements fail only where the schema is not ours
  [5, 'busy'], // BUSY
  [6, 'busy'], // LOCKED
  [8, 'read-only'], // READONLY
  [10, 'io'], // IOERR
  [11, 'corrupt'], // CORRUPT
  [13, 'disk-full'], // FULL
  [14, 'unavailable'], // CANTOPEN
  [15, 'busy'], // PROTOCOL: the race to start a write-ahead log was lost many times over
  [19, 'corrupt'], // CONSTRAINT: an entry stands beyond the log's size
  [26, 'not-a-control-plane'], // NOTADB
]);

/** How SQLite words a result (`sqlite3_errstr`), for where the number is not given; any other is an ERROR. */
const wordings: readonly (readonly [text: string, result: number])[] = [
  ['database is locked', 5],
  ['database table is locked', 6],
  ['attempt to write a readonly database', 8],
  ['disk I/O error', 10],
  ['database or disk is full', 13],
  ['unable to open database file', 14],
  ['locking protocol', 15],
  ['file is not a database', 26],
];

/** SQLite's primary result code of an error of `node:sqlite`, undefined for any other value. */
function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('errcode' in error && typeof error.errcode === 'number') return error.errcode & 0xff;
  // Deno has the number in what a prepared statement throws, and not in what `exec` or opening a file does.
  if (!('code' in error) || error.code !== 'ERR_SQLITE_ERROR') return undefined;
  return wordings.find(([text]) => error.message.startsWith(text))?.[1] ?? 1;
}

export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code !== undefined && codeOfResult.get(code) === 'busy';
}

/** What is known of the transaction after COMMIT threw. */
export type CommitFate = 'rolled-back' | 'unknown';

/**
 * The `StorageError` for `error`; errors that are not SQLite's are returned as they are, because
 * a programmer's error has to reach the programmer.
 */
export function storageError(error: unknown, name: string, fate?: CommitFate): unknown {
  if (StorageError.is(error)) return named(error, name);
  if (!(error instanceof Error)) return error;
  if ('code' in error && error.code === 'ERR_OUT_OF_RANGE') {
    // An integer beyond 2^53-1, which we never write.
    return new StorageError('corrupt', `${name}: ${error.message}`, { cause: error });
  }
  const result = resultCode(error);
  if (result === undefined) return error;
  const code = codeOfResult.get(result) ?? 'unavailable';
  const ambiguous = fate !== undefined && (fate === 'unknown' || code === 'io');
  const extended = 'errcode' in error ? String(error.errcode) : String(result);
  const message = `${name}: ${error.message} (SQLite ${extended})`;
  return new StorageError(code, message, { ambiguous, cause: error });
}

function named(error: StorageError, name: string): StorageError {
  if (error.message.startsWith(name)) return error;
  const { code, ambiguous, message } = error;
  return new StorageError(code, `${name}: ${message}`, { ambiguous, cause: error.cause });
}
