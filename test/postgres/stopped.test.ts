/**
 * Processes that stand still at the worst moment (SIGSTOP) and go on later (SIGCONT): between a decision and its
 * start while a kill switch is engaged (I17), and with the turn to append, for which the others wait.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { turnWaitMs } from '../../src/storage/postgres/turn-lock.ts';
import { idleMs } from '../../src/storage/postgres/turn.ts';
import { account, type Line } from '../crash/account.ts';
import { openSession } from '../crash/acting.ts';
import { storeAt } from '../crash/place.ts';
import { kill, startWriter, type Writer } from '../crash/writers.ts';
import { entryTypes, openShop, staff } from '../engine/shop.ts';
import { program } from '../programs.ts';
import { newSchema, type TestSchema } from './schema.ts';

const stepper = program('stepper');
const writers = 3;
/** Entries that the others write while one stands still. */
const entriesMeanwhile = 40;
/** For what a process sent just before it was stopped; less than a turn may stand idle. */
const arrivalMs = 50;
/** For a machine that does other things. */
const patience = 10;

test('a process that stood still while a kill was engaged refuses to start what it had decided', async () => {
  const schema = newSchema();
  const plane = await openShop(schema.open());
  const { billing, ops } = staff(plane);
  const { id } = await plane.openSession({ principal: billing, agent: 'bot' });
  const child = spawn(process.execPath, [stepper, `${schema.url}#${schema.schema}`, id], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe('decided');
  child.kill('SIGSTOP');
  const scope = { kind: 'agent', org: 'acme', name: 'bot' } as const;
  await plane.kill({ scope, by: ops, reason: 'odd' });
  child.stdin.write('start\n');
  child.kill('SIGCONT');
  expect((await lines.next()).value).toBe('killed');
  await once(child, 'close');
  expect(await entryTypes(plane)).not.toContain('permit-started');
  await plane.close();
  await schema.drop();
});

test('a process that stands still with the turn holds the others up for a bounded time only', async () => {
  const schema = newSchema();
  const looking = new Client({ connectionString: schema.url });
  await looking.connect();
  const place = `${schema.url}#${schema.schema}`;
  const session = await openSession(storeAt(place), { usd: '1000000', actions: 1_000_000 });
  const lines: Line[][] = [];
  const running = Array.from({ length: writers }, (_, number) => {
    const said: Line[] = [];
    lines.push(said);
    const url = new URL(schema.url);
    url.searchParams.set('application_name', `${schema.schema} ${number}`);
    return startWriter(`${url.href}#${schema.schema}`, session, `w${number}`, said);
  });
  let to = 0;
  try {
    await Promise.all(running.map(({ ready }) => ready));
    const { stopped, pid } = await stopWithTurn(looking, schema, running);
    const from = await sizeOf(looking, schema);
    // The first may be of the stopped one: it was on its way when the process stood still.
    while ((await sizeOf(looking, schema)) < from + entriesMeanwhile) await sleep(50);
    // Whoever met nobody lately appends without a turn: the lock may outlive what they wrote, by its bound.
    await expect.poll(() => holds(looking, pid), { timeout: patience * turnWaitMs }).toBe(false);
    to = await sizeOf(looking, schema);
    expect(await longestGapMs(schema, from, to)).toBeLessThan(patience * (idleMs + turnWaitMs));

    const known = lines[stopped]?.length ?? 0;
    running[stopped]?.process.kill('SIGCONT');
    // It decides again, behind what the others wrote meanwhile.
    const goesOn = ({ index = -1 }: Line): boolean => index >= to;
    while (lines[stopped]?.slice(known).some(goesOn) !== true) await sleep(50);
    await Promise.all(running.map(kill));
  } finally {
    for (const each of running) each.process.kill('SIGKILL');
  }
  await looking.end();
  expect(await account(storeAt(place), lines.flat())).toBeGreaterThan(to);
  await schema.drop();
});

/**
 * Stops a process that has the turn and has sent nothing under it. Whoever gave the turn back just before, or
 * whose append was on its way, goes on, and another one is looked for.
 */
async function stopWithTurn(
  looking: Client,
  { schema }: TestSchema,
  running: readonly Writer[],
): Promise<{ readonly stopped: number; readonly pid: number }> {
  for (;;) {
    const { rows } = await looking.query<{ name: string; pid: number }>(
      `SELECT application_name AS name, pid FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE locktype = 'advisory' AND granted AND application_name LIKE $1`,
      [`${schema} %`],
    );
    const [holder] = rows;
    if (holder === undefined) continue;
    const stopped = Number(holder.name.split(' ')[1]);
    running[stopped]?.process.kill('SIGSTOP');
    await sleep(arrivalMs);
    if (await stands(looking, holder.pid)) return { stopped, pid: holder.pid };
    running[stopped]?.process.kill('SIGCONT');
  }
}

/** Whether the turn stands idle: what is on its way to the server would have been read by then. */
async function stands(looking: Client, pid: number): Promise<boolean> {
  const idle = `SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE pid = $1
    AND locktype = 'advisory' AND granted AND state = 'idle in transaction'`;
  return (await looking.query(idle, [pid])).rows.length > 0;
}

async function holds(looking: Client, pid: number): Promise<boolean> {
  const held = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = $1`;
  return (await looking.query(held, [pid])).rows.length > 0;
}

async function sizeOf(looking: Client, { schema }: TestSchema): Promise<number> {
  const { rows } = await looking.query<{ size: string }>(`SELECT size FROM ${schema}.log`);
  return Number(rows[0]?.size);
}

/** By the log's own time, between an entry and the next one. */
async function longestGapMs(schema: TestSchema, from: number, to: number): Promise<number> {
  const rows = await schema.sql(
    `SELECT (body::json ->> 'at')::float AS at FROM $s.entry WHERE idx >= $1 AND idx < $2 ORDER BY idx`,
    [Math.max(0, from - 1), to],
  );
  const instants = rows.map(({ at }) => Number(at));
  return Math.max(...instants.map((at, place) => at - (instants[place - 1] ?? at)));
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}
