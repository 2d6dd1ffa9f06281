/** Attacks on the log (A94–A102). */
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { verify } from '../../src/engine/index.ts';
import { sqlite } from '../../src/storage/sqlite/sqlite-storage.ts';
import { codeOf, read } from '../engine/shop.ts';
import { openBench, setStage, type Stage } from './stage.ts';

let stage: Stage;

beforeEach(async () => {
  stage = await setStage();
});

afterEach(() => stage.end());

async function someCalls(): Promise<void> {
  const bench = await openBench(stage);
  const call = bench.governed(read);
  for (let at = 0; at < 5; at += 1) await call({ orderId: `o-${at}` });
}

function openFile(): DatabaseSync {
  const database = new DatabaseSync(stage.path);
  database.exec('PRAGMA busy_timeout = 5000');
  return database;
}

async function report(options: Parameters<typeof verify>[1] = {}) {
  const store = sqlite(stage.path, { mode: 'read-only' });
  const result = await verify(store, options);
  await store.close();
  return result;
}

test('A94 entries can be neither changed, deleted nor replaced', async () => {
  await someCalls();
  const database = openFile();
  for (const sql of [
    "UPDATE entry SET body = '{}' WHERE idx = 3",
    'DELETE FROM entry WHERE idx = 3',
    "INSERT OR REPLACE INTO entry SELECT log, idx, '{}', leaf FROM entry WHERE idx = 3",
    'DELETE FROM record',
    'DELETE FROM content',
    "UPDATE content SET text = 'other' WHERE idx = (SELECT min(idx) FROM content)",
    'UPDATE log SET size = 3',
    'DELETE FROM log',
  ]) {
    expect(() => database.exec(sql)).toThrow(/append-only|replaced, not|erased, not/);
  }
  database.close();
  expect((await report()).holds).toBe(true);
});

test('A95 the owner of the file can change an entry, and verify names it', async () => {
  await someCalls();
  const { size } = await stage.plane.head();
  for (const index of [0, 7, size - 1]) {
    const database = openFile();
    const [trigger] = database
      .prepare("SELECT sql FROM sqlite_schema WHERE name = 'entry_never_changes'")
      .all();
    database.exec('DROP TRIGGER entry_never_changes');
    const entry = database.prepare('SELECT body FROM entry WHERE idx = ?').get(index);
    const body = String(entry?.['body']);
    const change = database.prepare('UPDATE entry SET body = ? WHERE idx = ?');
    change.run(body.replace('"at":1', '"at":2'), index);
    database.exec(String(trigger?.['sql']));
    const { holds, faults } = await report();
    expect(holds).toBe(false);
    expect(faults[0]?.index).toBe(index);
    database.exec('DROP TRIGGER entry_never_changes');
    change.run(body, index);
    database.exec(String(trigger?.['sql']));
    database.close();
  }
  expect((await report()).holds).toBe(true);
});

test('A95 a changed table of current state is found', async () => {
  await someCalls();
  const database = openFile();
  database.exec('UPDATE record SET value = replace(value, \'"posted":5\', \'"posted":4\')');
  database.close();
  const { faults } = await report();
  expect(faults.map(({ code }) => code)).toEqual(['record-mismatch']);
});

test('A96 a log whose end was cut off does not continue a head that was exported', async () => {
  await someCalls();
  const { size, root } = await stage.plane.head();
  expect((await report({ anchor: { size, root } })).holds).toBe(true);
  const ahead = await report({ anchor: { size: size + 3, root } });
  expect(ahead.faults.map(({ code }) => code)).toContain('anchor-ahead');
  const other = await report({ anchor: { size: size - 2, root } });
  expect(other.faults.map(({ code }) => code)).toContain('anchor-mismatch');
});

const nasty = 'line\r\nline\u001b[31m "}],\u2028 =1+1 <script> \u202e end';

test('A101 text with line breaks and control characters stays inside its entry', async () => {
  const { plane, people } = stage;
  const { session } = await openBench(stage);
  await session.pause(nasty);
  const order = { scope: { kind: 'org', org: 'acme' }, by: people.ops, reason: nasty } as const;
  await plane.kill(order);
  const reasons: string[] = [];
  for await (const event of plane.events()) {
    const line = JSON.stringify(event);
    expect(line).not.toMatch(/[\r\n\u001b]/);
    if (event.contents['reason'] !== undefined) reasons.push(event.contents['reason']);
  }
  expect(reasons).toEqual([nasty, nasty]);
  expect((await report()).holds).toBe(true);
});

test('A101 text that no store can give back is refused before it spoils a batch', async () => {
  const { plane, people } = stage;
  const scope = { kind: 'org', org: 'acme' } as const;
  const bench = await openBench(stage);
  const [refused, ran] = await Promise.all([
    codeOf(plane.kill({ scope, by: people.ops, reason: 'nul \0 nul' })),
    codeOf(bench.governed(read)({ orderId: 'o-\0' })),
    codeOf(bench.governed(read)({ orderId: 'o-1' })),
  ]);
  expect(refused).toBe('input-invalid');
  expect(['resolved', 'resource-invalid']).toContain(ran);
  expect((await report()).holds).toBe(true);
});

test('A102 arguments and results are beside the log, not in it', async () => {
  const bench = await openBench(stage);
  await bench.governed(read)({ orderId: 'o-1', key: 'sk-secret-123' } as { orderId: string });
  const database = openFile();
  const entries = database.prepare('SELECT body FROM entry').all();
  const records = database.prepare('SELECT value FROM record').all();
  database.close();
  expect(JSON.stringify([entries, records])).not.toContain('sk-secret-123');
});
