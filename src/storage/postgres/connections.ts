/**
 * Statements on connections of a pool, each with an end: whatever the network does, a call is answered.
 *
 * A connection that has not answered in time, or was lost, is closed and not used again: what it was asked
 * may still happen, which is what `ambiguous` says.
 */
// Not the global one: a host's tests may have put a fake in its place, which never runs.
import { setImmediate } from 'node:timers';
import type { PostgresClient, PostgresPool, PostgresQuery, PostgresResult } from './pool.ts';
import { isRefused, storageError } from './postgres-errors.ts';

export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
}

export type Rows = readonly (readonly unknown[])[];

/** A connection that is out of the pool until it is released. */
export interface Connection {
  /** Rows of the last statement of `text`. Throws what the driver throws, or `TimedOut`. */
  query(text: string, values?: readonly unknown[]): Promise<Rows>;
  /**
   * The answers to several, sent at once where the driver is able to. Throws as soon as one fails; what comes
   * after it may happen or not.
   */
  queryAll(statements: readonly Statement[]): Promise<readonly PostgresResult[]>;
  /** Gives it back to the pool, or closes it where it is no good any more. */
  release(destroy?: boolean): void;
  readonly client: PostgresClient;
}

/**
 * A connection that is lost while nothing is asked of it says so by an event, at any time until it is gone,
 * and an event of that name without a listener ends the process. The next statement on it fails, which is
 * soon enough.
 */
const heard = new WeakSet<PostgresClient>();
const ignored = (): void => {};

class TimedOut extends Error {
  override readonly name = 'TimedOut';
}

export class Connections {
  readonly #pool: PostgresPool;
  readonly #name: string;
  readonly #timeoutMs: number;

  constructor(pool: PostgresPool, name: string, timeoutMs: number) {
    this.#pool = pool;
    this.#name = name;
    this.#timeoutMs = timeoutMs;
  }

  /** Runs one statement that only reads. */
  async read(statement: Statement): Promise<Rows> {
    return this.#run(statement, false);
  }

  /** Runs one statement that commits by itself. */
  async write(statement: Statement): Promise<Rows> {
    return this.#run(statement, true);
  }

  /** A connection for more than one statement. Rejects with `unavailable`. */
  async take(): Promise<Connection> {
    let client: PostgresClient;
    try {
      client = await this.#withEnd(this.#connect(), (late) => late.release());
    } catch (error) {
      throw storageError(error, this.#name, false);
    }
    return this.#connection(client);
  }

  /** A pool gives out a connection that is lost until it hears of it: what only reads is asked once more. */
  async #run(statement: Statement, writing: boolean, again = !writing): Promise<Rows> {
    const { text, values = [] } = statement;
    const connection = await this.take();
    try {
      const rows = await connection.query(text, values);
      connection.release();
      return rows;
    } catch (error) {
      connection.release(!isRefused(error));
      if (again && isLost(error)) return this.#run(statement, writing, false);
      throw storageError(error, this.#name, writing);
    }
  }

  /** By a callback: what comes with the last word of the server is told before a promise goes on. */
  #connect(): Promise<PostgresClient> {
    return new Promise((resolve, reject) => {
      this.#pool.connect((error, client) => {
        if (client === undefined) {
          reject(error ?? new Error('the pool gave no connection'));
          return;
        }
        if (!heard.has(client)) client.on('error', ignored);
        heard.add(client);
        resolve(client);
      });
    });
  }

  #connection(client: PostgresClient): Connection {
    let released = false;
    let unanswered = 0;
    const asked = <T>(work: Promise<T>): Promise<T> => {
      unanswered += 1;
      const answered = (): void => void (unanswered -= 1);
      work.then(answered, answered);
      return this.#withEnd(work, () => {});
    };
    return {
      client,
      query: async (text, values) => lastOf(await asked(client.query(queryOf(text, values)))).rows,
      queryAll: (statements) => asked(inOnePiece(client, () => answersTo(client, statements))),
      release: (destroy = false) => {
        if (released) return;
        released = true;
        // The driver would keep it until the answers come, which they may never do.
        if (destroy && unanswered > 0) client.connection?.stream?.destroy();
        client.release(destroy);
      },
    };
  }

  /** `late` gets what comes when nobody waits for it any more. */
  async #withEnd<T>(work: Promise<T>, late: (value: T) => void): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    let isOver = false;
    const ended = new Promise<never>((_, reject) => {
      const end = (): void => {
        if (isOver) return;
        reject(new TimedOut(`no answer within ${this.#timeoutMs} ms`));
        work.then(late, () => {});
      };
      // In a process that stood still the time is over before what came meanwhile is read.
      timer = setTimeout(() => setImmediate(end), this.#timeoutMs);
    });
    try {
      return await Promise.race([work, ended]);
    } finally {
      isOver = true;
      clearTimeout(timer);
    }
  }
}

/** Whoever has waited for an answer in vain waits no longer. */
function isLost(error: unknown): boolean {
  return !isRefused(error) && !(error instanceof TimedOut);
}

/** What is asked at once is sent at once: each piece would wake the server by itself. */
function inOnePiece<T>(client: PostgresClient, ask: () => T): T {
  const stream = client.connection?.stream;
  stream?.cork?.();
  try {
    return ask();
  } finally {
    stream?.uncork?.();
  }
}

async function answersTo(
  client: PostgresClient,
  statements: readonly Statement[],
): Promise<readonly PostgresResult[]> {
  const answers: PostgresResult[] = [];
  const ask = async ({ text, values }: Statement): Promise<PostgresResult> =>
    lastOf(await client.query(queryOf(text, values)));
  if (client.pipeline === true) return Promise.all(statements.map(ask));
  for (const statement of statements) answers.push(await ask(statement));
  return answers;
}

/** The type `bool`, https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat. */
const booleanType = 16;

/**
 * The host's program may have its own parsers for all queries of the driver, such as `BigInt` for `bigint`.
 * What the store asks comes as text, and what is true or false as that.
 */
const ownTypes = {
  getTypeParser: (type: number) => (text: string) => (type === booleanType ? text === 't' : text),
};

function queryOf(text: string, values: readonly unknown[] | undefined): PostgresQuery {
  const query = { text, rowMode: 'array' as const, types: ownTypes };
  return values === undefined ? query : { ...query, values: [...values] };
}

function lastOf(result: PostgresResult | PostgresResult[]): PostgresResult {
  return Array.isArray(result) ? (result.at(-1) ?? { rows: [] }) : result;
}
