/**
 * rate-limiter-flexible on a SQLite file with this project's settings. Its SQLite limiter takes a client of
 * better-sqlite3; this is Node's own SQLite behind the two calls of it that the limiter makes.
 */
import { DatabaseSync } from 'node:sqlite';
import { RateLimiterRes, RateLimiterSQLite } from 'rate-limiter-flexible';
import { applySettings } from '../../src/storage/sqlite/connection.ts';
import { hotLimit, type Spending } from '../hot-budget.ts';

const key = 'acme';
/** As long as it takes: whoever is refused a lock would be no answer. */
const lockTimeoutMs = 60_000;

/** The settings take no lock timeout, since the product waits in turns; beside another process they are retried. */
function settle(database: DatabaseSync): void {
  const endsAt = performance.now() + lockTimeoutMs;
  for (;;) {
    try {
      applySettings(database);
      return;
    } catch (failure) {
      const isLocked = failure instanceof Error && failure.message.includes('database is locked');
      if (!isLocked || performance.now() > endsAt) throw failure;
    }
  }
}

export async function limiterSpending(path: string): Promise<Spending> {
  const database = new DatabaseSync(path, { timeout: lockTimeoutMs });
  settle(database);
  database.exec(`PRAGMA busy_timeout = ${lockTimeoutMs}`);
  const storeClient = {
    prepare: (sql: string) => database.prepare(sql),
    transaction: (work: () => unknown) => () => inTransaction(database, work),
  };
  const limiter = await new Promise<RateLimiterSQLite>((resolve, reject) => {
    const made: RateLimiterSQLite = new RateLimiterSQLite(
      {
        storeClient,
        storeType: 'better-sqlite3',
        tableName: 'budgets',
        points: hotLimit,
        // Never over: one budget, and not one for each second.
        duration: 0,
      },
      (failure?: unknown) => {
        if (failure === undefined) setImmediate(() => resolve(made));
        else reject(failure instanceof Error ? failure : new Error('the limiter did not open'));
      },
    );
  });
  return {
    take: async (amount) => {
      try {
        await limiter.consume(key, amount);
      } catch (refusal) {
        if (refusal instanceof RateLimiterRes) return undefined;
        throw refusal;
      }
      return (used) => limiter.reward(key, amount - used);
    },
    close: async () => database.close(),
  };
}

function inTransaction(database: DatabaseSync, work: () => unknown): unknown {
  database.exec('BEGIN');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (failure) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw failure;
  }
}
