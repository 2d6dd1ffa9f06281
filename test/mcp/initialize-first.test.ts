/** What a client sends before it has said who it is goes no further than the gateway's door. */
import { InMemoryTransport, type JSONRPCMessage } from '@modelcontextprotocol/client';
import { expect, test } from 'vitest';
import { initializeFirst } from '../../src/enforce/mcp/client/initialize-first.ts';
import { lyingStage } from './lying.ts';

/** What reached the gateway, and what the client was answered, after these were sent. */
async function sent(...messages: readonly JSONRPCMessage[]) {
  const [client, server] = InMemoryTransport.createLinkedPair();
  const passed: unknown[] = [];
  const answers: unknown[] = [];
  const door = initializeFirst(server);
  door.onmessage = (message) => passed.push(message);
  client.onmessage = (message) => answers.push(message);
  await Promise.all([door.start(), client.start()]);
  for (const message of messages) await client.send(message);
  await client.close();
  return { passed, answers };
}

const list: JSONRPCMessage = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
const ping: JSONRPCMessage = { jsonrpc: '2.0', id: 2, method: 'ping' };
const told: JSONRPCMessage = { jsonrpc: '2.0', method: 'notifications/initialized' };
const opening: JSONRPCMessage = { jsonrpc: '2.0', id: 3, method: 'initialize', params: {} };

test('a request before `initialize` is answered with an error, and does not pass', async () => {
  const { passed, answers } = await sent(list, told);
  expect(passed).toEqual([]);
  const error = { code: -32_600, message: 'initialize comes first' };
  expect(answers).toEqual([{ jsonrpc: '2.0', id: 1, error }]);
});

test('a ping before it is answered and opens nothing, and everything passes after it', async () => {
  const { passed, answers } = await sent(ping, opening, told, list, { ...ping, id: 5 });
  expect(passed).toEqual([opening, told, list, { ...ping, id: 5 }]);
  expect(answers).toEqual([{ jsonrpc: '2.0', id: 2, result: {} }]);
});

test('a client that pings before it says who it is can be asked what it says then', async () => {
  const { stage } = await lyingStage({ server: { roots: true }, extraTools: ['ask'] });
  const [near, far] = InMemoryTransport.createLinkedPair();
  const served = await stage.gateway.connect(far);
  const got: JSONRPCMessage[] = [];
  const asked: JSONRPCMessage[] = [];
  near.onmessage = (message) => {
    got.push(message);
    if (!('method' in message && 'id' in message)) return;
    asked.push(message);
    void near.send({ jsonrpc: '2.0', id: message.id, result: { roots: [] } });
  };
  await near.start();
  const answered = async (id: unknown): Promise<void> => {
    const answer = () => got.find((each) => !('method' in each) && each.id === id);
    await expect.poll(answer).toHaveProperty('result');
  };
  await near.send(ping);
  await answered(2);
  const clientInfo = { name: 'by hand', version: '1' };
  const params = { protocolVersion: '2025-11-25', capabilities: { roots: {} }, clientInfo };
  await near.send({ jsonrpc: '2.0', id: 3, method: 'initialize', params });
  await answered(3);
  await near.send(told);
  const call = { name: 'liar__ask', arguments: {} };
  await near.send({ jsonrpc: '2.0', id: 4, method: 'tools/call', params: call });
  await answered(4);
  expect(asked).toMatchObject([{ method: 'roots/list' }]);
  await near.close();
  await served.closed;
  await stage.close();
});

test('a client that only looked in the later era has not opened anything', async () => {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const look: JSONRPCMessage = {
    jsonrpc: '2.0',
    id: 4,
    method: 'server/discover',
    params: { _meta: meta },
  };
  const { passed } = await sent(look, told);
  expect(passed).toEqual([look]);
  const later = await sent({ ...look, method: 'tools/list' }, told);
  expect(later.passed).toHaveLength(2);
});

test('`initialize` that wants no answer opens nothing', async () => {
  const unasked: JSONRPCMessage = { jsonrpc: '2.0', method: 'initialize', params: {} };
  const { passed, answers } = await sent(unasked, list);
  expect(passed).toEqual([]);
  expect(answers).toHaveLength(1);
});
