/** A client that went away leaves nothing behind that listens to the control plane. */
import { expect, test } from 'vitest';
import { GatewaySession } from '../../src/enforce/mcp/client/gateway-session.ts';
import { systemClock } from '../../src/engine/index.ts';
import { counting } from './counting.ts';
import { lyingStage } from './lying.ts';

test('a session that is closed hears of no event any more', async () => {
  const { stage } = await lyingStage();
  const { plane, count } = counting(stage.plane);
  const principal = stage.principal('user:ada', 'agent');
  const control = await stage.plane.openSession({ principal, agent: 'desk-bot' });
  const host = { config: stage.config, clock: systemClock, version: '1.2.3', report: () => {} };
  const client = {
    capabilities: {},
    asksForLogs: false,
    changed: () => {},
    notified: () => {},
    asked: () => Promise.reject(new Error('it cannot be asked')),
  };
  const about = { principal, control, isOwn: true, client };
  const session = new GatewaySession({ ...host, plane }, about);
  expect(count()).toBe(1);
  await session.close();
  expect(count()).toBe(0);
  await stage.close();
});
