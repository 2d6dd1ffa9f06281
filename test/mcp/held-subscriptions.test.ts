/** What is told of a subscription waits until the servers were asked; how that ends, and when, is told. */
import { setImmediate } from 'node:timers/promises';
import { InMemoryTransport, type JSONRPCMessage } from '@modelcontextprotocol/client';
import { type ProtocolError, SUBSCRIPTION_ID_META_KEY } from '@modelcontextprotocol/server';
import { expect, test } from 'vitest';
import { listening } from '../../src/enforce/mcp/client/listening.ts';

const acknowledged = 'notifications/subscriptions/acknowledged';
const updated = 'notifications/resources/updated';
const changed = 'notifications/tools/list_changed';

type Params = Record<string, unknown>;

const about = (method: string, params: Params) => ({ jsonrpc: '2.0' as const, method, params });

/** A client has asked to listen under the id `a`, and the servers are being asked. */
async function asking() {
  const [client, server] = InMemoryTransport.createLinkedPair();
  const asked = Promise.withResolvers<ProtocolError | undefined>();
  const problems: string[] = [];
  const toSdk: string[] = [];
  const got: JSONRPCMessage[] = [];
  let isOver = false;
  const transport = listening(server, (_, finished) => {
    void finished.then(() => (isOver = true));
    return asked.promise;
  });
  transport.onmessage = (message) => toSdk.push('method' in message ? message.method : 'answer');
  transport.onerror = ({ message }) => problems.push(message);
  client.onmessage = (message) => got.push(message);
  await Promise.all([transport.start(), client.start()]);
  const notifications = { resourceSubscriptions: ['note://one'] };
  await client.send({ id: 'a', ...about('subscriptions/listen', { notifications }) });
  const tell = (method: string, params: Params = {}): Promise<void> =>
    transport.send(about(method, { ...params, _meta: { [SUBSCRIPTION_ID_META_KEY]: 'a' } }));
  await tell(acknowledged, { notifications });
  const names = (): readonly string[] =>
    got.map((message) => ('method' in message ? message.method : 'answer'));
  return { client, transport, asked, tell, got, names, toSdk, problems, isOver: () => isOver };
}

test('what is told while servers are asked comes after the acknowledgement, in its order', async () => {
  const { asked, tell, names } = await asking();
  await tell(updated);
  await tell(changed);
  expect(names()).toEqual([]);
  asked.resolve(undefined);
  await setImmediate();
  expect(names()).toEqual([acknowledged, updated, changed]);
  await tell(updated);
  expect(names()).toEqual([acknowledged, updated, changed, updated]);
});

test('where servers cannot be asked, the client has an error, and somebody is told why', async () => {
  const { asked, tell, got, toSdk, problems, isOver } = await asking();
  await tell(updated);
  asked.reject(new Error('the store is away'));
  const error = { code: -32_603, message: 'a server could not be asked' };
  await setImmediate();
  expect(got).toEqual([{ jsonrpc: '2.0', id: 'a', error }]);
  expect(problems).toEqual(['the store is away']);
  expect(toSdk).toEqual(['subscriptions/listen', 'notifications/cancelled']);
  expect(isOver()).toBe(true);
});

test('an answer to the wish to listen is its end: the servers are let go of', async () => {
  const { transport, asked, names, isOver } = await asking();
  asked.resolve(undefined);
  await setImmediate();
  expect(names()).toEqual([acknowledged]);
  expect(isOver()).toBe(false);
  await transport.send({ jsonrpc: '2.0', id: 'a', result: {} });
  await setImmediate();
  expect(isOver()).toBe(true);
});

test('a client that went away while servers were asked is sent nothing any more', async () => {
  const { client, asked, got, problems } = await asking();
  await client.close();
  asked.resolve(undefined);
  await setImmediate();
  expect(got).toEqual([]);
  expect(problems).toEqual([]);
});
