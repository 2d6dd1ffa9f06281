/**
 * What every store checks before it touches its data, so that all stores refuse the same things.
 *
 * A breach is a programmer's error, not a fault of the store: it throws a `TypeError` or a
 * `RangeError`, nothing is written, and trying again cannot help. Ill-formed text is refused
 * because UTF-8 would turn two different lone surrogates into the same U+FFFD, and so two keys
 * into one record; NUL is refused because PostgreSQL cannot hold it and SQLite's tools cut at it.
 */
import type { Batch, Head, LogEnd, Parcel, ParcelName, RecordKey, RecordQuery } from './storage.ts';

/** Most entries or records that one read returns. */
const pageMax = 10_000;

/** The head of a log without entries. Its root is SHA-256 of the empty string (RFC 6962, 2.1). */
export const emptyHead: Head = Object.freeze({
  size: 0,
  previous: null,
  root: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  frontier: Object.freeze([]),
  at: 0,
});

/**
 * Throws where an option is not known, or the mode is none: what is misspelt must not open for writing a
 * store that was only to be looked at.
 */
export function assertOptions(store: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`the options of \`${store}()\` are no object`);
  }
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new TypeError(`\`${store}()\` has no option \`${unknown}\``);
  const mode: unknown = 'mode' in options ? options.mode : undefined;
  if (mode !== undefined && mode !== 'read-write' && mode !== 'read-only') {
    throw new TypeError('`mode` is neither `read-write` nor `read-only`');
  }
}

/** Throws unless the batch is whole: no gap, no content without its entry, a head that fits. */
export function assertBatch(batch: Batch): void {
  assertCount(batch.expectedSize, 'expectedSize');
  const size = batch.expectedSize + batch.entries.length;
  if (batch.head.size !== size) {
    throw new RangeError(`the head's size is ${batch.head.size}, the batch makes it ${size}`);
  }
  assertHead(batch.head);
  assertPrevious(batch.expectedSize, batch.expectedPrevious);
  let index = batch.expectedSize;
  for (const entry of batch.entries) {
    if (entry.index !== index) {
      throw new RangeError(`entry ${entry.index} stands where entry ${index} belongs`);
    }
    assertText(entry.body, 'body');
    assertText(entry.leaf, 'leaf');
    index += 1;
  }
  const fields = new Set<string>();
  for (const content of batch.contents) {
    assertCount(content.index, 'content index');
    if (content.index < batch.expectedSize || content.index >= size) {
      throw new RangeError(`content of entry ${content.index}, which is not in the batch`);
    }
    assertText(content.field, 'field');
    assertText(content.salt, 'salt');
    assertText(content.text, 'text');
    const place = `${content.index} ${content.field}`;
    if (fields.has(place)) throw new TypeError(`content \`${place}\` stands in the batch twice`);
    fields.add(place);
  }
  for (const record of batch.records) {
    assertKey(record);
    assertText(record.parent, 'parent');
    assertText(record.value, 'value');
    if (typeof record.live !== 'boolean') throw new TypeError('live is not a boolean');
  }
  if (batch.parcels?.own !== undefined) assertParcelName(batch.parcels.own);
  for (const reply of batch.parcels?.replies ?? []) assertParcel(reply);
}

/** Whether a batch was decided on the log that ends like this. */
export function continues(batch: Batch, { size, previous }: LogEnd): boolean {
  return size === batch.expectedSize && previous === batch.expectedPrevious;
}

export function assertParcel(parcel: Parcel): void {
  assertParcelName(parcel);
  assertText(parcel.text, 'text of a parcel');
}

function assertParcelName({ sender, number }: ParcelName): void {
  assertText(sender, 'sender');
  assertCount(number, 'number of a parcel');
}

export function assertKey(key: RecordKey): void {
  assertText(key.kind, 'kind');
  assertText(key.key, 'key');
}

export function assertQuery(query: RecordQuery): void {
  assertText(query.kind, 'kind');
  if (query.parent !== undefined) assertText(query.parent, 'parent');
  if (query.after !== undefined) assertText(query.after, 'after');
  assertLimit(query.limit);
}

export function assertLimit(limit: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > pageMax) {
    throw new RangeError(`limit is ${limit}, not an integer from 1 to ${pageMax}`);
  }
}

/** Throws unless `value` can be a size or an index. */
export function assertCount(value: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`${what} is ${value}, not an integer from 0 to 2^53-1`);
  }
}

/** Throws unless a store can give `value` back byte for byte. */
export function assertText(value: string, what: string): void {
  if (typeof value !== 'string') throw new TypeError(`${what} is not a string`);
  if (!value.isWellFormed()) throw new TypeError(`${what} holds a lone surrogate`);
  if (value.includes('\0')) throw new TypeError(`${what} holds a NUL character`);
}

/**
 * Orders keys by code point, which is the order of their UTF-8 bytes and thus the order of SQLite
 * and of PostgreSQL's collation "C". JavaScript's own `<` differs: it puts U+FFFF after U+1F600.
 */
export function compareKeys(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at += 1) {
    const a = left.charCodeAt(at);
    const b = right.charCodeAt(at);
    if (a !== b) return codePointRank(a) - codePointRank(b);
  }
  return left.length - right.length;
}

/** Surrogates stand for code points above U+FFFF, so they rank after every other code unit. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

function assertHead(head: Head): void {
  assertPrevious(head.size, head.previous);
  assertText(head.root, 'root');
  for (const hash of head.frontier) assertText(hash, 'frontier');
  assertCount(head.at, 'at');
}

function assertPrevious(size: number, previous: string | null): void {
  if (previous !== null) assertText(previous, 'previous');
  if ((previous === null) !== (size === 0)) {
    throw new TypeError('previous is null for an empty log, and only then');
  }
}
