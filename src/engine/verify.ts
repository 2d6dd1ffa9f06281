/**
 * `verify`: whether a log is what it says it is.
 *
 * Four checks, each entry by entry: the chain and tree (every byte of every entry is under the root); the
 * contents (what is kept beside the log fits its commitment); the fold (applying every event again gives
 * exactly the records in the tables); and, where a head exported earlier is given, that this log continues
 * it. What it cannot see: a log rewritten as a whole, with nothing exported earlier to compare with.
 */
import {
  apply,
  type RecordChange,
  type RecordKind,
  recordKinds,
  type RecordsByKind,
  sortedEntries,
  type StateView,
} from '../kernel/index.ts';
import { ChainVerifier, commit, type Entry, rootHash } from '../log/index.ts';
import type { Head, Storage, StoredContent, StoredEntry } from '../storage/storage.ts';
import { RecordMap } from './record-map.ts';
import { placedEvent } from './replica.ts';

export interface VerifyFault {
  /** Index of the first bad entry; undefined where a table and not an entry is wrong. */
  readonly index: number | undefined;
  readonly code: string;
  readonly message: string;
}

export interface VerifyReport {
  readonly holds: boolean;
  readonly log: string;
  readonly entries: number;
  readonly records: number;
  readonly contents: number;
  readonly head: Head;
  /** The first fault of each check, entries first. */
  readonly faults: readonly VerifyFault[];
}

export interface VerifyOptions {
  readonly log?: string;
  /** A head seen earlier, which this log must continue. */
  readonly anchor?: { readonly size: number; readonly root: string };
  readonly onProgress?: (done: number, total: number) => void;
}

const pageSize = 2_000;

/** Verifies the whole log of a store that nobody needs to have opened before. */
export async function verify(storage: Storage, options: VerifyOptions = {}): Promise<VerifyReport> {
  const log = options.log ?? 'main';
  const head = await storage.open(log);
  const run = new Verification(log, head, options);
  // The next page is read while this one is checked: the store and the hashing share two cores.
  let ahead = readPage(storage, 0, head.size);
  let from = 0;
  while (from < head.size && run.entryFault === undefined) {
    const page = await ahead;
    const to = Math.min(head.size, from + pageSize);
    ahead = readPage(storage, to, head.size);
    run.pushPage(page.entries, page.contents, from);
    from = to;
    options.onProgress?.(from, head.size);
  }
  await ahead;
  run.finishEntries();
  if (run.entryFault === undefined) await run.compareRecords(storage);
  return run.report();
}

interface Page {
  readonly entries: readonly StoredEntry[];
  readonly contents: readonly StoredContent[];
}

async function readPage(storage: Storage, from: number, size: number): Promise<Page> {
  const to = Math.min(size, from + pageSize);
  if (from >= to) return { entries: [], contents: [] };
  const [entries, contents] = await Promise.all([
    storage.readEntries(from, to - from),
    storage.readContents(from, to),
  ]);
  return { entries, contents };
}

/** State rebuilt from nothing but events. */
class Fold implements StateView {
  readonly records = new RecordMap<RecordChange>();

  get<K extends RecordKind>(kind: K, key: string): RecordsByKind[K] | undefined {
    return this.records.get(kind, key)?.value as RecordsByKind[K] | undefined;
  }

  put(change: RecordChange): void {
    this.records.set(change.kind, change.key, change);
  }
}

class Verification {
  entryFault: VerifyFault | undefined;
  readonly #log: string;
  readonly #head: Head;
  readonly #options: VerifyOptions;
  readonly #chain: ChainVerifier;
  readonly #fold = new Fold();
  readonly #faults: VerifyFault[] = [];
  #contents = 0;
  #entries = 0;
  #records = 0;

  constructor(log: string, head: Head, options: VerifyOptions) {
    this.#log = log;
    this.#head = head;
    this.#options = options;
    this.#chain = new ChainVerifier({ log });
  }

  pushPage(
    entries: readonly StoredEntry[],
    contents: readonly StoredContent[],
    from: number,
  ): void {
    if (entries.length === 0) {
      return this.#failEntry(from, 'gap', `entry ${from} is missing`);
    }
    const byIndex = Map.groupBy(contents, (content) => content.index);
    for (const stored of entries) {
      const result = this.#chain.push(stored);
      if (!result.ok)
        return this.#failEntry(result.fault.index, result.fault.code, result.fault.message);
      const problem =
        this.#applied(result.entry) ??
        this.#contentsOf(stored.index, result.entry.data, byIndex.get(stored.index));
      if (problem !== undefined)
        return this.#failEntry(stored.index, problem.code, problem.message);
      this.#entries += 1;
      this.#checkAnchor();
    }
  }

  finishEntries(): void {
    if (this.entryFault !== undefined) return;
    const found = this.#chain.finish(this.#head);
    if (found !== undefined) this.#failEntry(found.index, found.code, found.message);
    const { anchor } = this.#options;
    if (anchor !== undefined && anchor.size > this.#head.size) {
      this.#failEntry(
        this.#head.size,
        'anchor-ahead',
        `the anchor has ${anchor.size} entries, the log ${this.#head.size}`,
      );
    }
  }

  async compareRecords(storage: Storage): Promise<void> {
    for (const kind of recordKinds) {
      const fault = await this.#compareKind(storage, kind, this.#fold.records.of(kind));
      if (fault !== undefined) {
        this.#faults.push(fault);
        return;
      }
    }
  }

  /** The table of one kind against the fold: nothing else, nothing missing, nothing more. */
  async #compareKind(
    storage: Storage,
    kind: RecordKind,
    left: Map<string, RecordChange>,
  ): Promise<VerifyFault | undefined> {
    let ahead = storage.scanRecords({ kind, limit: pageSize });
    for (;;) {
      const { records } = await ahead;
      const after = records.at(-1)?.key;
      const more = records.length === pageSize && after !== undefined;
      if (more) ahead = storage.scanRecords({ kind, limit: pageSize, after });
      for (const { key, value } of records) {
        const expected = left.get(key);
        this.#records += 1;
        left.delete(key);
        if (expected === undefined || !sameValue(expected.value, value)) {
          if (more) await ahead;
          return recordFault('record-mismatch', kind, key, 'is not what the log says');
        }
      }
      if (!more) break;
    }
    const [missing] = left.keys();
    return missing === undefined
      ? undefined
      : recordFault('record-missing', kind, missing, 'is missing from the tables');
  }

  report(): VerifyReport {
    const faults =
      this.entryFault === undefined ? this.#faults : [this.entryFault, ...this.#faults];
    return {
      holds: faults.length === 0,
      log: this.#log,
      entries: this.#entries,
      records: this.#records,
      contents: this.#contents,
      head: this.#head,
      faults,
    };
  }

  #failEntry(index: number, code: string, message: string): void {
    this.entryFault ??= { index, code, message };
  }

  #applied(entry: Entry): VerifyFault | undefined {
    try {
      const placed = placedEvent(entry);
      for (const change of apply(this.#fold, placed.event, placed)) this.#fold.put(change);
      return undefined;
    } catch (failure) {
      const message = `the event cannot be applied: ${String(failure)}`;
      return { index: entry.index, code: 'not-applicable', message };
    }
  }

  #contentsOf(
    index: number,
    data: Readonly<Record<string, unknown>>,
    contents: readonly StoredContent[] = [],
  ): VerifyFault | undefined {
    const commitments = (data['commitments'] ?? {}) as Readonly<Record<string, string>>;
    for (const { field, salt, text } of contents) {
      this.#contents += 1;
      if (!Object.hasOwn(commitments, field) || commitments[field] !== commit(salt, text)) {
        const message = `the ${field} kept beside entry ${index} is not what the entry commits to`;
        return { index, code: 'content-mismatch', message };
      }
    }
    return undefined;
  }

  #checkAnchor(): void {
    const { anchor } = this.#options;
    if (anchor === undefined || this.#entries !== anchor.size) return;
    if (rootHash(this.#chain.position.frontier) !== anchor.root) {
      this.#failEntry(
        anchor.size - 1,
        'anchor-mismatch',
        `the root at size ${anchor.size} is not the anchor's`,
      );
    }
  }
}

function recordFault(code: string, kind: string, key: string, problem: string): VerifyFault {
  return { index: undefined, code, message: `${kind} ${JSON.stringify(key)} ${problem}` };
}

/** Equal texts are the usual case; otherwise equal data, whatever the order of members. */
function sameValue(expected: object, stored: string): boolean {
  if (JSON.stringify(expected) === stored) return true;
  return sortedJson(expected) === sortedJson(JSON.parse(stored) as object);
}

function sortedJson(value: object): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(sortedEntries<unknown>({ ...member }))
      : member,
  );
}
