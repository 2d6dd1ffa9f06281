/** Which host a request may name: where the gateway listens on every address, that address is nobody's name. */
import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { readGatewayFile } from '../../src/enforce/mcp/index.ts';
import { Doorway } from '../../src/enforce/mcp/http/doorway.ts';

/** The status that a request is refused with; undefined where it is let in. */
function statusOf(listensAt: string, named: string): number | undefined {
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
  const request = { headersDistinct: { host: [named] }, url: '/mcp', method: 'POST' };
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
