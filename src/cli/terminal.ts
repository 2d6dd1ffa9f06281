/**
 * What a command writes to. Text from a log may have been written by anybody, a hostile model included: it
 * passes `shown` before it reaches a terminal, so that it can neither move the cursor nor fake a line.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import picocolors from 'picocolors';
import { exitCodes } from './exit.ts';

/** A stream to write to, and what is known of the screen behind it: nothing where it is a file or a pipe. */
export type Output = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
};

/** A stream that somebody may answer questions on; nobody does where it is no terminal. */
export type Input = NodeJS.ReadableStream & { readonly isTTY?: boolean };

/** What a run of the command line writes to, and may ask on. A process is one. */
export interface Terminal {
  readonly stdin?: Input;
  readonly stdout: Output;
  readonly stderr: Output;
}

const terminals = new AsyncLocalStorage<Terminal>();

/** Runs the function with everything in it, now and later, writing to `output`. */
export function onTerminal<T>(output: Terminal, run: () => T): T {
  return terminals.run(output, run);
}

/** Where the command that runs writes to: the process's own streams, unless it was given others. */
export function terminal(): Terminal {
  return terminals.getStore() ?? process;
}

/** Controls, line separators, and characters that are not seen, or reorder what stands beside them. */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/** Text with everything unsafe written as `\u…`: one line stays one line. */
export function shown(text: string): string {
  return text.toWellFormed().replaceAll(unsafe, (character) => escaped(character));
}

/** Text cut to `length` characters, unsafe ones escaped. */
export function brief(text: string, length = 100): string {
  const characters = Array.from(text.length > length * 2 ? text.slice(0, length * 2) : text);
  return shown(characters.length > length ? `${characters.slice(0, length - 1).join('')}…` : text);
}

/** One line of JSON. The escapes are JSON's own, so a reader gets back exactly the value. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replaceAll(unsafe, (character) => escaped(character));
}

/** As JSON escapes it: what lies beyond the first plane in two halves. */
function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, place) => character.charCodeAt(place));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

export type Colors = ReturnType<typeof picocolors.createColors>;

/** Colours for a stream: only on a terminal, and never against NO_COLOR. */
export function colorsFor(stream: Output): Colors {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  const wanted =
    stream.isTTY === true || (FORCE_COLOR !== undefined && !/^(?:0|false|)$/.test(FORCE_COLOR));
  const refused = (NO_COLOR !== undefined && NO_COLOR !== '') || TERM === 'dumb';
  return picocolors.createColors(wanted && !refused);
}

/** Prints a line and waits while the reader is slower than we are. */
export async function print(line: string): Promise<void> {
  const { stdout } = terminal();
  if (!stdout.write(`${line}\n`)) await once(stdout, 'drain');
}

/**
 * Ends quietly when whoever reads the output has gone (`| head`): that is how they say that it is enough.
 * Without this, the error would surface as a crash with a stack trace. Not with 0: what was asked was not
 * finished, and a script must not take a verification that it cut off for one that held.
 */
export function endWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (failure: NodeJS.ErrnoException) => {
      // A pipe says EPIPE, a socket may say that it was reset. People are told of all else.
      const isGone = failure.code === 'EPIPE' || failure.code === 'ECONNRESET';
      if (!isGone && stream === process.stdout) {
        process.stderr.write(`error: standard output cannot be written: ${failure.message}\n`);
      }
      process.exit(exitCodes.unable);
    });
  }
}

/** Says how far long work has got; on a terminal only, and gone when it is done. */
export function progressOn(stream: Output, what: string) {
  let shownAt = 0;
  return {
    update(done: number, total: number): void {
      const now = Date.now();
      if (stream.isTTY !== true || now - shownAt < 100) return;
      shownAt = now;
      const share = total === 0 ? 100 : Math.floor((100 * done) / total);
      stream.write(`\r\u001b[K${what}: ${done} of ${total} (${share} %)`);
    },
    end(): void {
      if (shownAt !== 0) stream.write('\r\u001b[K');
    },
  };
}
