/** On which stream of a session of 2025-11-25 it is told what a server says while a call runs. */
import { expect, test } from 'vitest';
import { SessionTransport } from '../../src/enforce/mcp/http/session-transport.ts';
import { initialize } from './http-stage.ts';

function request(transport: SessionTransport, parsedBody: object): Promise<Response> {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-session-id': 'one',
  };
  const sent = new Request('http://localhost/mcp', { method: 'POST', headers });
  return transport.handleRequest(sent, { parsedBody });
}

test('what is said goes with the call that runs, but for a list that is another now', async () => {
  const transport = new SessionTransport({ sessionIdGenerator: () => 'one' });
  await transport.start();
  await request(transport, initialize);
  await transport.send({ jsonrpc: '2.0', id: initialize.id, result: {} });
  const answer = await request(transport, { jsonrpc: '2.0', id: 7, method: 'tools/call' });
  for (const method of ['notifications/message', 'notifications/tools/list_changed']) {
    await transport.send({ jsonrpc: '2.0', method });
  }
  await transport.send({ jsonrpc: '2.0', id: 7, result: {} });
  const said = await answer.text();
  expect(said).toContain('notifications/message');
  expect(said).not.toContain('list_changed');
  await transport.close();
});
