/**
 * SQLite as a store: one file, any number of processes on one machine, nothing to install.
 *
 * The database runs in a worker thread, because a durable commit blocks its thread for an fsync
 * and the host's event loop has better things to do. Everything else is said in
 * `sqlite-database.ts`. If the thread dies, the calls in flight reject and the next call starts
 * another thread.
 */
import { resolve } from 'node:path';
import { StorageError } from '../storage.ts';
import type { AppendResult, Batch, Head, Pages, RecordKey, RecordQuery } from '../storage.ts';
import type { Storage, StoredContent, StoredEntry } from '../storage.ts';
import { assertOptions } from '../rules.ts';
import { batchColumns, contentsOf, entriesOf } from './columns.ts';
import type { RecordPage } from './sqlite-database.ts';
import type { SqliteOptions } from './sqlite-options.ts';
import { sqliteWorkerCode } from './sqlite-worker-code.ts';
import { WorkerLink } from './worker-link.ts';
import { type CallName, type Calls, pageOf } from './worker-protocol.ts';

export type { SqliteOptions } from './sqlite-options.ts';

/** A store in the file `path`, which is created when it is opened and does not exist. */
export function sqlite(path: string, options: SqliteOptions = {}): Storage {
  return new SqliteStorage(path, options);
}

function assertStart(path: unknown, options: SqliteOptions): void {
  if (typeof path !== 'string' || path.includes('\0')) {
    throw new TypeError('the path of a SQLite file is a string without null characters');
  }
  assertOptions('sqlite', options, ['busyTimeoutMs', 'mode']);
  const { busyTimeoutMs = 0 } = options;
  if (!(busyTimeoutMs >= 0)) throw new TypeError('`busyTimeoutMs` is not a number from 0 up');
}

export class SqliteStorage implements Storage {
  readonly name: string;
  readonly durable = true;
  readonly pages: Pages = {
    entries: (from, to) => this.#call('readPage', { from, to }),
    records: (query) => this.#call('scanBytes', query),
  };
  readonly #path: string;
  readonly #options: SqliteOptions;
  readonly #worker: URL | string;
  #link: WorkerLink | null = null;
  #log: string | null = null;
  #reopening: Promise<WorkerLink> | null = null;
  #closing: Promise<void> | null = null;

  /** `worker` is what runs in the store's thread: `sqlite-worker.ts`, or what measures it. */
  constructor(path: string, options: SqliteOptions, worker = sqliteWorkerCode) {
    assertStart(path, options);
    this.#worker = worker;
    // Once and for all: the host may change its directory before the thread starts anew.
    this.#path = path === '' || path === ':memory:' ? path : resolve(path);
    this.#options = options;
    // As the thread calls itself: a message has the name once.
    this.name = `sqlite ${this.#path}`;
  }

  async open(log: string): Promise<Head> {
    if (this.#closing !== null) throw this.#closed();
    const head = await this.#openOn(this.#liveLink(), log);
    this.#log = log;
    return head;
  }

  append(batch: Batch): Promise<AppendResult> {
    return this.#call('append', batchColumns(batch));
  }

  head(): Promise<Head> {
    return this.#call('head', null);
  }

  async readEntries(from: number, limit: number): Promise<readonly StoredEntry[]> {
    return entriesOf(await this.#call('readEntries', { from, limit }));
  }

  async readContents(from: number, to: number): Promise<readonly StoredContent[]> {
    return contentsOf(await this.#call('readContents', { from, to }));
  }

  async readRecords(keys: readonly RecordKey[]): Promise<RecordPage> {
    return pageOf(await this.#call('readRecords', keys));
  }

  async scanRecords(query: RecordQuery): Promise<RecordPage> {
    return pageOf(await this.#call('scanRecords', query));
  }

  async examine(): Promise<string | undefined> {
    const { problem } = await this.#call('examine', null);
    return problem;
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #call<Name extends CallName>(
    name: Name,
    input: Calls[Name]['input'],
  ): Promise<Calls[Name]['output']> {
    if (this.#closing !== null || this.#log === null) throw this.#closed();
    // Without a wait where the thread lives, so that calls reach it in the order they were made.
    if (this.#link?.alive === true && this.#reopening === null) {
      return this.#link.request(name, input);
    }
    this.#reopening ??= this.#reopen(this.#log);
    const link = await this.#reopening;
    return link.request(name, input);
  }

  async #reopen(log: string): Promise<WorkerLink> {
    try {
      const link = this.#liveLink();
      await this.#openOn(link, log);
      return link;
    } finally {
      this.#reopening = null;
    }
  }

  /** A thread that could not open its file is of no use, and must not outlive a forgotten close. */
  async #openOn(link: WorkerLink, log: string): Promise<Head> {
    try {
      return await link.request('open', log);
    } catch (error) {
      if (this.#log === null || this.#reopening !== null) await link.end();
      throw error;
    }
  }

  #liveLink(): WorkerLink {
    if (this.#link?.alive === true) return this.#link;
    const start = { path: this.#path, options: this.#options };
    this.#link = new WorkerLink(this.#worker, this.name, start);
    return this.#link;
  }

  /** The thread answers in order, so the reply to `close` comes after all work under way. */
  async #end(): Promise<void> {
    const link = this.#link;
    if (link?.alive !== true) return;
    try {
      await link.request('close', null);
    } catch (error) {
      // A thread that died has released all it held.
      if (link.alive) throw error;
    } finally {
      await link.end();
    }
  }

  #closed(): StorageError {
    const state = this.#closing === null ? 'not open' : 'closed';
    return new StorageError('closed', `${this.name} is ${state}`);
  }
}
