/** Which host, path and method a request may name: the address of every interface is nobody's name. */
import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { readGatewayFile } from '../../src/enforce/mcp/index.ts';
import { Doorway } from '../../src/enforce/mcp/http/doorway.ts';

function doorwayAt(listensAt: string): Doorway {
  const { config } = readGatewayFile(
    {
      format: 1,
      principal: { id: 'user:ada', org: 'acme' },
      agent: 'bot',
      servers: { files: { command: ['node', 'server.js'] } },
      http: { port: 1, host: listensAt, authentication: ['api-key'] },
    },
    {},
  );
  if (config.http === undefined) throw new Error('the file has `http`');
  return new Doorway(config.http, 1, undefined);
}

/** The status that a request is refused with; undefined where it is let in. */
function statusOf(
  listensAt: string,
  named: string,
  { method = 'POST', url = '/mcp', ...more } = {},
): number | undefined {
  const request = { headersDistinct: { host: [named], ...more }, url, method };
  return doorwayAt(listensAt).refusal(request as unknown as IncomingMessage)?.status;
}

test.each([
  ['0.0.0.0', '0.0.0.0:1'],
  ['[::]', '[::]:1'],
])('a page that reached %s by that address is not let in', (listensAt, named) => {
  expect(statusOf(listensAt, named)).toBe(403);
  expect(statusOf(listensAt, 'localhost:1')).toBeUndefined();
});

test('the name that the gateway listens at is let in', () => {
  expect(statusOf('desk.example.com', 'desk.example.com:1')).toBeUndefined();
  expect(statusOf('desk.example.com', '0.0.0.0:1')).toBe(403);
});

test('another path is not found, and another method is not allowed', () => {
  const status = (request: object) => statusOf('127.0.0.1', 'localhost:1', request);
  expect(['POST', 'GET', 'DELETE', 'OPTIONS'].map((method) => status({ method }))).toEqual(
    Array(4).fill(undefined),
  );
  for (const method of ['PUT', 'PATCH', 'HEAD', 'TRACE', 'post']) {
    expect(status({ method })).toBe(405);
  }
  for (const url of ['/', '/mcp/', '/MCP', '//mcp', '/mcp/../other']) {
    expect(status({ url })).toBe(404);
  }
  expect(status({ url: '/mcp?a=b' })).toBeUndefined();
});

test('a request that names several hosts or several pages is let in by none of them', () => {
  const status = (headers: object) => statusOf('127.0.0.1', 'localhost:1', headers);
  const origin = 'http://localhost:1';
  expect(status({ origin: [origin] })).toBeUndefined();
  expect(status({ origin: [origin, origin] })).toBe(403);
  expect(status({ host: ['localhost:1', 'localhost:1'] })).toBe(403);
});

test('an address that says who asks is no address of this gateway', () => {
  const status = (url: string) => statusOf('127.0.0.1', 'localhost:1', { url });
  expect(status('http://localhost:1/mcp')).toBeUndefined();
  expect(status('http://ada@localhost:1/mcp')).toBe(404);
  expect(status('http://:secret@localhost:1/mcp')).toBe(404);
});

test('a page is told that it may send the headers of the protocol, and no others', () => {
  const asked = 'Authorization, MCP-Session-Id, X-Forwarded-For, cookie, last-event-id';
  const request = { headers: { 'access-control-request-headers': asked } };
  const allowed = doorwayAt('127.0.0.1').preflightHeaders(request as unknown as IncomingMessage);
  expect(allowed['access-control-allow-headers']).toBe(
    'authorization, mcp-session-id, last-event-id',
  );
});
