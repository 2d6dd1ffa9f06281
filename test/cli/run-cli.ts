/** Runs the real command line on real files, in this process or, where it matters, in one of its own. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { DatabaseSync } from 'node:sqlite';
import { afterAll } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { openControlPlane, sqlite, type Storage } from '../../src/index.ts';
import { guard } from '../../src/enforce/guard.ts';
import { program } from '../programs.ts';

const main = program('cli');

export interface CliRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

// What the terminal of whoever runs the tests can do is no part of them.
delete process.env['NO_COLOR'];
delete process.env['FORCE_COLOR'];

/**
 * Runs `agent-control-plane …` within this process: all of it but `main.ts`, with pipes to write to. Rejects
 * where it printed a stack trace: nobody is to see one.
 */
export async function cli(...words: string[]): Promise<CliRun> {
  const stdout = new Pipe();
  const stderr = new Pipe();
  const codeBefore = process.exitCode;
  process.exitCode = undefined;
  try {
    const code = await run(words, { stdout, stderr });
    return withoutTrace({ code, stdout: await stdout.whole(), stderr: await stderr.whole() });
  } finally {
    process.exitCode = codeBefore;
  }
}

/** Keeps what is written. Each write is taken late, so that whoever prints has to wait for it. */
class Pipe extends Writable {
  #text = '';

  constructor() {
    super({ decodeStrings: false, highWaterMark: 1_024 });
  }

  override _write(chunk: string, _encoding: BufferEncoding, done: () => void): void {
    this.#text += chunk;
    setImmediate(done);
  }

  async whole(): Promise<string> {
    this.end();
    await finished(this);
    return this.#text;
  }
}

/** Runs `agent-control-plane …` in a process of its own, as a user does. */
export async function cliProcess(env: NodeJS.ProcessEnv, ...words: string[]): Promise<CliRun> {
  const child = startCli(words, env);
  const [stdout, stderr, code] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    new Promise<number | null>((done) => {
      child.on('close', done);
    }),
  ]);
  return withoutTrace({ code, stdout, stderr });
}

function withoutTrace(ended: CliRun): CliRun {
  if (/^\s+at .+:\d+/m.test(ended.stderr)) throw new Error(`a stack trace: ${ended.stderr}`);
  return ended;
}

export function startCli(words: readonly string[], more: NodeJS.ProcessEnv = {}) {
  const env = { ...process.env, ...more };
  return spawn(process.execPath, [main, ...words], { stdio: ['ignore', 'pipe', 'pipe'], env });
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

export function jsonLines<T = Record<string, unknown>>(text: string): T[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

/** A folder for the tests of one file. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'agent-control-plane-cli-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What a hostile author would like a terminal to do: clear it, fake a line, reorder, beep. */
export const hostile = 'x\u001b[2J\r\nFAKE 99 allowed\u0007\u202e\u009b31m"}';

/** Changes a file as its owner can, behind the control plane's back; with a trigger away while it is done. */
export function doctor(path: string, sql: string, trigger?: string): void {
  const database = new DatabaseSync(path);
  try {
    if (trigger === undefined) database.exec(sql);
    else withoutTrigger(database, trigger, () => database.exec(sql));
  } finally {
    database.close();
  }
}

/** Changes the text of an entry, with the trigger away while it is done. */
export function tamper(path: string, index: number, from: string, to: string): void {
  const database = new DatabaseSync(path);
  try {
    withoutTrigger(database, 'entry_never_changes', () => {
      const { changes } = database
        .prepare('UPDATE entry SET body = replace(body, ?, ?) WHERE idx = ? AND instr(body, ?) > 0')
        .run(from, to, index, from);
      if (changes !== 1) throw new Error(`entry ${index} has no ${from}`);
    });
  } finally {
    database.close();
  }
}

function withoutTrigger(database: DatabaseSync, name: string, change: () => void): void {
  const trigger = database.prepare('SELECT sql FROM sqlite_schema WHERE name = ?').get(name);
  database.exec(`DROP TRIGGER ${name}`);
  change();
  database.exec(String(trigger?.['sql']));
}

const policy = {
  format: 1,
  version: 1,
  name: `desk ${hostile}`,
  actions: { 'order.read': {}, 'order.refund': { risk: 'high' } },
  tiers: { autoApprove: ['order.read'], alwaysApprove: ['order.refund'] },
};

const read = {
  name: 'read',
  action: 'order.read',
  resource: 'order/{orderId}',
  estimate: { usd: '1.50' },
  execute: ({ orderId }: { orderId: string }) => ({ orderId, note: hostile }),
};

const refund = { ...read, name: 'refund', action: 'order.refund' };

export interface Example {
  readonly path: string;
  readonly sessions: readonly string[];
}

/** A file with a completed and an active session, calls that ran, one denied, one that waits, and a kill. */
export async function makeExample(path: string): Promise<Example> {
  return { path, sessions: await fillExample(sqlite(path)) };
}

/** Fills any store so; the ids of the two sessions. */
export async function fillExample(storage: Storage): Promise<readonly string[]> {
  const tools = [read, refund];
  const plane = await openControlPlane({ storage, policy, agents: ['bot'], tools });
  try {
    const desk = plane.identity.assert({ id: 'service:desk', org: 'acme', roles: ['operator'] });
    const done = await plane.openSession({ principal: desk, agent: 'bot' });
    await guard(done, read)({ orderId: 'o-1' });
    await done.complete(hostile);
    const open = await plane.openSession({
      principal: desk,
      agent: 'bot',
      budget: { usd: '10', actions: 5 },
    });
    await guard(open, read)({ orderId: 'o-2' });
    await guard(open, refund)({ orderId: 'o-3' }).catch(() => {});
    await guard(open, { ...read, name: 'unheard-of' })({ orderId: 'o-4' }).catch(() => {});
    const scope = { kind: 'tool', org: 'acme', name: 'read' } as const;
    await plane.kill({ scope, by: desk, reason: hostile });
    return [done.id, open.id];
  } finally {
    await plane.close();
  }
}
