/** A client that went away leaves nothing behind that listens to the control plane. */
import { expect, test } from 'vitest';
import { GatewaySession } from '../../src/enforce/mcp/client/gateway-session.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { counting } from './counting.ts';
import { lyingStage } from './lying.ts';

async function opened() {
  const { stage } = await lyingStage();
  const { plane, count } = counting(stage.plane);
  const principal = stage.principal('user:ada', 'agent');
  const control = await stage.plane.openSession({ principal, agent: 'desk-bot' });
  const clock = new FakeClock();
  const host = { config: stage.config, clock, version: '1.2.3', report: () => {} };
  let changes = 0;
  const client = {
    capabilities: {},
    asksForLogs: false,
    changed: () => {
      changes += 1;
    },
    notified: () => {},
    asked: () => Promise.reject(new Error('it cannot be asked')),
  };
  const about = { principal, control, isOwn: true, client };
  const session = new GatewaySession({ ...host, plane }, about);
  return { stage, session, clock, count, changes: () => changes };
}

test('a session that is closed hears of no event any more', async () => {
  const { stage, session, count } = await opened();
  expect(count()).toBe(1);
  await session.close();
  expect(count()).toBe(0);
  await stage.close();
});

test('a change that was not told before its client went away is told to nobody', async () => {
  const { stage, session, clock, changes } = await opened();
  const by = stage.principal('user:root', 'platform-admin');
  await session.start();
  await stage.plane.registerAgent({ name: 'one', org: 'acme' }, by);
  clock.advance(1_000);
  expect(changes()).toBeGreaterThan(0);
  const before = changes();
  await stage.plane.registerAgent({ name: 'two', org: 'acme' }, by);
  await session.close();
  clock.advance(1_000);
  expect(changes()).toBe(before);
  await stage.close();
});
