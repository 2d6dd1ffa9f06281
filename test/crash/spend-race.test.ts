/**
 * Eight processes on one log spend from one budget for ten calls, and half of them are killed with
 * SIGKILL at some moment. Every other call of each is one of a model. However that goes, no more than ten calls
 * get a permit (A33), and the books are right, in calls and in money.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { openControlPlane, verify } from '../../src/index.ts';
import { prices } from '../enforce/models.ts';
import { parseAmount } from '../../src/kernel/index.ts';
import { Random } from '../../src/testing/index.ts';
import { program } from '../programs.ts';
import { newPlace } from './new-place.ts';
import { storeAt } from './place.ts';

const payTool = { name: 'pay', action: 'order.pay', estimate: { usd: '0.0002' } };
/** What each call costs, of the tool or the model, in micro-USD. */
const callCost = 200;
const spender = program('spender');
const processes = 8;
const limit = 10;

test('A33 eight processes, killed at random, get no more than ten permits from a budget for ten', async () => {
  const { place, remove } = await newPlace();
  const random = new Random(process.env['CRASH_SEED'] ?? Math.random());
  try {
    const setup = await openControlPlane({
      storage: storeAt(place),
      policy: {
        format: 1,
        version: 1,
        actions: {
          'order.pay': { runTimeoutMs: 60_000 },
          'model.call': { runTimeoutMs: 60_000 },
        },
        tiers: { unrestricted: ['order.pay', 'model.call'] },
      },
      agents: ['bot'],
      tools: [payTool],
      prices,
    });
    const scope = { kind: 'org', id: 'acme' } as const;
    const plan = { scope, sharing: 'shared', window: 'unlimited' } as const;
    await setup.setBudget({ org: 'acme', plan: { ...plan, id: 'ten', unit: 'actions', limit } });
    await setup.setBudget({ org: 'acme', plan: { ...plan, id: 'usd', unit: 'usd', limit: '1' } });
    await setup.close();
    const lines: string[] = [];
    const running = Array.from({ length: processes }, (_, n) => {
      const child = spawn(process.execPath, [spender, place, `w${n}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      child.stdout.on('data', (text: Buffer) => lines.push(...String(text).trim().split('\n')));
      return { child, ended: ended(child) };
    });
    for (const { child } of running.slice(0, processes / 2)) {
      await said(lines, 'ran', random.integer(0, 3));
      child.kill('SIGKILL');
    }
    await Promise.all(running.map((each) => each.ended));

    const plane = await openControlPlane({ storage: storeAt(place) });
    const budgets = await plane.budgets('acme');
    const permits: string[] = [];
    for await (const { data } of plane.events({ types: ['action-decided'] })) {
      if ('tool' in data && 'permit' in data && data.permit === 'started') permits.push(data.tool);
    }
    await plane.close();
    const runs = lines.filter((line) => line.startsWith('ran')).length;
    // The survivors go on until nothing is left.
    expect(lines).toContain('done');
    expect(permits).toHaveLength(limit);
    // Ten calls of eight processes: one at least got two, which are of both kinds.
    expect(new Set(permits)).toEqual(new Set(['pay', 'model']));
    expect(runs).toBeLessThanOrEqual(permits.length);
    const taken = budgets.map(({ plan: { unit }, accounts: [account] }) => {
      const amounts = [account?.posted, account?.reserved].map((each) => parseAmount(unit, each));
      return amounts.reduce<number>((sum, each) => sum + (each ?? Number.NaN), 0);
    });
    expect(taken).toEqual([limit, limit * callCost]);
    const store = storeAt(place);
    expect((await verify(store)).faults).toEqual([]);
    await store.close();
  } finally {
    await remove();
  }
});

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => void child.on('close', () => resolve()));
}

/** Until so many lines start with a word: a race that nobody has entered yet is none. */
async function said(lines: readonly string[], word: string, count: number): Promise<void> {
  while (lines.filter((line) => line.startsWith(word)).length < count) {
    await new Promise((resolve) => void setTimeout(resolve, 5));
  }
}
