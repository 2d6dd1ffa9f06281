/**
 * The tables' half of `verify`: every record is what the fold says, with the same parent and liveness, and
 * there are no others. Liveness counts: it decides what is loaded when the log is opened.
 */
import { type RecordKind, recordKinds, sortedEntries } from '../../kernel/index.ts';
import { type RecordBytes, recordBytes, RecordBytesReader } from '../../log/record-bytes.ts';
import type { Head, Storage, StoredRecord } from '../../storage/storage.ts';
import type { EntryVerifier } from './entries.ts';
import type { VerifyFault } from './report.ts';

const defaultPageSize = 4_000;

export interface Compared {
  readonly records: number;
  readonly fault: VerifyFault | undefined;
}

export async function verifyRecords(
  storage: Storage,
  entries: EntryVerifier,
  pageSize = defaultPageSize,
): Promise<Compared> {
  // What is settled meanwhile may have been read before, as it was then.
  entries.stopAddingUp();
  const tables = { storage, pageSize };
  let records = 0;
  for (const kind of recordKinds) {
    const compared = await verifyKind(tables, entries, kind);
    records += compared.records;
    if (compared.fault !== undefined) return { records, fault: compared.fault };
  }
  return { records, fault: undefined };
}

interface Tables {
  readonly storage: Storage;
  /** Records that are read together. */
  readonly pageSize: number;
}

async function verifyKind(
  tables: Tables,
  entries: EntryVerifier,
  kind: RecordKind,
): Promise<Compared> {
  let count = 0;
  let adding: Promise<void> | undefined;
  let ahead = scan(tables, kind, undefined);
  for (;;) {
    const { head, records } = await ahead;
    const page = new RecordBytesReader(records);
    const more = page.count === tables.pageSize;
    if (more) ahead = scan(tables, kind, page.keyAt(page.count - 1));
    // The page is true at its own head: a log that grew is verified up to there first.
    let fault = await entries.extend(head);
    const left: number[] = [];
    for (let at = 0; at < page.count && fault === undefined; at += 1) {
      count += 1;
      if (isTakenOut(entries, kind, page.keyAt(at))) continue;
      left.push(at);
      fault = recordFault(entries, { kind, ...page.recordAt(at) });
    }
    await adding;
    if (left.length < page.count) adding = entries.addFromTables(records, left);
    if (more && fault === undefined) continue;
    await ahead;
    fault ??= await missingFault(tables, entries, kind);
    if (kind === 'decision') fault ??= await sumFault(entries);
    return { records: count, fault };
  }
}

async function scan(
  { storage, pageSize }: Tables,
  kind: RecordKind,
  after: string | undefined,
): Promise<{ readonly head: Head; readonly records: RecordBytes }> {
  const query = { kind, limit: pageSize, ...(after === undefined ? {} : { after }) };
  if (storage.pages !== undefined) return storage.pages.records(query);
  const { head, records } = await storage.scanRecords(query);
  return { head, records: recordBytes(records) };
}

/** A record of the fold that no page had: it is missing, unless it is newer than the page it belongs on. */
async function missingFault(
  { storage, pageSize }: Tables,
  entries: EntryVerifier,
  kind: RecordKind,
): Promise<VerifyFault | undefined> {
  const unseen = [...entries.fold.notCompared(kind)];
  for (let from = 0; from < unseen.length; from += pageSize) {
    const keys = unseen.slice(from, from + pageSize);
    const { head, records } = await storage.readRecords(keys.map((key) => ({ kind, key })));
    const found = new Set(records.map((record) => record.key));
    const missing = keys.find((key) => !found.has(key));
    if (missing !== undefined) {
      return faultOf('record-missing', kind, missing, 'is missing from the tables');
    }
    const fault =
      (await entries.extend(head)) ??
      records.map((record) => recordFault(entries, record)).find((each) => each !== undefined);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Whether it can only be one that was taken out of the fold: the sums show whether it is. */
function isTakenOut({ sums, fold }: EntryVerifier, kind: RecordKind, key: string): boolean {
  return sums && kind === 'decision' && !fold.has(kind, key);
}

/** Says that some decision differs, not which. */
async function sumFault(entries: EntryVerifier): Promise<VerifyFault | undefined> {
  if (!entries.sums || (await entries.agreesWithTables())) return undefined;
  const message = 'the decisions that are settled for good are not those that the log says';
  return { index: undefined, code: 'record-mismatch', message };
}

function recordFault(entries: EntryVerifier, stored: StoredRecord): VerifyFault | undefined {
  const kind = stored.kind as RecordKind;
  const expected = entries.fold.expected(kind, stored.key);
  if (expected !== undefined) {
    const same =
      expected.live === stored.live &&
      expected.parent === stored.parent &&
      (expected.value === stored.value || sameData(expected.value, stored.value));
    if (same) return undefined;
  }
  return faultOf('record-mismatch', kind, stored.key, 'is not what the log says');
}

function faultOf(code: string, kind: string, key: string, problem: string): VerifyFault {
  return { index: undefined, code, message: `${kind} ${JSON.stringify(key)} ${problem}` };
}

/** Equal data whatever the order of members: an older version may have written them in another. */
function sameData(left: string, right: string): boolean {
  try {
    return sortedJson(JSON.parse(left)) === sortedJson(JSON.parse(right));
  } catch {
    return false;
  }
}

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(sortedEntries<unknown>({ ...member }))
      : member,
  );
}
