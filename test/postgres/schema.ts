/** A schema of its own for each test, and connections to look at it from outside. */
import { randomUUID } from 'node:crypto';
import { Pool, type PoolClient } from 'pg';
import { inject } from 'vitest';
import { postgres } from '../../src/storage/postgres/postgres-storage.ts';
import type { PostgresOptions } from '../../src/storage/postgres/postgres-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';

export interface TestSchema {
  readonly url: string;
  readonly schema: string;
  readonly open: (options?: PostgresOptions) => Storage;
  /** Runs SQL as a superuser. `$s` in it stands for the schema. */
  readonly sql: (text: string, values?: unknown[]) => Promise<Record<string, unknown>[]>;
  readonly drop: () => Promise<void>;
}

/** `schema` is one that is there; otherwise it has a name that is new. */
export function newSchema(url = inject('postgresUrl') ?? '', schema = newName()): TestSchema {
  const sql = async (text: string, values: unknown[] = []) => {
    const client = await superuser(url);
    try {
      const { rows } = await client.query<Record<string, unknown>>(
        text.replaceAll('$s', schema),
        values,
      );
      // What it set and holds ends here, and it with what it cannot end.
      await client.query('DISCARD ALL');
      client.release();
      return rows;
    } catch (error) {
      client.release(true);
      throw error;
    }
  };
  return {
    url,
    schema,
    sql,
    open: (options = {}) => postgres(url, { schema, ...options }),
    drop: async () => {
      // A connection that nobody closed is told of, and not waited for until the test ends.
      await sql("SET lock_timeout = '20s'; DROP SCHEMA IF EXISTS $s CASCADE");
    },
  };
}

/** For each server, since making a connection takes ten times as long as what is asked on it. */
const pools = new Map<string, Pool>();

/** A connection that answers: tests end connections, and stop servers. */
async function superuser(url: string): Promise<PoolClient> {
  let pool = pools.get(url);
  if (pool === undefined) {
    pool = new Pool({ connectionString: url, max: 20, allowExitOnIdle: true });
    pool.on('error', () => {});
    pools.set(url, pool);
  }
  for (;;) {
    const client = await pool.connect();
    try {
      await client.query('SELECT');
      return client;
    } catch {
      client.release(true);
    }
  }
}

function newName(): string {
  return `t_${randomUUID().replaceAll('-', '').slice(0, 16)}`;
}

/** The store's own code, from behind what a control plane made of it; `undefined` where nothing failed. */
export function causeOf(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => undefined,
    ({ cause }: { readonly cause?: { readonly code?: string } }) => cause?.code ?? 'no cause',
  );
}
