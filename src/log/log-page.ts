/**
 * A stretch of a log for whoever checks it: the text of its entries, and the bytes that leaves and
 * commitments are the hashes of. Plain data in a few large pieces, so that it crosses threads quickly.
 */
import { committedBytesMax, writeCommitted } from './committed-bytes.ts';
import type { SealedEntry } from './entry.ts';
import { GrowingBytes } from './growing-bytes.ts';

/** Its items are the entries, each followed by its contents. */
export interface LogPage {
  /** The items one after the other, each with the byte in front that makes it an entry or a content. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each item ends; the next one starts there. */
  readonly ends: readonly number[];
  /** For each item, which of `names` it is the content of; `entryItem` for an entry. */
  readonly fields: readonly number[];
  readonly names: readonly string[];
  /** Contents that nothing can have committed to: a salt that is none, or text that is no Unicode. */
  readonly unsound: readonly number[];
  /** For each entry, its index and its leaf. */
  readonly indexes: readonly number[];
  readonly leaves: readonly string[];
  /** Whether all bodies are ASCII, which is read faster. */
  readonly isAscii: boolean;
  /** The entries' bodies, where they are at hand as text. */
  readonly bodies?: readonly string[];
}

/** What is kept beside an entry that commits to it. */
export interface Committed {
  readonly index: number;
  readonly field: string;
  readonly salt: string;
  readonly text: string;
}

export const entryItem = -1;
const leafPrefix = 0;
/** What a page of short entries needs; a short log is given less. */
const bytesAtFirstMax = 2_097_152;

export function isEntryItem(bytes: Uint8Array, start: number): boolean {
  return bytes[start] === leafPrefix;
}

/** Consecutive entries, and contents in any order; those of other entries are left out. */
export function logPage(entries: readonly SealedEntry[], contents: readonly Committed[]): LogPage {
  const ordered = contents.toSorted((left, right) => left.index - right.index);
  const items = new Items(bytesMax(entries, contents));
  let next = 0;
  for (const entry of entries) {
    items.addEntry(entry);
    for (; ; next += 1) {
      const content = ordered[next];
      if (content === undefined || content.index > entry.index) break;
      if (content.index === entry.index) items.addContent(content);
    }
  }
  return {
    ...items.plain,
    indexes: entries.map(({ index }) => index),
    leaves: entries.map(({ leaf }) => leaf),
    bodies: entries.map(({ body }) => body),
  };
}

function bytesMax(entries: readonly SealedEntry[], contents: readonly Committed[]): number {
  const bodies = entries.reduce((bytes, { body }) => bytes + 1 + 3 * body.length, 0);
  return contents.reduce((bytes, { text }) => bytes + committedBytesMax(text), bodies);
}

class Items {
  readonly #ends: number[] = [];
  readonly #fields: number[] = [];
  readonly #names: string[] = [];
  readonly #unsound: number[] = [];
  #isAscii = true;
  readonly #written: GrowingBytes;

  constructor(most: number) {
    this.#written = new GrowingBytes(Math.min(most, bytesAtFirstMax));
  }

  get plain(): Omit<LogPage, 'indexes' | 'leaves' | 'bodies'> {
    return {
      bytes: this.#written.bytes,
      ends: this.#ends,
      fields: this.#fields,
      names: this.#names,
      unsound: this.#unsound,
      isAscii: this.#isAscii,
    };
  }

  addEntry({ body }: SealedEntry): void {
    const written = this.#written;
    written.makeRoom(1 + 3 * body.length);
    written.bytes[written.end] = leafPrefix;
    const bytes = written.bytes.write(body, written.end + 1);
    if (bytes !== body.length) this.#isAscii = false;
    this.#add(written.end + 1 + bytes, entryItem);
  }

  addContent({ field, salt, text }: Committed): void {
    this.#written.makeRoom(committedBytesMax(text));
    let { end } = this.#written;
    try {
      end = writeCommitted(this.#written.bytes, end, salt, text);
    } catch {
      this.#unsound.push(this.#ends.length);
    }
    let name = this.#names.indexOf(field);
    if (name < 0) name = this.#names.push(field) - 1;
    this.#add(end, name);
  }

  #add(end: number, field: number): void {
    this.#written.end = end;
    this.#ends.push(end);
    this.#fields.push(field);
  }
}
