/**
 * A pool whose connections answer when a test says so: for orders of events that a server does not bring about
 * when it is asked to. What no test waits for is answered at once, with one row.
 */
import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  PostgresClient,
  PostgresPool,
  PostgresQuery,
  PostgresResult,
} from '../../src/storage/postgres/pool.ts';

/** A statement that was sent. */
export interface Asked {
  readonly values: readonly unknown[];
  readonly answer: () => void;
  readonly fail: () => void;
}

class ScriptedClient extends EventEmitter implements PostgresClient {
  readonly held: (Asked & { readonly text: string })[] = [];
  isDestroyed = false;
  readonly #number: number;

  constructor(number: number) {
    super();
    this.#number = number;
  }

  query({ text, values = [] }: PostgresQuery): Promise<PostgresResult> {
    const result = { rows: [[this.#number]] };
    if (!text.includes('pg_notify')) return Promise.resolve(result);
    const { promise, resolve, reject } = Promise.withResolvers<PostgresResult>();
    const fail = (): void => reject(new Error('the connection was lost'));
    this.held.push({ text, values, answer: () => resolve(result), fail });
    return promise;
  }

  release(isDestroyed = false): void {
    this.isDestroyed = isDestroyed;
  }
}

export class ScriptedPool extends EventEmitter implements PostgresPool {
  readonly options = {};
  readonly #clients: ScriptedClient[] = [];

  /** Every connection is a new one; they are numbered from 0 in the order in which they were asked for. */
  connect(callback: (error: undefined, client: PostgresClient) => void): void {
    const client = new ScriptedClient(this.#clients.length);
    this.#clients.push(client);
    callback(undefined, client);
  }

  end(): Promise<void> {
    return Promise.resolve();
  }

  /** Waits for a statement that has `part` in it, on the connection of this number. */
  async asked(number: number, part: string): Promise<Asked> {
    for (;;) {
      const held = this.#clients[number]?.held.find(({ text }) => text.includes(part));
      if (held !== undefined) return held;
      await sleep(5);
    }
  }

  /** Whether the connection was given back to be closed. */
  isDestroyed(number: number): boolean {
    return this.#clients[number]?.isDestroyed === true;
  }

  lose(number: number): void {
    this.#clients[number]?.emit('error', new Error('the connection was lost'));
  }

  notify(number: number, channel: string, payload: string): void {
    this.#clients[number]?.emit('notification', { channel, payload });
  }
}
