/**
 * The queue for the log's head, for while several processes append to it.
 *
 * Appends compare and write in one statement, so nothing is lost without a queue but throughput: of eight
 * processes that retry blindly, seven decide in vain each time. Once an append meets another's commit, the
 * process reckons with others for a while. It leaves its commands to whoever has the turn, and waits under a
 * shared lock for the end of one turn after the other until it is answered. Where nobody has, it takes one:
 * it waits for the lock itself, which the server grants in the order it was asked, and gets with it what
 * others wrote and left; it decides on that, and appends in the transaction that holds the lock.
 *
 * With its commit it asks for the next turn, without waiting to hear of the commit: one process then decides
 * for all, as long as it is quick and no other does the same. The append is compared like any other. Whoever
 * appends without a turn gives way to those who have one or wait for one: a process that was never overtaken
 * would not know that it overtakes.
 *
 * A process that is stopped with its turn holds the others up for a bounded time, `idleMs` at first: the
 * server ends its transaction. Whoever has waited for `turnWaitMs` goes on without a turn. So does whoever
 * decides for longer than its turn was kept, and its next turn is kept for twice as long: of processes that
 * are all slow, each would lose its turn to the next, and none would append.
 */
import { performance } from 'node:perf_hooks';
import { assertParcel } from '../rules.ts';
import type { NewsQuery, Parcel, ParcelName, ParcelNews, ParcelState } from '../storage.ts';
import type { RecordKey, TurnNews, Turns } from '../storage.ts';
import type { Connection, Connections, Rows, Statement } from './connections.ts';
import { storageError } from './postgres-errors.ts';
import { turnLock, turnWaitMs } from './turn-lock.ts';
import type { SchemaName } from './schema-name.ts';
import { headOf, newsOf, parcelsOf, stateOf, type Statements } from './statements.ts';

/** For how long after their last sign other writers are reckoned with. */
const othersLingerMs = 1_000;
/** How long a turn is kept for an append: at first, and for a process that turned out to be slow. */
const keepMs = 200;
const keepMsMax = 1_600;
/** How much longer the server lets it stand idle. */
const graceMs = 50;
/** How long the server lets a turn stand idle that is kept as at first. */
export const idleMs = keepMs + graceMs;
/** A process that needed no longer for its last turn queues for the next one as it appends. */
const keepOnMs = 50;

export interface TurnPlace {
  readonly connections: Connections;
  readonly statements: Statements;
  readonly schema: SchemaName;
  readonly log: number;
  readonly name: string;
}

export class Turn implements Turns {
  readonly #place: TurnPlace;
  #othersUntil = 0;
  #keepMs = keepMs;
  #queued: Queued | null = null;
  #isOverdue = false;

  constructor(place: TurnPlace) {
    this.#place = place;
  }

  get held(): boolean {
    return this.#queued?.since !== undefined;
  }

  get kept(): boolean {
    return this.#queued !== null;
  }

  /** Whether it was waited for in vain, or is over: then the next append goes on without one. */
  get isOverdue(): boolean {
    return this.#isOverdue;
  }

  get wanted(): boolean {
    return performance.now() < this.#othersUntil;
  }

  /** Another's commit was met. */
  sawOthers(): void {
    this.#othersUntil = performance.now() + othersLingerMs;
  }

  async take(
    from: number,
    keys: readonly RecordKey[],
    own: ParcelName,
  ): Promise<TurnNews | undefined> {
    const { connections, statements, log } = this.#place;
    this.#isOverdue = false;
    try {
      this.#queued ??= this.#queue(await connections.take(), true);
      const queued = this.#queued;
      // Whoever had the last turn too asks for no records, and has missed nothing as a rule.
      const asksHead = !queued.isFresh && keys.length === 0;
      const asked = queued.connection.queryAll([
        asksHead ? statements.head(log) : statements.news(log, from, keys),
        statements.parcels(log, own.sender),
      ]);
      const [[answer, slots]] = await Promise.all([asked, queued.granted]);
      const came = answer?.rows ?? [];
      const told = asksHead ? { head: headOf(came), entries: [], records: [] } : newsOf(came);
      const isNew = told.head.size > from;
      const rows = slots?.rows ?? [];
      const parcels = parcelsOf(rows, own.sender);
      if (isNew || parcels.length > 0) this.sawOthers();
      // Of two that queue for each next turn one gives up.
      queued.leads = !isNew || (queued.isFresh && parcels.length > 0);
      return { ...told, parcels, own: stateOf(rows, own) };
    } catch {
      // Only politeness failed. The append itself finds out what is the matter.
      this.#letGo()?.connection.release(true);
      this.#isOverdue = true;
      return undefined;
    }
  }

  async entrust(parcel: Parcel, query?: NewsQuery): Promise<ParcelNews | undefined> {
    assertParcel(parcel);
    const { connections, statements, log } = this.#place;
    let connection: Connection | undefined;
    try {
      connection = await connections.take();
      const asked = query === undefined ? [] : [statements.news(log, query.from, query.keys)];
      const [, slots, came] = await connection.queryAll([
        statements.entrust(log, parcel),
        statements.awaitReply(log, parcel.sender),
        ...asked,
      ]);
      connection.release();
      const own = stateOf(slots?.rows ?? [], parcel);
      if (own.status === 'answered') this.sawOthers();
      return came === undefined ? { own } : { own, news: newsOf(came.rows) };
    } catch {
      connection?.release(true);
      return undefined;
    }
  }

  async reclaim(own: ParcelName): Promise<ParcelState> {
    const { connections, statements, log } = this.#place;
    const [row] = await connections.write(statements.reclaim(log, own));
    const reply = row?.[0];
    return typeof reply === 'string' ? { status: 'answered', text: reply } : { status: 'gone' };
  }

  /** Appends and ends the turn; the next one may be asked for already. */
  async append(statement: Statement): Promise<Rows> {
    const queued = this.#letGo();
    if (queued?.since === undefined) {
      throw new Error('assertion: an append under a turn that is not there');
    }
    const { connection, since } = queued;
    const heldMs = performance.now() - since;
    const keeps =
      this.wanted &&
      queued.leads === true &&
      heldMs < keepOnMs &&
      connection.client.pipeline === true;
    try {
      const asked = connection.queryAll([statement, { text: 'COMMIT' }]);
      const next = keeps ? this.#queue(connection) : null;
      const [appended, end] = await asked;
      if (end?.command !== 'COMMIT') throw new Error(`the server did not commit: ${end?.command}`);
      if (next === null) connection.release();
      this.#queued = next;
      if (heldMs <= keepMs) this.#keepMs = keepMs;
      return appended?.rows ?? [];
    } catch (error) {
      connection.release(true);
      // The server may have ended it while this process had no time to notice.
      this.#keepLonger();
      throw storageError(error, this.#place.name, true);
    }
  }

  /** The next may have it. */
  async leave(): Promise<void> {
    const queued = this.#letGo();
    if (queued === null) return;
    const { connection, since } = queued;
    try {
      // Whoever does not know whether he has it does not wait until he has.
      if (since !== undefined) await connection.query('COMMIT');
      connection.release(since === undefined);
    } catch {
      connection.release(true);
    }
  }

  #queue(connection: Connection, isFresh = false): Queued {
    const queued: Queued = { connection, isFresh, granted: this.#granted(connection) };
    const started = queued.granted.then(() => {
      queued.since = performance.now();
      queued.timer = setTimeout(() => this.#overstay(queued), this.#keepMs);
      return queued;
    });
    // Whoever takes the turn hears of it.
    started.catch(() => {});
    return queued;
  }

  async #granted(connection: Connection): Promise<void> {
    const { schema, log } = this.#place;
    await connection.query(`BEGIN ISOLATION LEVEL READ COMMITTED;
      SET LOCAL idle_in_transaction_session_timeout = ${this.#keepMs + graceMs};
      SET LOCAL lock_timeout = ${turnWaitMs};
      SELECT pg_advisory_xact_lock(${turnLock(schema, `${log}`)})`);
  }

  /** The next has it, while this process still decides. */
  #overstay(queued: Queued): void {
    if (this.#queued !== queued) return;
    void this.leave();
    this.#isOverdue = true;
    this.#keepLonger();
  }

  #keepLonger(): void {
    this.#keepMs = Math.min(2 * this.#keepMs, keepMsMax);
  }

  #letGo(): Queued | null {
    this.#isOverdue = false;
    const queued = this.#queued;
    this.#queued = null;
    clearTimeout(queued?.timer);
    return queued;
  }
}

/** A place in the queue, on its connection. */
interface Queued {
  readonly connection: Connection;
  /** Resolves once it has the turn. */
  readonly granted: Promise<void>;
  /** Whether it was not asked for with the last append. */
  readonly isFresh: boolean;
  /** Whether this process decides for others from now on. */
  leads?: boolean;
  /** When it was granted. */
  since?: number;
  timer?: NodeJS.Timeout;
}
