/** Which host, path and method a request may name: the address of every interface is nobody's name. */
import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { readGatewayFile } from '../../src/enforce/mcp/index.ts';
import { Doorway } from '../../src/enforce/mcp/http/doorway.ts';

/** The status that a request is refused with; undefined where it is let in. */
function statusOf(
  listensAt: string,
  named: string,
  { method = 'POST', url = '/mcp' } = {},
): number | undefined {
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
  const request = { headersDistinct: { host: [named] }, url, method };
  const doorway = new Doorway(config.http, 1, undefined);
  return doorway.refusal(request as unknown as IncomingMessage)?.status;
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
