/**
 * The tables' half of `verify`: every record is what the fold says, with the same parent and liveness, and
 * there are no others. Liveness counts: it decides what is loaded when the log is opened.
 */
import { type RecordKind, recordKinds, sortedEntries } from '../../kernel/index.ts';
import type { Storage, StoredRecord } from '../../storage/storage.ts';
import type { EntryVerifier } from './entries.ts';
import type { VerifyFault } from './report.ts';

const pageSize = 2_000;

interface Compared {
  readonly records: number;
  readonly fault: VerifyFault | undefined;
}

export async function verifyRecords(storage: Storage, entries: EntryVerifier): Promise<Compared> {
  let records = 0;
  for (const kind of recordKinds) {
    const compared = await verifyKind(storage, entries, kind);
    records += compared.records;
    if (compared.fault !== undefined) return { records, fault: compared.fault };
  }
  return { records, fault: undefined };
}

async function verifyKind(
  storage: Storage,
  entries: EntryVerifier,
  kind: RecordKind,
): Promise<Compared> {
  let count = 0;
  let ahead = storage.scanRecords({ kind, limit: pageSize });
  for (;;) {
    const { head, records } = await ahead;
    const after = records.at(-1)?.key;
    const more = records.length === pageSize && after !== undefined;
    if (more) ahead = storage.scanRecords({ kind, limit: pageSize, after });
    // The page is true at its own head: a log that grew is verified up to there first.
    let fault = await entries.extend(head);
    for (const record of records) {
      if (fault !== undefined) break;
      count += 1;
      fault = recordFault(entries, record);
    }
    if (more && fault === undefined) continue;
    await ahead;
    fault ??= await missingFault(storage, entries, kind);
    return { records: count, fault };
  }
}

/** A record of the fold that no page had: it is missing, unless it is newer than the page it belongs on. */
async function missingFault(
  storage: Storage,
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
