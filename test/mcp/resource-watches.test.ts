/** A client hears of the single resources that it asked for, in both eras on both sides, and of no others. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@modelcontextprotocol/client';
import { afterEach, expect, test } from 'vitest';
import { passingLimits } from '../../src/enforce/mcp/config/config.ts';
import { type Era, HttpStage } from './http-stage.ts';
import { program } from '../programs.ts';
import { policyFor, temporaryFolder } from './stage.ts';

let http: HttpStage | undefined;
let journal: string;

afterEach(async () => {
  await http?.close();
  http = undefined;
});

async function stage(protocol: Era, more: object = {}): Promise<HttpStage> {
  journal = join(temporaryFolder(), 'asked.txt');
  const server = program('resource-server');
  http = await HttpStage.open({
    servers: { notes: { command: [process.execPath, server, journal], protocol } },
    policy: policyFor(['notes.touch', 'notes.die']),
    ...more,
  });
  return http;
}

const asked = (): readonly string[] =>
  existsSync(journal) ? readFileSync(journal, 'utf8').trim().split('\n') : [];

/** A client, and the resources that it heard of. */
async function listener(on: HttpStage, era: Era, key = on.keys.ada) {
  const heard: string[] = [];
  const client = await on.client(era, key, {}, (made) => {
    made.setNotificationHandler('notifications/resources/updated', ({ params }) => {
      heard.push(params.uri);
    });
  });
  return { client, heard };
}

const touch = (client: Client, uri: string) =>
  client.callTool({ name: 'notes__touch', arguments: { uri } });

test.each<[Era]>([['legacy'], ['modern']])(
  'a client of 2026-07-28 hears of what it listens to, of a server of the %s era',
  async (protocol) => {
    const on = await stage(protocol);
    const { client, heard } = await listener(on, 'modern');
    const one = await client.listen({ resourceSubscriptions: ['note://one'] });
    expect(one.honoredFilter.resourceSubscriptions).toEqual(['note://one']);
    await touch(client, 'note://two');
    await touch(client, 'note://one');
    await expect.poll(() => heard).toEqual(['note://one']);
    await one.close();
  },
);

test.each<[Era]>([['legacy'], ['modern']])(
  'it hears on after that server, of the %s era, was started again',
  async (protocol) => {
    const on = await stage(protocol);
    const { client, heard } = await listener(on, 'modern');
    const one = await client.listen({ resourceSubscriptions: ['note://one'] });
    await client.callTool({ name: 'notes__die', arguments: {} });
    await expect
      .poll(async () => ((await touch(client, 'note://one')).isError, heard), { timeout: 20_000 })
      .toContain('note://one');
    await one.close();
  },
);

test('a client of 2025 hears of what it subscribed to, of a server of the later era', async () => {
  const on = await stage('modern');
  const { client, heard } = await listener(on, 'legacy');
  await client.subscribeResource({ uri: 'note://two' });
  await touch(client, 'note://one');
  await touch(client, 'note://two');
  await expect.poll(() => heard).toEqual(['note://two']);
  await client.unsubscribeResource({ uri: 'note://two' });
});

test('a client of 2025 hears nothing more of what it gave up, however it asked for it', async () => {
  const on = await stage('modern');
  const { client, heard } = await listener(on, 'legacy');
  const [one, two] = [{ uri: 'note://one' }, { uri: 'note://two' }];
  await client.subscribeResource(two);
  await Promise.all([one, one, one].map((each) => client.subscribeResource(each)));
  await touch(client, one.uri);
  await expect.poll(() => heard).toContain(one.uri);
  // One that is given up while it is still being asked for.
  await Promise.all([client.subscribeResource(one), client.unsubscribeResource(one)]);
  await touch(client, one.uri);
  await touch(client, two.uri);
  await expect.poll(() => heard).toContain(two.uri);
  expect(heard).toEqual([one.uri, two.uri]);
});

test('a client of 2025 may hear of so many resources of a server of the later era, and no more', async () => {
  const on = await stage('modern');
  const { client } = await listener(on, 'legacy');
  const most = passingLimits.subscribedResourcesMax;
  for (let each = 0; each < most; each += 1) {
    await client.subscribeResource({ uri: `note://${each}` });
  }
  const more = client.subscribeResource({ uri: 'note://more' });
  await expect(more).rejects.toThrow(`at most ${most} resources of this server at a time`);
  await client.unsubscribeResource({ uri: 'note://0' });
  await client.subscribeResource({ uri: 'note://more' });
});

test('a server is asked once for all streams, and no more after the last', async () => {
  const on = await stage('legacy');
  const { client } = await listener(on, 'modern');
  const filter = { resourceSubscriptions: ['note://one'] };
  const [first, second] = [await client.listen(filter), await client.listen(filter)];
  expect(asked()).toEqual(['subscribe note://one']);
  await first.close();
  await second.close();
  await expect.poll(asked).toEqual(['subscribe note://one', 'unsubscribe note://one']);
});

test('another principal hears nothing of it', async () => {
  const on = await stage('legacy');
  const ada = await listener(on, 'modern');
  const bob = await listener(on, 'modern', on.keys.bob);
  const listening = await ada.client.listen({ resourceSubscriptions: ['note://one'] });
  const other = await bob.client.listen({ resourceSubscriptions: ['note://two'] });
  await touch(ada.client, 'note://one');
  await expect.poll(() => ada.heard).toEqual(['note://one']);
  await touch(bob.client, 'note://two');
  await expect.poll(() => bob.heard).toEqual(['note://two']);
  await listening.close();
  await other.close();
});

test('a resource that the server refuses, and too many of them, are refused', async () => {
  const on = await stage('legacy', { limits: { watchedResourcesMax: 2 } });
  const { client } = await listener(on, 'modern');
  const listen = (...uris: string[]) => client.listen({ resourceSubscriptions: uris });
  await expect(listen('note://one', 'note://nowhere')).rejects.toThrow(/there is no note/);
  // What was begun of it is ended.
  await expect
    .poll(asked)
    .toEqual(['subscribe note://one', 'subscribe note://nowhere', 'unsubscribe note://one']);
  await expect(listen('a:1', 'a:2', 'a:3')).rejects.toThrow(/at most 2/);
});

test('one stream more than a client may listen on is refused', async () => {
  const on = await stage('legacy', { limits: { subscriptionsMax: 1 } });
  const { client } = await listener(on, 'modern');
  const first = await client.listen({ toolsListChanged: true });
  await expect(client.listen({ toolsListChanged: true })).rejects.toThrow(/limit/i);
  await first.close();
});

test('a session that is stopped listens to nothing', async () => {
  const on = await stage('legacy');
  const { client } = await listener(on, 'modern');
  await client.listTools();
  const by = on.stage.principal('user:root', 'admin');
  const scope = { kind: 'principal', org: 'acme', id: 'user:ada' } as const;
  await on.stage.plane.kill({ scope, by, reason: 'test' });
  await expect(client.listen({ resourceSubscriptions: ['note://one'] })).rejects.toThrow(/kill/);
  expect(asked()).toEqual([]);
});

test('where no server tells of resources, a client is told that it will hear of none', async () => {
  http = await HttpStage.open();
  const { client } = await listener(http, 'modern');
  const resourceSubscriptions = ['note://one'];
  const listening = await client.listen({ toolsListChanged: true, resourceSubscriptions });
  expect(listening.honoredFilter).toEqual({ toolsListChanged: true });
  await listening.close();
});
