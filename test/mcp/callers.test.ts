/** Who sends a request over HTTP: by one bearer token, checked by what it can be a token of. */
import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { openControlPlane } from '../../src/engine/index.ts';
import { readGatewayFile } from '../../src/enforce/mcp/index.ts';
import { Callers, isRefused } from '../../src/enforce/mcp/http/callers.ts';
import { memoryFleet } from '../../src/storage/memory.ts';

test('a request with two tokens is refused, also where both are good', async () => {
  const plane = await openControlPlane({ storage: memoryFleet()() });
  const { config } = readGatewayFile(
    {
      format: 1,
      principal: { id: 'user:ada', org: 'acme' },
      agent: 'bot',
      servers: { files: { command: ['node', 'server.js'] } },
      http: { port: 1, authentication: ['api-key'] },
    },
    {},
  );
  const { http } = config;
  if (http === undefined) throw new Error('the file has `http`');
  const callers = new Callers(plane, { ...config, http }, () => {});
  const { key } = await plane.keys.issue({ principal: 'user:ada', org: 'acme', roles: ['agent'] });
  const identified = (...authorization: string[]) =>
    callers.identify(
      { headersDistinct: { authorization } } as unknown as IncomingMessage,
      undefined,
    );
  expect(isRefused(await identified(`Bearer ${key}`))).toBe(false);
  expect(await identified(`Bearer ${key}`, `Bearer ${key}`)).toMatchObject({ status: 401 });
  expect(await identified(`Bearer ${key}, Bearer ${key}`)).toMatchObject({ status: 401 });
  await plane.close();
});
