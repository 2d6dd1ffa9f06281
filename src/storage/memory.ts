/**
 * A store in plain maps, for tests and trials.
 *
 * NOT durable: everything is gone with the process, and `durable` says so. In all else it keeps
 * the contract, compare-and-append included, so that several engines can run on one store:
 * either share one `memory()` (each engine opens and closes it; it ends with the last close), or
 * take one handle per engine from a `memoryFleet()`, whose data outlives its handles.
 */
import { assertBatch, assertCount, assertKey, assertLimit, assertQuery } from './rules.ts';
import { assertParcel, assertText, compareKeys, continues, emptyHead } from './rules.ts';
import type { AppendResult, Batch, Head, News, RecordKey, RecordQuery } from './storage.ts';
import type { Parcel, ParcelName, ParcelState, SettledParcels } from './storage.ts';
import type { Storage, StoredContent, StoredEntry, StoredRecord, Turns } from './storage.ts';
import { StorageError } from './storage.ts';

/** One store with one handle. */
export function memory(): Storage {
  return memoryFleet()();
}

/** Makes handles that share one store: each plays a process of its own. */
export function memoryFleet(): () => Storage {
  const logs = new Map<string, MemoryLog>();
  let handles = 0;
  return () => {
    handles += 1;
    return new MemoryHandle(logs, `memory ${handles}`);
  };
}

/** Records of one kind. The order of keys is worked out when it is asked for. */
class RecordShelf {
  readonly records = new Map<string, StoredRecord>();
  #order: readonly string[] | null = null;

  put(record: StoredRecord): void {
    if (!this.records.has(record.key)) this.#order = null;
    this.records.set(record.key, Object.freeze({ ...record }));
  }

  page(query: RecordQuery): readonly StoredRecord[] {
    this.#order ??= [...this.records.keys()].toSorted(compareKeys);
    const page: StoredRecord[] = [];
    for (let at = this.#firstAfter(query.after); at < this.#order.length; at += 1) {
      if (page.length === query.limit) break;
      const record = this.records.get(this.#order[at] ?? '');
      if (record === undefined) continue;
      if (query.parent !== undefined && record.parent !== query.parent) continue;
      if (query.live !== undefined && record.live !== query.live) continue;
      page.push(record);
    }
    return page;
  }

  #firstAfter(key: string | undefined): number {
    const order = this.#order ?? [];
    if (key === undefined) return 0;
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareKeys(order[middle] ?? '', key) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The last parcel of each sender, and what became of it. */
class ParcelShelf {
  readonly #bySender = new Map<string, { readonly number: number; state: ParcelState | Parcel }>();

  put(parcel: Parcel): void {
    // One that comes after it was taken back, or after a later one, comes too late.
    if (parcel.number <= (this.#bySender.get(parcel.sender)?.number ?? 0)) return;
    // Behind those that have waited for longer.
    this.#bySender.delete(parcel.sender);
    this.#bySender.set(parcel.sender, { number: parcel.number, state: parcel });
  }

  waiting(): readonly Parcel[] {
    return [...this.#bySender.values()].flatMap(({ state }) => ('sender' in state ? [state] : []));
  }

  stateOf({ sender, number }: ParcelName): ParcelState {
    const last = this.#bySender.get(sender);
    if (last?.number !== number) return { status: 'gone' };
    return 'sender' in last.state ? { status: 'waiting' } : last.state;
  }

  reclaim(name: ParcelName): ParcelState {
    const state = this.stateOf(name);
    if (state.status === 'answered') return state;
    if (name.number >= (this.#bySender.get(name.sender)?.number ?? 0)) {
      this.#end(name, { status: 'gone' });
    }
    return { status: 'gone' };
  }

  /** False, and nothing is settled, where one of them does not wait. */
  settle({ own, replies }: SettledParcels): boolean {
    const settled = own === undefined ? replies : [own, ...replies];
    if (settled.some((each) => this.stateOf(each).status !== 'waiting')) return false;
    if (own !== undefined) this.#end(own, { status: 'gone' });
    for (const reply of replies) this.#end(reply, { status: 'answered', text: reply.text });
    return true;
  }

  #end({ sender, number }: ParcelName, state: ParcelState): void {
    this.#bySender.set(sender, { number, state });
  }
}

class MemoryLog {
  head: Head = emptyHead;
  lastAppender: MemoryHandle | null = null;
  readonly entries: StoredEntry[] = [];
  readonly contents = new Map<number, readonly StoredContent[]>();
  readonly shelves = new Map<string, RecordShelf>();
  readonly parcels = new ParcelShelf();

  /** Everything here runs in one turn of the event loop: no other handle sees half a batch. */
  append(batch: Batch): AppendResult {
    assertBatch(batch);
    const conflict: AppendResult = { status: 'conflict', size: this.head.size };
    if (!continues(batch, this.head)) return conflict;
    if (batch.parcels !== undefined && !this.parcels.settle(batch.parcels)) return conflict;
    if (batch.entries.length === 0 && batch.records.length === 0) return { status: 'appended' };
    const contents = contentsByIndex(batch.contents);
    for (const entry of batch.entries) this.entries.push(Object.freeze({ ...entry }));
    for (const [index, list] of contents) this.contents.set(index, list);
    for (const record of batch.records) this.#shelf(record.kind).put(record);
    const frontier = Object.freeze([...batch.head.frontier]);
    this.head = Object.freeze({ ...batch.head, frontier });
    return { status: 'appended' };
  }

  #shelf(kind: string): RecordShelf {
    let shelf = this.shelves.get(kind);
    if (shelf === undefined) {
      shelf = new RecordShelf();
      this.shelves.set(kind, shelf);
    }
    return shelf;
  }
}

class MemoryHandle implements Storage {
  readonly name: string;
  readonly durable = false;
  readonly #logs: Map<string, MemoryLog>;
  #log: { readonly name: string; readonly data: MemoryLog } | null = null;
  #opens = 0;
  #closed = false;

  constructor(logs: Map<string, MemoryLog>, name: string) {
    this.#logs = logs;
    this.name = name;
  }

  async open(log: string): Promise<Head> {
    if (this.#closed) throw this.#notOpen();
    assertText(log, 'log');
    if (this.#log !== null && this.#log.name !== log) {
      throw new TypeError(`${this.name} is open for log \`${this.#log.name}\``);
    }
    const data = this.#logs.get(log) ?? new MemoryLog();
    this.#logs.set(log, data);
    this.#log = { name: log, data };
    this.#opens += 1;
    return data.head;
  }

  async append(batch: Batch): Promise<AppendResult> {
    const data = this.#data();
    const result = data.append(batch);
    if (result.status === 'appended') data.lastAppender = this;
    return result;
  }

  /** Appends do not wait for each other: a turn is over as it comes, and what counts is the news. */
  get turns(): Turns {
    const last = this.#log?.data.lastAppender ?? this;
    return {
      wanted: last !== this,
      kept: false,
      take: async (from, keys, own) => {
        const { parcels } = this.#data();
        const others = parcels.waiting().filter(({ sender }) => sender !== own.sender);
        return { ...this.#news(from, keys), own: parcels.stateOf(own), parcels: others };
      },
      leave: async () => {},
      entrust: async (parcel, query) => {
        assertParcel(parcel);
        const { parcels } = this.#data();
        parcels.put(parcel);
        const own = parcels.stateOf(parcel);
        return query === undefined ? { own } : { own, news: this.#news(query.from, query.keys) };
      },
      reclaim: async (own) => this.#data().parcels.reclaim(own),
    };
  }

  async head(): Promise<Head> {
    return this.#data().head;
  }

  async readEntries(from: number, limit: number): Promise<readonly StoredEntry[]> {
    assertCount(from, 'from');
    assertLimit(limit);
    return this.#data().entries.slice(from, from + limit);
  }

  async readContents(from: number, to: number): Promise<readonly StoredContent[]> {
    assertCount(from, 'from');
    assertCount(to, 'to');
    const { contents, head } = this.#data();
    const found: StoredContent[] = [];
    for (let index = from; index < Math.min(to, head.size); index += 1) {
      found.push(...(contents.get(index) ?? []));
    }
    return found;
  }

  #news(from: number, keys: readonly RecordKey[]): News {
    assertCount(from, 'from');
    return { entries: this.#data().entries.slice(from, from + 1_000), ...this.#records(keys) };
  }

  async readRecords(keys: readonly RecordKey[]) {
    return this.#records(keys);
  }

  #records(keys: readonly RecordKey[]) {
    for (const key of keys) assertKey(key);
    const { head, shelves } = this.#data();
    const records: StoredRecord[] = [];
    for (const { kind, key } of keys) {
      const record = shelves.get(kind)?.records.get(key);
      if (record !== undefined) records.push(record);
    }
    return { head, records };
  }

  async scanRecords(query: RecordQuery) {
    assertQuery(query);
    const { head, shelves } = this.#data();
    return { head, records: shelves.get(query.kind)?.page(query) ?? [] };
  }

  async close(): Promise<void> {
    this.#opens -= 1;
    if (this.#opens > 0) return;
    this.#closed = true;
    this.#log = null;
  }

  #data(): MemoryLog {
    if (this.#log === null) throw this.#notOpen();
    return this.#log.data;
  }

  #notOpen(): StorageError {
    return new StorageError('closed', `${this.name} is ${this.#closed ? 'closed' : 'not open'}`);
  }
}

/** Groups a batch's contents by entry, ordered by field. */
function contentsByIndex(contents: readonly StoredContent[]): Map<number, StoredContent[]> {
  const groups = new Map<number, StoredContent[]>();
  for (const content of contents) {
    const group = groups.get(content.index) ?? [];
    group.push(Object.freeze({ ...content }));
    groups.set(content.index, group);
  }
  for (const group of groups.values()) group.sort((a, b) => compareKeys(a.field, b.field));
  return groups;
}
