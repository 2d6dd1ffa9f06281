/**
 * The replica: this process's copy of the log's head and state, and how it catches up with other processes.
 *
 * Opening, following and recovering are one path: load what is live, then read the entries that came since,
 * and reload the records they changed.
 *
 * INVARIANT: between calls, every record in the cache is true at `head`.
 */
import {
  type Command,
  type Event,
  footprint,
  type RecordKind,
  type RecordName,
  residentKinds,
  touched,
  unnamedKinds,
} from '../kernel/index.ts';
import { appendLeaves, type Entry, readEntry, rootHash } from '../log/index.ts';
import type { Head, Storage } from '../storage/storage.ts';
import type { PlacedEvent } from './batch.ts';
import { fault } from './error.ts';
import { fromStored, RecordCache, recordName } from './record-cache.ts';
import { scanAll } from './scan.ts';

const pageSize = 1_000;
/** What is always wholly in memory is loaded whatever its liveness; of the rest, what is live. */
const loadedAtOpen: readonly { readonly kind: RecordKind; readonly live?: true }[] = [
  ...[...residentKinds].map((kind) => ({ kind })),
  { kind: 'session', live: true },
  { kind: 'decision', live: true },
  { kind: 'ticket', live: true },
  { kind: 'lease', live: true },
];

/** Entries that other processes appended, as events, with their leaves. */
interface Foreign {
  readonly events: readonly PlacedEvent[];
  readonly leaves: readonly string[];
}

/** What is known of the log where a commit found that others had been first. */
export interface LostRace {
  readonly size: number;
  readonly commands: readonly Command[];
}

export class Replica {
  readonly cache = new RecordCache();
  readonly #storage: Storage;
  #head: Head;
  /**
   * Events of others that were passed and not handed over yet. They outlive a read that fails half-way:
   * the head has moved past them, and nobody would ever see them again.
   */
  #foreign: PlacedEvent[] = [];

  private constructor(storage: Storage, head: Head) {
    this.#storage = storage;
    this.#head = head;
  }

  get head(): Head {
    return this.#head;
  }

  /** Loads the log's live state. `onAppended` may be called when another process has appended. */
  static async open(
    storage: Storage,
    log: string,
    onAppended: () => void = () => {},
  ): Promise<Replica> {
    const replica = new Replica(storage, await storage.open(log, onAppended));
    for (const query of loadedAtOpen) {
      for await (const record of scanAll(storage, query)) replica.cache.put(fromStored(record));
    }
    // The pages may be newer than the head read first; following from that head makes all of them one.
    await replica.follow();
    return replica;
  }

  /** Takes over what this process itself has committed. */
  advance(head: Head): void {
    this.#head = head;
  }

  /**
   * Loads what the commands may read when they are decided at `now`, or at the log's time where that is
   * later; the events of others that were met on the way are returned.
   */
  async load(commands: readonly Command[], now: number): Promise<readonly PlacedEvent[]> {
    this.cache.trim();
    for (;;) {
      const missing = this.#missing(commands, Math.max(now, this.#head.at));
      if (missing.length === 0) return this.#foreign.splice(0);
      const head = await this.#readInto(missing, missing);
      if (head.size !== this.#head.size) await this.#catchUp();
    }
  }

  /** Reads records into the cache. Of those named in `absentees` it is remembered where they are absent. */
  async #readInto(names: readonly RecordName[], absentees: readonly RecordName[]): Promise<Head> {
    const { head, records } = await this.#storage.readRecords(names);
    for (const record of records) this.cache.put(fromStored(record));
    const found = new Set(records.map(({ kind, key }) => `${kind} ${key}`));
    for (const name of absentees) {
      if (!found.has(recordName(name.kind, name.key))) this.cache.putAbsent(name);
    }
    return head;
  }

  #missing(commands: readonly Command[], at: number): readonly RecordName[] {
    const missing = new Map<string, RecordName>();
    for (const command of commands) {
      for (const name of footprint(command, (kind, key) => this.cache.peek(kind, key), at)) {
        if (!this.cache.has(name.kind, name.key))
          missing.set(recordName(name.kind, name.key), name);
      }
    }
    return [...missing.values()];
  }

  /**
   * Catches up with the log. Returns the events that other processes appended, in order. `race` is what is
   * known where a commit lost one: the size that the log has reached, which need not be asked for first, and
   * the commands that are decided again.
   */
  async follow(race?: LostRace): Promise<readonly PlacedEvent[]> {
    await this.#catchUp(race);
    return this.#foreign.splice(0);
  }

  async #catchUp(race?: LostRace): Promise<void> {
    let head =
      race !== undefined && race.size > this.#head.size
        ? await this.#reload(
            await this.#readForeign(this.#head.size, race.size),
            this.#unnamed(race.commands),
          )
        : await this.#storage.head();
    while (head.size !== this.#head.size) {
      if (head.size < this.#head.size) {
        throw fault('log-inconsistent', `it had ${this.#head.size} entries and has ${head.size}`);
      }
      head = await this.#reload(await this.#readForeign(this.#head.size, head.size));
    }
    if (head.previous !== this.#head.previous) {
      throw fault('log-inconsistent', `entry ${head.size - 1} is not the one seen before`);
    }
  }

  async #readForeign(from: number, to: number): Promise<Foreign> {
    const events: PlacedEvent[] = [];
    const leaves: string[] = [];
    let { previous } = this.#head;
    for (let index = from; index < to;) {
      const page = await this.#storage.readEntries(index, Math.min(pageSize, to - index));
      if (page.length === 0) throw fault('log-inconsistent', `entry ${index} is missing`);
      for (const stored of page) {
        const entry = readEntry(stored.body);
        if (entry.previous !== previous) {
          throw fault('log-inconsistent', `entry ${stored.index} does not continue the chain`);
        }
        previous = stored.leaf;
        leaves.push(stored.leaf);
        events.push(placedEvent(entry));
      }
      index += page.length;
    }
    return { events, leaves };
  }

  /** Records that the commands need, and that events change without naming them. */
  #unnamed(commands: readonly Command[]): readonly RecordName[] {
    const { cache, head } = this;
    return commands
      .flatMap((command) => footprint(command, (kind, key) => cache.peek(kind, key), head.at))
      .filter(({ kind }) => unnamedKinds.includes(kind));
  }

  /** Reloads the records that events changed, and `more`; returns the head they were read at. */
  async #reload({ events, leaves }: Foreign, more: readonly RecordName[] = []): Promise<Head> {
    const names = new Map<string, RecordName>();
    for (const name of [...events.flatMap(({ event }) => touched(event)), ...more]) {
      names.set(recordName(name.kind, name.key), name);
    }
    for (const kind of unnamedKinds) this.cache.forget(kind);
    const head = await this.#readInto([...names.values()], more);
    const last = events.at(-1);
    if (last !== undefined && head.size === last.index + 1) {
      this.#head = head;
    } else if (last !== undefined) {
      // More was appended meanwhile: stand at the last event read, and go on from there. Where that fails it
      // is a whole head all the same: what is decided on it meets a conflict.
      const { size, frontier: hashes } = this.#head;
      const frontier = appendLeaves({ size, hashes }, leaves);
      this.#head = {
        size: frontier.size,
        previous: leaves.at(-1) ?? null,
        root: rootHash(frontier),
        frontier: frontier.hashes,
        at: Math.max(this.#head.at, last.at),
      };
    }
    this.#foreign.push(...events);
    return head;
  }
}

/** An entry as an event with its place. */
export function placedEvent(entry: Entry): PlacedEvent {
  const event = {
    type: entry.type,
    data: entry.data,
    ...(entry.session === undefined ? {} : { session: entry.session }),
  } as unknown as Event;
  return {
    index: entry.index,
    at: entry.at,
    command: entry.command,
    by: entry.by as unknown as PlacedEvent['by'],
    sequence: entry.sequence,
    event,
  };
}
