/** The baseline in a worker thread: the same transactions, each with a message there and back. */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { BareWriter } from './bare-writer.ts';

/** Asks the thread for one transaction, or for its count at the end. */
type Request = { readonly body: string } | 'count';

export class BareThread {
  readonly #worker: Worker;
  readonly #waiting: ((reply: number) => void)[] = [];

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (reply: number) => this.#waiting.shift()?.(reply));
  }

  static async start(path: string): Promise<BareThread> {
    const worker = new Worker(new URL(import.meta.url), { workerData: { barePath: path } });
    await once(worker, 'message');
    return new BareThread(worker);
  }

  async transact(body: string): Promise<void> {
    await this.#request({ body });
  }

  count(): Promise<number> {
    return this.#request('count');
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #request(request: Request): Promise<number> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#worker.postMessage(request);
    });
  }
}

function serve(path: string): void {
  const writer = new BareWriter(path);
  parentPort?.on('message', (request: Request) => {
    if (request === 'count') return parentPort?.postMessage(writer.count());
    writer.transact(request.body);
    parentPort?.postMessage(0);
  });
  parentPort?.postMessage(0);
}

if (!isMainThread) serve((workerData as { readonly barePath: string }).barePath);
