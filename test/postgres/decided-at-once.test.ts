/** What is decided beside a call in somebody else's turn stops the call's work: whoever is answered hears of it. */
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { bindTool, type Session } from '../../src/engine/index.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { openShop, read, staff } from '../engine/shop.ts';
import { newSchema, type TestSchema } from './schema.ts';

/** Waits until so many sessions of the schema wait for the turn. */
async function queued({ sql }: TestSchema, count: number): Promise<void> {
  const waiting = async (): Promise<unknown> => {
    const [row] = await sql(`SELECT count(*)::int FROM pg_locks
      WHERE locktype = 'advisory' AND NOT granted AND classid = hashtext('$s')::oid`);
    return row?.['count'];
  };
  await expect.poll(waiting).toBe(count);
}

function reading(session: Session) {
  return session.authorize({
    tool: bindTool(read),
    arguments: session.read({ orderId: 'o-1' }),
  });
}

test('an abort that is decided beside a call, in somebody else’s turn, stops the call’s work', async () => {
  const schema = newSchema();
  const [decidingStore, actingStore] = [schema.open(), schema.open()];
  const [deciding, acting, aborting] = await Promise.all([
    openShop(decidingStore),
    // It asks for news once, and then for a while not again.
    openShop(actingStore, { clock: new FakeClock(Date.now() + 1_000) }),
    openShop(schema.open()),
  ]);
  const planes = [deciding, acting, aborting];
  const client = new Client({ connectionString: schema.url });
  await client.connect();
  const locked = async (): Promise<void> => {
    await client.query(`BEGIN; SELECT pg_advisory_xact_lock(hashtext('${schema.schema}'), id)
      FROM ${schema.schema}.log`);
  };
  const own = await Promise.all(
    planes.map((plane) => plane.openSession({ principal: staff(plane).billing, agent: 'bot' })),
  );
  const attempt = async () => {
    // Who has met nobody lately takes the turn; the two that have met somebody leave parcels.
    await expect.poll(() => decidingStore.turns?.wanted).toBe(false);
    await locked();
    const met = Promise.all(own.slice(1).map(reading));
    await queued(schema, 2);
    await client.query('COMMIT');
    await met;
    await Promise.all(own.slice(1).map(reading));
    const there = await aborting.openSession({ principal: staff(aborting).billing, agent: 'bot' });
    const here = await acting.attachSession(staff(acting).billing, there.id);
    await locked();
    const call = reading(here);
    await queued(schema, 1);
    const aborted = there.abort('odd');
    await queued(schema, 2);
    const decided = reading(own[0] as Session);
    await queued(schema, 3);
    await client.query('COMMIT');
    const [{ permit, index }] = await Promise.all([call, aborted, decided]);
    const rows = await schema.sql(
      `SELECT body::json->>'type' AS type FROM $s.entry WHERE idx = $1`,
      [index + 1],
    );
    return rows[0]?.['type'] === 'session-transitioned' ? permit : undefined;
  };
  for (let aborts = 0, attempts = 0; aborts < 2; attempts += 1) {
    expect(attempts).toBeLessThan(60);
    const permit = await attempt();
    if (permit === undefined) continue;
    aborts += 1;
    await expect.poll(() => permit.signal.aborted, { timeout: 10_000 }).toBe(true);
  }
  await client.end();
  await Promise.all(planes.map((plane) => plane.close()));
  await schema.drop();
});
