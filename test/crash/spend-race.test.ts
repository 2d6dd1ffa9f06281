/**
 * Eight processes on one SQLite file spend from one budget for ten calls, and half of them are killed with
 * SIGKILL at some moment. However that goes, no more than ten calls get a permit, and the books are right.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openControlPlane, verify } from '../../src/engine/index.ts';
import { sqlite } from '../../src/storage/sqlite/sqlite-storage.ts';
import { Random } from '../../src/testing/index.ts';

const spender = join(import.meta.dirname, 'spender.ts');
const processes = 8;
const limit = 10;

test('eight processes, killed at random, get no more than ten permits from a budget for ten', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'acp-spend-'));
  const path = join(folder, 'log.db');
  const random = new Random(process.env['CRASH_SEED'] ?? Math.random());
  try {
    const setup = await openControlPlane({
      storage: sqlite(path),
      policy: {
        format: 1,
        version: 1,
        actions: { 'order.pay': { runTimeoutMs: 60_000 } },
        tiers: { unrestricted: ['order.pay'] },
      },
      agents: ['bot'],
      tools: [{ name: 'pay', action: 'order.pay' }],
    });
    const scope = { kind: 'org', id: 'acme' } as const;
    const plan = { id: 'ten', unit: 'actions', limit, scope, sharing: 'shared' } as const;
    await setup.setBudget({ org: 'acme', plan: { ...plan, window: 'unlimited' } });
    await setup.close();
    const lines: string[] = [];
    const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') };
    const running = Array.from({ length: processes }, (_, n) => {
      const child = spawn(process.execPath, [spender, path, `w${n}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env,
      });
      child.stdout.on('data', (text: Buffer) => lines.push(...String(text).trim().split('\n')));
      return { child, ended: ended(child) };
    });
    for (const { child } of running.slice(0, processes / 2)) {
      await said(lines, 'ran', random.integer(0, 3));
      child.kill('SIGKILL');
    }
    await Promise.all(running.map((each) => each.ended));

    const plane = await openControlPlane({ storage: sqlite(path) });
    const [usage] = await plane.budgets('acme');
    let permits = 0;
    for await (const { data } of plane.events({ types: ['action-decided'] })) {
      if ('permit' in data && data.permit === 'started') permits += 1;
    }
    await plane.close();
    const runs = lines.filter((line) => line.startsWith('ran')).length;
    // The survivors go on until nothing is left.
    expect(lines).toContain('done');
    expect(permits).toBe(limit);
    expect(runs).toBeLessThanOrEqual(permits);
    const [account] = usage?.accounts ?? [];
    expect(Number(account?.posted) + Number(account?.reserved)).toBe(limit);
    const store = sqlite(path);
    expect((await verify(store)).faults).toEqual([]);
    await store.close();
  } finally {
    await rm(folder, { recursive: true });
  }
}, 120_000);

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => void child.on('close', () => resolve()));
}

/** Until so many lines start with a word: a race that nobody has entered yet is none. */
async function said(lines: readonly string[], word: string, count: number): Promise<void> {
  while (lines.filter((line) => line.startsWith(word)).length < count) {
    await new Promise((resolve) => void setTimeout(resolve, 5));
  }
}
