/** Starts processes that write (`writer.ts`), hears what they say, and kills them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { expect } from 'vitest';
import { program } from '../programs.ts';
import type { Line } from './account.ts';

export const writer = program('writer');

export interface Writer {
  readonly process: ChildProcess;
  readonly ready: Promise<void>;
  readonly ended: Promise<void>;
}

export function startWriter(place: string, session: string, label: string, lines: Line[]): Writer {
  const child = spawn(process.execPath, [writer, place, session, label], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const output = createInterface({ input: child.stdout });
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  output.on('line', (text) => {
    // The last line may be torn: it was never said.
    if (!text.endsWith('}')) return;
    const line = JSON.parse(text) as Line;
    if (line.ready === true) resolve();
    else lines.push(line);
  });
  const ended = new Promise<void>((done) => void output.on('close', done));
  void ended.then(resolve);
  return { process: child, ready, ended };
}

/** SIGKILL. The process must still be running: a writer never ends by itself. */
export async function kill(writing: Writer | undefined): Promise<void> {
  if (writing === undefined) return;
  expect(writing.process.exitCode).toBe(null);
  writing.process.kill('SIGKILL');
  await writing.ended;
}
