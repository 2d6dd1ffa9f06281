/** When a client hears that a list is another: whenever it is, and not before it has seen one. */
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Client } from '@modelcontextprotocol/client';
import { afterEach, expect, test } from 'vitest';
import { FakeClock } from '../../src/testing/fake-clock.ts';
import { program } from '../programs.ts';
import { policyFor, Stage, temporaryFolder } from './stage.ts';

const server = program('modern-server');
const policy = policyFor(['files.greet', 'files.era']);
/** More than changes take to settle, and than a server that went away waits for its next start. */
const longEnoughMs = 60_000;

let stage: Stage;
let clock: FakeClock;
let heard: string[];

afterEach(() => stage.close());

async function begun(command: readonly string[]): Promise<Client> {
  clock = new FakeClock();
  stage = await Stage.open({ servers: { files: { command, protocol: 'modern' } }, policy, clock });
  heard = [];
  return stage.client({}, (client) => {
    client.fallbackNotificationHandler = async ({ method }) => void heard.push(method);
  });
}

async function namesFor(client: Client): Promise<readonly string[]> {
  return (await client.listTools()).tools.map(({ name }) => name).toSorted();
}

/** What it hears once changes have settled: who hears of an event hears of it before that is answered. */
async function toldNext(client: Client): Promise<readonly string[]> {
  clock.advance(longEnoughMs);
  await setImmediate();
  await client.ping();
  return heard;
}

const changed = (list: string) => `notifications/${list}/list_changed`;

test('a client that has just begun hears of a change once there is one', async () => {
  const client = await begun([process.execPath, server]);
  expect(await namesFor(client)).toEqual(['files__era', 'files__greet']);
  clock.advance(longEnoughMs);
  // What was sent before the answer has arrived before it.
  await client.ping();
  expect(heard).toEqual([]);

  const by = stage.principal('user:root', 'platform-admin');
  await stage.plane.registerAgent({ name: 'other', org: 'acme' }, by);
  await expect.poll(() => (clock.advance(longEnoughMs), heard)).toEqual([changed('tools')]);
});

test('changes that come together are told once', async () => {
  const client = await begun([process.execPath, server]);
  const by = stage.principal('user:root', 'platform-admin');
  for (const name of ['one', 'two', 'three'])
    await stage.plane.registerAgent({ name, org: 'acme' }, by);
  expect(await toldNext(client)).toEqual([changed('tools')]);
});

const by = () => stage.principal('user:root', 'platform-admin');
const desk = { org: 'acme', agent: 'desk-bot', reason: 'a drill' } as const;
const happenings: readonly (readonly [string, () => Promise<unknown>])[] = [
  [
    'its agent is suspended',
    () => stage.plane.controlAgent({ ...desk, by: by(), transition: 'suspend' }),
  ],
  [
    'its session is paused',
    async () => {
      const [session] = await stage.eventsOf('session-opened');
      await stage.plane.control({
        session: String(session?.['session']),
        transition: 'pause',
        by: by(),
      });
    },
  ],
  [
    'a kill switch is pulled',
    () => stage.plane.kill({ scope: { kind: 'system' }, by: by(), reason: 'stop' }),
  ],
  ['another policy holds', () => stage.plane.activatePolicy({ ...policy, version: 2 }, by())],
  ['there is another tool', () => stage.plane.registerTool({ name: 'own', action: 'files.own' })],
];

test.each(happenings)('a client hears that it may have other tools when %s', async (_, happens) => {
  const client = await begun([process.execPath, server]);
  clock.advance(longEnoughMs);
  await client.ping();
  expect(heard).toEqual([]);
  await happens();
  expect(await toldNext(client)).toEqual([changed('tools')]);
});

test('a client hears of a server that comes after it has begun', async () => {
  const folder = temporaryFolder();
  const later = join(folder, 'server.ts');
  const client = await begun([process.execPath, later]);
  expect(await namesFor(client)).toEqual([]);

  symlinkSync(server, later);
  await expect
    .poll(() => (clock.advance(longEnoughMs), heard), { timeout: 30_000 })
    .toContain(changed('tools'));
  expect(await namesFor(client)).toEqual(['files__era', 'files__greet']);
});
