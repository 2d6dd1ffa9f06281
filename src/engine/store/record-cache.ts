/**
 * The records in memory: all that are live, and the most recent of the others.
 *
 * What is here is true at the sequencer's head. A record that is not here is unknown, unless its kind is
 * always wholly in memory or it was looked for and is known to be absent. Reading an unknown record throws:
 * it means that a footprint was incomplete, and a decision must not rest on a guess.
 */
import {
  isLive,
  type RecordChange,
  type RecordKind,
  type RecordName,
  type RecordsByKind,
  residentKinds,
  type StateView,
} from '../../kernel/index.ts';
import { RecordMap } from './record-map.ts';

/** A record as it is kept: absent ones are kept too, as null. */
type Kept = RecordChange['value'] | null;

/** One text for a record, where a map by kind and key would be too much. */
export function recordName(kind: RecordKind, key: string): string {
  return `${kind} ${key}`;
}

/** A record was read that was not loaded. */
export class OutsideFootprint extends Error {}

export class RecordCache implements StateView {
  readonly #live = new RecordMap<RecordChange['value']>();
  /** Insertion order is age: the oldest of each kind are dropped first. */
  readonly #recent = new RecordMap<Kept>();
  readonly #recentMax: number;

  /** `recentMax` bounds the records of each kind that are kept though they are not live. */
  constructor(recentMax = 10_000) {
    this.#recentMax = recentMax;
  }

  has(kind: RecordKind, key: string): boolean {
    return residentKinds.has(kind) || this.#live.has(kind, key) || this.#recent.has(kind, key);
  }

  get<K extends RecordKind>(kind: K, key: string): RecordsByKind[K] | undefined {
    const value = this.#live.get(kind, key) ?? this.#recent.get(kind, key);
    if (value !== undefined) return (value ?? undefined) as RecordsByKind[K] | undefined;
    if (residentKinds.has(kind)) return undefined;
    throw new OutsideFootprint(`assertion: ${kind} ${key} is outside the footprint`);
  }

  peek<K extends RecordKind>(kind: K, key: string): RecordsByKind[K] | undefined {
    return this.has(kind, key) ? this.get(kind, key) : undefined;
  }

  put(change: RecordChange): void {
    const { kind, key, value } = change;
    if (isLive(change)) {
      this.#live.set(kind, key, value);
      this.#recent.delete(kind, key);
    } else {
      this.#live.delete(kind, key);
      this.#keep(kind, key, value);
    }
  }

  putAbsent({ kind, key }: RecordName): void {
    this.#keep(kind, key, null);
  }

  #keep(kind: RecordKind, key: string, value: Kept): void {
    this.#recent.delete(kind, key);
    this.#recent.set(kind, key, value);
  }

  /** It is unknown from now on, until it is loaded. Not for what is always wholly in memory. */
  drop(kind: RecordKind, key: string): void {
    this.#live.delete(kind, key);
    this.#recent.delete(kind, key);
  }

  /** Drops what is not live of a kind: it is loaded again when it is needed. Only between batches. */
  forget(kind: RecordKind): void {
    this.#recent.of(kind).clear();
  }

  /** Drops the oldest of what is not live. Only between batches: a batch relies on what it loaded. */
  trim(): void {
    for (const [, keys] of this.#recent.kinds()) {
      for (const key of keys.keys()) {
        if (keys.size <= this.#recentMax) break;
        keys.delete(key);
      }
    }
  }

  /** The live records of one kind. */
  live<K extends RecordKind>(kind: K): IterableIterator<RecordsByKind[K]> {
    return this.#live.of(kind).values() as IterableIterator<RecordsByKind[K]>;
  }
}

/** Changes on top of a view: kept when a batch is committed, dropped when it is not. */
export class Overlay implements StateView {
  readonly #base: StateView;
  readonly #changes = new RecordMap<RecordChange>();
  /** What has changed since `whole` began, and the change that it stands in place of. */
  readonly #replaced: { readonly by: RecordChange; readonly before: RecordChange | undefined }[] =
    [];

  constructor(base: StateView) {
    this.#base = base;
  }

  /** Runs `work`. Where it throws, what it has put is taken back. */
  whole<T>(work: () => T): T {
    this.#replaced.length = 0;
    try {
      return work();
    } catch (failure) {
      for (const { by, before } of this.#replaced.toReversed()) {
        if (before === undefined) this.#changes.delete(by.kind, by.key);
        else this.#changes.set(by.kind, by.key, before);
      }
      throw failure;
    }
  }

  get<K extends RecordKind>(kind: K, key: string): RecordsByKind[K] | undefined {
    const change = this.#changes.get(kind, key);
    return change === undefined ? this.#base.get(kind, key) : (change.value as RecordsByKind[K]);
  }

  put(change: RecordChange): void {
    const { kind, key } = change;
    this.#replaced.push({ by: change, before: this.#changes.get(kind, key) });
    this.#changes.set(kind, key, change);
  }

  get changes(): Iterable<RecordChange> {
    return this.#changes.values();
  }
}
