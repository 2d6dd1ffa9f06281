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
} from '../kernel/index.ts';
import { parentOf } from '../kernel/index.ts';
import type { StoredRecord } from '../storage/storage.ts';

/** A record as it is kept: absent ones are kept too, as null. */
type Kept = RecordChange['value'] | null;

export function recordName(kind: RecordKind, key: string): string {
  return `${kind} ${key}`;
}

export class RecordCache implements StateView {
  readonly #live = new Map<string, RecordChange['value']>();
  /** Insertion order is age: the oldest are dropped first. */
  readonly #recent = new Map<string, Kept>();
  readonly #recentMax: number;

  constructor(recentMax = 20_000) {
    this.#recentMax = recentMax;
  }

  has(kind: RecordKind, key: string): boolean {
    const name = recordName(kind, key);
    return residentKinds.has(kind) || this.#live.has(name) || this.#recent.has(name);
  }

  get<K extends RecordKind>(kind: K, key: string): RecordsByKind[K] | undefined {
    const name = recordName(kind, key);
    const value = this.#live.get(name) ?? this.#recent.get(name);
    if (value !== undefined) return (value ?? undefined) as RecordsByKind[K] | undefined;
    if (residentKinds.has(kind)) return undefined;
    throw new Error(`assertion: record ${name} is outside the footprint`);
  }

  peek<K extends RecordKind>(kind: K, key: string): RecordsByKind[K] | undefined {
    return this.has(kind, key) ? this.get(kind, key) : undefined;
  }

  put(change: RecordChange): void {
    const name = recordName(change.kind, change.key);
    if (isLive(change)) {
      this.#live.set(name, change.value);
      this.#recent.delete(name);
    } else {
      this.#live.delete(name);
      this.#keep(name, change.value);
    }
  }

  putAbsent({ kind, key }: RecordName): void {
    this.#keep(recordName(kind, key), null);
  }

  #keep(name: string, value: Kept): void {
    this.#recent.delete(name);
    this.#recent.set(name, value);
  }

  /** Drops the oldest of what is not live. Only between batches: a batch relies on what it loaded. */
  trim(): void {
    for (const name of this.#recent.keys()) {
      if (this.#recent.size <= this.#recentMax) return;
      this.#recent.delete(name);
    }
  }

  /** The live records of one kind. */
  *live<K extends RecordKind>(kind: K): IterableIterator<RecordsByKind[K]> {
    for (const [name, value] of this.#live) {
      if (name.startsWith(`${kind} `)) yield value as RecordsByKind[K];
    }
  }
}

/** Changes on top of a view: kept when a batch is committed, dropped when it is not. */
export class Overlay implements StateView {
  readonly #base: StateView;
  readonly #changes = new Map<string, RecordChange>();

  constructor(base: StateView) {
    this.#base = base;
  }

  get<K extends RecordKind>(kind: K, key: string): RecordsByKind[K] | undefined {
    const change = this.#changes.get(recordName(kind, key));
    return change === undefined ? this.#base.get(kind, key) : (change.value as RecordsByKind[K]);
  }

  put(change: RecordChange): void {
    this.#changes.set(recordName(change.kind, change.key), change);
  }

  get changes(): Iterable<RecordChange> {
    return this.#changes.values();
  }
}

export function toStored(change: RecordChange): StoredRecord {
  return {
    kind: change.kind,
    key: change.key,
    parent: parentOf(change),
    live: isLive(change),
    value: JSON.stringify(change.value),
  };
}

export function fromStored(record: StoredRecord): RecordChange {
  const value: unknown = JSON.parse(record.value);
  return { kind: record.kind, key: record.key, value } as RecordChange;
}
