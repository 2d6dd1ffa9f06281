/** The entries' half of `verify`: chain, tree, contents and anchor, and the fold of every event. */
import { apply } from '../kernel/index.ts';
import { ChainVerifier, commit, type Entry, rootHash } from '../log/index.ts';
import type { Head, Storage, StoredContent, StoredEntry } from '../storage/storage.ts';
import { Fold } from './fold.ts';
import { placedEvent } from './replica.ts';
import type { VerifyFault, VerifyOptions } from './verify-report.ts';

const pageSize = 2_000;

interface Page {
  readonly entries: readonly StoredEntry[];
  readonly contents: readonly StoredContent[];
}

export class EntryVerifier {
  readonly fold = new Fold();
  readonly #storage: Storage;
  readonly #options: VerifyOptions;
  readonly #chain: ChainVerifier;
  #head: Head | undefined;
  #size = 0;
  #contents = 0;

  constructor(storage: Storage, log: string, options: VerifyOptions) {
    this.#storage = storage;
    this.#options = options;
    this.#chain = new ChainVerifier({ log });
  }

  /** Entries verified so far. */
  get size(): number {
    return this.#size;
  }

  /** Contents verified so far. */
  get contents(): number {
    return this.#contents;
  }

  /** The head that was verified last. */
  get head(): Head | undefined {
    return this.#head;
  }

  /** Verifies on to a head; the first fault. */
  async extend(head: Head): Promise<VerifyFault | undefined> {
    // The next page is read while this one is checked: the store and the hashing share two cores.
    let ahead = this.#read(this.#size, head.size);
    while (this.#size < head.size) {
      const { entries, contents } = await ahead;
      ahead = this.#read(this.#size + entries.length, head.size);
      const found = this.#push(entries, contents);
      if (found !== undefined) {
        await ahead;
        return found;
      }
      this.#options.onProgress?.(this.#size, head.size);
    }
    this.#head = head;
    return this.#chain.finish(head);
  }

  async #read(from: number, size: number): Promise<Page> {
    const to = Math.min(size, from + pageSize);
    if (from >= to) return { entries: [], contents: [] };
    const [entries, contents] = await Promise.all([
      this.#storage.readEntries(from, to - from),
      this.#storage.readContents(from, to),
    ]);
    return { entries, contents };
  }

  #push(
    entries: readonly StoredEntry[],
    contents: readonly StoredContent[],
  ): VerifyFault | undefined {
    if (entries.length === 0) {
      return { index: this.#size, code: 'gap', message: `entry ${this.#size} is missing` };
    }
    const byIndex = Map.groupBy(contents, (content) => content.index);
    for (const stored of entries) {
      const result = this.#chain.push(stored);
      if (!result.ok) return result.fault;
      const found =
        this.#apply(result.entry) ??
        this.#checkContents(stored.index, result.entry.data, byIndex.get(stored.index));
      if (found !== undefined) return found;
      this.#size += 1;
      const broken = this.#checkAnchor();
      if (broken !== undefined) return broken;
    }
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

  #checkContents(
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

  #checkAnchor(): VerifyFault | undefined {
    const { anchor } = this.#options;
    if (anchor === undefined || this.#size !== anchor.size) return undefined;
    if (rootHash(this.#chain.position.frontier) === anchor.root) return undefined;
    const message = `the root at size ${anchor.size} is not the anchor's`;
    return { index: anchor.size - 1, code: 'anchor-mismatch', message };
  }
}
