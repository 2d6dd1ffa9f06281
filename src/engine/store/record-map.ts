/** A map by kind and key: two lookups cost less than building one name out of both. */
import type { RecordKind } from '../../kernel/index.ts';

export class RecordMap<V> {
  readonly #byKind = new Map<RecordKind, Map<string, V>>();

  get(kind: RecordKind, key: string): V | undefined {
    return this.#byKind.get(kind)?.get(key);
  }

  has(kind: RecordKind, key: string): boolean {
    return this.#byKind.get(kind)?.has(key) ?? false;
  }

  set(kind: RecordKind, key: string, value: V): void {
    this.of(kind).set(key, value);
  }

  delete(kind: RecordKind, key: string): void {
    this.#byKind.get(kind)?.delete(key);
  }

  /** All of one kind, in the order in which they were set. */
  of(kind: RecordKind): Map<string, V> {
    const known = this.#byKind.get(kind);
    if (known !== undefined) return known;
    const keys = new Map<string, V>();
    this.#byKind.set(kind, keys);
    return keys;
  }

  *values(): IterableIterator<V> {
    for (const keys of this.#byKind.values()) yield* keys.values();
  }

  /** Every kind that has been set, with its keys. */
  kinds(): IterableIterator<[RecordKind, Map<string, V>]> {
    return this.#byKind.entries();
  }
}
