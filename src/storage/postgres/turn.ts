/**
 * The queue for the log's head, for while several processes append to it.
 *
 * Appends compare and write in one statement, so nothing is lost without a queue but throughput: of eight
 * processes that retry blindly, seven decide in vain each time. Once an append meets another's commit, the
 * process takes turns for a while: it waits for a lock that the server grants in the order it was asked,
 * reads what others wrote, decides on it and appends. The lock is held by a transaction that writes nothing,
 * and the append that follows is compared like any other. Whoever appends without a turn gives way to those
 * who have one or wait for one: a process that was never overtaken would not know that it overtakes.
 *
 * A process that is stopped with its turn holds the others up for `idleMs` at most: the server ends its
 * transaction. Whoever has waited for `waitMs` goes on without a turn.
 */
import { performance } from 'node:perf_hooks';
import type { StoredEntry } from '../storage.ts';
import { integerCell } from './cells.ts';
import type { Connection, Connections, Rows } from './connections.ts';
import { turnLock } from './schema.ts';
import { type SchemaName, quoted } from './schema-name.ts';
import { entriesOf } from './statements.ts';

/** For how long after their last sign other writers are reckoned with. */
const othersLingerMs = 1_000;
/** How long a turn is kept for the caller that met a conflict. */
const keepMs = 50;
/** How long the server lets a turn stand idle. */
export const idleMs = 250;
/** How long to wait in the queue. */
export const waitMs = 2_000;

/** How many entries come with a turn; whoever missed more reads on. */
const aheadMax = 1_000;

/** How the log stands for whoever has just got the turn. */
export interface Standing {
  readonly size: number;
  /** The entries from the size on that was known. */
  readonly entries: readonly StoredEntry[];
}

export class Turn {
  readonly #connections: Connections;
  readonly #begin: string;
  readonly #look: (size: number) => string;
  #othersUntil = 0;
  #connection: Connection | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(connections: Connections, schema: SchemaName, log: number) {
    this.#connections = connections;
    const s = quoted(schema);
    this.#begin = `BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;
      SET LOCAL idle_in_transaction_session_timeout = ${idleMs};
      SET LOCAL lock_timeout = ${waitMs};
      SELECT pg_advisory_xact_lock(${turnLock(schema, `${log}`)});`;
    this.#look = (size) => `SELECT log.size, idx, body, leaf
      FROM ${s}.log LEFT JOIN ${s}.entry ON entry.log = log.id AND idx >= ${size}
      WHERE log.id = ${log} ORDER BY idx LIMIT ${aheadMax}`;
  }

  get held(): boolean {
    return this.#connection !== null;
  }

  /** Whether others were met lately. */
  get wanted(): boolean {
    return performance.now() < this.#othersUntil;
  }

  /** Another's commit was met. */
  sawOthers(): void {
    this.#othersUntil = performance.now() + othersLingerMs;
  }

  /**
   * Waits for the turn. Undefined where there was none to be had. `size` is what the caller knows of the
   * log.
   */
  async take(size: number): Promise<Standing | undefined> {
    let connection: Connection | undefined;
    try {
      connection = await this.#connections.take();
      const rows = await connection.query(`${this.#begin} ${this.#look(size)}`);
      const standing = standingOf(rows);
      this.#connection = connection;
      return standing;
    } catch {
      // Only politeness failed. The append itself finds out what is the matter.
      connection?.release(true);
      return undefined;
    }
  }

  /** Keeps the turn a little, for a caller that has to decide again. */
  keep(): void {
    this.#timer ??= setTimeout(() => void this.leave(), keepMs);
  }

  /** The next may have it. */
  async leave(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const connection = this.#connection;
    this.#connection = null;
    if (connection === null) return;
    try {
      await connection.query('COMMIT');
      connection.release();
    } catch {
      connection.release(true);
    }
  }
}

function standingOf(rows: Rows): Standing {
  const size = integerCell(rows[0]?.[0], 'size');
  // A log without entries that are new is one row, and no entry.
  const found = rows.filter(([, index]) => index !== null).map(([, ...entry]) => entry);
  return { size, entries: entriesOf(found) };
}
