/** A server over HTTP is read within the bounds that a process is: beyond them there is no more talk with it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { CallToolResult } from '@modelcontextprotocol/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { passingLimits } from '../../src/enforce/mcp/config/config.ts';
import { policyFor, Stage, textOf } from './stage.ts';

const names = ['json', 'event', 'events'];
const messageBytesMax = 100_000;
const chunk = 'x'.repeat(50_000);
const greeting = {
  protocolVersion: '2025-06-18',
  capabilities: { tools: {} },
  serverInfo: { name: 'flooding', version: '1' },
};

let server: Server;
let stage: Stage;
/** Bytes that were taken of what has no end. */
let taken: number;
/** Whether it has a stream of its own, which ends at once and is to be asked for again at once. */
let isEnding: boolean;
/** How often it was asked for that. */
let asked: number;

beforeEach(async () => {
  taken = 0;
  asked = 0;
  isEnding = false;
  server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/`;
  stage = await Stage.open({
    servers: { web: { url, protocol: 'legacy', messageBytesMax, callTimeoutMs: 20_000 } },
    policy: policyFor(names.map((name) => `web.${name}`)),
  });
});

afterEach(async () => {
  await stage.close();
  server.closeAllConnections();
  await new Promise((closed) => void server.close(closed));
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'GET' && isEnding) {
    asked += 1;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    return void response.end(`id: ${asked}\nretry: 0\ndata: \n\n`);
  }
  if (request.method !== 'POST') return void response.writeHead(405).end();
  const { id, method, params } = JSON.parse(await text(request)) as {
    readonly id?: unknown;
    readonly method: string;
    readonly params?: { readonly name?: string };
  };
  if (id === undefined) return void response.writeHead(202).end();
  const type = (of: string) => response.writeHead(200, { 'content-type': of });
  const json = (result: object): string => JSON.stringify({ jsonrpc: '2.0', id, result });
  if (method === 'initialize') return void type('application/json').end(json(greeting));
  if (method === 'tools/list') {
    const tools = names.map((name) => ({ name, inputSchema: { type: 'object' } }));
    return void type('application/json').end(json({ tools }));
  }
  if (params?.name === 'json') return flood(type('application/json'), '{"x":"');
  if (params?.name === 'event') return flood(type('text/event-stream'), 'data: ');
  type('text/event-stream');
  const log = { method: 'notifications/message', params: { level: 'info', data: chunk } };
  const event = `data: ${JSON.stringify({ jsonrpc: '2.0', ...log })}\r\n\r\n`;
  response.end(
    `${event.repeat(5)}data: ${json({ content: [{ type: 'text', text: 'done' }] })}\n\n`,
  );
}

function flood(response: ServerResponse, begun: string): void {
  response.write(begun);
  const go = (): void => {
    // Enough to be told from what a socket holds, and an end where nobody stops it.
    while (taken < 60_000_000) {
      taken += chunk.length;
      if (!response.write(chunk)) return void response.once('drain', go);
    }
    response.end();
  };
  go();
}

async function called(name: string): Promise<CallToolResult> {
  const client = await stage.client();
  return client.callTool({ name: `web__${name}`, arguments: {} });
}

test.each(['json', 'event'])('of an answer without an end no more is read (%s)', async (name) => {
  const result = await called(name);
  expect(textOf(result)).toContain('Code: upstream-no-answer');
  expect(taken).toBeLessThan(30_000_000);
  expect(stage.reports.join('\n')).toContain(`a message of it is longer than ${messageBytesMax}`);
  expect(await stage.eventsOf('permit-settled')).toMatchObject([{ outcome: 'unknown' }]);
});

test('a stream of many messages is as long as it likes', async () => {
  expect(textOf(await called('events'))).toBe('done');
});

test('a stream that ends is not asked for again as fast as its server says', async () => {
  isEnding = true;
  const begun = performance.now();
  await stage.client();
  await expect.poll(() => asked, { timeout: 20_000 }).toBeGreaterThan(2);
  // Whatever the load of the machine: a timer is not early, but for what it rounds.
  expect(performance.now() - begun).toBeGreaterThan(2 * (passingLimits.reconnectMsMin - 5));
});
