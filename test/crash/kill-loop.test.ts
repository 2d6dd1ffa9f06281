/**
 * Two processes govern one session of one SQLite file, and are killed with SIGKILL at random
 * moments, again and again. After each round the file is opened anew and has to account for
 * everything that was heard.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { type ControlPlane, openControlPlane, verify } from '../../src/engine/index.ts';
import { sqlite } from '../../src/storage/sqlite/sqlite-storage.ts';
import { Random } from '../../src/testing/index.ts';
import { LogModel } from '../simulation/log-model.ts';
import type { RawEntry } from '../simulation/raw-entry.ts';

const roundsMin = Number(process.env['CRASH_ROUNDS'] ?? 2);
const killsInRound = 4;
const writer = join(import.meta.dirname, 'writer.ts');
const tool = {
  name: 'pay',
  action: 'order.pay',
  estimate: { usd: { argument: 'amount' } },
} as const;
const policy = {
  format: 1,
  version: 1,
  actions: { 'order.pay': { runTimeoutMs: 60_000 } },
  tiers: { unrestricted: ['order.pay'] },
};

interface Line {
  readonly ready?: boolean;
  readonly ack?: string;
  readonly index?: number;
  readonly outcome?: string;
  readonly start?: string;
  readonly key?: string;
  readonly settled?: string;
  readonly keyed?: string;
}

interface Writer {
  readonly process: ChildProcess;
  readonly ready: Promise<void>;
  readonly ended: Promise<void>;
}

test('acknowledged is logged, and nothing starts twice, whatever is killed when', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'acp-crash-'));
  const path = join(folder, 'log.db');
  const random = new Random(process.env['CRASH_SEED'] ?? Math.random());
  const lines: Line[] = [];
  const count = (member: keyof Line): number =>
    lines.filter((line) => line[member] !== undefined).length;
  let kills = 0;
  let rounds = 0;
  let size = 0;
  try {
    // On a machine that stands still, writers may die before they say anything: that shows nothing.
    while (rounds < roundsMin || count('ack') === 0 || count('settled') === 0) {
      rounds += 1;
      const session = await nextSession(path, random);
      // Compiling takes most of a writer's start, and what is killed leaves no cache: one ends by itself.
      if (rounds === 1) spawnSync(process.execPath, [writer, path, session, 'once']);
      kills += await round(path, session, random, lines);
      size = await account(path, lines);
    }
    expect(kills).toBe(rounds * (killsInRound + 2));
    console.log(
      `seed ${random.seed}: ${rounds} rounds, ${kills} kills, ${size} entries, ` +
        `${count('ack')} decisions acknowledged, ${count('start')} tool runs, ` +
        `${count('settled')} settlements acknowledged`,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** Opens the file anew (which is recovery) and a session with a tight budget in it. */
async function nextSession(path: string, random: Random): Promise<string> {
  const options = { storage: sqlite(path), policy, agents: ['bot'], tools: [tool] };
  const plane: ControlPlane = await openControlPlane(options);
  const principal = plane.identity.assert({ id: 'service:shared', org: 'acme', roles: ['agent'] });
  const budget = { usd: String(random.integer(100, 400)), actions: random.integer(100, 500) };
  const session = await plane.openSession({ principal, agent: 'bot', budget });
  await plane.close();
  return session.id;
}

/**
 * Two writers; one or the other is killed and started again, in the end both. Returns the kills.
 */
async function round(
  path: string,
  session: string,
  random: Random,
  lines: Line[],
): Promise<number> {
  let started = 0;
  const write = (): Writer => {
    started += 1;
    return startWriter(path, session, `w${started}`, lines);
  };
  const writers = [write(), write()];
  for (let kills = 0; kills < killsInRound; kills += 1) {
    const at = random.integer(0, 1);
    // Now and then before it is ready: opening must be safe to kill too.
    if (random.chance(0.8)) await writers[at]?.ready;
    await sleep(random.integer(0, 250));
    await kill(writers[at]);
    writers[at] = write();
  }
  await Promise.race(writers.map(({ ready }) => ready));
  await sleep(random.integer(0, 250));
  await Promise.all(writers.map(kill));
  return killsInRound + writers.length;
}

function startWriter(path: string, session: string, label: string, lines: Line[]): Writer {
  const child = spawn(process.execPath, [writer, path, session, label], {
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
async function kill(writing: Writer | undefined): Promise<void> {
  if (writing === undefined) return;
  expect(writing.process.exitCode).toBe(null);
  writing.process.kill('SIGKILL');
  await writing.ended;
}

/** The file has to account for every line that was heard. Returns the log's size. */
async function account(path: string, lines: readonly Line[]): Promise<number> {
  const store = sqlite(path);
  const { faults, head } = await verify(store);
  expect(faults).toEqual([]);
  const model = new LogModel();
  for (let from = 0; from < head.size; from += 5_000) {
    const page = await store.readEntries(from, 5_000);
    for (const { body } of page) model.add(JSON.parse(body) as RawEntry);
  }
  await store.close();
  expect(model.problems).toEqual([]);
  expect(model.entries).toHaveLength(head.size);
  for (const { ack, index = -1, outcome } of lines) {
    if (ack === undefined) continue;
    const logged = model.entries[index]?.data;
    expect(logged?.decision).toBe(ack);
    expect(logged?.outcome).toBe(outcome);
  }
  const starts = lines.flatMap(({ start }) => start ?? []);
  expect(new Set(starts).size).toBe(starts.length);
  const started = [...model.permits.values()].filter(({ startedIndex }) => startedIndex < Infinity);
  for (const id of starts) expect(model.permits.get(id)?.startedIndex).toBeLessThan(Infinity);
  expect(starts.length).toBeLessThanOrEqual(started.length);
  const settled = lines.flatMap((line) => line.settled ?? []);
  for (const id of settled) expect(model.permits.get(id)?.state).toBe('resolved');
  for (const { limit, posted, reserved, overrun } of model.ledger.accounts.values()) {
    expect(posted + reserved).toBeLessThanOrEqual(limit + overrun);
  }
  return head.size;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}
