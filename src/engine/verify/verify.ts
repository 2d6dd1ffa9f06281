/**
 * `verify`: whether a log is what it says it is.
 *
 * Four checks: the chain and tree (every byte of every entry is under the root); the contents (what is kept
 * beside the log fits its commitment); the fold (applying every event again gives exactly the records in the
 * tables); and, where a head exported earlier is given, that this log continues it. A log that grows
 * meanwhile is followed. What it cannot see: a log rewritten as a whole, with nothing exported earlier to
 * compare with.
 *
 * It writes nothing, but opening does: give it a store that is opened read-only.
 */
import type { Storage } from '../../storage/storage.ts';
import { fault } from '../error.ts';
import { assertMembers } from '../known-members.ts';
import { EntryVerifier, type VerifyWork } from './entries.ts';
import { type Compared, verifyRecords } from './records.ts';
import type { VerifyFault, VerifyOptions, VerifyReport } from './report.ts';

/** Verifies the whole log of a store that nobody needs to have opened before. */
export async function verify(storage: Storage, options: VerifyOptions = {}): Promise<VerifyReport> {
  assertVerifiable(options);
  const first = await verifyOnce(storage, options, {});
  // What is added up shows that something differs. What it is, somebody finds who keeps all of it.
  const isVague = first.faults.some(
    ({ index, code }) =>
      code === 'not-applicable' || (index === undefined && code !== 'store-damaged'),
  );
  return isVague ? verifyOnce(storage, options, { keepsAll: true }) : first;
}

async function verifyOnce(
  storage: Storage,
  options: VerifyOptions,
  work: VerifyWork,
): Promise<VerifyReport> {
  const log = options.log ?? 'main';
  const entries = new EntryVerifier(storage, log, options, work);
  try {
    return await report(storage, entries, log, options);
  } finally {
    await entries.end();
  }
}

/** A log that is held against nothing for a misspelt anchor would be taken for complete. */
function assertVerifiable(options: VerifyOptions): void {
  assertMembers('the options of `verify`', options, ['log', 'anchor', 'onProgress']);
  const anchor: Partial<NonNullable<VerifyOptions['anchor']>> | null | undefined = options.anchor;
  if (anchor === undefined) return;
  const { size, root } = anchor ?? {};
  if (Number.isSafeInteger(size) && Number(size) >= 0 && typeof root === 'string') return;
  throw fault('input-invalid', '`anchor` has a `size` and a `root`, as `head()` gives them');
}

async function report(
  storage: Storage,
  entries: EntryVerifier,
  log: string,
  options: VerifyOptions,
): Promise<VerifyReport> {
  const head = await storage.open(log);
  const anchored = options.anchor === undefined || options.anchor.size <= head.size;
  const faulty =
    (await entries.extend(head)) ??
    (anchored ? undefined : anchorAhead(options.anchor?.size ?? 0, head.size));
  const compared =
    faulty === undefined ? await verifyTables(storage, entries) : { records: 0, fault: faulty };
  const faults = compared.fault === undefined ? [] : [compared.fault];
  return {
    holds: faults.length === 0,
    log,
    entries: entries.size,
    records: compared.records,
    contents: entries.contents,
    // Of a log that does not hold, nobody knows what there should be.
    erased: faults.length === 0 ? entries.erased : undefined,
    head: entries.head ?? head,
    faults,
  };
}

/** The records, and whether whoever looks for one by its key finds the one that was read. */
async function verifyTables(storage: Storage, entries: EntryVerifier): Promise<Compared> {
  const compared = await verifyRecords(storage, entries);
  if (compared.fault !== undefined) return compared;
  const problem = await storage.examine?.();
  if (problem === undefined) return compared;
  const message = `what is found by an index is not what is there: ${problem}`;
  return { ...compared, fault: { index: undefined, code: 'store-damaged', message } };
}

function anchorAhead(anchor: number, size: number): VerifyFault {
  const message = `the anchor has ${anchor} entries, the log ${size}: its end is gone`;
  return { index: size, code: 'anchor-ahead', message };
}
