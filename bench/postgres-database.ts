/** Databases for one measurement: the server, a schema of its own for each run, and a meeting place in it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Pool } from 'pg';
import { startServer } from '../test/postgres/server.ts';

export interface Server {
  readonly url: string;
  close(): Promise<void>;
}

/** The server of `ACP_TEST_POSTGRES_URL`, or one that is started for the run and removed after it. */
export async function benchServer(): Promise<Server> {
  const given = process.env['ACP_TEST_POSTGRES_URL'];
  if (given !== undefined) return { url: given, close: async () => {} };
  const server = await startServer();
  return { url: server.url, close: () => server.remove() };
}

/** Plain data: it travels to child processes. */
export interface Place {
  readonly url: string;
  readonly schema: string;
}

let lastNumber = 0;

/** Calls `use` with an empty schema that has a meeting place; drops it afterwards. */
export async function withFreshSchema<T>(
  url: string,
  use: (place: Place, sql: Client) => Promise<T>,
): Promise<T> {
  lastNumber += 1;
  const schema = `bench_${process.pid}_${lastNumber}`;
  const sql = new Client({ connectionString: url });
  await sql.connect();
  try {
    await sql.query(`CREATE SCHEMA ${schema}_meeting;
      CREATE UNLOGGED TABLE ${schema}_meeting.arrival (point text, who integer)`);
    return await use({ url, schema }, sql);
  } finally {
    await sql.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE;
      DROP SCHEMA ${schema}_meeting CASCADE`);
    await sql.end();
  }
}

/** Where processes wait for each other, so that none works before all can. */
export class Meeting {
  readonly #pool: Pool;
  readonly #table: string;

  constructor({ url, schema }: Place) {
    this.#pool = new Pool({ connectionString: url, max: 1 });
    this.#table = `${schema}_meeting.arrival`;
  }

  async arrive(point: string, who: number): Promise<void> {
    await this.#pool.query(`INSERT INTO ${this.#table} VALUES ($1, $2)`, [point, who]);
  }

  /** Waits until so many have arrived at the point. */
  async waitFor(point: string, count: number): Promise<void> {
    for (;;) {
      const { rows } = await this.#pool.query<{ readonly count: number }>(
        `SELECT count(*)::int FROM ${this.#table} WHERE point = $1`,
        [point],
      );
      if ((rows[0]?.count ?? 0) >= count) return;
      await sleep(5);
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}
