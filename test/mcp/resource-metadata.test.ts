/** Tokens of an issuer that the configuration names, and how a client without one learns where it gets one. */
import {
  discoverOAuthProtectedResourceMetadata,
  extractWWWAuthenticateParams,
} from '@modelcontextprotocol/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readGatewayFile } from '../../src/enforce/mcp/index.ts';
import { KeyServer, signed, signingKey } from '../identity/issuer.ts';
import { type Era, HttpStage, initialize } from './http-stage.ts';
import { Liar } from './lying.ts';
import { textOf } from './stage.ts';

const key = signingKey('one');
const issuer = 'https://issuer.example/tenant';
let keys: KeyServer | undefined;
let http: HttpStage | undefined;

beforeEach(async () => {
  keys = await KeyServer.start(key);
});

afterEach(async () => {
  await http?.close();
  http = undefined;
  await keys?.stop();
});

function terms(more: object = {}): object {
  return {
    issuer,
    audience: 'https://gateway.example/mcp',
    algorithms: ['ES256'],
    keys: { jwksUri: `http://127.0.0.1:${keys?.port ?? 1}/` },
    claims: {
      kind: 'user',
      org: 'acme',
      roles: { claim: 'groups', map: { agents: 'agent' } },
    },
    ...more,
  };
}

async function stage(more: object = {}): Promise<HttpStage> {
  http = await HttpStage.open({
    http: { authentication: ['jwt:okta', 'api-key'], ...more },
    file: { authenticators: { okta: terms() } },
  });
  return http;
}

function token(claims: Readonly<Record<string, unknown>> = {}, by = key): string {
  const now = Math.floor(Date.now() / 1_000);
  return signed(by, {
    iss: issuer,
    aud: 'https://gateway.example/mcp',
    sub: 'carol',
    iat: now - 60,
    exp: now + 600,
    groups: ['agents'],
    ...claims,
  });
}

const eras: readonly Era[] = ['legacy', 'modern'];

test.each(eras)('a client of the %s era is whom its token is for', async (era) => {
  const on = await stage();
  const client = await on.client(era, token());
  const result = await client.callTool({ name: 'liar__echo', arguments: { a: 1 } });
  expect(textOf(result)).toContain('"a":1');
  const openers: unknown[] = [];
  for await (const event of on.stage.plane.events()) {
    if (event.type === 'session-opened') openers.push(event.by);
  }
  expect(openers).toMatchObject([{ id: 'user:carol', org: 'acme', via: 'jwt:okta' }]);
});

test.each([
  ['of another issuer', () => token({ iss: 'https://other.example' })],
  ['for somebody else', () => token({ aud: 'https://other.example/mcp' })],
  ['that has ended', () => token({ exp: 1_800_000 })],
  ['with no role here', () => token({ groups: ['others'] })],
  ['signed by somebody else', () => token({}, signingKey('one'))],
])('a token %s is refused, and nothing is opened', async (_, made) => {
  const on = await stage();
  const headers = { authorization: `Bearer ${made()}` };
  const answer = await on.send(initialize, { headers });
  expect(answer.status).toBe(401);
  const { resourceMetadataUrl, error } = extractWWWAuthenticateParams(answer);
  const well = new URL('/.well-known/oauth-protected-resource/mcp', on.endpoint.url);
  expect([resourceMetadataUrl?.href, error]).toEqual([well.href, 'invalid_token']);
  expect(await on.stage.eventsOf('session-opened')).toEqual([]);
});

test('the SDK finds the issuer from a refused request', async () => {
  const on = await stage();
  const answer = await on.send(initialize, { headers: { authorization: '' } });
  expect(answer.status).toBe(401);
  const { resourceMetadataUrl } = extractWWWAuthenticateParams(answer);
  const well = new URL('/.well-known/oauth-protected-resource/mcp', on.endpoint.url);
  expect(resourceMetadataUrl?.href).toBe(well.href);
  // RFC 6750: a request that brought no token is told of no error.
  expect(answer.headers.get('www-authenticate')).not.toContain('error=');
  const found = await discoverOAuthProtectedResourceMetadata(on.endpoint.url, {
    resourceMetadataUrl: resourceMetadataUrl as URL,
  });
  expect(found).toMatchObject({
    resource: on.endpoint.url.href,
    authorization_servers: [issuer],
    bearer_methods_supported: ['header'],
  });
  expect(await discoverOAuthProtectedResourceMetadata(on.endpoint.url)).toEqual(found);
  const atRoot = await fetch(new URL('/.well-known/oauth-protected-resource', on.endpoint.url));
  expect(await atRoot.json()).toEqual(found);
});

test('behind a proxy, the metadata has the address that clients know', async () => {
  const on = await stage({ resource: 'https://gateway.example/tools' });
  const answer = await on.send(initialize, { headers: { authorization: '' } });
  const { resourceMetadataUrl } = extractWWWAuthenticateParams(answer);
  const path = '/.well-known/oauth-protected-resource/tools';
  expect(resourceMetadataUrl?.href).toBe(`https://gateway.example${path}`);
  const found = (await (await fetch(new URL(path, on.endpoint.url))).json()) as object;
  expect(found).toMatchObject({ resource: 'https://gateway.example/tools' });
  // A proxy that leaves its own path out asks at the endpoint's.
  const here = new URL('/.well-known/oauth-protected-resource/mcp', on.endpoint.url);
  expect(await (await fetch(here)).json()).toEqual(found);
});

test('of an address without a path, the metadata is at the well-known path itself', async () => {
  const on = await stage({ resource: 'https://gateway.example' });
  const answer = await on.send(initialize, { headers: { authorization: '' } });
  const { resourceMetadataUrl } = extractWWWAuthenticateParams(answer);
  expect(resourceMetadataUrl?.href).toBe(
    'https://gateway.example/.well-known/oauth-protected-resource',
  );
});

test('the metadata names the issuers of the configuration, and needs no token', async () => {
  const other = 'https://issuer.example/other';
  http = await HttpStage.open({
    http: { authentication: ['jwt:okta', 'jwt:more'] },
    file: { authenticators: { okta: terms(), more: terms({ issuer: other }) } },
  });
  const url = new URL('/.well-known/oauth-protected-resource', http.endpoint.url);
  const answer = await fetch(url);
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'max-age=3600']);
  expect(await answer.json()).toMatchObject({ authorization_servers: [issuer, other] });
  expect(await http.stage.eventsOf('session-opened')).toEqual([]);
});

test('a token is asked of the issuer’s authenticator only, and a key of the key store only', async () => {
  const on = await stage();
  for (const bearer of ['acp_not-a-key', 'no-token']) {
    const headers = { authorization: `Bearer ${bearer}` };
    expect((await on.send(initialize, { headers })).status).toBe(401);
  }
  const refusals = on.stage.reports.filter((each) => each.includes('a bearer token was refused'));
  expect(refusals.map((each) => /by (\S+):/.exec(each)?.[1])).toEqual(['api-key', 'jwt:okta']);
});

test('where the issuer’s keys cannot be had, a token is not refused but asked for again', async () => {
  const on = await stage();
  await keys?.stop();
  const answer = await on.send(initialize, { headers: { authorization: `Bearer ${token()}` } });
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
  expect(await on.stage.eventsOf('session-opened')).toEqual([]);
});

test('the metadata is read, and nothing else: no other method, and no page of elsewhere', async () => {
  const on = await stage();
  const url = new URL('/.well-known/oauth-protected-resource', on.endpoint.url);
  expect((await fetch(url, { method: 'POST', body: '{}' })).status).toBe(405);
  const origin = 'https://evil.example';
  expect((await fetch(url, { headers: { origin } })).status).toBe(403);
  expect((await fetch(new URL('/.well-known/other', on.endpoint.url))).status).toBe(404);
});

test('without an issuer there is no metadata, and a challenge names none', async () => {
  http = await HttpStage.open();
  const url = new URL('/.well-known/oauth-protected-resource', http.endpoint.url);
  expect((await fetch(url)).status).toBe(404);
  const answer = await http.send(initialize, { headers: { authorization: '' } });
  expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="agent-control-plane"');
});

describe('the configuration', () => {
  const read = (more: object) => () => {
    const file = {
      format: 1,
      principal: { id: 'user:ada', org: 'acme' },
      agent: 'desk-bot',
      servers: { liar: new Liar().server() },
      authenticators: { okta: terms() },
      http: { port: 0, authentication: ['jwt:okta'] },
      ...more,
    };
    return readGatewayFile(JSON.parse(JSON.stringify(file)), {});
  };

  test('of an issuer is read', () => {
    const { config, authenticators } = read({})();
    expect(authenticators.map(({ name }) => name)).toEqual(['jwt:okta']);
    expect(config.http?.authorizationServers).toEqual([issuer]);
  });

  test.each<[string, object, RegExp]>([
    ['an authenticator that nobody uses', { http: { port: 0 } }, /does not name `jwt:okta`/],
    ['an authenticator without http', { http: undefined }, /are for clients over `http`/],
    ['an unknown option', { authenticators: { okta: terms({ secret: 'x' }) } }, /okta.*secret/],
    ['a clock', { authenticators: { okta: terms({ now: 5 }) } }, /okta\.now/],
    ['a name of its own', { authenticators: { okta: terms({ name: 'x' }) } }, /okta\.name/],
    [
      'a secret for all',
      { authenticators: { okta: terms({ algorithms: ['HS256'] }) } },
      /algorithms/,
    ],
    [
      'an issuer in plain text',
      { authenticators: { okta: terms({ issuer: 'http://i.example' }) } },
      /okta\.issuer/,
    ],
    [
      'an issuer that is no address',
      { authenticators: { okta: terms({ issuer: 'okta' }) } },
      /okta\.issuer/,
    ],
    ['a list', { authenticators: [terms()] }, /authenticators/],
    [
      'no address for others',
      { http: { port: 0, host: 'gateway.example', authentication: ['jwt:okta'] } },
      /http\.resource.*is missing/,
    ],
    [
      'an address in plain text',
      { http: { port: 0, authentication: ['jwt:okta'], resource: 'http://gateway.example' } },
      /http\.resource/,
    ],
    [
      'an address with a fragment',
      { http: { port: 0, authentication: ['jwt:okta'], resource: 'https://gateway.example/#a' } },
      /http\.resource/,
    ],
    [
      'an address and nobody who issues tokens for it',
      {
        authenticators: undefined,
        http: { port: 0, authentication: ['api-key'], resource: 'https://gateway.example' },
      },
      /http\.resource.*has no effect/,
    ],
  ])('with %s is refused', (_, more, message) => {
    expect(read(more)).toThrow(message);
  });
});
