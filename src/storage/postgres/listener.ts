/**
 * Hears from the server that somebody appended: a hint, so that other processes' events are read at once and
 * not at the next poll. What is lost here is found by polling.
 *
 * A pooler in transaction mode accepts LISTEN and never delivers. So a notification is sent and awaited
 * first; where it does not come, the listener gives up and says so.
 */
import type { Connection, Connections } from './connections.ts';
import type { PostgresNotification } from './pool.ts';
import { type SchemaName, quoted } from './schema-name.ts';

const probeMs = 2_000;
const retryMsMin = 100;
const retryMsMax = 5_000;
/** How often a quiet connection is asked whether it is still there. */
const aliveMs = 10_000;

export type ListenerState = 'connecting' | 'listening' | 'lost' | 'not-delivered' | 'closed';

export class Listener {
  readonly #connections: Connections;
  readonly #schema: SchemaName;
  readonly #log: number;
  readonly #onSize: (size: number) => void;
  #state: ListenerState = 'connecting';
  #connection: Connection | undefined;
  #timer: NodeJS.Timeout | undefined;
  #attempts = 0;

  /** `onSize` gets the size that the log was said to have; infinite where something may have been missed. */
  constructor(
    connections: Connections,
    schema: SchemaName,
    log: number,
    onSize: (size: number) => void,
  ) {
    this.#connections = connections;
    this.#schema = schema;
    this.#log = log;
    this.#onSize = onSize;
  }

  get state(): ListenerState {
    return this.#state;
  }

  /** Resolves once it listens, or knows that it cannot now. */
  async start(): Promise<void> {
    if (this.#state === 'closed') return;
    let connection: Connection | undefined;
    try {
      connection = await this.#connections.take();
      if (this.#isClosed()) {
        connection.release();
        return;
      }
      const { client } = connection;
      client.on('notification', this.#onNotification);
      client.on('error', this.#onLost);
      this.#connection = connection;
      await connection.query(`LISTEN ${quoted(this.#schema)}`);
      const delivers = await this.#delivers(connection);
      // Lost meanwhile, it is made anew, and says nothing of what its server delivers.
      if (this.#connection !== connection) return;
      if (delivers) this.#listening();
      else this.#giveUp();
    } catch {
      // What fails late is not the connection that came after it.
      if (this.#connection === connection) this.#onLost();
    }
  }

  close(): void {
    this.#state = 'closed';
    clearTimeout(this.#timer);
    this.#letGo();
  }

  #listening(): void {
    if (this.#isClosed()) return;
    this.#attempts = 0;
    this.#state = 'listening';
    // Whoever forgot to close must not be kept alive by what he may hear.
    this.#connection?.client.unref?.();
    this.#onSize(Number.POSITIVE_INFINITY);
    this.#checkLater();
  }

  #giveUp(): void {
    if (this.#isClosed()) return;
    this.#state = 'not-delivered';
    this.#letGo();
    process.emitWarning(
      'agent-control-plane hears no notifications through its connection to PostgreSQL, as is the case ' +
        'with a pooler in transaction mode. It polls. Give it a direct connection, or set `listen` to false.',
    );
  }

  /** Half of a connection can be gone without a sign, so it is asked now and then. */
  #checkLater(): void {
    this.#timer = setTimeout(() => {
      this.#connection
        ?.query('SELECT 1')
        .then(() => this.#checkLater())
        .catch(this.#onLost);
    }, aliveMs);
    this.#timer.unref();
  }

  readonly #onNotification = ({ channel, payload = '' }: PostgresNotification): void => {
    if (channel !== this.#schema) return;
    const [log, size] = payload.split(' ');
    if (log === `${this.#log}`) this.#onSize(Number(size));
    else this.#onProbe(payload);
  };

  readonly #onLost = (): void => {
    if (this.#isClosed()) return;
    this.#letGo();
    clearTimeout(this.#timer);
    this.#state = 'lost';
    const delay = Math.min(retryMsMin * 2 ** this.#attempts, retryMsMax);
    this.#attempts += 1;
    this.#timer = setTimeout(() => void this.start(), delay);
    this.#timer.unref();
  };

  #onProbe: (payload: string) => void = () => {};

  async #delivers(connection: Connection): Promise<boolean> {
    const [row] = await connection.query('SELECT pg_backend_pid()');
    const probe = `probe ${String(row?.[0])}`;
    let timer: NodeJS.Timeout | undefined;
    let isHeard = false;
    const heard = new Promise<void>((resolve) => {
      this.#onProbe = (payload) => {
        if (payload !== probe) return;
        isHeard = true;
        resolve();
      };
      timer = setTimeout(resolve, probeMs);
    });
    try {
      const values = [this.#schema, probe];
      await this.#connections.write({ text: 'SELECT pg_notify($1, $2)', values });
      await heard;
      // On a machine that stood still the time may be over before what has come was read.
      if (!isHeard) await connection.query('SELECT 1');
      return isHeard;
    } finally {
      // Whom it asked for is left as it is: it may be the probe of the connection after this one.
      clearTimeout(timer);
    }
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** Closed and not given back: it would go on to listen in somebody else's hands. */
  #letGo(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection === undefined) return;
    connection.client.removeListener('notification', this.#onNotification);
    connection.client.removeListener('error', this.#onLost);
    connection.release(true);
  }
}
