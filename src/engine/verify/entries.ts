/**
 * The entries' half of `verify`: chain, tree, contents and anchor, and the fold of every event.
 *
 * Three threads work at once: the store's reads a page, this one folds the page before, and another hashes
 * the one before that. A page counts once it is folded and hashed. What is handed over to be hashed ends
 * where folding found a fault, so that a hash that does not fit always comes before that fault.
 */
import { apply } from '../../kernel/index.ts';
import { ChainPlaces, hashFaults } from '../../log/chain-places.ts';
import { HashPageBuilder } from '../../log/hash-page.ts';
import { emptyRoot, type Entry, frontierOf, rootHash } from '../../log/index.ts';
import type { Head, Storage, StoredContent, StoredEntry } from '../../storage/storage.ts';
import { Fold } from './fold.ts';
import { placedEvent } from '../store/placed-event.ts';
import { type HashedPage, type Hashing, HashingInPlace, HashingThread } from './hashing.ts';
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
}

interface Page {
  readonly entries: readonly StoredEntry[];
  readonly contents: readonly StoredContent[];
}

interface FoldedPage {
  /** Index of its first entry. */
  readonly from: number;
  /** For each item that is hashed, see `HashPageBuilder`. */
  readonly fields: readonly (string | null)[];
  /** What folding found, behind all that is hashed. */
  readonly fault: VerifyFault | undefined;
  readonly hashed: Promise<HashedPage>;
}

export class EntryVerifier {
  readonly fold = new Fold();
  readonly #storage: Storage;
  readonly #options: VerifyOptions;
  readonly #places: ChainPlaces;
  readonly #spares: ArrayBuffer[] = [];
  readonly #pageSize: number;
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

  /** Lets go of the thread. To be called in any case. */
  async end(): Promise<void> {
    await this.#hashing?.end();
  }

  /** Verifies on to a head; the first fault. */
  async extend(head: Head): Promise<VerifyFault | undefined> {
    let ahead = this.#read(this.#size, head.size);
    let folded: FoldedPage | undefined;
    let found: VerifyFault | undefined;
    while (found === undefined && folded?.fault === undefined && this.#places.size < head.size) {
      const page = await ahead;
      ahead = this.#read(this.#places.size + page.entries.length, head.size);
      // Where this loop ends with an exception, nobody waits for it.
      ahead.catch(() => {});
      const before = folded;
      folded = this.#foldPage(page, head);
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

  async #read(from: number, size: number): Promise<Page> {
    // A page ends at the anchor, so that the root there is known.
    const anchored = this.#options.anchor?.size ?? 0;
    const to = Math.min(size, from + this.#pageSize, anchored > from ? anchored : Infinity);
    if (from >= to) return { entries: [], contents: [] };
    const [entries, contents] = await Promise.all([
      this.#storage.readEntries(from, to - from),
      this.#storage.readContents(from, to),
    ]);
    return { entries, contents };
  }

  #foldPage({ entries, contents }: Page, head: Head): FoldedPage {
    const from = this.#places.size;
    const builder = new HashPageBuilder(this.#spares.pop());
    const ordered = contents.toSorted((left, right) => left.index - right.index);
    let next = 0;
    let fault = entries.length === 0 ? missing(from) : undefined;
    for (const stored of entries) {
      const first = next;
      while ((ordered[next]?.index ?? Infinity) <= stored.index) next += 1;
      fault = this.#push(builder, stored, ordered.slice(first, next));
      if (fault !== undefined) break;
    }
    this.#hashing ??= head.size > hashedInPlaceMax ? new HashingThread() : new HashingInPlace();
    const hashed = this.#hashing.check(builder.page);
    return { from, fields: builder.fields, fault, hashed };
  }

  #push(
    builder: HashPageBuilder,
    stored: StoredEntry,
    contents: readonly StoredContent[],
  ): VerifyFault | undefined {
    // An entry at another index than its own is named as such, whatever its hash.
    if (stored.index === this.#places.size) builder.addEntry(stored);
    const result = this.#places.push(stored);
    if (!result.ok) return result.fault;
    const { entry } = result;
    const lacking = this.#apply(entry) ?? addContents(builder, entry, contents);
    if (typeof lacking !== 'number') return lacking;
    const { contents: others, first } = this.#erased ?? { contents: 0, first: entry.index };
    if (lacking > 0) this.#erased = { contents: others + lacking, first };
    return undefined;
  }

  #apply(entry: Entry): VerifyFault | undefined {
    try {
      const placed = placedEvent(entry);
      for (const change of apply(this.fold, placed.event, placed)) this.fold.put(change);
      return undefined;
    } catch (failure) {
      const message = `the event cannot be applied: ${String(failure)}`;
      return { index: entry.index, code: 'not-applicable', message };
    }
  }

  /** Waits for a page's hashes; the first fault in it. */
  async #confirm(folded: FoldedPage | undefined, head: Head): Promise<VerifyFault | undefined> {
    if (folded === undefined) return undefined;
    const { from, fields, fault } = folded;
    const { failed, root, spare } = await folded.hashed;
    this.#spares.push(spare);
    const fitting = fields.slice(0, failed);
    const entries = fitting.filter((field) => field === null).length;
    this.#contents += fitting.length - entries;
    if (failed !== undefined) {
      const field = fields[failed] ?? null;
      this.#size = field === null ? from + entries : from + entries - 1;
      return field === null ? leafMismatch(this.#size) : contentMismatch(this.#size, field);
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

/** The first content that no hashing can show to be what the entry commits to; or how many are gone. */
function addContents(
  builder: HashPageBuilder,
  { index, data }: Entry,
  contents: readonly StoredContent[],
): VerifyFault | number {
  const commitments = (data['commitments'] ?? {}) as Readonly<Record<string, unknown>>;
  let lacking = Object.keys(commitments).length;
  for (const content of contents) {
    if (content.index !== index) continue;
    lacking -= 1;
    const { field } = content;
    const commitment = Object.hasOwn(commitments, field) ? commitments[field] : undefined;
    if (typeof commitment !== 'string') return contentMismatch(index, field);
    try {
      builder.addContent(content, commitment);
    } catch {
      return contentMismatch(index, field);
    }
  }
  return lacking;
}

function missing(index: number): VerifyFault {
  return { index, code: 'gap', message: `entry ${index} is missing` };
}

function leafMismatch(index: number): VerifyFault {
  return { index, code: 'leaf-mismatch', message: hashFaults['leaf-mismatch'] };
}

function contentMismatch(index: number, field: string): VerifyFault {
  const message = `the ${field} kept beside entry ${index} is not what the entry commits to`;
  return { index, code: 'content-mismatch', message };
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
