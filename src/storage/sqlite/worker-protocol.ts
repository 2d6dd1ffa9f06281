/**
 * What the host's thread and the store's thread say to each other. Everything is plain data that
 * survives structured cloning; errors do not, so they travel as `Failure`.
 */
import type { LogPage } from '../../log/log-page.ts';
import type { RecordBytes } from '../../log/record-bytes.ts';
import type { AppendResult, Head, RecordKey, RecordQuery } from '../storage.ts';
import type { StorageErrorCode, StoredContent, StoredEntry, StoredRecord } from '../storage.ts';
import { StorageError } from '../storage.ts';
import { type BatchColumns, type Columns, recordsOf } from './columns.ts';
import type { RecordPage } from './sqlite-database.ts';
import type { SqliteOptions } from './sqlite-options.ts';

/** Given to the thread when it starts. */
export interface WorkerStart {
  readonly path: string;
  readonly options: SqliteOptions;
}

/** `RecordPage` in transit. */
export interface PageColumns {
  readonly head: Head;
  readonly records: Columns<StoredRecord>;
}

export function pageOf({ head, records }: PageColumns): RecordPage {
  return { head, records: recordsOf(records) };
}

/** The calls: what goes in, what comes out. */
export interface Calls {
  open: { readonly input: string; readonly output: Head };
  append: { readonly input: BatchColumns; readonly output: AppendResult };
  head: { readonly input: null; readonly output: Head };
  readEntries: {
    readonly input: { readonly from: number; readonly limit: number };
    readonly output: Columns<StoredEntry>;
  };
  readContents: {
    readonly input: { readonly from: number; readonly to: number };
    readonly output: Columns<StoredContent>;
  };
  readPage: {
    readonly input: { readonly from: number; readonly to: number };
    readonly output: LogPage;
  };
  scanBytes: {
    readonly input: RecordQuery;
    readonly output: { readonly head: Head; readonly records: RecordBytes };
  };
  readRecords: { readonly input: readonly RecordKey[]; readonly output: PageColumns };
  scanRecords: { readonly input: RecordQuery; readonly output: PageColumns };
  examine: { readonly input: null; readonly output: { readonly problem: string | undefined } };
  close: { readonly input: null; readonly output: null };
}

export type CallName = keyof Calls;

export type Request = {
  [Name in CallName]: {
    readonly id: number;
    readonly call: Name;
    readonly input: Calls[Name]['input'];
  };
}[CallName];

export type Reply =
  | { readonly id: number; readonly output: Calls[CallName]['output'] }
  | { readonly id: number; readonly failure: Failure };

/** An error in transit. `code` is null for what is not a fault of the store. */
export interface Failure {
  readonly code: StorageErrorCode | null;
  readonly name: string;
  readonly message: string;
  readonly ambiguous: boolean;
  readonly stack: string | undefined;
}

export function failureOf(error: unknown): Failure {
  const known = error instanceof Error ? error : new Error(String(error));
  const { name, message, stack } = known;
  if (!StorageError.is(error)) return { code: null, name, message, ambiguous: false, stack };
  return { code: error.code, name, message, ambiguous: error.ambiguous, stack };
}

export function errorOf({ code, name, message, ambiguous, stack }: Failure): Error {
  // The thread's stack is the cause: the host's own shows who called.
  const cause = stack;
  if (code !== null) return new StorageError(code, message, { ambiguous, cause });
  if (name === 'TypeError') return new TypeError(message, { cause });
  if (name === 'RangeError') return new RangeError(message, { cause });
  return new Error(message, { cause });
}
