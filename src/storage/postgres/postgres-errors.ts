/**
 * Turns what PostgreSQL and its driver throw into the contract's `StorageError`.
 *
 * An append is one statement that commits by itself. Where the server answers it with an ERROR, it has rolled
 * back and nothing is in doubt. Everything else is: a FATAL can arrive after the commit, and so can the loss
 * of the connection, a timeout on our side, and whatever a pooler in between reports as a broken connection.
 */
import { StorageError } from '../storage.ts';
import type { StorageErrorCode } from '../storage.ts';
import { noLogState, unsafeState } from './schema.ts';

/** SQLSTATEs, https://www.postgresql.org/docs/current/errcodes-appendix.html. */
const codeOfState: ReadonlyMap<string, StorageErrorCode> = new Map([
  ['25006', 'read-only'], // a standby, or a session that is read-only
  ['40001', 'busy'], // serialization_failure: a session that is stricter than it needs to be
  ['40P01', 'busy'], // deadlock_detected
  ['42501', 'read-only'], // insufficient_privilege
  ['42883', 'schema-too-new'], // undefined_function: a newer release took `append` away
  ['53100', 'disk-full'],
  ['55P03', 'busy'], // lock_not_available
  ['57014', 'busy'], // query_canceled, by the server's own statement_timeout
  ['58030', 'io'],
  ['23505', 'corrupt'], // unique_violation: an entry stands beyond the log's size
  ['XX001', 'corrupt'],
  ['XX002', 'corrupt'],
  [noLogState, 'corrupt'],
  [unsafeState, 'unsafe-settings'],
]);

/**
 * What servers call an ERROR, each in the language of its `lc_messages`, as the catalogues of releases 14
 * to 18 have it. The driver keeps nothing of the field that is in no language. No language calls a FATAL or a
 * PANIC by one of these; what is not here leaves a doubt, which is slow and right.
 */
const refusals: ReadonlySet<string> = new Set([
  'ERROR', // also es, id, ja
  'FEHLER', // de
  'ERREUR', // fr
  'ERRORE', // it
  'შეცდომა', // ka
  '오류', // ko
  'BŁĄD', // pl
  'ERRO', // pt_BR
  'ОШИБКА', // ru
  'FEL', // sv
  'HATA', // tr
  'ПОМИЛКА', // uk
  '错误', // zh_CN
  '錯誤', // zh_TW
]);

/** An error that the server sent, by https://www.postgresql.org/docs/current/protocol-error-fields.html. */
interface ServerError extends Error {
  readonly severity: string;
  readonly code: string;
}

function isServerError(error: unknown): error is ServerError {
  if (!(error instanceof Error) || !('severity' in error) || !('code' in error)) return false;
  return typeof error.severity === 'string' && typeof error.code === 'string';
}

/**
 * Whether the server refused a statement and goes on: then it was rolled back, and the connection is good.
 */
export function isRefused(error: unknown): boolean {
  // Class 08 is what poolers say of a connection that they lost.
  return isServerError(error) && refusals.has(error.severity) && !error.code.startsWith('08');
}

/** Another transaction was first, under an isolation that makes an error of it. */
export function isSerializationFailure(error: unknown): boolean {
  return isServerError(error) && error.code === '40001';
}

/** Nobody writes in this session: it says so itself, or its server is a standby. */
export function isReadOnlySession(error: unknown): boolean {
  return isServerError(error) && error.code === '25006';
}

/** `writing`: whether what failed may have been a commit. */
export function storageError(error: unknown, name: string, writing: boolean): StorageError {
  if (StorageError.is(error)) return error;
  const message = messageOf(error);
  const ambiguous = writing && !isRefused(error);
  if (!isServerError(error)) {
    return new StorageError('unavailable', `${name}: ${message}`, { ambiguous, cause: error });
  }
  const code = codeOfState.get(error.code) ?? 'unavailable';
  const text = `${name}: ${message} (SQLSTATE ${error.code})`;
  return new StorageError(code, text, { ambiguous, cause: error });
}

/** Where every address of a host fails, each has its message, and all together have none. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(messageOf).join('; ');
  }
  return error instanceof Error ? error.message : String(error);
}
