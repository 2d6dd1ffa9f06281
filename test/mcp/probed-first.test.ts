/** A client may look at what there is in the later era, and still be one of 2025: then it is served as one. */
import { InMemoryTransport, type JSONRPCMessage } from '@modelcontextprotocol/client';
import { expect, onTestFinished, test } from 'vitest';
import { program } from '../programs.ts';
import { policyFor, Stage } from './stage.ts';

const logging = { command: [process.execPath, program('log-server')], protocol: 'legacy' };
const ofItself = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'by hand', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

test('a client of 2025 that looked first hears what servers log', async () => {
  const stage = await Stage.open({ servers: { a: logging }, policy: policyFor(['a.work']) });
  const [near, far] = InMemoryTransport.createLinkedPair();
  const served = await stage.gateway.connect(far);
  onTestFinished(async () => {
    await near.close();
    await served.closed;
    await stage.close();
  });
  const got: JSONRPCMessage[] = [];
  near.onmessage = (message) => void got.push(message);
  await near.start();
  const ask = async (method: string, params: Record<string, unknown>): Promise<void> => {
    await near.send({ jsonrpc: '2.0', id: method, method, params });
    const answer = () => got.find((each) => 'id' in each && each.id === method);
    await expect.poll(answer).toHaveProperty('result');
  };
  await ask('server/discover', { _meta: ofItself });
  const clientInfo = { name: 'by hand', version: '1' };
  await ask('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
  await near.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
  await ask('tools/call', { name: 'a__work', arguments: {} });
  const heard = () =>
    got.filter((each) => 'method' in each && each.method === 'notifications/message');
  // What its server says in a call comes before the answer.
  expect(heard()).toHaveLength(3);
});
