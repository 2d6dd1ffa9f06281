/**
 * Where `verify` hashes: in a thread of its own, beside the one that reads the store and the one that
 * folds; or, for a log so short that starting a thread would take longer, in place.
 *
 * A thread that does not start, or dies, fails the verification: what was not hashed is not verified.
 */
import { Worker } from 'node:worker_threads';
import type { Hashed, HashPage } from '../../log/hash-page.ts';
import { fault, thrownMessage } from '../error.ts';
import { type AddedRecords, Hasher } from './hasher.ts';
import { verifyWorkerCode } from './verify-worker-code.ts';

export interface Hashing {
  /** Takes over the page's bytes. Pages are answered in the order in which they came. */
  check(page: HashPage): Promise<Hashed>;
  /** Takes over the bytes of records; whoever adds many waits, so that they do not pile up. */
  add(added: AddedRecords): Promise<void>;
  /** Whether the records that were added from the one source are those from the other. */
  agree(): Promise<boolean>;
  end(): Promise<void>;
}

/** What the thread is asked for. It answers in order. */
export type HashRequest =
  | { readonly page: HashPage }
  | { readonly added: AddedRecords }
  | { readonly agree: true };

export class HashingInPlace implements Hashing {
  readonly #hasher = new Hasher();

  async check(page: HashPage): Promise<Hashed> {
    return this.#hasher.check(page);
  }

  async add(added: AddedRecords): Promise<void> {
    this.#hasher.add(added);
  }

  async agree(): Promise<boolean> {
    return this.#hasher.agree();
  }

  async end(): Promise<void> {}
}

export class HashingThread implements Hashing {
  readonly #worker: Worker;
  readonly #waiting: PromiseWithResolvers<unknown>[] = [];
  #lost: Error | undefined;

  constructor(source = verifyWorkerCode) {
    this.#worker = new Worker(source, {
      eval: typeof source === 'string',
      name: 'agent-control-plane verify',
      // Not the host's own: with --input-type, say, no worker would start.
      execArgv: [],
    });
    this.#worker.on('message', (answer: unknown) => this.#waiting.shift()?.resolve(answer));
    this.#worker.on('messageerror', (error) => this.#lose(error));
    this.#worker.on('error', (error) => this.#lose(error));
    this.#worker.on('exit', (code) => this.#lose(new Error(`it ended with code ${code}`)));
  }

  check(page: HashPage): Promise<Hashed> {
    return this.#ask<Hashed>({ page }, [page.bytes.buffer]);
  }

  add(added: AddedRecords): Promise<void> {
    return this.#ask({ added }, [added.records.bytes.buffer]);
  }

  agree(): Promise<boolean> {
    return this.#ask<boolean>({ agree: true });
  }

  /** Ends the thread, whatever it does. */
  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  /** `Answer` is what the thread gives to this request. */
  #ask<Answer>(request: HashRequest, handedOver: readonly ArrayBuffer[] = []): Promise<Answer> {
    const waiting = Promise.withResolvers<Answer>();
    // Nobody waits for pages behind a fault; their loss must not end the process.
    waiting.promise.catch(() => {});
    if (this.#lost === undefined) {
      this.#waiting.push(waiting as PromiseWithResolvers<unknown>);
      this.#worker.postMessage(request, handedOver);
    } else {
      waiting.reject(this.#lost);
    }
    return waiting.promise;
  }

  #lose(cause: unknown): void {
    const why = thrownMessage(cause);
    this.#lost ??= fault('internal-error', `the thread that hashes was lost: ${why}`, cause);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#lost);
  }
}
