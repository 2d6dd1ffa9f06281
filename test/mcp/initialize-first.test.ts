/** What a client sends before it has said who it is goes no further than the gateway's door. */
import { InMemoryTransport, type JSONRPCMessage } from '@modelcontextprotocol/client';
import { expect, test } from 'vitest';
import { initializeFirst } from '../../src/enforce/mcp/client/initialize-first.ts';

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

test('a ping passes before it, and everything after it', async () => {
  const { passed, answers } = await sent(ping, opening, told, list);
  expect(passed).toEqual([ping, opening, told, list]);
  expect(answers).toEqual([]);
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
