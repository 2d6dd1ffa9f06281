/** What a server tells of by itself stops with the session, and with the credential, that it is for. */
import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { afterEach, expect, test } from 'vitest';
import { openGateway } from '../../src/enforce/mcp/index.ts';
import { seenAs } from './counting.ts';
import { HttpStage } from './http-stage.ts';
import { offering, scripted, toolOf } from './scripted.ts';
import { policyFor, Stage } from './stage.ts';

const logging = scripted({
  ...offering(toolOf('echo')),
  'tools/call': [{ result: '{"content":[]}', logs: 'told' }],
});
const policy = policyFor(['a.echo']);
const aWhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 200));

let close: (() => Promise<void>) | undefined;

afterEach(async () => {
  await close?.();
  close = undefined;
});

test('a server’s log is not passed on once a kill switch covers the session', async () => {
  const stage = await Stage.open({ servers: { a: logging }, policy });
  close = () => stage.close();
  let heard = 0;
  const client = await stage.client({}, (made) => {
    made.setNotificationHandler('notifications/message', () => {
      heard += 1;
    });
  });
  await client.callTool({ name: 'a__echo', arguments: {} });
  await expect.poll(() => heard).toBeGreaterThan(2);
  const by = stage.principal('user:root', 'platform-admin');
  await stage.plane.kill({ scope: { kind: 'system' }, by, reason: 'stop' });
  // What was on its way arrives.
  await aWhile();
  const before = heard;
  await aWhile();
  expect(heard).toBe(before);
  await stage.plane.release({ scope: { kind: 'system' }, by, reason: 'go on' });
  await expect.poll(() => heard).toBeGreaterThan(before + 2);
});

test('a client that comes while a kill switch covers its session hears no log before that is over', async () => {
  const logsAtOnce = scripted({
    'tools/list': [{ result: JSON.stringify({ tools: [toolOf('echo')] }), logs: 'told' }],
  });
  const file = { session: { key: 'desk' } };
  const stage = await Stage.open({ servers: { a: logsAtOnce }, policy, file });
  close = () => stage.close();
  await stage.client();
  const by = stage.principal('user:root', 'platform-admin');
  await stage.plane.kill({ scope: { kind: 'system' }, by, reason: 'stop' });
  let heard = 0;
  await stage.client({}, (made) => {
    made.setNotificationHandler('notifications/message', () => {
      heard += 1;
    });
  });
  await aWhile();
  expect(heard).toBe(0);
  await stage.plane.release({ scope: { kind: 'system' }, by, reason: 'go on' });
  await expect.poll(() => heard).toBeGreaterThan(2);
});

test('while it cannot be known whether a session goes on, no log is passed on, and somebody is told', async () => {
  const stage = await Stage.open({ servers: { a: logging }, policy });
  let isAway = false;
  const tools = new Proxy(stage.plane.tools, {
    get: (of, name) => {
      const member: unknown = Reflect.get(of, name, of);
      if (name === 'sessionRefusal' && isAway) throw new Error('the store is away');
      return typeof member === 'function' ? (member.bind(of) as unknown) : member;
    },
  });
  const reports: string[] = [];
  const gateway = await openGateway({
    plane: seenAs(stage.plane, { tools }),
    config: stage.config,
    report: (message) => reports.push(message),
  });
  const [near, far] = InMemoryTransport.createLinkedPair();
  const served = await gateway.connect(far);
  const client = new Client({ name: 'test', version: '1' });
  close = async () => {
    await client.close();
    await served.closed;
    await stage.close();
  };
  let heard = 0;
  client.setNotificationHandler('notifications/message', () => {
    heard += 1;
  });
  await client.connect(near);
  await client.callTool({ name: 'a__echo', arguments: {} });
  await expect.poll(() => heard).toBeGreaterThan(2);
  isAway = true;
  const by = stage.principal('user:root', 'platform-admin');
  await stage.plane.registerAgent({ name: 'other', org: 'acme' }, by);
  const said = 'it is not known whether the session goes on: Error: the store is away';
  await expect.poll(() => reports).toContain(said);
  // What was sent before the answer has arrived before it.
  await client.ping();
  const before = heard;
  await aWhile();
  expect(heard).toBe(before);
  isAway = false;
  await stage.plane.registerAgent({ name: 'another', org: 'acme' }, by);
  await expect.poll(() => heard).toBeGreaterThan(before);
});

test('a stream that is open hears nothing more once its key is revoked', async () => {
  const http = await HttpStage.open({ servers: { a: logging }, policy });
  close = () => http.close();
  const session = { 'mcp-session-id': await http.session() };
  const accept = { accept: 'text/event-stream' };
  const stream = await http.send('', { method: 'GET', headers: { ...session, ...accept } });
  let heard = '';
  const reading = (async () => {
    const body = stream.body as unknown as AsyncIterable<Uint8Array>;
    for await (const chunk of body) heard += Buffer.from(chunk).toString();
  })();
  const params = { name: 'a__echo', arguments: {} };
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params };
  await (await http.send(call, { headers: session })).text();
  await expect.poll(() => heard).toContain('told');
  const { plane } = http.stage;
  const ada = plane.keys.list('acme').find(({ principal }) => principal === 'user:ada');
  await plane.keys.revoke({ key: ada?.id ?? '' });
  await aWhile();
  const before = heard.length;
  await aWhile();
  expect(heard).toHaveLength(before);
  await http.close();
  close = undefined;
  await reading.catch(() => {});
});
