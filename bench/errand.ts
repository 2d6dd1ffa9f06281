/**
 * Errands: work in a process of its own, so that it starts cold, has its own heap, or competes.
 *
 * An errand is a module that exports `run`. Its process says `ready`, waits for `go`, works and
 * says what it found. One that fails or ends without an answer makes the errand reject: a figure
 * is never taken from half a run.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The `run` of an errand's module: plain data in, plain data out. */
export type Run = (input: never) => Promise<unknown>;

export type Message =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly output: unknown }
  | { readonly kind: 'failed'; readonly message: string };

const program = fileURLToPath(new URL('./errand-process.ts', import.meta.url));

/** Says whose errand failed and how; its own stack would only say who waited. */
export class ErrandError extends Error {
  override readonly name = 'ErrandError';
}

class Errand<R extends Run> {
  readonly #child: ChildProcess;
  readonly ready: Promise<void>;
  readonly output: Promise<Awaited<ReturnType<R>>>;

  constructor(module: URL, input: Parameters<R>[0]) {
    this.#child = fork(program, [module.href, JSON.stringify(input)], {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const ready = Promise.withResolvers<void>();
    const output = Promise.withResolvers<Awaited<ReturnType<R>>>();
    const fail = (why: string): void => {
      const error = new ErrandError(`${module.pathname.split('/').at(-1) ?? ''}: ${why}`);
      ready.reject(error);
      output.reject(error);
    };
    this.#child.on('message', (message: Message) => {
      if (message.kind === 'ready') ready.resolve();
      else if (message.kind === 'done') output.resolve(message.output as Awaited<ReturnType<R>>);
      else fail(message.message);
    });
    this.#child.on('error', (error) => fail(error.message));
    // Not `exit`: messages may still be under way then.
    this.#child.on('close', (code, signal) =>
      fail(`its process ended without an answer (${String(signal ?? code)})`),
    );
    this.ready = ready.promise;
    this.output = output.promise;
    // Whoever waits for one of the two sees the failure; the other must not end this process.
    this.ready.catch(() => {});
    this.output.catch(() => {});
  }

  go(): void {
    this.#child.send('go');
  }
}

/** Runs errands side by side: none starts before all are ready. */
export async function runTogether<R extends Run>(
  module: URL,
  inputs: readonly Parameters<R>[0][],
): Promise<readonly Awaited<ReturnType<R>>[]> {
  const errands = inputs.map((input) => new Errand<R>(module, input));
  await Promise.all(errands.map(({ ready }) => ready));
  for (const errand of errands) errand.go();
  return Promise.all(errands.map(({ output }) => output));
}

/** Runs one errand in a new process. */
export async function runErrand<R extends Run>(
  module: URL,
  input: Parameters<R>[0],
): Promise<Awaited<ReturnType<R>>> {
  const errand = new Errand<R>(module, input);
  await errand.ready;
  errand.go();
  return errand.output;
}
