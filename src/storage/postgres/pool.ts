/**
 * What the store needs of the driver `pg`, as its own types: a pool of that driver fits, and whoever brings
 * none needs no types of it.
 */
import { StorageError } from '../storage.ts';

/** One statement, or several without values. Rows come as arrays of cells. */
export interface PostgresQuery {
  readonly text: string;
  readonly values?: unknown[];
  readonly rowMode: 'array';
  /** How cells are read, whatever the process has set for all of its queries. */
  readonly types?: { getTypeParser(type: number): (text: string) => unknown };
}

/** `rows` of one statement; several give an array of results. `command` is what the server says it did. */
export interface PostgresResult {
  readonly rows: unknown[][];
  readonly command?: string;
}

export interface PostgresNotification {
  readonly channel: string;
  readonly payload?: string | undefined;
}

/** `cork` holds back what is written until `uncork`. */
export interface PostgresStream {
  destroy(): unknown;
  cork?(): void;
  uncork?(): void;
}

/** A connection that was taken from a pool. */
export interface PostgresClient {
  query(query: PostgresQuery): Promise<PostgresResult | PostgresResult[]>;
  /** Whether statements are sent without waiting for earlier answers. Not in every release of the driver. */
  readonly pipeline?: boolean;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'notification', listener: (message: PostgresNotification) => void): unknown;
  removeListener(event: 'error', listener: (error: Error) => void): unknown;
  removeListener(event: 'notification', listener: (message: PostgresNotification) => void): unknown;
  /** Lets the process end while the connection is open. Not in every release of the driver. */
  unref?(): void;
  /**
   * Gives it back; with `true` it is closed in place of being used again, and where statements are pipelined,
   * once all that was asked is answered.
   */
  release(destroy?: boolean): void;
  /** What the driver keeps of the network. Not in its native variant. */
  readonly connection?: { readonly stream?: PostgresStream };
}

/** A pool of `pg`, of at least `poolSizeMin` connections. */
export interface PostgresPool {
  connect(callback: (error: Error | undefined, client: PostgresClient | undefined) => void): void;
  end(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  readonly options: { readonly max?: number | undefined };
}

/** One for appends, one for the place in the queue, one to listen, one to read. */
export const poolSizeMin = 4;

/**
 * A pool of the store's own, whose connections are made within `timeoutMs`. Rejects with `unavailable` where
 * the driver is not installed, or can make nothing of the URL.
 */
export async function newPool(url: string, timeoutMs: number): Promise<PostgresPool> {
  const { Client, Pool } = await import('pg').catch((cause: unknown) => {
    const message = 'the driver `pg` is not installed: add it with `npm install pg`';
    throw new StorageError('unavailable', message, { cause });
  });
  // Of what a pool cannot even begin to connect to, it would wait for the end for ever.
  const port = portOf(() => new Client({ connectionString: url }));
  if (!(port >= 1 && port <= 65_535)) {
    throw new StorageError('unavailable', `the port of the database is ${port}`);
  }
  const pool = new Pool({
    connectionString: url,
    Client: lettingGo(Client),
    max: poolSizeMin + 1,
    // A connection that is never made would keep its place in the pool for ever.
    connectionTimeoutMillis: timeoutMs,
    keepAlive: true,
    pipeline: true,
    // A connection that nothing is asked of keeps no process alive.
    allowExitOnIdle: true,
    application_name: 'agent-control-plane',
  });
  // An idle connection that is lost is replaced when one is needed.
  pool.on('error', () => {});
  pool.on('connect', (client) => void noticeGone(client));
  return pool;
}

/** What `newPool` needs of a connection of the driver, before it is made. */
interface Connecting {
  connect(callback: (error: Error | null) => void): void;
  readonly connection?: PostgresClient['connection'];
}

/**
 * Connections that are let go of where signing in fails on this side, as it does without a password: the
 * driver leaves them open, and each would hold the process, and a place at the server, until that gives up.
 */
function lettingGo<C>(Client: C): C {
  class LettingGo extends (Client as new () => Connecting) {
    override connect(callback: (error: Error | null) => void): void {
      super.connect((error) => {
        // Undefined or null where it succeeded.
        if (error instanceof Error) this.connection?.stream?.destroy();
        callback(error);
      });
    }
  }
  return LettingGo as C;
}

/** The driver reads what the URL names, such as certificates. */
function portOf(client: () => { readonly port: number }): number {
  try {
    return client().port;
  } catch (cause) {
    const message = `the driver can make nothing of the URL: ${(cause as Error).message}`;
    throw new StorageError('unavailable', message, { cause });
  }
}

/** How often the server looks whether whoever asked is still there, ms. */
const lookMs = 5_000;

/**
 * Whoever has waited for an answer in vain closes its connection, which a server that waits for a lock does
 * not notice by itself: it would have one connection more for each that was closed, until the lock is free.
 */
async function noticeGone(client: Pick<PostgresClient, 'query'>): Promise<void> {
  try {
    await client.query({
      text: `SET client_connection_check_interval = ${lookMs}`,
      rowMode: 'array',
    });
  } catch {
    // Not every system can look.
  }
}
