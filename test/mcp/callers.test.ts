/** Who sends a request over HTTP: by one bearer token, checked by what it can be a token of. */
import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { openControlPlane } from '../../src/engine/index.ts';
import { readGatewayFile } from '../../src/enforce/mcp/index.ts';
import type { Authenticated, Authenticator } from '../../src/identity/authenticator.ts';
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

/** Tokens that say what they establish: `{"id":"user:ada","roles":["agent"]}`, in base64url. */
const telling: Authenticator = {
  name: 'telling',
  authenticate: async (token) => ({
    org: 'acme',
    ...(JSON.parse(Buffer.from(token, 'base64url').toString()) as Omit<Authenticated, 'org'>),
  }),
};

async function toldCallers() {
  const plane = await openControlPlane({
    storage: memoryFleet()(),
    authenticators: [telling],
    agents: ['bot'],
  });
  const { config } = readGatewayFile(
    {
      format: 1,
      principal: { id: 'user:ada', org: 'acme' },
      agent: 'bot',
      servers: { files: { command: ['node', 'server.js'] } },
      http: { port: 1, authentication: ['telling'] },
    },
    {},
  );
  const { http } = config;
  if (http === undefined) throw new Error('the file has `http`');
  const callers = new Callers(plane, { ...config, http }, () => {});
  const identified = (told: object, scheme = 'Bearer') => {
    const token = Buffer.from(JSON.stringify(told)).toString('base64url');
    const headersDistinct = { authorization: [`${scheme} ${token}`] };
    return callers.identify({ headersDistinct } as unknown as IncomingMessage, undefined);
  };
  return { plane, callers, identified };
}

test('one who has other rights now is another caller, and one whose token lasts longer is not', async () => {
  const { plane, identified } = await toldCallers();
  const told = { id: 'user:ada', roles: ['agent'], teams: ['desk'], expiresAt: 4e12 };
  const identityOf = async (more: object): Promise<string> => {
    const caller = await identified({ ...told, ...more });
    if (isRefused(caller)) throw new Error(caller.message);
    return caller.identity;
  };
  const identity = await identityOf({});
  expect(await identityOf({ expiresAt: 5e12 })).toBe(identity);
  for (const more of [
    { roles: ['agent', 'approver'] },
    { teams: ['desk', 'other'] },
    { org: 'globex' },
    { id: 'user:bob' },
  ]) {
    expect(await identityOf(more)).not.toBe(identity);
  }
  await plane.close();
});

test('a token that establishes what nobody can be is refused, and is no fault', async () => {
  const { plane, identified } = await toldCallers();
  for (const odd of [
    { id: 'user ada', roles: ['agent'] },
    { id: 'user:ada', roles: ['nobody'] },
  ]) {
    expect(await identified(odd)).toMatchObject({ status: 401 });
  }
  await plane.close();
});

test('each connection that is to have a session of its own has another one', async () => {
  const { plane, callers, identified } = await toldCallers();
  const caller = await identified({ id: 'user:ada', roles: ['agent'] });
  if (isRefused(caller)) throw new Error(caller.message);
  const sessionOf = async (connection?: string): Promise<string> =>
    (await callers.acting(caller, connection)).control.id;
  const all = [await sessionOf(), await sessionOf('c-1'), await sessionOf('c-2')];
  expect(new Set(all).size).toBe(3);
  expect([await sessionOf(), await sessionOf('c-1'), await sessionOf('c-2')]).toEqual(all);
  await plane.close();
});
