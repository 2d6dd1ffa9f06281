/**
 * Callers in four processes note when they asked and when they were answered. Their replies are those of the
 * log's order, and that order is one in which nothing comes before what was over when it began: the log is
 * linearizable, and the replies are the witnesses: what was refused without an entry, too, says where it stands.
 * `npm run linearizable` has twenty times as many operations.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { openControlPlane, verify } from '../../src/engine/index.ts';
import { newPlace } from '../crash/new-place.ts';
import { storeAt } from '../crash/place.ts';
import type { RawEntry } from '../simulation/raw-entry.ts';
import { program } from '../programs.ts';
import type { Operation } from './witness.ts';
import { outOfOrder, payTool, replayed } from './witnessed.ts';

const witness = program('witness');
const processes = 4;
const count = Number(process.env['LINEARIZABLE_OPERATIONS'] ?? 5_000);
/** Of the budget, in USD: less than all callers ask for at once. */
const limit = 120;

test('replies are those of the log’s order, which keeps to the order of time', async () => {
  const { place, remove } = await newPlace();
  try {
    const session = await prepared(place);
    const started = performance.now();
    const operations = await witnessed(place, session);
    const seconds = (performance.now() - started) / 1_000;
    const entries = await entriesOf(place);
    expect(operations.length).toBeGreaterThanOrEqual(count);
    expect(replayed(entries, operations, limit * 1_000_000)).toEqual([]);
    expect(outOfOrder(operations)).toEqual([]);
    const replies = new Set(operations.map(({ reply }) => reply));
    expect(operations.some(({ kind, refused }) => kind === 'start' && refused)).toBe(true);
    for (const reply of ['allowed', 'budget-exceeded', 'killed', 'started', 'voided', 'released']) {
      expect(replies).toContain(reply);
    }
    console.log(`${operations.length} operations in ${seconds.toFixed(1)} s`);
  } finally {
    await remove();
  }
}, 1_200_000);

test('a start that stands behind a kill, and one that nobody was told of, are found', () => {
  const about = { from: 1, to: 2, id: 'a', amount: 0 } as const;
  const operations = [
    { ...about, kind: 'authorize', index: 0, amount: 3, reply: 'allowed' },
    { ...about, kind: 'kill', index: 1, id: '', reply: 'killed' },
    { ...about, kind: 'release', index: 2, id: '', reply: 'released' },
    { ...about, kind: 'start', index: 3, reply: 'started' },
    { ...about, kind: 'void', index: 4, reply: 'voided' },
  ] as const;
  const entries = [
    { index: 0, type: 'action-decided', data: { decision: 'a' } },
    { index: 1, type: 'kill-engaged', data: {} },
    { index: 2, type: 'kill-released', data: {} },
    { index: 3, type: 'permit-started', data: { permit: 'a' } },
    { index: 4, type: 'permit-voided', data: { permit: 'a' } },
  ] as unknown as readonly RawEntry[];
  const late = 'entry 3 (permit-started) was answered started, not killed';
  expect(replayed(entries, operations, 5)).toEqual([late]);
  expect(replayed(entries, operations.slice(0, 4), 5)).toHaveLength(2);
  const wrongKind = operations.map((each) => ({ ...each, kind: 'authorize' as const }));
  expect(replayed(entries, wrongKind, 5)).toHaveLength(4);
});

test('a start that was refused before the kill is found, and so is one refused too late', () => {
  const about = { from: 1, to: 2, id: 'a', amount: 0 } as const;
  const decided = { ...about, kind: 'authorize', index: 0, amount: 3, reply: 'allowed' } as const;
  const kill = { ...about, kind: 'kill', index: 1, id: '', reply: 'killed' } as const;
  const refusal = { ...about, kind: 'start', reply: 'killed', refused: true } as const;
  const entries = [
    { index: 0, type: 'action-decided', data: { decision: 'a' } },
    { index: 1, type: 'kill-engaged', data: {} },
  ] as unknown as readonly RawEntry[];
  const refusedAt = (index: number) => [decided, kill, { ...refusal, index }];
  expect(replayed(entries, refusedAt(2), 5)).toEqual([]);
  expect(outOfOrder(refusedAt(2))).toEqual([]);
  const early = 'start before entry 1 was refused as killed, not started';
  expect(replayed(entries, refusedAt(1), 5)).toEqual([early]);
  expect(replayed(entries, refusedAt(3), 5)).toEqual(['start at 3 is not logged']);
  const before = { ...refusal, index: 2, from: 0, to: 0.5 };
  expect(outOfOrder([decided, kill, before])).toHaveLength(1);
});

test('a reply of another order, and an order against time, are found', () => {
  const first = { kind: 'authorize', from: 1, to: 2, index: 0, id: 'a', amount: 3 } as const;
  const second = { ...first, from: 3, to: 4, index: 1, id: 'b' };
  const decided = (index: number, decision: string): RawEntry =>
    ({ index, type: 'action-decided', data: { decision } }) as unknown as RawEntry;
  const entries = [decided(0, 'a'), decided(1, 'b')];
  const right = [
    { ...first, reply: 'allowed' },
    { ...second, reply: 'budget-exceeded' },
  ];
  expect(replayed(entries, right, 5)).toEqual([]);
  expect(outOfOrder(right)).toEqual([]);
  expect(replayed(entries, right, 6)).toHaveLength(1);
  expect(replayed(entries.slice(1), right, 5)).not.toEqual([]);
  expect(replayed(entries, right.slice(1), 5)).not.toEqual([]);
  const swapped = right.map((each) => ({ ...each, index: 1 - each.index }));
  expect(outOfOrder(swapped)).toHaveLength(1);
});

async function prepared(place: string): Promise<string> {
  const plane = await openControlPlane({
    storage: storeAt(place),
    policy: {
      format: 1,
      version: 1,
      actions: { 'order.pay': { runTimeoutMs: 3_600_000 } },
      tiers: { unrestricted: ['order.pay'] },
    },
    agents: ['bot'],
    tools: [payTool],
  });
  const principal = plane.identity.assert({ id: 'service:shared', org: 'acme', roles: ['agent'] });
  const budget = { usd: String(limit) };
  const { id } = await plane.openSession({ principal, agent: 'bot', budget });
  await plane.close();
  return id;
}

/** All begin when all are there. */
async function witnessed(place: string, session: string): Promise<readonly Operation[]> {
  const each = String(Math.ceil(count / processes));
  const running = Array.from({ length: processes }, (_, number) => {
    const child = spawn(process.execPath, [witness, place, session, `w${number}`, each], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const operations: Operation[] = [];
    const { promise: ready, resolve } = Promise.withResolvers<void>();
    const output = createInterface({ input: child.stdout });
    output.on('line', (line) => {
      if (line === 'ready') resolve();
      else operations.push(JSON.parse(line) as Operation);
    });
    const ended = once(child, 'close').then(([code]) => expect(code).toBe(0));
    return { child, operations, ready: Promise.race([ready, ended]), ended };
  });
  for (const { ready } of running) await ready;
  for (const { child } of running) child.stdin.write('go\n');
  await Promise.all(running.map(({ ended }) => ended));
  return running.flatMap(({ operations }) => operations);
}

async function entriesOf(place: string): Promise<readonly RawEntry[]> {
  const store = storeAt(place);
  const { faults, head } = await verify(store);
  expect(faults).toEqual([]);
  const entries: RawEntry[] = [];
  while (entries.length < head.size) {
    const page = await store.readEntries(entries.length, 5_000);
    entries.push(...page.map(({ body }) => JSON.parse(body) as RawEntry));
  }
  await store.close();
  return entries;
}
