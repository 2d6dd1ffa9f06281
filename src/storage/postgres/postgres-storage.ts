/**
 * PostgreSQL as a store: one schema of a database, any number of processes on any number of machines.
 *
 * When `append` returns `appended`, the server has committed, and its write-ahead log is on its disk (and on
 * a synchronous standby where there is one). An append is one statement. Processes that append at the same
 * time take turns, see `turn.ts`. Works through a pooler in transaction mode; there, events of other
 * processes are found by polling alone.
 */
import { assertBatch, assertCount, assertKey, assertLimit, assertQuery } from '../rules.ts';
import { assertOptions, assertText, continues } from '../rules.ts';
import { StorageError } from '../storage.ts';
import type { AppendResult, Batch, Head, RecordKey, RecordQuery } from '../storage.ts';
import type { Storage, StoredContent, StoredEntry, Turns } from '../storage.ts';
import { integerCell } from './cells.ts';
import { Bell } from './bell.ts';
import { Connections } from './connections.ts';
import { Listener } from './listener.ts';
import { migrate } from './migrate.ts';
import { lookUp } from './look.ts';
import { type PostgresPool, newPool, poolSizeMin } from './pool.ts';
import { isSerializationFailure } from './postgres-errors.ts';
import { notAppended } from './turn-lock.ts';
import { type SchemaName, defaultSchema, schemaName } from './schema-name.ts';
import { unsafeSettings } from './settings.ts';
import { endStalled } from './stalled.ts';
import type { RecordPage } from './statements.ts';
import { contentsOf, entriesOf, headOf, pageOf, Statements } from './statements.ts';
import { Turn } from './turn.ts';
import { assertTarget } from './target.ts';
import { partOnly, seesWhole } from './whole.ts';

export type { PostgresClient, PostgresNotification, PostgresPool } from './pool.ts';
export type { PostgresQuery, PostgresResult } from './pool.ts';

export interface PostgresOptions {
  /**
   * The schema that holds the tables: lower-case letters, digits and underscores. It is made where it is
   * missing.
   */
  readonly schema?: string;
  /** How long a statement may take, ms, until it counts as unanswered. */
  readonly timeoutMs?: number;
  /** Whether to keep one connection to hear of others' commits at once. Without it they are polled for. */
  readonly listen?: boolean;
  /**
   * Goes on where the server's settings (`fsync`, `full_page_writes`, `synchronous_commit`) may lose commits.
   * The store then says that it is not durable, and warns.
   */
  readonly acceptLostCommits?: boolean;
  /**
   * `read-only` looks at a log, on a standby too: it creates, migrates and writes nothing, and refuses a
   * schema or a log that is missing, and a role that sees only one org's rows.
   */
  readonly mode?: 'read-write' | 'read-only';
  /**
   * In mode `read-only`: reads a schema whose triggers, functions or row policies were altered, so that
   * `verify` can tell what became of the entries.
   */
  readonly acceptAlteredSchema?: boolean;
}

/**
 * A store in the database that `target` names, as a URL (`postgres://user@host/database`) or a pool of the
 * driver `pg`, which has to be installed beside this package. A pool stays the caller's, and is not ended; it
 * should have a `connectionTimeoutMillis`, or connections that are never made fill it up.
 */
export function postgres(target: string | PostgresPool, options: PostgresOptions = {}): Storage {
  return new PostgresStorage(target, options);
}

const optionsKnown = [
  'acceptAlteredSchema',
  'acceptLostCommits',
  'listen',
  'mode',
  'schema',
  'timeoutMs',
] as const satisfies readonly (keyof PostgresOptions)[];

/** What is of another type than it can be would be taken for left out. */
function assertTypes(options: PostgresOptions): void {
  for (const name of ['acceptAlteredSchema', 'acceptLostCommits', 'listen'] as const) {
    const given: unknown = options[name];
    if (given === undefined || typeof given === 'boolean') continue;
    throw new TypeError(`\`${name}\` is neither true nor false`);
  }
  const { timeoutMs = 1 }: { readonly timeoutMs?: unknown } = options;
  if (typeof timeoutMs === 'number' && timeoutMs > 0 && Number.isFinite(timeoutMs)) return;
  throw new TypeError('`timeoutMs` is not a number above 0');
}

interface Opened {
  readonly log: string;
  readonly id: number;
  readonly connections: Connections;
  readonly turn: Turn;
  readonly bell: Bell;
  readonly listener: Listener | undefined;
}

class PostgresStorage implements Storage {
  readonly name: string;
  readonly #target: string | PostgresPool;
  readonly #options: PostgresOptions;
  readonly #schema: SchemaName;
  readonly #readOnly: boolean;
  readonly #statements: Statements;
  #ownPool: PostgresPool | undefined;
  #durable = true;
  #open: Opened | null = null;
  #opening: Promise<Opened> | null = null;
  #closing: Promise<void> | null = null;
  /** Appends of this handle go one after the other. */
  #appending: Promise<unknown> = Promise.resolve();
  /** The largest size that this handle has seen: a notification of less is no news. */
  #sizeSeen = 0;

  constructor(target: string | PostgresPool, options: PostgresOptions) {
    assertOptions('postgres', options, optionsKnown);
    assertTypes(options);
    assertTarget(target);
    this.#target = target;
    this.#options = options;
    this.#schema = schemaName(options.schema ?? defaultSchema);
    this.#readOnly = options.mode === 'read-only';
    this.#statements = new Statements(this.#schema, this.#readOnly);
    if (options.acceptAlteredSchema === true && !this.#readOnly) {
      throw new TypeError("`acceptAlteredSchema` is for `mode: 'read-only'`");
    }
    this.name = `postgres ${typeof target === 'string' ? placeOf(target) : 'pool'} ${this.#schema}`;
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs ?? 10_000;
  }

  get durable(): boolean {
    return this.#durable;
  }

  get turns(): Turns {
    return this.#opened().turn;
  }

  async open(log: string, onAppended: () => void = () => {}): Promise<Head> {
    if (this.#closing !== null) throw this.#closed();
    assertText(log, 'log');
    this.#opening ??= this.#openLog(log, onAppended);
    try {
      this.#open = await this.#opening;
    } catch (error) {
      this.#opening = null;
      await this.#endPool();
      throw error;
    }
    if (this.#open.log !== log) {
      throw new TypeError(`${this.name} is open for log \`${this.#open.log}\``);
    }
    return this.#head(this.#open);
  }

  async append(batch: Batch): Promise<AppendResult> {
    assertBatch(batch);
    const opened = this.#opened();
    if (this.#readOnly) {
      throw new StorageError('read-only', `${this.name} was opened read-only`);
    }
    const result = this.#appending.then(() => this.#append(opened, batch));
    this.#appending = result.catch(() => {});
    return result;
  }

  async head(): Promise<Head> {
    return this.#head(this.#opened());
  }

  async readEntries(from: number, limit: number): Promise<readonly StoredEntry[]> {
    assertCount(from, 'from');
    assertLimit(limit);
    const { connections, id } = this.#opened();
    return entriesOf(await connections.read(this.#statements.entries(id, from, limit)));
  }

  async readContents(from: number, to: number): Promise<readonly StoredContent[]> {
    assertCount(from, 'from');
    assertCount(to, 'to');
    const { connections, id } = this.#opened();
    return contentsOf(await connections.read(this.#statements.contents(id, from, to)));
  }

  async readRecords(keys: readonly RecordKey[]): Promise<RecordPage> {
    for (const key of keys) assertKey(key);
    const { connections, id } = this.#opened();
    return pageOf(await connections.read(this.#statements.records(id, keys)));
  }

  async scanRecords(query: RecordQuery): Promise<RecordPage> {
    assertQuery(query);
    const { connections, id } = this.#opened();
    return pageOf(await connections.read(this.#statements.scan(id, query)));
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #head({ connections, id }: Opened): Promise<Head> {
    const head = headOf(await connections.read(this.#statements.head(id)));
    this.#sizeSeen = Math.max(this.#sizeSeen, head.size);
    return head;
  }

  async #append(opened: Opened, batch: Batch): Promise<AppendResult> {
    const { turn } = opened;
    const { expectedSize } = batch;
    const writes = batch.entries.length > 0 || batch.records.length > 0;
    if (!writes && batch.parcels === undefined) {
      void turn.leave();
      const head = await this.#head(opened);
      if (continues(batch, head)) return { status: 'appended' };
      return { status: 'conflict', size: head.size };
    }
    const size = await this.#appendNow(opened, batch);
    if (size === expectedSize) {
      this.#sizeSeen = Math.max(this.#sizeSeen, batch.head.size);
      return { status: 'appended' };
    }
    turn.sawOthers();
    return { status: 'conflict', size: size === notAppended ? expectedSize : size };
  }

  /** Returns the size of the log before it, or `notAppended`. */
  async #appendNow({ connections, id, turn, bell }: Opened, batch: Batch): Promise<number> {
    const acceptUnsafe = this.#options.acceptLostCommits === true;
    // Whoever has waited in vain for a turn goes on without one.
    const hasTurn = turn.held || turn.isOverdue;
    const tell = bell.tells(batch.head.size, batch.routine === true);
    const statement = this.#statements.append(id, batch, { acceptUnsafe, hasTurn, tell });
    if (!turn.held) void turn.leave();
    try {
      const rows = turn.held ? await turn.append(statement) : await connections.write(statement);
      return integerCell(rows[0]?.[0], 'append');
    } catch (error) {
      if (!StorageError.is(error)) throw error;
      // Whoever has the head may have stopped with it. This append is refused; the next finds it free.
      if (error.code === 'busy') await this.#endStalled(connections);
      if (!isSerializationFailure(error.cause)) throw error;
      const { size } = await this.head();
      if (size === batch.expectedSize) throw error;
      return size;
    }
  }

  async #endStalled(connections: Connections): Promise<void> {
    try {
      await connections.read(endStalled(this.#schema));
    } catch {
      // What the append met is what there is to tell.
    }
  }

  async #openLog(log: string, onAppended: () => void): Promise<Opened> {
    const pool = await this.#pool();
    const connections = new Connections(pool, this.name, this.#timeoutMs);
    if (this.#readOnly) return this.#look(connections, log);
    const accepted = this.#options.acceptLostCommits === true;
    const lost = await unsafeSettings(connections, accepted);
    if (lost.length > 0) {
      this.#durable = false;
      process.emitWarning(`${this.name} may lose acknowledged commits: ${lost.join(', ')}`);
    }
    await migrate(connections, this.#schema, this.name);
    const [whole] = await connections.read({ text: `SELECT ${seesWhole(this.#schema)}` });
    if (whole?.[0] !== true) throw partOnly();
    const [row] = await connections.write(this.#statements.openLog(log));
    const id = integerCell(row?.[0], 'id');
    const turn = this.#turn(connections, id);
    const bell = this.#bell(connections, id);
    const heard = (size: number): void => {
      // It listens from now on: nobody told of anything.
      if (Number.isFinite(size)) bell.heard(size);
      if (size > this.#sizeSeen) onAppended();
    };
    return {
      log,
      id,
      connections,
      turn,
      bell,
      listener: await this.#listen(connections, id, heard),
    };
  }

  /** Polls and never listens: a notification to see whether they are delivered would be a write. */
  async #look(connections: Connections, log: string): Promise<Opened> {
    const altered = this.#options.acceptAlteredSchema === true;
    const place = { schema: this.#schema, log, name: this.name };
    const id = await lookUp(connections, place, altered);
    const [turn, bell] = [this.#turn(connections, id), this.#bell(connections, id)];
    return { log, id, connections, turn, bell, listener: undefined };
  }

  #bell(connections: Connections, log: number): Bell {
    return new Bell(() => {
      // A hint that cannot be given is one that did not come.
      const told = connections.write(this.#statements.tell(this.#schema, log, this.#sizeSeen));
      told.catch(() => {});
    });
  }

  #turn(connections: Connections, log: number): Turn {
    const [statements, schema] = [this.#statements, this.#schema];
    return new Turn({ connections, statements, schema, log, name: this.name });
  }

  async #listen(
    connections: Connections,
    id: number,
    onSize: (size: number) => void,
  ): Promise<Listener | undefined> {
    if (this.#options.listen === false) return undefined;
    const listener = new Listener(connections, this.#schema, id, onSize);
    await listener.start();
    return listener;
  }

  async #pool(): Promise<PostgresPool> {
    if (typeof this.#target !== 'string') {
      const { max } = this.#target.options;
      if (max !== undefined && max < poolSizeMin) {
        throw new TypeError(`the pool has ${max} connections; the store needs ${poolSizeMin}`);
      }
      return this.#target;
    }
    this.#ownPool ??= await newPool(this.#target, this.#timeoutMs);
    return this.#ownPool;
  }

  #opened(): Opened {
    if (this.#closing !== null || this.#open === null) throw this.#closed();
    return this.#open;
  }

  /** Calls under way are waited for by the pool, which ends when the last connection is back. */
  async #end(): Promise<void> {
    await this.#appending;
    this.#open?.bell.close();
    this.#open?.listener?.close();
    await this.#open?.turn.leave();
    await this.#endPool();
  }

  async #endPool(): Promise<void> {
    const pool = this.#ownPool;
    this.#ownPool = undefined;
    await pool?.end();
  }

  #closed(): StorageError {
    const state = this.#closing === null ? 'not open' : 'closed';
    return new StorageError('closed', `${this.name} is ${state}`);
  }
}

/** Where a URL leads, without whoever signs in there. */
function placeOf(url: string): string {
  const { host, pathname } = URL.parse(url) ?? {};
  return host === undefined ? '' : `${host}${pathname}`;
}
