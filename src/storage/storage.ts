/**
 * The storage contract: what the engine needs from a database, and nothing more.
 *
 * A store keeps one or more named logs, one at a time through one handle. A log is a gapless sequence of
 * sealed entries, the records (current state) that those entries produced, and the contents that the
 * entries commit to. The three are written together by `append`, which is the only write path. A store
 * decides nothing: it neither reads entry bodies nor interprets record values.
 *
 * Durability: when `append` resolves with `appended`, the batch MUST survive a power cut. A store that
 * cannot promise this MUST refuse to open (`memory` is the one exception and says so in `durable`).
 */

import type { LogPage } from '../log/log-page.ts';
import type { RecordBytes } from '../log/record-bytes.ts';

/** How a log ends. */
export interface LogEnd {
  /** Number of entries; the next entry has this index. */
  readonly size: number;
  /** Leaf hash (hex) of the last entry, null for an empty log. */
  readonly previous: string | null;
}

/** Where a log stands. Everything needed to seal the next entry is here. */
export interface Head extends LogEnd {
  /** RFC 6962 root hash (hex) over all entries. */
  readonly root: string;
  /** Hashes of the perfect subtrees, left to right: enough to extend the tree. */
  readonly frontier: readonly string[];
  /** Log time (ms since the epoch) of the last entry: the high-water mark of the log's clock. */
  readonly at: number;
}

/** One sealed entry, as bytes. `body` is canonical JSON; the store MUST return it byte for byte. */
export interface StoredEntry {
  readonly index: number;
  readonly body: string;
  readonly leaf: string;
}

/** What an entry commits to by salted hash. Kept beside the log so that it can be erased. */
export interface StoredContent {
  /** Index of the entry that commits to it: one of the same batch. */
  readonly index: number;
  /** Name of the field in that entry, such as `arguments` or `result`. */
  readonly field: string;
  readonly salt: string;
  readonly text: string;
}

/**
 * Names one record. Keys compare by code point, which is the order of their UTF-8 bytes: case matters and
 * nothing is normalised. All text is well-formed and free of NUL.
 */
export interface RecordKey {
  readonly kind: string;
  readonly key: string;
}

/** One record of current state. `value` is JSON text that the store MUST return byte for byte. */
export interface StoredRecord extends RecordKey {
  /** The record this one belongs to (a session's id, say), for listing; empty when none. */
  readonly parent: string;
  /** Live records are loaded when a log is opened; the others only by key. */
  readonly live: boolean;
  readonly value: string;
}

/** Everything one commit writes. */
export interface Batch {
  /** The size the batch was decided on. */
  readonly expectedSize: number;
  /** Leaf hash (hex) of the last entry the batch was decided on, null for an empty log. */
  readonly expectedPrevious: string | null;
  readonly entries: readonly StoredEntry[];
  readonly contents: readonly StoredContent[];
  /** Records to insert or replace. A record is never deleted. */
  readonly records: readonly StoredRecord[];
  /** The head after the batch. */
  readonly head: Head;
  /** Nobody elsewhere waits for what it holds: a store that tells other handles may do so a little later. */
  readonly routine?: boolean;
  /** What it settles of the parcels that handles left to each other. */
  readonly parcels?: SettledParcels;
}

/** Names a parcel: who left it, and which of that sender's it is. */
export interface ParcelName {
  readonly sender: string;
  /** From 1 upwards; each replaces the one before. */
  readonly number: number;
}

/** Commands that one engine leaves to whichever has the turn, as text that the store does not read. */
export interface Parcel extends ParcelName {
  readonly text: string;
}

export interface SettledParcels {
  /** The one that this handle left itself: the batch decides what is in it. */
  readonly own?: ParcelName;
  /** Answers to parcels of others: `text` is what their senders get. */
  readonly replies: readonly Parcel[];
}

export type AppendResult =
  | { readonly status: 'appended' }
  /**
   * Nothing was written: the log's size was not `expectedSize` or its last entry another one, it is another
   * handle's turn, or one of the parcels does not wait any more. `size` is the log's as far as it is known. A
   * store MAY favour this caller's next append for some milliseconds, so that whoever lost a race is not
   * overtaken for ever.
   */
  | { readonly status: 'conflict'; readonly size: number };

/** What a handle has missed of a log, from one snapshot. */
export interface News {
  readonly head: Head;
  /** The first 1,000 entries, or fewer, from the index that was asked for upwards, in order. */
  readonly entries: readonly StoredEntry[];
  /** The records that were asked for; absent ones are left out. */
  readonly records: readonly StoredRecord[];
}

/** What became of a parcel. */
export type ParcelState =
  | { readonly status: 'waiting' }
  /** Another handle decided what is in it, in a batch that is committed. */
  | { readonly status: 'answered'; readonly text: string }
  /** It never came, was taken back, or was lost with the server's memory. */
  | { readonly status: 'gone' };

/** What comes with a turn. */
export interface TurnNews extends News {
  /** Of the parcel that was asked about. */
  readonly own: ParcelState;
  /** Parcels of others that wait, the oldest first: as many as the store sees fit. */
  readonly parcels: readonly Parcel[];
}

/** What a handle hears that left a parcel; news, where it asked for them, are no older than `own`. */
export interface ParcelNews {
  readonly own: ParcelState;
  readonly news?: News;
}

/** Asks for entries from an index upwards, and for records. */
export interface NewsQuery {
  readonly from: number;
  readonly keys: readonly RecordKey[];
}

/**
 * The queue in which the handles of a log wait for their turn to append, and where they leave parcels: who
 * has the turn decides for those who wait for it.
 */
export interface Turns {
  /** Whether others appended lately: what is decided without a turn is then likely to be decided in vain. */
  readonly wanted: boolean;
  /** Whether the handle has a turn, or has queued for its next one since its last append. */
  readonly kept: boolean;
  /**
   * Waits for this handle's turn, and returns what is new then; undefined where none came in a bounded time.
   * The turn ends with the handle's next `append`, or by itself after some milliseconds. It is a courtesy:
   * the append compares the size as ever.
   */
  take(from: number, keys: readonly RecordKey[], own: ParcelName): Promise<TurnNews | undefined>;
  /** Ends the turn, or leaves the queue. */
  leave(): Promise<void>;
  /**
   * Leaves a parcel, and waits for a bounded time until whoever has the turn has answered it. Undefined where
   * the store failed: then the parcel may be there, or come later.
   *
   * A parcel is answered at most once, by a batch that is appended, and never after it was taken back.
   */
  entrust(parcel: Parcel, query?: NewsQuery): Promise<ParcelNews | undefined>;
  /** Takes a parcel back unless it was answered; it is `gone` then. Rejects where that is not known. */
  reclaim(own: ParcelName): Promise<ParcelState>;
}

/** Reads log and tables as the bytes that are hashed: `verify` looks at most of them in no other way. */
export interface Pages {
  /** The entries that `readEntries` gives, with the contents that `readContents` gives. */
  entries(from: number, to: number): Promise<LogPage>;
  /** What `scanRecords` gives. */
  records(query: RecordQuery): Promise<{ readonly head: Head; readonly records: RecordBytes }>;
}

/** A page of records, in ascending order of key. */
export interface RecordQuery {
  readonly kind: string;
  readonly parent?: string;
  readonly live?: boolean;
  /** Return keys after this one. */
  readonly after?: string;
  /** 1 to 10,000. */
  readonly limit: number;
}

export interface Storage {
  /** A name for messages, such as `sqlite control-plane.db`. */
  readonly name: string;
  /** Whether an acknowledged batch survives a power cut. */
  readonly durable: boolean;
  /** Where the handles of a log queue for its head; a store whose `append` queues by itself has none. */
  readonly turns?: Turns | undefined;
  /** For a store whose rows come from another thread; `verify` makes pages of the others' rows itself. */
  readonly pages?: Pages | undefined;

  /**
   * Opens (creating and migrating where needed) the log named `log` and returns its head.
   *
   * MUST set and read back every setting that durability depends on and throw a `StorageError` with code
   * `unsafe-settings` where one does not hold. MUST refuse a schema newer than it knows
   * (`schema-too-new`) and a file that is not its own (`not-a-control-plane`). MUST be safe when several
   * processes open at once.
   *
   * A store MAY call `onAppended` when it hears that another handle appended. That is a hint: it can come for
   * nothing, and it can fail to come.
   */
  open(log: string, onAppended?: () => void): Promise<Head>;

  /**
   * Appends a batch in one commit if, and only if, the log's size equals `batch.expectedSize` and its last
   * entry's leaf `batch.expectedPrevious`: behind a log that was restored and written to since, a batch of
   * the one before would break the chain.
   *
   * MUST write all of the batch or none of it. MUST NOT resolve before the commit is durable. With no
   * entries and no records it writes nothing and MUST still compare both: that is how a refusal that
   * changes nothing is confirmed against the head. Rejects with a `StorageError`; where its `ambiguous` is
   * true, the batch may or may not have been written, and the caller has to look.
   */
  append(batch: Batch): Promise<AppendResult>;

  /** The head as committed now, by any process. */
  head(): Promise<Head>;

  /** Up to `limit` (1 to 10,000) entries from index `from` upwards, in order. */
  readEntries(from: number, limit: number): Promise<readonly StoredEntry[]>;

  /** The contents of entries `from` (inclusive) to `to` (exclusive), without erased ones. */
  readContents(from: number, to: number): Promise<readonly StoredContent[]>;

  /**
   * Records by key; absent ones are left out. The head and the records MUST come from one snapshot, so
   * that the caller knows the size at which the records were true.
   */
  readRecords(
    keys: readonly RecordKey[],
  ): Promise<{ readonly head: Head; readonly records: readonly StoredRecord[] }>;

  /**
   * A page of records of one kind, in ascending order of key, with the head of the same snapshot. MUST have
   * `limit` records where so many are what is asked for: a shorter page is the last one.
   */
  scanRecords(
    query: RecordQuery,
  ): Promise<{ readonly head: Head; readonly records: readonly StoredRecord[] }>;

  /**
   * What of the store's own structures does not fit together, in a few words: an index that is not that of
   * its table, so that whoever looks by it finds other rows than whoever reads them all. Undefined where
   * nothing is found. `verify` asks; a store that cannot tell has none.
   */
  examine?(): Promise<string | undefined>;

  /** Waits for work under way, releases every handle. Calls after it MUST reject with code `closed`. */
  close(): Promise<void>;
}

/** Why a store could not do what it was asked. */
export type StorageErrorCode =
  | 'closed'
  | 'busy'
  | 'disk-full'
  | 'read-only'
  | 'io'
  | 'corrupt'
  | 'not-a-control-plane'
  | 'schema-too-new'
  | 'unsafe-settings'
  | 'rolled-back'
  | 'unavailable';

const storageErrorBrand = Symbol.for('agent-control-plane.storage-error');

/** A fault of the store: never an answer about policy. Recognise it with `StorageError.is`. */
export class StorageError extends Error {
  readonly code: StorageErrorCode;
  /** True where a batch may have been committed although the caller saw this error. */
  readonly ambiguous: boolean;
  readonly [storageErrorBrand] = true;

  constructor(
    code: StorageErrorCode,
    message: string,
    options: { readonly ambiguous?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'StorageError';
    this.code = code;
    this.ambiguous = options.ambiguous ?? false;
  }

  static is(value: unknown): value is StorageError {
    return typeof value === 'object' && value !== null && storageErrorBrand in value;
  }
}
