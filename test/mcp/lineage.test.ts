/** An agent behind the gateway that works for another: what stops the one above stops it. */
import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../src/engine/index.ts';
import { connectClient } from '../../src/enforce/mcp/client/connection.ts';
import { type Liar, lyingStage } from './lying.ts';
import { type Stage, textOf } from './stage.ts';

let stage: Stage;
let liar: Liar;
const endings: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0)) await end();
  await stage.close();
});

/** A client whose control session is one that `lead` gave work to. */
async function workingForLead() {
  ({ stage, liar } = await lyingStage({ agents: [{ name: 'lead', org: 'acme' }] }));
  const { plane, config } = stage;
  const principal = stage.principal('user:ada', 'agent');
  const lead = await plane.openSession({ principal, agent: 'lead' });
  const control = await plane.openSession({ principal, agent: 'desk-bot', parent: lead.id });
  const host = { plane, config, clock: systemClock, version: '1', report: () => {} };
  const [near, far] = InMemoryTransport.createLinkedPair();
  const served = connectClient(host, { transport: far, principal, control, isOwn: true });
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(near);
  endings.push(async () => {
    await client.close();
    await served.closed;
  });
  return { client, lead };
}

const echo = { name: 'liar__echo', arguments: {} };

test.each([
  ['the session above', (lead: string) => ({ kind: 'session', org: 'acme', id: lead }) as const],
  ['the agent above', () => ({ kind: 'agent', org: 'acme', name: 'lead' }) as const],
])('a kill of %s stops what runs, and nothing is shown or runs any more', async (_, scopeOf) => {
  const { client, lead } = await workingForLead();
  expect((await client.callTool(echo)).isError).not.toBe(true);
  const running = client.callTool({ name: 'liar__never', arguments: {} });
  await expect.poll(() => liar.callsOf('never').length).toBe(1);
  const by = stage.principal('user:root', 'admin');
  await stage.plane.kill({ scope: scopeOf(lead.id), by, reason: 'test' });
  expect((await running).isError).toBe(true);
  await expect
    .poll(async () => (await stage.eventsOf('permit-settled')).at(-1))
    .toMatchObject({ outcome: 'unknown' });
  expect((await client.listTools()).tools).toEqual([]);
  const refused = await client.callTool(echo);
  expect(textOf(refused)).toContain('killed');
  expect(liar.callsOf('echo')).toHaveLength(1);
});

test('an agent above that is suspended, or a session above that ended, stops it too', async () => {
  const { client, lead } = await workingForLead();
  const by = stage.principal('user:root', 'admin');
  const order = { agent: 'lead', org: 'acme', by, reason: 'test' };
  await stage.plane.controlAgent({ ...order, transition: 'suspend' });
  expect((await client.listTools()).tools).toEqual([]);
  expect(textOf(await client.callTool(echo))).toContain('agent-disabled');
  await stage.plane.controlAgent({ ...order, transition: 'reinstate' });
  expect((await client.callTool(echo)).isError).not.toBe(true);
  await lead.complete('done');
  expect((await client.listTools()).tools).toEqual([]);
  expect(textOf(await client.callTool(echo))).toContain('session-not-active');
  expect(liar.callsOf('echo')).toHaveLength(1);
});
