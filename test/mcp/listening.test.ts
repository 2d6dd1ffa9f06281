/**
 * A client of 2026-07-28 over stdio hears of the single resources that it listens to, under the subscription
 * that asked for them, as over HTTP; servers are asked before it is told that it will.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Client, InMemoryTransport, type JSONRPCMessage } from '@modelcontextprotocol/client';
import { SUBSCRIPTION_ID_META_KEY } from '@modelcontextprotocol/server';
import { afterEach, describe, expect, test } from 'vitest';
import { listenLimits } from '../../src/enforce/mcp/config/config.ts';
import { program } from '../programs.ts';
import { policyFor, Stage, temporaryFolder } from './stage.ts';

type Era = 'legacy' | 'modern';

let stage: Stage | undefined;
let journal: string;

afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

async function open(protocol: Era): Promise<Stage> {
  journal = join(temporaryFolder(), 'asked.txt');
  const server = program('resource-server');
  stage = await Stage.open({
    servers: { notes: { command: [process.execPath, server, journal], protocol } },
    policy: policyFor(['notes.touch']),
  });
  return stage;
}

const asked = (): readonly string[] =>
  existsSync(journal) ? readFileSync(journal, 'utf8').trim().split('\n') : [];

const touch = (client: Client, uri: string) =>
  client.callTool({ name: 'notes__touch', arguments: { uri } });

/** A client, and the resources that it heard of. */
async function listener(on: Stage): Promise<{ readonly client: Client; readonly heard: string[] }> {
  const heard: string[] = [];
  const client = await on.modernClient({}, (made) => {
    made.setNotificationHandler('notifications/resources/updated', ({ params }) => {
      heard.push(params.uri);
    });
  });
  return { client, heard };
}

test('a server is asked once for all subscriptions, and no more after the last', async () => {
  const { client } = await listener(await open('legacy'));
  const filter = { resourceSubscriptions: ['note://one'] };
  const [first, second] = [await client.listen(filter), await client.listen(filter)];
  expect(asked()).toEqual(['subscribe note://one']);
  await first.close();
  await second.close();
  await expect.poll(asked).toEqual(['subscribe note://one', 'unsubscribe note://one']);
});

test.each<[Era]>([['legacy'], ['modern']])(
  'of a server of the %s era it hears what it listens to, until it no longer does',
  async (protocol) => {
    const { client, heard } = await listener(await open(protocol));
    const one = await client.listen({ resourceSubscriptions: ['note://one'] });
    expect(one.honoredFilter.resourceSubscriptions).toEqual(['note://one']);
    await touch(client, 'note://two');
    await touch(client, 'note://one');
    await expect.poll(() => heard).toEqual(['note://one']);
    const two = await client.listen({ resourceSubscriptions: ['note://two'] });
    await one.close();
    await touch(client, 'note://one');
    await touch(client, 'note://two');
    await expect.poll(() => heard).toEqual(['note://one', 'note://two']);
    await two.close();
  },
);

test('changes of lists arrive as before, also beside single resources', async () => {
  const on = await open('legacy');
  const { client, heard } = await listener(on);
  let changes = 0;
  client.setNotificationHandler('notifications/tools/list_changed', () => void (changes += 1));
  const listening = await client.listen({
    toolsListChanged: true,
    resourceSubscriptions: ['note://one'],
  });
  const by = on.principal('user:root', 'platform-admin');
  await on.plane.registerAgent({ name: 'other', org: 'acme' }, by);
  await expect.poll(() => changes).toBeGreaterThan(0);
  await touch(client, 'note://one');
  await expect.poll(() => heard).toEqual(['note://one']);
  await listening.close();
});

test('a resource that the server refuses, and too many of them, are refused', async () => {
  const { client, heard } = await listener(await open('legacy'));
  const listen = (...uris: string[]) => client.listen({ resourceSubscriptions: uris });
  await expect(listen('note://one', 'note://nowhere')).rejects.toThrow(/there is no note/);
  // What was begun of it is ended.
  await expect
    .poll(asked)
    .toEqual(['subscribe note://one', 'subscribe note://nowhere', 'unsubscribe note://one']);
  const { watchedResourcesMax } = listenLimits;
  const many = Array.from({ length: watchedResourcesMax + 1 }, (_, at) => `a:${at}`);
  await expect(listen(...many)).rejects.toThrow(`at most ${watchedResourcesMax}`);
  // The connection is as it was.
  const listening = await listen('note://two');
  await touch(client, 'note://two');
  await expect.poll(() => heard).toEqual(['note://two']);
  await listening.close();
});

test('one subscription more than a client may have is refused', async () => {
  const { client } = await listener(await open('legacy'));
  const listen = () => client.listen({ toolsListChanged: true });
  const opened = await Promise.all(Array.from({ length: listenLimits.subscriptionsMax }, listen));
  await expect(listen()).rejects.toThrow(/limit/i);
  await Promise.all(opened.map((each) => each.close()));
});

test('a session that is stopped listens to nothing', async () => {
  const on = await open('legacy');
  const { client } = await listener(on);
  await client.listTools();
  const by = on.principal('user:root', 'admin');
  const scope = { kind: 'principal', org: 'acme', id: 'user:ada' } as const;
  await on.plane.kill({ scope, by, reason: 'test' });
  await expect(client.listen({ resourceSubscriptions: ['note://one'] })).rejects.toThrow(/kill/);
  expect(asked()).toEqual([]);
});

test('a server that was asked goes with the connection', async () => {
  const { client } = await listener(await open('legacy'));
  await client.listen({ resourceSubscriptions: ['note://one'] });
  await client.close();
  await expect.poll(asked).toEqual(['subscribe note://one', 'gone']);
});

test('a client of 2025 is not told the name of what the gateway listens to', async () => {
  const on = await open('modern');
  const told: (object | undefined)[] = [];
  const client = await on.client({}, (made) => {
    made.setNotificationHandler('notifications/resources/updated', ({ params }) => {
      told.push(params);
    });
  });
  await client.subscribeResource({ uri: 'note://two' });
  await touch(client, 'note://two');
  await expect.poll(() => told).toEqual([{ uri: 'note://two' }]);
});

describe('message by message', () => {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const request = (id: string, method: string, params: object) =>
    ({ jsonrpc: '2.0', id, method, params: { ...params, _meta: meta } }) as const;
  const listen = (id: string, ...uris: string[]) =>
    request(id, 'subscriptions/listen', { notifications: { resourceSubscriptions: uris } });
  const touched = (id: string, uri: string) =>
    request(id, 'tools/call', { name: 'notes__touch', arguments: { uri } });
  const cancel = (requestId: string) =>
    ({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } }) as const;

  async function channel() {
    const on = await open('legacy');
    const [near, far] = InMemoryTransport.createLinkedPair();
    const served = await on.gateway.connect(far);
    const got: JSONRPCMessage[] = [];
    near.onmessage = (message) => void got.push(message);
    await near.start();
    const answer = (id: string) => got.find((each) => 'id' in each && each.id === id);
    const of = (id: string): readonly string[] =>
      got.flatMap((each) => {
        if (!('method' in each)) return 'id' in each && each.id === id ? ['answer'] : [];
        const { _meta: told } = each.params as { readonly _meta?: Record<string, unknown> };
        return told?.[SUBSCRIPTION_ID_META_KEY] === id ? [each.method] : [];
      });
    const close = async (): Promise<void> => {
      await near.close();
      await served.closed;
    };
    return { near, answer, of, close };
  }
  const acknowledged = 'notifications/subscriptions/acknowledged';
  const updated = 'notifications/resources/updated';

  test('the first message may be the wish to listen; each subscription is told under its id', async () => {
    const { near, answer, of, close } = await channel();
    await near.send(listen('a', 'note://one'));
    await near.send(listen('b', 'note://one', 'note://two'));
    await expect.poll(() => [of('a'), of('b')]).toEqual([[acknowledged], [acknowledged]]);
    await near.send(touched('t1', 'note://one'));
    await near.send(touched('t2', 'note://two'));
    await expect.poll(() => answer('t2')).toBeDefined();
    expect(of('a')).toEqual([acknowledged, updated]);
    expect(of('b')).toEqual([acknowledged, updated, updated]);
    await close();
  });

  test('whoever gives up before servers were asked hears nothing of it any more', async () => {
    const { near, answer, of, close } = await channel();
    await near.send(touched('t0', 'note://one'));
    await expect.poll(() => answer('t0')).toBeDefined();
    await near.send(listen('a', 'note://one'));
    await near.send(cancel('a'));
    await near.send(touched('t1', 'note://one'));
    await expect.poll(() => answer('t1')).toBeDefined();
    expect(of('a')).toEqual([]);
    await expect.poll(asked).toEqual(['subscribe note://one', 'unsubscribe note://one']);
    await close();
  });

  test('nor does whoever gives up before the SDK came to it', async () => {
    const { near, answer, of, close } = await channel();
    // The first message has the servers started, and the others wait for it.
    await near.send(touched('t0', 'note://two'));
    await near.send(listen('a', 'note://one'));
    await near.send(cancel('a'));
    await near.send(touched('t1', 'note://one'));
    await expect.poll(() => answer('t1')).toBeDefined();
    expect(of('a')).toEqual([]);
    expect(asked()).toEqual([]);
    await close();
  });

  test('a refused subscription is an error, and nothing more is told of it', async () => {
    const { near, answer, of, close } = await channel();
    await near.send(listen('b', 'note://one'));
    await near.send(listen('a', 'note://one', 'note://nowhere'));
    await expect.poll(() => answer('a')).toMatchObject({ error: { code: -32_602 } });
    await near.send(touched('t1', 'note://one'));
    await expect.poll(() => answer('t1')).toBeDefined();
    expect(of('a')).toEqual(['answer']);
    expect(of('b')).toEqual([acknowledged, updated]);
    await close();
  });

  test('of two wishes under one id, the later counts', async () => {
    const { near, answer, of, close } = await channel();
    await near.send(listen('a', 'note://one'));
    await expect.poll(() => of('a')).toEqual([acknowledged]);
    await near.send(listen('a', 'note://two'));
    await expect.poll(() => of('a')).toEqual([acknowledged, acknowledged]);
    await expect.poll(asked).toContain('unsubscribe note://one');
    await near.send(touched('t1', 'note://one'));
    await near.send(touched('t2', 'note://two'));
    await expect.poll(() => answer('t2')).toBeDefined();
    expect(of('a')).toEqual([acknowledged, acknowledged, updated]);
    await close();
  });
});
