/** One page of `verify`: read, and folded up to the first fault. */
import { apply, eventTypes, quoted } from '../../kernel/index.ts';
import type { ChainPlaces } from '../../log/chain-places.ts';
import type { Entry } from '../../log/index.ts';
import { entryItem, type LogPage, logPage } from '../../log/log-page.ts';
import type { Storage } from '../../storage/storage.ts';
import { isStorable } from '../store/parcel.ts';
import { placedEvent } from '../store/placed-event.ts';
import type { Fold } from './fold.ts';
import type { ErasedContents, VerifyFault } from './report.ts';

/** Entries `from` (inclusive) to `to` (exclusive), with what lies beside them. */
export async function readPage(storage: Storage, from: number, to: number): Promise<LogPage> {
  if (storage.pages !== undefined) return storage.pages.entries(from, to);
  const [entries, contents] = await Promise.all([
    storage.readEntries(from, to - from),
    storage.readContents(from, to),
  ]);
  return logPage(entries, contents);
}

const known: ReadonlySet<string> = new Set(eventTypes);

export class PageFolding {
  /** Of the items up to the fault: see `HashPage`. */
  readonly hashes: string[] = [];
  readonly #page: LogPage;
  readonly #places: ChainPlaces;
  readonly #fold: Fold;
  readonly #text: Buffer;
  #entries = 0;
  #erased: ErasedContents | undefined;

  constructor(page: LogPage, places: ChainPlaces, fold: Fold) {
    this.#page = page;
    const { buffer, byteOffset, byteLength } = page.bytes;
    this.#text = Buffer.from(buffer, byteOffset, byteLength);
    this.#places = places;
    this.#fold = fold;
  }

  /** What the entries that were folded commit to, and is gone. */
  get erased(): ErasedContents | undefined {
    return this.#erased;
  }

  /** The first fault behind all that is to be hashed. */
  run(): VerifyFault | undefined {
    const { length } = this.#page.fields;
    while (this.hashes.length < length) {
      const fault = this.#takeEntry();
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  /** An entry, and the contents behind it. */
  #takeEntry(): VerifyFault | undefined {
    const { indexes, leaves } = this.#page;
    const at = this.#entries;
    const index = indexes[at] ?? -1;
    const leaf = leaves[at] ?? '';
    const body = this.#body();
    this.#entries += 1;
    // An entry at another index than its own is named as such, whatever its hash.
    if (index === this.#places.size) this.hashes.push(leaf);
    const result = this.#places.push({ index, body, leaf });
    if (!result.ok) return result.fault;
    return this.#apply(result.entry) ?? this.#takeContents(result.entry);
  }

  #body(): string {
    const { bodies, ends, isAscii } = this.#page;
    const item = this.hashes.length;
    // Past the byte that makes it an entry.
    const start = 1 + (ends[item - 1] ?? 0);
    return (
      bodies?.[this.#entries] ?? this.#text.toString(isAscii ? 'latin1' : 'utf8', start, ends[item])
    );
  }

  #apply(entry: Entry): VerifyFault | undefined {
    const { index, type } = entry;
    if (!known.has(type)) {
      const message = `no event of this release is ${quoted(type)}; a newer one may have written it`;
      return { index, code: 'not-applicable', message };
    }
    try {
      const placed = placedEvent(entry);
      for (const change of apply(this.#fold, placed.event, placed)) {
        assertKey(change);
        this.#fold.put(change);
      }
      return undefined;
    } catch (failure) {
      const message = `the event cannot be applied: ${String(failure)}`;
      return { index, code: 'not-applicable', message };
    }
  }

  /** The first content that no hashing can show to be what the entry commits to. */
  #takeContents({ index, data }: Entry): VerifyFault | undefined {
    const { fields, names, unsound } = this.#page;
    const commitments = (data['commitments'] ?? {}) as Readonly<Record<string, unknown>>;
    let lacking = Object.keys(commitments).length;
    for (;;) {
      const item = this.hashes.length;
      const field = names[fields[item] ?? entryItem];
      if (field === undefined) break;
      const commitment = Object.hasOwn(commitments, field) ? commitments[field] : undefined;
      if (typeof commitment !== 'string' || unsound.includes(item)) {
        return contentMismatch(index, field);
      }
      this.hashes.push(commitment);
      lacking -= 1;
    }
    this.#countLacking(index, lacking);
    return undefined;
  }

  #countLacking(index: number, lacking: number): void {
    if (lacking === 0) return;
    const { contents, first } = this.#erased ?? { contents: 0, first: index };
    this.#erased = { contents: contents + lacking, first };
  }
}

/** No store can be asked for a record under another one. */
function assertKey({ kind, key }: { readonly kind: string; readonly key: unknown }): void {
  if (isStorable(key)) return;
  throw new Error(`assertion: a ${kind} without a key`);
}

export function contentMismatch(index: number, field: string): VerifyFault {
  const message = `the ${field} kept beside entry ${index} is not what the entry commits to`;
  return { index, code: 'content-mismatch', message };
}
