/** What is not governed stops with the session, too: also what was asked before the session was stopped. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { GatewaySession } from '../../src/enforce/mcp/client/gateway-session.ts';
import { systemClock } from '../../src/engine/index.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { offering, scripted, toolOf } from './scripted.ts';
import { policyFor, Stage, type StageOptions, temporaryFolder } from './stage.ts';

let stage: Stage | undefined;

afterEach(() => stage?.close());

/** A stage whose server reads once there is a file at `gate`, and a client; `kill` stops all. */
async function reading(more: Partial<StageOptions> = {}) {
  const gate = join(temporaryFolder(), 'gate');
  const secret = { contents: [{ uri: 'note:one', text: 'what it says' }] };
  const server = scripted({
    ...offering(toolOf('echo')),
    'resources/read': [{ result: JSON.stringify(secret), after: gate }],
  });
  const on = await Stage.open({ servers: { a: server }, policy: policyFor(['a.echo']), ...more });
  stage = on;
  const client = await on.client();
  const kill = async (): Promise<void> => {
    const by = on.principal('user:root', 'platform-admin');
    await on.plane.kill({ scope: { kind: 'system' }, by, reason: 'stop' });
  };
  return {
    on,
    client,
    kill,
    read: () => client.readResource({ uri: 'note:one' }).catch((failure: unknown) => failure),
    isAsked: () => existsSync(`${gate}.asked`),
    letAnswer: () => writeFileSync(gate, ''),
  };
}

test('a reading that runs when a kill switch is pulled is not answered any more', async () => {
  const { kill, read, isAsked, letAnswer } = await reading();
  const answer = read();
  await expect.poll(isAsked).toBe(true);
  await kill();
  letAnswer();
  expect(String(await answer)).toMatch(/kill/);
});

test('once a kill switch is pulled, no server is asked for a reading', async () => {
  const { kill, read, isAsked, letAnswer } = await reading();
  letAnswer();
  await kill();
  expect(String(await read())).toMatch(/kill/);
  expect(isAsked()).toBe(false);
});

test('once a kill switch is pulled, no server is asked for its tools', async () => {
  const gate = join(temporaryFolder(), 'gate');
  writeFileSync(gate, '');
  const listed = JSON.stringify({ tools: [toolOf('echo')] });
  const server = scripted({ 'tools/list': [{ result: listed, after: gate }] });
  const { on, client, kill } = await reading({ servers: { a: server } });
  const asked = `${gate}.asked`;
  rmSync(asked);
  expect((await client.listTools()).tools).toHaveLength(1);
  expect(existsSync(asked)).toBe(true);
  rmSync(asked);
  await kill();
  expect((await client.listTools()).tools).toEqual([]);
  expect(existsSync(asked)).toBe(false);
  expect(on.reports).toEqual([]);
});

test('where no operator was heard of in time, no server is asked for a reading, until one is', async () => {
  const clock = new FakeClock();
  const policy = policyFor(['a.echo'], { operatorHeartbeatMs: 600_000 });
  const { on, read, isAsked, letAnswer } = await reading({ clock, policy });
  letAnswer();
  clock.advance(600_000);
  expect(String(await read())).toContain('no operator was heard of');
  expect(isAsked()).toBe(false);
  await on.plane.heartbeat({ by: on.principal('user:root', 'platform-admin') });
  expect(await read()).toHaveProperty('contents');
});

test('nothing passes for a client whose key was revoked', async () => {
  const on = await Stage.open({ servers: { a: scripted({}) }, policy: policyFor(['a.echo']) });
  stage = on;
  const { plane, config } = on;
  const issued = { principal: 'user:ada', org: 'acme', roles: ['agent'] };
  const { id, key } = await plane.keys.issue(issued);
  const principal = await plane.identity.authenticate(key);
  const control = await plane.openSession({ principal, agent: 'desk-bot' });
  const client = {
    capabilities: {},
    asksForLogs: false,
    changed: () => {},
    notified: () => {},
    asked: () => Promise.reject(new Error('it cannot be asked')),
  };
  const host = { plane, config, clock: systemClock, version: '1.2.3', report: () => {} };
  const session = new GatewaySession(host, { principal, control, isOwn: false, client });
  expect(await session.stopped()).toBeUndefined();
  await plane.keys.revoke({ key: id });
  expect(await session.stopped()).toMatch(/revoked/);
  await session.close();
});
