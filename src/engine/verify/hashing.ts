/**
 * Where `verify` hashes: in a thread of its own, beside the one that reads the store and the one that
 * folds; or, for a log so short that starting a thread would take longer, in place.
 *
 * A thread that does not start, or dies, fails the verification: what was not hashed is not verified.
 */
import { Worker } from 'node:worker_threads';
import { type Hashed, type HashPage, PageHasher } from '../../log/hash-page.ts';
import { fault, thrownMessage } from '../error.ts';
import { verifyWorkerCode } from './verify-worker-code.ts';

export interface HashedPage extends Hashed {
  /** The page's memory, to build another one in. */
  readonly spare: ArrayBuffer;
}

export interface Hashing {
  /** Takes over the page's bytes. Pages are answered in the order in which they came. */
  check(page: HashPage): Promise<HashedPage>;
  end(): Promise<void>;
}

export class HashingInPlace implements Hashing {
  readonly #hasher = new PageHasher();

  async check(page: HashPage): Promise<HashedPage> {
    return { ...this.#hasher.check(page), spare: page.bytes.buffer };
  }

  async end(): Promise<void> {}
}

export class HashingThread implements Hashing {
  readonly #worker: Worker;
  readonly #waiting: PromiseWithResolvers<HashedPage>[] = [];
  #lost: Error | undefined;

  constructor(source = verifyWorkerCode) {
    this.#worker = new Worker(source, {
      eval: typeof source === 'string',
      name: 'agent-control-plane verify',
      // Not the host's own: with --input-type, say, no worker would start.
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    this.#worker.on('message', (hashed: HashedPage) => this.#waiting.shift()?.resolve(hashed));
    this.#worker.on('messageerror', (error) => this.#lose(error));
    this.#worker.on('error', (error) => this.#lose(error));
    this.#worker.on('exit', (code) => this.#lose(new Error(`it ended with code ${code}`)));
  }

  check(page: HashPage): Promise<HashedPage> {
    const waiting = Promise.withResolvers<HashedPage>();
    // Nobody waits for pages behind a fault; their loss must not end the process.
    waiting.promise.catch(() => {});
    if (this.#lost === undefined) {
      this.#waiting.push(waiting);
      this.#worker.postMessage(page, [page.bytes.buffer]);
    } else {
      waiting.reject(this.#lost);
    }
    return waiting.promise;
  }

  /** Ends the thread, whatever it does. */
  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #lose(cause: unknown): void {
    const why = thrownMessage(cause);
    this.#lost ??= fault('internal-error', `the thread that hashes was lost: ${why}`, cause);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#lost);
  }
}
