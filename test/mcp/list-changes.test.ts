/** When a client hears that a list is another: whenever it is, and not before it has seen one. */
import { symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { afterEach, expect, test } from 'vitest';
import { openGateway } from '../../src/enforce/mcp/index.ts';
import { FakeClock } from '../../src/testing/fake-clock.ts';
import { policyFor, Stage, temporaryFolder } from './stage.ts';

const program = resolve(import.meta.dirname, 'modern-server.ts');
const policy = policyFor(['files.greet', 'files.era']);
/** More than changes take to settle, and than a server that went away waits for its next start. */
const longEnoughMs = 60_000;

let close: (() => Promise<void>) | undefined;

afterEach(() => close?.());

async function begun(command: readonly string[]) {
  const servers = { files: { command, protocol: 'modern' } };
  const stage = await Stage.open({ servers, policy });
  const clock = new FakeClock();
  const { plane, config } = stage;
  const gateway = await openGateway({ plane, config, clock });
  const [near, far] = InMemoryTransport.createLinkedPair();
  const served = await gateway.connect(far);
  const client = new Client({ name: 'test', version: '1' });
  const heard: string[] = [];
  client.fallbackNotificationHandler = async ({ method }) => void heard.push(method);
  await client.connect(near);
  close = async () => {
    await client.close();
    await served.closed;
    await stage.close();
  };
  const names = async () => (await client.listTools()).tools.map(({ name }) => name).toSorted();
  return { stage, clock, client, heard, names };
}

const changed = (list: string) => `notifications/${list}/list_changed`;

test('a client that has just begun hears of a change once there is one', async () => {
  const { stage, clock, client, heard, names } = await begun([process.execPath, program]);
  expect(await names()).toEqual(['files__era', 'files__greet']);
  clock.advance(longEnoughMs);
  // What was sent before the answer has arrived before it.
  await client.ping();
  expect(heard).toEqual([]);

  const by = stage.principal('user:root', 'platform-admin');
  await stage.plane.registerAgent({ name: 'other', org: 'acme' }, by);
  await expect.poll(() => (clock.advance(longEnoughMs), heard)).toEqual([changed('tools')]);
});

test('a client hears of a server that comes after it has begun', async () => {
  const folder = temporaryFolder();
  const later = join(folder, 'server.ts');
  const { clock, heard, names } = await begun([process.execPath, later]);
  expect(await names()).toEqual([]);

  symlinkSync(program, later);
  await expect
    .poll(() => (clock.advance(longEnoughMs), heard), { timeout: 30_000 })
    .toContain(changed('tools'));
  expect(await names()).toEqual(['files__era', 'files__greet']);
});
