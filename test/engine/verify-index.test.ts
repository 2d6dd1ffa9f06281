/**
 * Files in which a control plane does not find what is there: `verify` reads all records of a kind, and a
 * control plane looks for one by its key or among those that are live.
 */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openControlPlane, verify } from '../../src/engine/index.ts';
import { guard } from '../../src/enforce/guard.ts';
import { withHeadFile } from '../../src/storage/head-file.ts';
import { sqlite } from '../../src/storage/sqlite/sqlite-storage.ts';
import { doctor } from '../storage/doctored-file.ts';
import { reindexAs } from '../storage/doctored-schema.ts';
import { pay } from './shop.ts';

const policy = {
  format: 1,
  version: 1,
  actions: { 'order.pay': {} },
  tiers: { autoApprove: ['order.pay'] },
  locks: [{ actions: ['order.pay'], mode: 'exclusive' }],
};
const folder = mkdtempSync(join(tmpdir(), 'control-plane-'));
const made = join(folder, 'made.db');
let copies = 0;

function copyOfMade(): string {
  copies += 1;
  const path = join(folder, `copy-${copies}.db`);
  copyFileSync(made, path);
  return path;
}

afterAll(() => rmSync(folder, { recursive: true }));

/** The outcome of one call that costs 15 of the org's 20. */
async function spend(path: string): Promise<string> {
  const plane = await openControlPlane({
    storage: sqlite(path),
    policy,
    agents: ['bot'],
    tools: [pay],
  });
  try {
    const scope = { kind: 'org', id: 'acme' } as const;
    const plan = { id: 'all', unit: 'usd', limit: '20', scope, sharing: 'shared' } as const;
    await plane.setBudget({ org: 'acme', plan: { ...plan, window: 'unlimited' } });
    const principal = plane.identity.assert({ id: 'ann', org: 'acme', roles: ['agent'] });
    const session = await plane.openSession({ principal, agent: 'bot' });
    // A second key of its kind.
    await plane.openSession({ principal, agent: 'bot' });
    await guard(session, pay)({ orderId: 'o-\uFFFD', amount: '15' });
    return 'spent';
  } catch (refusal) {
    return String((refusal as { readonly code?: string }).code);
  } finally {
    await plane.close();
  }
}

async function faultsOf(path: string): Promise<readonly string[]> {
  const storage = withHeadFile(sqlite(path, { mode: 'read-only' }), `${path}.head`);
  try {
    const { faults } = await verify(storage);
    return faults.map(({ code, message }) => `${code}: ${message}`);
  } finally {
    await storage.close();
  }
}

beforeAll(async () => {
  const outcome = await spend(made);
  if (outcome !== 'spent') throw new Error(outcome);
});

test('a file that nobody touched holds, and its budget is found', async () => {
  const path = copyOfMade();
  expect(await faultsOf(path)).toEqual([]);
  expect(await spend(path)).toBe('budget-exceeded');
});

test.each([
  [
    'the order of keys is turned around',
    (path: string) => reindexAs(path, 'record', 'kind, key)', 'kind, key DESC)'),
    /table record: .*sqlite_autoindex_record_1/,
  ],
  [
    'live records are left out',
    (path: string) => reindexAs(path, 'record_live', 'live = 1', "live = 1 AND kind <> 'plans'"),
    /table record: row \d+ missing from index record_live/,
  ],
])(
  'an index by which other records are found is no index that holds: %s',
  async (_, change, said) => {
    const path = copyOfMade();
    change(path);
    const [first = '', ...others] = await faultsOf(path);
    expect(first).toMatch(/^store-damaged: what is found by an index is not what is there: /);
    expect(first).toMatch(said);
    expect(others).toEqual([]);
  },
);

test.each([
  // Newer releases of Node show the NUL, older ones end there.
  [
    'a NUL behind it',
    `kind = 'budget'`,
    'key || char(0)',
    /record-mismatch: budget|a key is no text/,
  ],
  [
    'bytes that are no UTF-8',
    `kind = 'lock'`,
    `replace(key, char(65533), CAST(x'ff' AS TEXT))`,
    /^store-damaged: .*table record: a key is no text$/,
  ],
])('a key that is not what it reads as does not hold: %s', async (_, which, key, said) => {
  const path = copyOfMade();
  doctor(path, `UPDATE record SET key = ${key} WHERE ${which}`);
  expect((await faultsOf(path)).join()).toMatch(said);
});
