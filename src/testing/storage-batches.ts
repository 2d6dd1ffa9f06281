/**
 * Batches, records and texts for the cases of the storage conformance suite.
 *
 * The hashes only look like ones: a store does not check them. The texts are chosen to break what
 * escapes, trims, normalises, re-encodes or parses what it stores.
 */
import { equal, ok, rejects } from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { StorageError } from '../storage/storage.ts';
import type { Batch, Head, Storage, StorageErrorCode } from '../storage/storage.ts';
import type { StoredContent, StoredRecord } from '../storage/storage.ts';

/** What a case gets: `open` makes a handle that is open for log `main`, `make` one that is not. */
export type Check = (open: () => Promise<Storage>, make: () => Storage) => Promise<void>;

const emptyRoot = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
export const empty: Head = { size: 0, previous: null, root: emptyRoot, frontier: [], at: 0 };
export const nothing: Batch = {
  expectedSize: 0,
  expectedPrevious: null,
  entries: [],
  contents: [],
  records: [],
  head: empty,
};

/** A batch that fits behind `expectedSize` entries. Its hashes only look like ones. */
export function batchOf(
  expectedSize: number,
  bodies: readonly string[],
  rest: { contents?: readonly StoredContent[]; records?: readonly StoredRecord[] } = {},
): Batch {
  const entries = bodies.map((body, at) => ({
    index: expectedSize + at,
    body,
    leaf: leafAt(expectedSize + at),
  }));
  const size = expectedSize + bodies.length;
  const root = size === 0 ? emptyRoot : sha256(`root ${size}`);
  const head: Head = {
    size,
    previous: leafBefore(size),
    root,
    frontier: [root, sha256('left')],
    at: size * 1_000,
  };
  return {
    expectedSize,
    expectedPrevious: leafBefore(expectedSize),
    entries,
    head,
    contents: rest.contents ?? [],
    records: rest.records ?? [],
  };
}

/** Of whichever batch the entry is, so that any batch fits behind any other. */
function leafAt(index: number): string {
  return sha256(`leaf ${index}`);
}

function leafBefore(size: number): string | null {
  return size === 0 ? null : leafAt(size - 1);
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export function recordOf(
  kind: string,
  key: string,
  rest: Partial<StoredRecord> = {},
): StoredRecord {
  return { kind, key, parent: '', live: false, value: `"${kind}/${key}"`, ...rest };
}

export async function rejectsWith(code: StorageErrorCode, work: Promise<unknown>): Promise<void> {
  await rejects(work, (error) => {
    ok(StorageError.is(error), `not a StorageError: ${String(error)}`);
    equal(error.code, code);
    return true;
  });
}

export const texts: readonly string[] = [
  '{}',
  '{"max":9007199254740991,"min":-9007199254740991,"exact":0.1}',
  "quotes ' \" ` '' and \\ and %s $1 ?1 :a",
  'controls \u0001\u0008\t\n\r\u001f\u007f\u0085\u2028\u2029\ufeff',
  'é e\u0301 ﬁ Ω 漢字 😀 \u{10ffff} \uffff \ufffd',
  '  leading and trailing  ',
  '0123',
  '',
];
