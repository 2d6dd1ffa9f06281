/**
 * Rows as columns, for their way from thread to thread: a structured clone of objects names each
 * member of each row, and takes twice as long to read as one of a few lists.
 */
import type { Batch, StoredContent, StoredEntry, StoredRecord } from '../storage.ts';

export type Columns<Row> = { readonly [Name in keyof Row]: readonly Row[Name][] };

export function entryColumns(rows: readonly StoredEntry[]): Columns<StoredEntry> {
  return {
    index: rows.map(({ index }) => index),
    body: rows.map(({ body }) => body),
    leaf: rows.map(({ leaf }) => leaf),
  };
}

export function entriesOf({ index, body, leaf }: Columns<StoredEntry>): StoredEntry[] {
  return index.map((each, at) => ({ index: each, body: cell(body, at), leaf: cell(leaf, at) }));
}

export function contentColumns(rows: readonly StoredContent[]): Columns<StoredContent> {
  return {
    index: rows.map(({ index }) => index),
    field: rows.map(({ field }) => field),
    salt: rows.map(({ salt }) => salt),
    text: rows.map(({ text }) => text),
  };
}

export function contentsOf(columns: Columns<StoredContent>): StoredContent[] {
  const { index, field, salt, text } = columns;
  return index.map((each, at) => ({
    index: each,
    field: cell(field, at),
    salt: cell(salt, at),
    text: cell(text, at),
  }));
}

export function recordColumns(rows: readonly StoredRecord[]): Columns<StoredRecord> {
  return {
    kind: rows.map(({ kind }) => kind),
    key: rows.map(({ key }) => key),
    parent: rows.map(({ parent }) => parent),
    live: rows.map(({ live }) => live),
    value: rows.map(({ value }) => value),
  };
}

export function recordsOf(columns: Columns<StoredRecord>): StoredRecord[] {
  const { kind, key, parent, live, value } = columns;
  return key.map((each, at) => ({
    kind: cell(kind, at),
    key: each,
    parent: cell(parent, at),
    live: cell(live, at),
    value: cell(value, at),
  }));
}

/** `Batch` in transit. */
export type BatchColumns = Omit<Batch, 'entries' | 'contents' | 'records'> & {
  readonly entries: Columns<StoredEntry>;
  readonly contents: Columns<StoredContent>;
  readonly records: Columns<StoredRecord>;
};

export function batchColumns(batch: Batch): BatchColumns {
  const entries = entryColumns(batch.entries);
  const contents = contentColumns(batch.contents);
  return { ...batch, entries, contents, records: recordColumns(batch.records) };
}

export function batchOf(columns: BatchColumns): Batch {
  const entries = entriesOf(columns.entries);
  const contents = contentsOf(columns.contents);
  return { ...columns, entries, contents, records: recordsOf(columns.records) };
}

function cell<Value>(column: readonly Value[], at: number): Value {
  const value = column[at];
  if (value === undefined) throw new Error('assertion: a column is shorter than the others');
  return value;
}
