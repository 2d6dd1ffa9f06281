/**
 * `verify` on real SQLite files: what somebody with the file can change, and what a log that grows is not.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { guard, openControlPlane, sqlite, verify, type ControlPlane } from '../../src/index.ts';

const policy = {
  format: 1,
  version: 1,
  actions: { 'order.read': {} },
  tiers: { autoApprove: ['order.read'] },
};
const read = {
  name: 'read',
  action: 'order.read',
  resource: 'order/{id}',
  execute: ({ id }: { id: string }) => ({ id }),
};

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'acp-verify-'));
  file = join(folder, 'log.db');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Made once and copied: opening a store costs a thread. */
const madeIn = mkdtempSync(join(tmpdir(), 'acp-verify-made-'));
const made = join(madeIn, 'log.db');

afterAll(() => rmSync(madeIn, { recursive: true, force: true }));

function open(): Promise<ControlPlane> {
  return openControlPlane({ storage: sqlite(file), policy, agents: ['bot'], tools: [read] });
}

async function work(plane: ControlPlane, calls: number): Promise<void> {
  const principal = plane.identity.assert({ id: 'service:a', org: 'acme', roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'bot', budget: { actions: calls } });
  const call = guard(session, read);
  await Promise.all(Array.from({ length: calls }, (_, n) => call({ id: `o-${n}` })));
  await session.complete();
}

async function report(anchor?: { size: number; root: string }) {
  const storage = sqlite(file, { mode: 'read-only' });
  try {
    return await verify(storage, anchor === undefined ? {} : { anchor });
  } finally {
    await storage.close();
  }
}

/** As somebody would who knows the file: the triggers that forbid it are put back afterwards. */
function tamper(sql: string): void {
  const database = new DatabaseSync(file);
  const triggers = database
    .prepare(`SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'`)
    .all() as { name: string; sql: string }[];
  for (const { name } of triggers) database.exec(`DROP TRIGGER "${name}"`);
  database.exec(sql);
  for (const trigger of triggers) database.exec(trigger.sql);
  database.close();
}

async function engagedKill(): Promise<void> {
  if (existsSync(made)) return copyFileSync(made, file);
  const plane = await open();
  await work(plane, 3);
  const by = plane.identity.assert({ id: 'user:o', org: 'acme', roles: ['operator'] });
  await plane.kill({ scope: { kind: 'org', org: 'acme' }, by, reason: 'drill' });
  await plane.close();
  copyFileSync(file, made);
}

test('a log that nobody touched holds', async () => {
  await engagedKill();
  expect((await report()).faults).toEqual([]);
});

test.each([
  [
    'a record’s value',
    `UPDATE record SET value = replace(value, 'true', 'false') WHERE kind = 'latch'`,
  ],
  ['a record’s liveness', `UPDATE record SET live = 0 WHERE kind = 'latch'`],
  ['a record’s parent', `UPDATE record SET parent = 'x' WHERE kind = 'decision'`],
  ['a record taken away', `DELETE FROM record WHERE kind = 'latch'`],
  [
    'a record put in',
    `INSERT INTO record SELECT log, kind, 'x', parent, live, value FROM record LIMIT 1`,
  ],
])('%s that is changed is found', async (_, sql) => {
  await engagedKill();
  tamper(sql);
  const { holds, faults } = await report();
  expect(holds).toBe(false);
  expect(faults[0]?.code).toMatch(/^record-/);
});

test.each([
  [
    'an entry’s body',
    `UPDATE entry SET body = replace(body, 'o-1', 'o-7') WHERE body LIKE '%o-1%'`,
  ],
  ['an entry taken away', `DELETE FROM entry WHERE idx = 6`],
  ['the last entries taken away', `DELETE FROM entry WHERE idx > 8`],
  ['a content', `UPDATE content SET text = '{}' WHERE field = 'arguments'`],
])('%s that is changed is named', async (_, sql) => {
  await engagedKill();
  tamper(sql);
  const { holds, faults } = await report();
  expect(holds).toBe(false);
  expect(faults[0]?.index).toEqual(expect.any(Number));
});

test('a latch that was hidden from the opening is still engaged after it', async () => {
  await engagedKill();
  const database = new DatabaseSync(file);
  database.exec(`UPDATE record SET live = 0 WHERE kind = 'latch'`);
  database.close();
  const plane = await open();
  const principal = plane.identity.assert({ id: 'service:a', org: 'acme', roles: ['agent'] });
  await expect(plane.openSession({ principal, agent: 'bot' })).rejects.toMatchObject({
    code: 'killed',
  });
  await plane.close();
});

test('an end that was cut off is found with a head exported before', async () => {
  const plane = await open();
  await work(plane, 3);
  const { size, root } = await plane.head();
  await plane.close();
  expect((await report({ size, root })).holds).toBe(true);
  expect((await report({ size: size + 1, root })).faults[0]?.code).toBe('anchor-ahead');
  expect((await report({ size: size - 1, root })).faults[0]?.code).toBe('anchor-mismatch');
});

test('a log that grows while it is verified holds', async () => {
  const plane = await open();
  await work(plane, 20);
  const growing = (async () => {
    for (let round = 0; round < 5; round += 1) await work(plane, 10);
  })();
  for (let round = 0; round < 3; round += 1) {
    expect((await report()).faults).toEqual([]);
  }
  await growing;
  await plane.close();
});

test.each([
  [
    'a frontier of other hashes',
    `UPDATE log SET frontier = replace(frontier, 'a', 'b')`,
    'root-mismatch',
  ],
  ['a frontier that is none', `UPDATE log SET frontier = '[]'`, 'root-mismatch'],
  ['a time before its last entry', 'UPDATE log SET at = at - 86400000', 'time-reversed'],
])('a head with %s is named, though its root is that of the entries', async (_, change, code) => {
  const plane = await open();
  await work(plane, 3);
  await plane.close();
  const database = new DatabaseSync(file);
  database.exec(change);
  database.close();
  expect((await report()).faults).toMatchObject([{ code }]);
});
