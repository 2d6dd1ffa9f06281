/**
 * Requests to a worker thread and their replies, matched by id.
 *
 * The thread keeps the process alive while a request is in flight, and only then: a forgotten
 * `close` does not hang a program, and a program does not end under a commit it waits for. When
 * the thread dies, every request in flight rejects with `unavailable`; an append may have been
 * committed before, so its error is `ambiguous`. A dead link stays dead; the store starts another.
 */
import { Worker } from 'node:worker_threads';
import { StorageError } from '../storage.ts';
import { errorOf } from './worker-protocol.ts';
import type { CallName, Calls, Reply, WorkerStart } from './worker-protocol.ts';

interface Waiting {
  readonly call: CallName;
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Node 22 calls its SQLite experimental, which is our choice and not the host’s business. Deno has threads,
 * but not this flag, and starts none with a flag that it does not know.
 */
const quiet = process.allowedNodeEnvironmentFlags.has('--disable-warning')
  ? ['--disable-warning=ExperimentalWarning']
  : [];

export class WorkerLink {
  readonly #worker: Worker;
  readonly #name: string;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #alive = true;

  /** `source` is a module, or what is in one. */
  constructor(source: URL | string, name: string, start: WorkerStart) {
    this.#name = name;
    this.#worker = new Worker(source, {
      eval: typeof source === 'string',
      name: 'agent-control-plane sqlite',
      workerData: start,
      // Not the host's own: with --input-type, say, no worker would start.
      execArgv: quiet,
    });
    this.#worker.unref();
    this.#worker.on('message', (reply: Reply) => this.#settle(reply));
    this.#worker.on('messageerror', (error) => this.#lose(error));
    this.#worker.on('error', (error) => this.#lose(error));
    this.#worker.on('exit', (code) => this.#lose(new Error(`it ended with code ${code}`)));
  }

  get alive(): boolean {
    return this.#alive;
  }

  request<Name extends CallName>(
    call: Name,
    input: Calls[Name]['input'],
  ): Promise<Calls[Name]['output']> {
    return new Promise((resolve, reject) => {
      if (!this.#alive) {
        reject(new StorageError('unavailable', `${this.#name}: its thread has died`));
        return;
      }
      this.#lastId += 1;
      const id = this.#lastId;
      this.#worker.postMessage({ id, call, input });
      // The reply to a call has that call's shape: `answer` in the thread is typed to it.
      const settle = resolve as (output: unknown) => void;
      this.#waiting.set(id, { call, resolve: settle, reject });
      if (this.#waiting.size === 1) this.#worker.ref();
    });
  }

  /** Ends the thread, whatever it does. */
  async end(): Promise<void> {
    this.#alive = false;
    await this.#worker.terminate();
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if ('failure' in reply) waiting.reject(errorOf(reply.failure));
    else waiting.resolve(reply.output);
  }

  #lose(cause: unknown): void {
    this.#alive = false;
    const lost = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { call, reject } of lost) {
      const message = `${this.#name}: ${deathOf(cause, call)}`;
      reject(new StorageError('unavailable', message, { ambiguous: call === 'append', cause }));
    }
  }
}

/** Node 20 has no SQLite, and says so as of any module that it does not know. */
function deathOf(cause: unknown, call: CallName): string {
  if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_UNKNOWN_BUILTIN_MODULE') {
    return 'this Node has no `node:sqlite`: it needs Node 22.13 or later';
  }
  const why = cause instanceof Error ? cause.message : String(cause);
  return `its thread died during \`${call}\`: ${why}`;
}
