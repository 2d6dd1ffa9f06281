/** What others of the database hold, a lock of a table or the queue for the head: nobody is left behind, nothing piles up. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Client } from 'pg';
import { bindTool } from '../../src/engine/index.ts';
import { turnLock } from '../../src/storage/postgres/turn-lock.ts';
import { schemaName } from '../../src/storage/postgres/schema-name.ts';
import { openShop, read, staff } from '../engine/shop.ts';
import { newSchema, type TestSchema } from './schema.ts';

let schema: TestSchema;
let other: Client;

beforeEach(async () => {
  schema = newSchema();
  other = new Client({ connectionString: schema.url });
  await other.connect();
});

afterEach(async () => {
  await other.end();
  await schema.drop();
});

const scope = { kind: 'agent', org: 'acme', name: 'other-bot' } as const;
/** Of two that wait for as long, each is first as often. */
const lostMax = 15;

test.each(['pg_advisory_lock', 'pg_advisory_lock_shared'])(
  'while somebody holds the queue by %s, a kill is written although another process calls all the time',
  async (lock) => {
    const [busy, killing] = [await openShop(schema.open()), await openShop(schema.open())];
    const session = await busy.openSession({ principal: staff(busy).billing, agent: 'bot' });
    await other.query(`SELECT ${lock}(${turnLock(schemaName(schema.schema), '1')})`);
    const calling = { isOver: false, calls: 0 };
    const work = async (): Promise<void> => {
      const call = { tool: bindTool(read), arguments: session.read({ orderId: 'o-1' }) };
      while (!calling.isOver && calling.calls < lostMax) {
        await session.authorize(call);
        calling.calls += 1;
      }
    };
    const working = work();
    const killed = killing.kill({ scope, by: staff(killing).ops, reason: 'odd' });
    const first = await Promise.race([killed.then(() => 'killed'), working]);
    expect(first).toBe('killed');
    calling.isOver = true;
    await other.query('SELECT pg_advisory_unlock_all()');
    await working;
    await Promise.all([busy.close(), killing.close()]);
  },
);

test('whoever has waited in vain for a locked table leaves no connection behind that waits on', async () => {
  const store = schema.open({ timeoutMs: 300, listen: false });
  await store.open('main');
  await other.query('BEGIN');
  await other.query(`LOCK TABLE "${schema.schema}".log IN ACCESS EXCLUSIVE MODE`);
  const waiting = async (): Promise<number> => {
    const text = `SELECT FROM pg_stat_activity
      WHERE wait_event_type = 'Lock' AND strpos(query, '${schema.schema}') > 0`;
    return (await other.query(text)).rowCount ?? 0;
  };
  for (let looks = 0; looks < 6; looks += 1) {
    await expect(store.head()).rejects.toMatchObject({ code: 'unavailable' });
  }
  expect(await waiting()).toBeGreaterThan(1);
  await expect.poll(waiting, { timeout: 60_000, interval: 200 }).toBe(0);
  await other.query('ROLLBACK');
  expect(await store.head()).toMatchObject({ size: 0 });
  await store.close();
});
