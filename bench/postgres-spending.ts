/**
 * Three ways to spend from a budget in PostgreSQL: with this project, as somebody would write it by hand, and
 * with no budget at all. An action is two commits in each: one before the work, one after it.
 */
import { Pool } from 'pg';
import { type ControlPlane, memory, type Storage, verify } from '../src/index.ts';
import { postgres } from '../src/storage/postgres/postgres-storage.ts';
import type { Place } from './postgres-database.ts';
import { openSpending, setLimit, type Take, takeIn } from './spending.ts';

/** What an action asks for, and what it turns out to have used. */
const asked = 2;
export const used = 1;

export const ways = ['ours', 'update', 'insert'] as const;
export type Way = (typeof ways)[number];

/** How the budgets of a run are made and read; `budgets` are numbered from 0. */
export interface Books {
  prepare(budgets: number, limit: number): Promise<void>;
  /** What all budgets together say was used. Throws where the books are not in order. */
  total(budgets: number): Promise<number>;
}

/** Spends from one budget; false where it is refused. */
export interface Spender {
  act(budget: number): Promise<boolean>;
  close(): Promise<void>;
}

/** As long as an entry of the work is, on the whole. */
const body = 'x'.repeat(500);

function openPlane(place: Place): Promise<ControlPlane> {
  return openSpending(postgres(place.url, { schema: place.schema }));
}

const orgOf = (budget: number): string => `org-${budget}`;

export function booksOf(way: Way, place: Place): Books {
  return way === 'ours' ? ourBooks(place) : tableBooks(place);
}

function ourBooks(place: Place): Books {
  return {
    prepare: async (budgets, limit) => {
      const plane = await openPlane(place);
      const set = (_: unknown, budget: number): Promise<void> =>
        setLimit(plane, { org: orgOf(budget), limit });
      await Promise.all(Array.from({ length: budgets }, set));
      await plane.close();
    },
    total: async (budgets) => {
      await assertVerified(place);
      const plane = await openPlane(place);
      let total = 0;
      for (let budget = 0; budget < budgets; budget += 1) {
        const [found] = await plane.budgets(orgOf(budget));
        for (const { posted, reserved } of found?.accounts ?? []) {
          if (Number(reserved) !== 0) throw new Error('something is left reserved');
          total += Number(posted);
        }
      }
      await plane.close();
      return total;
    },
  };
}

async function assertVerified({ url, schema }: Place): Promise<void> {
  const storage = postgres(url, { schema, mode: 'read-only' });
  try {
    const { holds, faults } = await verify(storage);
    if (!holds) throw new Error(`the shared log does not hold: ${JSON.stringify(faults)}`);
  } finally {
    await storage.close();
  }
}

function tableBooks({ url, schema }: Place): Books {
  const pool = new Pool({ connectionString: url, max: 1 });
  return {
    prepare: async (budgets, limit) => {
      await pool.query(`CREATE SCHEMA ${schema};
        CREATE TABLE ${schema}.budget (id integer PRIMARY KEY, used bigint, most bigint)
          WITH (fillfactor = 10);
        CREATE TABLE ${schema}.entry (id bigserial PRIMARY KEY, body text);
        INSERT INTO ${schema}.budget
          SELECT id, 0, ${limit} FROM generate_series(0, ${budgets - 1}) AS id`);
    },
    total: async () => {
      const { rows } = await pool.query<{ readonly total: number }>(
        `SELECT sum(used)::int AS total FROM ${schema}.budget`,
      );
      await pool.end();
      return rows[0]?.total ?? 0;
    },
  };
}

export interface SpenderOptions {
  readonly callers: number;
  /** The budgets that its callers use. */
  readonly budgets: readonly number[];
}

export function openSpender(way: Way, place: Place, options: SpenderOptions): Promise<Spender> {
  return way === 'ours' ? ourSpender(place, options) : tableSpender(way, place, options);
}

async function ourSpender(place: Place, { budgets }: SpenderOptions): Promise<Spender> {
  const plane = await openPlane(place);
  const takerOf = async (budget: number): Promise<readonly [number, Take]> => [
    budget,
    await takeIn(plane, orgOf(budget)),
  ];
  const takers = new Map(await Promise.all(budgets.map(takerOf)));
  return {
    act: async (budget) => {
      const take = takers.get(budget);
      if (take === undefined) throw new Error(`no session for budget ${budget}`);
      const settle = await take(asked);
      await settle?.(used);
      return settle !== undefined;
    },
    close: () => plane.close(),
  };
}

/** Actions after which the code of a service that has just started is no longer cold. */
const warmActions = 5_000;
const warmCallers = 8;

/** Runs our code until it is warm, on a store in memory; what is ours alone, for the others have little. */
export function warmUpOurs(): Promise<void> {
  return actOften(memory(), {
    callers: warmCallers,
    actions: warmActions,
    limit: asked * warmActions,
  });
}

interface Often {
  readonly callers: number;
  readonly actions: number;
  readonly limit: number;
}

/** Our way in one process, on a store of one's own, with one budget. */
export async function actOften(
  storage: Storage,
  { callers, actions, limit }: Often,
): Promise<void> {
  const plane = await openSpending(storage);
  await setLimit(plane, { org: orgOf(0), limit });
  const take = await takeIn(plane, orgOf(0));
  const call = async (): Promise<void> => {
    for (let calls = 0; calls < actions / callers; calls += 1) {
      const settle = await take(asked);
      await settle?.(used);
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  await plane.close();
}

/** What many write: a guarded update of one row and the insert of another, in a transaction. */
async function tableSpender(
  way: Way,
  { url, schema }: Place,
  { callers }: SpenderOptions,
): Promise<Spender> {
  const pool = new Pool({ connectionString: url, max: callers });
  const insert = `INSERT INTO ${schema}.entry (body) VALUES ($1)`;
  const update = `UPDATE ${schema}.budget SET used = used + $2 WHERE id = $1 AND used + $2 <= most`;
  const commit = async (budget: number, amount: number): Promise<boolean> => {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      const { rowCount } = await client.query(update, [budget, amount]);
      if (rowCount === 1) await client.query(insert, [body]);
      await client.query('COMMIT');
      return rowCount === 1;
    } finally {
      client.release();
    }
  };
  if (way === 'insert') {
    return {
      act: async () => {
        await pool.query(insert, [body]);
        await pool.query(insert, [body]);
        return true;
      },
      close: () => pool.end(),
    };
  }
  return {
    act: async (budget) => {
      if (!(await commit(budget, asked))) return false;
      await commit(budget, used - asked);
      return true;
    },
    close: () => pool.end(),
  };
}
