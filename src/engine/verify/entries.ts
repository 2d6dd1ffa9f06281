/**
 * The entries' half of `verify`: chain, tree, contents and anchor, and the fold of every event.
 *
 * Three threads work at once: the store's reads a page, this one folds the page before, and another hashes
 * the one before that. A page counts once it is folded and hashed. What is handed over to be hashed ends
 * where folding found a fault, so that a hash that does not fit always comes before that fault.
 */
import { ChainPlaces, hashFaults } from '../../log/chain-places.ts';
import type { Hashed } from '../../log/hash-page.ts';
import { entryItem, type LogPage, logPage } from '../../log/log-page.ts';
import { emptyRoot, frontierOf, rootHash } from '../../log/index.ts';
import { hasBytes, type RecordBytes, RecordBytesBuilder } from '../../log/record-bytes.ts';
import type { Head, Storage, StoredRecord } from '../../storage/storage.ts';
import { Fold } from './fold.ts';
import { type Hashing, HashingInPlace, HashingThread } from './hashing.ts';
import { contentMismatch, PageFolding, readPage } from './page.ts';
import type { ErasedContents, VerifyFault, VerifyOptions } from './report.ts';

const defaultPageSize = 1_000;
/** Hashing these takes about as long as starting a thread. */
const hashedInPlaceMax = 10_000;

/** How the work is cut up; what is found is the same. */
export interface VerifyWork {
  /** Where to hash; without it, the size of the log says. */
  readonly hashing?: Hashing;
  /** Entries that are read, folded and hashed together. */
  readonly pageSize?: number;
  /**
   * Whether all records are kept, so that one that differs can be named. Otherwise decisions that are settled
   * for good are added up, here and in the tables, and only the sums are compared.
   */
  readonly keepsAll?: boolean;
}

interface FoldedPage {
  /** Index of its first entry. */
  readonly from: number;
  /** How many of its items fit as far as folding sees. */
  readonly items: number;
  readonly fields: readonly number[];
  readonly names: readonly string[];
  /** What folding found, behind all that is hashed. */
  readonly fault: VerifyFault | undefined;
  readonly hashed: Promise<Hashed>;
}

export class EntryVerifier {
  readonly fold = new Fold();
  /** Whether decisions that are settled for good are added up, and so cannot be named. */
  readonly sums: boolean;
  readonly #storage: Storage;
  readonly #options: VerifyOptions;
  readonly #places: ChainPlaces;
  readonly #pageSize: number;
  #settled = new RecordBytesBuilder();
  #hashing: Hashing | undefined;
  #head: Head | undefined;
  #root = emptyRoot;
  #size = 0;
  #contents = 0;
  #erased: ErasedContents | undefined;

  constructor(storage: Storage, log: string, options: VerifyOptions, work: VerifyWork = {}) {
    this.#storage = storage;
    this.#options = options;
    this.#places = new ChainPlaces({ log });
    this.#hashing = work.hashing;
    this.#pageSize = work.pageSize ?? defaultPageSize;
    this.sums = work.keepsAll !== true;
    if (this.sums) this.fold.settled = (record) => this.#settle(record);
  }

  /** Entries verified so far. */
  get size(): number {
    return this.#size;
  }

  /** Contents verified so far. */
  get contents(): number {
    return this.#contents;
  }

  /** What the entries that were folded commit to, and is gone. */
  get erased(): ErasedContents | undefined {
    return this.#erased;
  }

  /** The head that was verified last. */
  get head(): Head | undefined {
    return this.#head;
  }

  /** From now on no more are added up. */
  stopAddingUp(): void {
    this.fold.settled = undefined;
  }

  /** Adds records of the tables, some left out: they are to be those that were taken out of the fold. */
  addFromTables(records: RecordBytes, left: readonly number[]): Promise<void> {
    return this.#hasher.add({ source: 'tables', records, left });
  }

  /** Whether the tables had just the records that were taken out of the fold. */
  async agreesWithTables(): Promise<boolean> {
    return this.#hasher.agree();
  }

  /** Lets go of the thread. To be called in any case. */
  async end(): Promise<void> {
    await this.#hashing?.end();
  }

  /** Verifies on to a head; the first fault. */
  async extend(head: Head): Promise<VerifyFault | undefined> {
    this.#hashing ??= head.size > hashedInPlaceMax ? new HashingThread() : new HashingInPlace();
    let ahead = this.#read(this.#size, head.size);
    let folded: FoldedPage | undefined;
    let found: VerifyFault | undefined;
    while (found === undefined && folded?.fault === undefined && this.#places.size < head.size) {
      const page = await ahead;
      ahead = this.#read(this.#places.size + page.indexes.length, head.size);
      // Where this loop ends with an exception, nobody waits for it.
      ahead.catch(() => {});
      const before = folded;
      folded = this.#foldPage(page);
      found = await this.#confirm(before, head);
    }
    found ??= await this.#confirm(folded, head);
    await ahead;
    if (found !== undefined) return found;
    this.#head = head;
    this.#places.finish(head);
    if (head.root !== this.#root) {
      this.#places.refuse('root-mismatch', hashFaults['root-mismatch']);
    }
    // The next entry is added to the frontier, and sealed no earlier than the head: neither may lie.
    if (!isFrontierOf(head)) {
      this.#places.refuse('root-mismatch', "the head's frontier is not that of its root");
    }
    if (head.at < this.#places.at) {
      this.#places.refuse('time-reversed', `the head's time ${head.at} is before its last entry`);
    }
    return this.#places.fault;
  }

  async #read(from: number, size: number): Promise<LogPage> {
    // A page ends at the anchor, so that the root there is known.
    const anchored = this.#options.anchor?.size ?? 0;
    const to = Math.min(size, from + this.#pageSize, anchored > from ? anchored : Infinity);
    return from >= to ? logPage([], []) : readPage(this.#storage, from, to);
  }

  #foldPage(page: LogPage): FoldedPage {
    const from = this.#places.size;
    const { bytes, ends, fields, names, indexes } = page;
    const folding = new PageFolding(page, this.#places, this.fold);
    const fault = indexes.length === 0 ? missing(from) : folding.run();
    this.#countErased(folding.erased);
    this.#handOverSettled();
    const { hashes } = folding;
    const hashed = this.#hasher.check({ bytes, ends, hashes });
    return { from, items: hashes.length, fields, names, fault, hashed };
  }

  get #hasher(): Hashing {
    if (this.#hashing === undefined) throw new Error('assertion: nothing was verified yet');
    return this.#hashing;
  }

  #settle(record: StoredRecord): boolean {
    if (!hasBytes(record)) return false;
    this.#settled.add(record);
    return true;
  }

  #handOverSettled(): void {
    if (this.#settled.isEmpty) return;
    // Waited for with the page that it comes from, which is hashed after it.
    const records = this.#settled.built;
    this.#settled = new RecordBytesBuilder(records.bytes.length);
    void this.#hasher.add({ source: 'events', records, left: [] });
  }

  #countErased(erased: ErasedContents | undefined): void {
    if (erased === undefined) return;
    const { contents, first } = this.#erased ?? { contents: 0, first: erased.first };
    this.#erased = { contents: contents + erased.contents, first };
  }

  /** Waits for a page's hashes; the first fault in it. */
  async #confirm(folded: FoldedPage | undefined, head: Head): Promise<VerifyFault | undefined> {
    if (folded === undefined) return undefined;
    const { from, items, fields, names, fault } = folded;
    const { failed, root } = await folded.hashed;
    const fitting = fields.slice(0, failed ?? items);
    const entries = fitting.filter((field) => field === entryItem).length;
    this.#contents += fitting.length - entries;
    if (failed !== undefined) {
      const field = names[fields[failed] ?? entryItem];
      this.#size = field === undefined ? from + entries : from + entries - 1;
      return field === undefined ? leafMismatch(this.#size) : contentMismatch(this.#size, field);
    }
    this.#size = fault?.index ?? from + entries;
    if (fault !== undefined) return fault;
    this.#root = root;
    const { anchor, onProgress } = this.#options;
    if (this.#size === anchor?.size && root !== anchor.root) return anchorMismatch(anchor.size);
    onProgress?.(this.#size, head.size);
    return undefined;
  }
}

function missing(index: number): VerifyFault {
  return { index, code: 'gap', message: `entry ${index} is missing` };
}

function leafMismatch(index: number): VerifyFault {
  return { index, code: 'leaf-mismatch', message: hashFaults['leaf-mismatch'] };
}

function anchorMismatch(size: number): VerifyFault {
  const message = `the root at size ${size} is not the anchor's`;
  return { index: size - 1, code: 'anchor-mismatch', message };
}

/** The root is held against the entries: what has the same root is the frontier of the same tree. */
function isFrontierOf({ size, frontier, root }: Head): boolean {
  try {
    return rootHash(frontierOf({ size, hashes: frontier })) === root;
  } catch {
    return false;
  }
}
