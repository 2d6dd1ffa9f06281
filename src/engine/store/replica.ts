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
  footprint,
  type Peek,
  type RecordChange,
  type RecordKind,
  type RecordName,
  residentKinds,
  touched,
  unnamedKinds,
} from '../../kernel/index.ts';
import { appendLeaves, readEntry, rootHash } from '../../log/index.ts';
import type { Head, News, Parcel, ParcelName, ParcelNews } from '../../storage/storage.ts';
import type { Storage, StoredEntry, StoredRecord, TurnNews } from '../../storage/storage.ts';
import { isStorable } from './parcel.ts';
import { type PlacedEvent, placedEvent } from './placed-event.ts';
import { type ControlPlaneError, fault } from '../error.ts';
import { RecordCache } from './record-cache.ts';
import { RecordMap } from './record-map.ts';
import { scanAll } from './scan.ts';
import { fromStored } from './stored-record.ts';

const pageSize = 1_000;
/** What is always wholly in memory is loaded whatever its liveness; of the rest, what is live. */
const loadedAtOpen: readonly { readonly kind: RecordKind; readonly live?: true }[] = [
  ...[...residentKinds].map((kind) => ({ kind })),
  { kind: 'decision', live: true },
  { kind: 'ticket', live: true },
  { kind: 'lease', live: true },
];

/** Entries that other processes appended, as events, with their leaves. */
interface Foreign {
  readonly events: readonly PlacedEvent[];
  readonly leaves: readonly string[];
}

/** Records, and the head of the same snapshot. */
interface RecordPage {
  readonly head: Head;
  readonly records: readonly StoredRecord[];
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
      const records: StoredRecord[] = [];
      for await (const record of scanAll(storage, query)) records.push(record);
      for (const change of await fromStored(storage, records)) replica.cache.put(change);
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
   * Where others append too: waits for this handle's turn, and takes over what came before it. `own` names
   * the last parcel that was left. Undefined without turns, `in-vain` where none came in time.
   */
  async takeTurn(
    commands: readonly Command[],
    now: number,
    own: ParcelName,
  ): Promise<TurnNews | 'in-vain' | undefined> {
    const { turns } = this.#storage;
    if (turns === undefined || !(turns.wanted || turns.kept)) return undefined;
    // Whoever has had the last turn too has missed nothing, as a rule.
    const names = turns.kept ? [] : this.#changeable(commands, Math.max(now, this.#head.at));
    const news = await turns.take(this.#head.size, names, own);
    if (news === undefined) return 'in-vain';
    await this.#takeNews(news, names);
    return news;
  }

  /**
   * Leaves commands as a parcel to whoever has the turn, and takes over what came until it was looked for.
   * Whether their sessions were aborted is asked as soon as they are answered: those come along.
   */
  async entrust(
    parcel: Parcel,
    commands: readonly Command[],
    wantsNews: boolean,
  ): Promise<ParcelNews | undefined> {
    if (!wantsNews) return this.#storage.turns?.entrust(parcel);
    const keys = this.#named(commands, this.#head.at, ({ kind }) => kind === 'session');
    const query = { from: this.#head.size, keys };
    const heard = await this.#storage.turns?.entrust(parcel, query);
    if (heard?.news !== undefined) await this.#takeNews(heard.news, keys);
    return heard;
  }

  /** Whether what the commands read can be looked up: what another process left may make no sense here. */
  knows(commands: readonly Command[]): boolean {
    try {
      return this.#named(commands, this.#head.at, () => true).every(({ key }) => isStorable(key));
    } catch {
      return false;
    }
  }

  /** The events of others that were met and not handed over yet. */
  takeForeign(): readonly PlacedEvent[] {
    return this.#foreign.splice(0);
  }

  /** The same, left where they are. */
  get foreign(): readonly PlacedEvent[] {
    return this.#foreign;
  }

  async #takeNews({ head, entries, records }: News, names: readonly RecordName[]): Promise<void> {
    this.#assertSameLog(head);
    const isAll = head.size - this.#head.size === entries.length;
    const came = isAll ? { head, records } : undefined;
    const reached = await this.#takeOver(this.#foreignOf(entries), names, came);
    if (reached.size !== this.#head.size || !isAll) await this.catchUp();
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
      const { head, records } = await this.#storage.readRecords(missing);
      this.#put(await fromStored(this.#storage, records), missing);
      if (head.size !== this.#head.size) await this.catchUp();
    }
  }

  /** Puts records into the cache. Of those named in `wanted` it is remembered where they are absent. */
  #put(records: readonly RecordChange[], wanted: readonly RecordName[]): void {
    const found = new RecordMap<RecordChange>();
    for (const record of records) {
      this.cache.put(record);
      found.set(record.kind, record.key, record);
    }
    for (const name of wanted) {
      if (!found.has(name.kind, name.key)) this.cache.putAbsent(name);
    }
  }

  /** What of the commands' footprints `isWanted`, each name once. */
  #named(
    commands: readonly Command[],
    at: number,
    isWanted: (name: RecordName) => boolean,
  ): readonly RecordName[] {
    const wanted: RecordName[] = [];
    const peek: Peek = (kind, key) => this.cache.peek(kind, key);
    for (const command of commands) {
      for (const name of footprint(command, peek, at)) if (isWanted(name)) wanted.push(name);
    }
    return wanted.length === 0 ? wanted : distinct(wanted);
  }

  #missing(commands: readonly Command[], at: number): readonly RecordName[] {
    return this.#named(commands, at, ({ kind, key }) => !this.cache.has(kind, key));
  }

  /** What the commands need and others may have changed; a decision that is known here hardly ever is. */
  #changeable(commands: readonly Command[], at: number): readonly RecordName[] {
    return this.#named(
      commands,
      at,
      ({ kind, key }) =>
        !residentKinds.has(kind) && !(kind === 'decision' && this.cache.has(kind, key)),
    );
  }

  /**
   * Catches up with the log. Returns the events that other processes appended, in order. `race` is what is
   * known where a commit lost one: the size that the log has reached, which need not be asked for first, and
   * the commands that are decided again.
   */
  async follow(race?: LostRace): Promise<readonly PlacedEvent[]> {
    // The turn that is waited for next brings all that is new.
    if (race === undefined || this.#storage.turns?.wanted !== true) await this.catchUp(race);
    return this.#foreign.splice(0);
  }

  async catchUp(race?: LostRace): Promise<void> {
    let head: Head | undefined;
    let size = race?.size ?? 0;
    if (size <= this.#head.size) {
      head = await this.#storage.head();
      ({ size } = head);
    }
    while (size !== this.#head.size) {
      if (size < this.#head.size) throw inconsistent(this.#head.size, size);
      const foreign = await this.#readForeign(this.#head.size, size);
      head = await this.#takeOver(foreign, this.#changeable(race?.commands ?? [], this.#head.at));
      ({ size } = head);
    }
    if (head !== undefined) this.#assertSameLog(head);
  }

  #assertSameLog(head: Head): void {
    if (head.size < this.#head.size) throw inconsistent(this.#head.size, head.size);
    if (head.size === this.#head.size && head.previous !== this.#head.previous) {
      throw fault('log-inconsistent', `entry ${head.size - 1} is not the one seen before`);
    }
  }

  async #readForeign(from: number, to: number): Promise<Foreign> {
    const entries: StoredEntry[] = [];
    for (let index = from; index < to;) {
      const page = await this.#storage.readEntries(index, Math.min(pageSize, to - index));
      if (page.length === 0) throw fault('log-inconsistent', `entry ${index} is missing`);
      entries.push(...page);
      index += page.length;
    }
    return this.#foreignOf(entries);
  }

  /** Reads entries, which have to continue the log as it is known here. */
  #foreignOf(entries: readonly StoredEntry[]): Foreign {
    let { previous } = this.#head;
    const events = entries.map((stored) => {
      const entry = readEntry(stored.body);
      if (entry.previous !== previous) {
        throw fault('log-inconsistent', `entry ${stored.index} does not continue the chain`);
      }
      previous = stored.leaf;
      return placedEvent(entry);
    });
    return { events, leaves: entries.map(({ leaf }) => leaf) };
  }

  /**
   * Stands behind the entries of others. Of the records that they changed, those that have to be in memory
   * are loaded anew; the others are forgotten until a command needs them, as `names` do now. `came` are the
   * records of `names` that came with the entries. Returns the head that what was read is true at: where it
   * is further on, there is more to catch up with.
   */
  async #takeOver(
    { events, leaves }: Foreign,
    names: readonly RecordName[],
    came?: RecordPage,
  ): Promise<Head> {
    const changed = distinct(events.flatMap(({ event }) => touched(event)));
    const aborted = abortedIn(events);
    const kept = changed.filter(
      ({ kind, key }) => this.#staysInMemory(kind, key) || (kind === 'session' && aborted.has(key)),
    );
    const missing = distinct([...kept, ...(came === undefined ? names : [])]);
    const read = missing.length === 0 ? came : await this.#storage.readRecords(missing);
    const stored = [...(came?.records ?? []), ...(read === came ? [] : (read?.records ?? []))];
    // All that has to be read comes before the first change: what is in the cache is true at one head.
    const records = await fromStored(this.#storage, stored);
    for (const { kind, key } of changed)
      if (!this.#staysInMemory(kind, key)) this.cache.drop(kind, key);
    if (events.length > 0) for (const kind of unnamedKinds) this.cache.forget(kind);
    this.#put(records, names);
    const last = events.at(-1);
    if (last !== undefined) {
      const size = this.#head.size + leaves.length;
      this.#head = read?.head.size === size ? read.head : this.#behind(leaves, last.at);
      this.#foreign.push(...events);
    }
    return read?.head ?? this.#head;
  }

  /**
   * What is resident is never looked up; open tickets and leases are listed and waited for; whether a session
   * was aborted is asked of those that are known here. Deadlines of permits are in their events. An abort
   * makes its session known: what another process decided in it may be answered here after that was seen.
   */
  #staysInMemory(kind: RecordKind, key: string): boolean {
    if (kind === 'session') return this.cache.has(kind, key);
    return residentKinds.has(kind) || kind === 'ticket' || kind === 'lease';
  }

  /** The head behind entries that continue the one here, from their leaves. */
  #behind(leaves: readonly string[], at: number): Head {
    const { size, frontier: hashes } = this.#head;
    const frontier = appendLeaves({ size, hashes }, leaves);
    return {
      size: frontier.size,
      previous: leaves.at(-1) ?? null,
      root: rootHash(frontier),
      frontier: frontier.hashes,
      at: Math.max(this.#head.at, at),
    };
  }
}

/** The sessions that were aborted: permits of theirs that others decided before may be on their way here. */
function abortedIn(events: readonly PlacedEvent[]): ReadonlySet<string | undefined> {
  const isAbort = ({ event }: PlacedEvent): boolean =>
    event.type === 'session-transitioned' && event.data.transition === 'abort';
  return new Set(events.filter(isAbort).map(({ event }) => event.session));
}

function distinct(names: readonly RecordName[]): readonly RecordName[] {
  const byName = new RecordMap<RecordName>();
  for (const name of names) byName.set(name.kind, name.key, name);
  return [...byName.values()];
}

function inconsistent(had: number, has: number): ControlPlaneError {
  return fault('log-inconsistent', `it had ${had} entries and has ${has}`);
}
