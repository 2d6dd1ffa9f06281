/**
 * The queue for the log's head, for while several processes append to it.
 *
 * Appends compare and write in one statement, so nothing is lost without a queue but throughput: of eight
 * processes that retry blindly, seven decide in vain each time. Once an append meets another's commit, the
 * process takes turns for a while: it waits for a lock that the server grants in the order it was asked, and
 * gets with it what others wrote; it decides on that, and appends in the transaction that holds the lock. The
 * server grants the next turn as it commits, without waiting for this process to hear of it. The append is
 * compared like any other. Whoever appends without a turn gives way to those who have one or wait for one: a
 * process that was never overtaken would not know that it overtakes.
 *
 * A process that is stopped with its turn holds the others up for a bounded time, `idleMs` at first: the
 * server ends its transaction. Whoever has waited for `waitMs` goes on without a turn. So does whoever
 * decides for longer than its turn was kept, and its next turn is kept for twice as long: of processes that
 * are all slow, each would lose its turn to the next, and none would append.
 */
import { performance } from 'node:perf_hooks';
import type { News, RecordKey, Turns } from '../storage.ts';
import type { Connection, Connections, Rows, Statement } from './connections.ts';
import { storageError } from './postgres-errors.ts';
import { turnLock } from './schema.ts';
import type { SchemaName } from './schema-name.ts';
import { newsOf, type Statements } from './statements.ts';

/** For how long after their last sign other writers are reckoned with. */
const othersLingerMs = 1_000;
/** How long a turn is kept for an append: at first, and for a process that turned out to be slow. */
const keepMs = 200;
const keepMsMax = 1_600;
/** How much longer the server lets it stand idle. */
const graceMs = 50;
/** How long the server lets a turn stand idle that is kept as at first. */
export const idleMs = keepMs + graceMs;
/** How long to wait in the queue. */
export const waitMs = 2_000;

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
  #keptSince = 0;
  #connection: Connection | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isOverdue = false;

  constructor(place: TurnPlace) {
    this.#place = place;
  }

  get held(): boolean {
    return this.#connection !== null;
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

  async take(from: number, keys: readonly RecordKey[]): Promise<News | undefined> {
    const { connections, statements, log } = this.#place;
    await this.leave();
    let connection: Connection | undefined;
    try {
      connection = await connections.take();
      const asked = [this.#begin(), statements.news(log, from, keys)];
      const [, news] = await connection.queryAll(asked);
      const told = newsOf(news?.rows ?? []);
      if (told.entries.length > 0) this.sawOthers();
      this.#connection = connection;
      this.#keptSince = performance.now();
      this.#timer = setTimeout(() => this.#overstay(), this.#keepMs);
      return told;
    } catch {
      // Only politeness failed. The append itself finds out what is the matter.
      connection?.release(true);
      this.#isOverdue = true;
      return undefined;
    }
  }

  /** Appends and ends the turn. */
  async append(statement: Statement): Promise<Rows> {
    const connection = this.#letGo();
    if (connection === null) throw new Error('assertion: an append under a turn that is not there');
    const wasSlow = performance.now() - this.#keptSince > keepMs;
    try {
      const [appended, end] = await connection.queryAll([statement, { text: 'COMMIT' }]);
      if (end?.command !== 'COMMIT') throw new Error(`the server did not commit: ${end?.command}`);
      connection.release();
      if (!wasSlow) this.#keepMs = keepMs;
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
    const connection = this.#letGo();
    if (connection === null) return;
    try {
      await connection.query('COMMIT');
      connection.release();
    } catch {
      connection.release(true);
    }
  }

  #begin(): Statement {
    const { schema, log } = this.#place;
    const text = `BEGIN ISOLATION LEVEL READ COMMITTED;
      SET LOCAL idle_in_transaction_session_timeout = ${this.#keepMs + graceMs};
      SET LOCAL lock_timeout = ${waitMs};
      SELECT pg_advisory_xact_lock(${turnLock(schema, `${log}`)})`;
    return { text };
  }

  /** The next has it, while this process still decides. */
  #overstay(): void {
    void this.leave();
    this.#isOverdue = true;
    this.#keepLonger();
  }

  #keepLonger(): void {
    this.#keepMs = Math.min(2 * this.#keepMs, keepMsMax);
  }

  #letGo(): Connection | null {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isOverdue = false;
    const connection = this.#connection;
    this.#connection = null;
    return connection;
  }
}
