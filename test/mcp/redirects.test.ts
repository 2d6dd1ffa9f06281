/** A server over HTTP may send the gateway to another path of its own, and to nobody else. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { policyFor, Stage, textOf } from './stage.ts';

interface Seen {
  readonly path: string;
  readonly method: string;
  readonly key: unknown;
}

const servers: Server[] = [];
let stage: Stage | undefined;

afterEach(async () => {
  await stage?.close();
  stage = undefined;
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((closed) => void server.close(closed));
  }
});

/** A server at `/moved`; calls that come to `/` are sent on by what `redirect` says. */
async function listening(redirect?: { readonly status: number; readonly to: string }) {
  const seen: Seen[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method !== 'POST') return void response.writeHead(405).end();
    const { id, method } = JSON.parse(await text(request)) as { id?: unknown; method: string };
    const { url: path = '', headers } = request;
    seen.push({ path, method, key: headers['x-key'] });
    if (method === 'tools/call' && path === '/' && redirect !== undefined) {
      return void response.writeHead(redirect.status, { location: redirect.to }).end('secret');
    }
    if (id === undefined) return void response.writeHead(202).end();
    const results: Readonly<Record<string, object>> = {
      initialize: {
        protocolVersion: '2025-06-18',
        capabilities: { tools: {} },
        serverInfo: { name: 'moved', version: '1' },
      },
      'tools/list': { tools: [{ name: 'echo', inputSchema: { type: 'object' } }] },
      'tools/call': { content: [{ type: 'text', text: 'done' }] },
    };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result: results[method] ?? {} }));
  };
  const server = createServer((request, response) => void answer(request, response));
  servers.push(server);
  await new Promise<void>((ready) => void server.listen(0, '127.0.0.1', ready));
  return { seen, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

async function called(url: string): Promise<string> {
  const web = { url, protocol: 'legacy', headers: { 'x-key': 'for the server' } };
  stage = await Stage.open({ servers: { web }, policy: policyFor(['web.echo']) });
  const client = await stage.client();
  return textOf(await client.callTool({ name: 'web__echo', arguments: {} }));
}

test.each([307, 308])('a server is followed to another path of its own (%i)', async (status) => {
  const { seen, url } = await listening({ status, to: '/moved' });
  expect(await called(url)).toBe('done');
  const calls = seen.filter(({ method }) => method === 'tools/call');
  expect(calls.map(({ path }) => path)).toEqual(['/', '/moved']);
});

test.each([301, 302, 303, 307, 308])(
  'nobody else gets its call or headers (%i)',
  async (status) => {
    const other = await listening();
    const { url } = await listening({ status, to: `${other.url}moved` });
    const said = await called(url);
    expect(said).toContain('Code: upstream-no-answer');
    expect(said).not.toContain('secret');
    expect(other.seen).toEqual([]);
  },
);

test.each<[string, { readonly status: number; readonly to: string }]>([
  ['round in circles', { status: 307, to: '/' }],
  ['to no address', { status: 307, to: 'http://[' }],
  ['to what another request would be made of', { status: 302, to: '/moved' }],
])('a server that sends on %s gave no answer', async (_, redirect) => {
  const { seen, url } = await listening(redirect);
  expect(await called(url)).toContain('Code: upstream-no-answer');
  expect(seen.filter(({ path }) => path === '/moved')).toEqual([]);
});
