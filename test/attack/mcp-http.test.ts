/** Attacks on the gateway over HTTP: A113, A114, A116, A117, A119, and other people's sessions and tokens. */
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readGatewayFile } from '../../src/enforce/mcp/index.ts';
import { HttpStage, initialize, modernCall } from '../mcp/http-stage.ts';
import { Liar } from '../mcp/lying.ts';

let http: HttpStage;

beforeAll(async () => {
  http = await HttpStage.open({
    extraTools: ['route'],
    http: { requestBytesMax: 100_000, allowedOrigins: ['https://desk.example.com'] },
  });
});

afterAll(() => http.close());

const version = { 'mcp-protocol-version': '2025-11-25' };

/** How many calls were decided, and how many reached the server, since before. */
async function effectOf(action: () => Promise<unknown>): Promise<readonly [number, number]> {
  const decisions = async () => (await http.stage.eventsOf('action-decided')).length;
  const before = [await decisions(), http.liar.calls.length] as const;
  await action();
  return [(await decisions()) - before[0], http.liar.calls.length - before[1]];
}

async function errorOf(
  answer: Response,
): Promise<{ readonly code: number; readonly message: string }> {
  return ((await answer.json()) as { error: { code: number; message: string } }).error;
}

function legacyCall(name = 'liar__echo', more: object = {}): object {
  return { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name, arguments: {} }, ...more };
}

describe('A113: a header that differs from the body is refused, and nothing is decided', () => {
  test.each([
    ['MCP-Protocol-Version', { 'mcp-protocol-version': '2025-11-25' }],
    ['Mcp-Method', { 'mcp-method': 'tools/list' }],
    ['Mcp-Name', { 'mcp-name': 'liar__die' }],
    ['Mcp-Name twice', { 'mcp-name': 'liar__echo, liar__die' }],
  ])('%s', async (_, wrong) => {
    const { body, headers } = modernCall('liar__echo');
    const effect = await effectOf(async () => {
      const answer = await http.send(body, { headers: { ...headers, ...wrong } });
      expect(answer.status).toBe(400);
      expect((await errorOf(answer)).code).toBe(-32_020);
    });
    expect(effect).toEqual([0, 0]);
  });

  test('a missing Mcp-Name', async () => {
    const { body, headers } = modernCall('liar__echo');
    const { 'mcp-name': _, ...rest } = headers;
    expect((await http.send(body, { headers: rest })).status).toBe(400);
  });

  test('Mcp-Param-*, of a tool whose schema asks for it', async () => {
    const { body, headers } = modernCall('liar__route', { region: 'eu' });
    const wrong = { ...headers, 'mcp-param-region': 'us' };
    const effect = await effectOf(async () => {
      const answer = await http.send(body, { headers: wrong });
      expect(answer.status).toBe(400);
      expect((await errorOf(answer)).code).toBe(-32_020);
    });
    expect(effect).toEqual([0, 0]);
    const right = await http.send(body, { headers: { ...headers, 'mcp-param-region': 'eu' } });
    expect(await right.text()).toContain('eu');
  });

  test('headers of a client of 2025 decide nothing: what is decided is in the body', async () => {
    const headers = {
      ...version,
      'mcp-session-id': await http.session(),
      'mcp-name': 'liar__fail',
    };
    const answer = await http.send(legacyCall(), { headers });
    expect(await answer.text()).toContain('given');
    const decided = await http.stage.eventsOf('action-decided');
    expect(decided.at(-1)).toMatchObject({ tool: 'liar__echo' });
  });
});

describe('A114: a page of another origin, or a name that was made to lead here, is refused', () => {
  const { body, headers } = modernCall('liar__echo');

  test.each(['http://evil.example', 'null', 'http://localhost:1', 'https://desk.example.com.evil'])(
    'Origin: %s',
    async (origin) => {
      const effect = await effectOf(async () => {
        const answer = await http.send(body, { headers: { ...headers, origin } });
        expect(answer.status).toBe(403);
        expect(answer.headers.get('access-control-allow-origin')).toBeNull();
      });
      expect(effect).toEqual([0, 0]);
    },
  );

  test('Host: one that only resolves here', async () => {
    for (const host of [
      'evil.example',
      `evil.example:${http.endpoint.url.port}`,
      '127.0.0.1.evil.example',
      'evil.example@localhost',
      'localhost/evil.example',
      'localhost#evil.example',
      'localhost:99999',
    ]) {
      expect(await statusWithHost(host)).toBe(403);
    }
    for (const host of ['localhost', 'LOCALHOST:80', '[::1]:8931', '127.0.0.1']) {
      expect(await statusWithHost(host)).toBe(401);
    }
  });

  test('an address that says who asks is nobody’s: that is said by a token', async () => {
    const { port, pathname } = http.endpoint.url;
    const before = http.stage.reports.length;
    const path = `http://ada:secret@localhost:${port}${pathname}`;
    expect(await statusWithHost('localhost', path)).toBe(404);
    expect(http.stage.reports).toHaveLength(before);
  });

  test('a page that the configuration names may call, and read the answer', async () => {
    const origin = 'https://desk.example.com';
    const answer = await http.send(body, { headers: { ...headers, origin } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
    const asked = { origin, 'access-control-request-headers': 'authorization, x-other' };
    const preflight = await http.send('', { method: 'OPTIONS', headers: asked });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization');
  });

  test('the default is loopback, and elsewhere nobody is let in without a token', () => {
    const file = (terms: object) => ({
      format: 1,
      principal: { id: 'user:ada', org: 'acme' },
      agent: 'desk-bot',
      servers: { liar: new Liar().server() },
      http: { port: 1, ...terms },
    });
    expect(readGatewayFile(file({}), {}).config.http?.host).toBe('127.0.0.1');
    for (const host of ['0.0.0.0', '[::]', 'desk.example.com']) {
      expect(() => readGatewayFile(file({ host }), {})).toThrow(/`http\.host`.*is not loopback/);
      const config = { host, authentication: ['api-key'] };
      expect(readGatewayFile(file(config), {}).config.http?.host).toBe(host);
    }
    expect(() => readGatewayFile(file({ secure: true }), {})).toThrow(/`http\.secure`/);
  });
});

describe('A115, A122: whoever does not say who they are is nobody', () => {
  const { body, headers } = modernCall('liar__echo');

  test.each([
    ['another scheme', 'Basic YWRhOmFkYQ=='],
    ['no token', 'Bearer '],
    ['a token of nobody', `Bearer acp_x_${'0'.repeat(64)}`],
    ['a token with a space', 'Bearer a b'],
  ])('%s', async (_, authorization) => {
    const effect = await effectOf(async () => {
      const answer = await http.send(body, { headers: { ...headers, authorization } });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm=/);
    });
    expect(effect).toEqual([0, 0]);
  });

  test('a token in the address, and two tokens', async () => {
    const bare = new URL(`${http.endpoint.url.href}?access_token=${http.keys.ada}`);
    const init = { method: 'POST', body: JSON.stringify(body) };
    const inAddress = await fetch(bare, {
      ...init,
      headers: { ...headers, 'content-type': 'application/json' },
    });
    expect(inAddress.status).toBe(401);
    const two = `Bearer ${http.keys.ada}, Bearer ${http.keys.bob}`;
    const both = await http.send(body, { headers: { ...headers, authorization: two } });
    expect(both.status).toBe(401);
  });

  test('somebody else’s session is as unknown as one that nobody has', async () => {
    const id = await http.session();
    const theirs = { ...version, 'mcp-session-id': id, authorization: `Bearer ${http.keys.bob}` };
    const effect = await effectOf(async () => {
      for (const method of ['POST', 'GET', 'DELETE']) {
        const answer = await http.send(legacyCall(), { method, headers: theirs });
        expect(answer.status).toBe(404);
      }
    });
    expect(effect).toEqual([0, 0]);
    const mine = await http.send(legacyCall(), { headers: { ...version, 'mcp-session-id': id } });
    expect(await mine.text()).toContain('given');
  });
});

describe('A116: what is no message of the protocol is refused, and one request is one decision', () => {
  test.each([
    ['a batch', [legacyCall(), legacyCall('liar__echo', { id: 8 })], -32_600],
    ['an empty batch', [], -32_600],
    ['no JSON', '{"jsonrpc":', -32_700],
    ['an id that is null', legacyCall('liar__echo', { id: null }), -32_600],
    ['an id that is a fraction', legacyCall('liar__echo', { id: 1.5 }), -32_600],
    ['an id that is huge', legacyCall('liar__echo', { id: 'x'.repeat(10_000) }), -32_600],
    ['an id that is no safe number', '{"jsonrpc":"2.0","id":1e300,"method":"tools/call"}', -32_600],
    ['an id that is an object', legacyCall('liar__echo', { id: {} }), -32_600],
    ['another jsonrpc', legacyCall('liar__echo', { jsonrpc: '1.0' }), -32_600],
    ['a call without an id', { jsonrpc: '2.0', method: 'tools/call', params: {} }, -32_600],
    [
      'a notification with an id',
      { jsonrpc: '2.0', id: 1, method: 'notifications/cancelled' },
      -32_600,
    ],
    ['a text', '"tools/call"', -32_600],
  ])('%s', async (_, body, code) => {
    const headers = { ...version, 'mcp-session-id': await http.session() };
    const effect = await effectOf(async () => {
      const answer = await http.send(body, { headers });
      expect(answer.status).toBe(400);
      expect((await errorOf(answer)).code).toBe(code);
    });
    expect(effect).toEqual([0, 0]);
  });

  test('a method with a space behind it is another method', async () => {
    const headers = { ...version, 'mcp-session-id': await http.session() };
    const effect = await effectOf(async () => {
      const answer = await http.send(legacyCall('liar__echo', { method: 'tools/call ' }), {
        headers,
      });
      expect(await answer.text()).toContain('-32601');
    });
    expect(effect).toEqual([0, 0]);
  });

  test('an id that is running is not used again', async () => {
    const headers = { ...version, 'mcp-session-id': await http.session() };
    const leave = new AbortController();
    const call = legacyCall('liar__never');
    const before = http.liar.callsOf('never').length;
    const first = http
      .send(call, { headers, signal: leave.signal })
      .then((answer) => answer.text());
    first.catch(() => {});
    await expect.poll(() => http.liar.callsOf('never').length).toBe(before + 1);
    const effect = await effectOf(async () => {
      expect((await http.send(call, { headers })).status).toBe(400);
    });
    expect(effect).toEqual([0, 0]);
    leave.abort();
  });

  test('a body that is too large is not read', async () => {
    const { body, headers } = modernCall('liar__echo', { text: 'x'.repeat(200_000) });
    expect((await http.send(body, { headers })).status).toBe(413);
  });

  test('a body that does not say how large it is, is read no further than it may be', async () => {
    const { headers } = modernCall('liar__echo');
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(Buffer.alloc(50_000, ' ')),
    });
    const answer = await fetch(http.endpoint.url, {
      method: 'POST',
      body,
      duplex: 'half',
      headers: {
        ...headers,
        'content-type': 'application/json',
        authorization: `Bearer ${http.keys.ada}`,
      },
    });
    expect(answer.status).toBe(413);
  });

  test('a form is no message', async () => {
    const { body, headers } = modernCall('liar__echo');
    const form = { ...headers, 'content-type': 'text/plain' };
    expect((await http.send(body, { headers: form })).status).toBe(415);
  });
});

describe('A117: a call outside the protocol’s order is not forwarded', () => {
  test.each([
    ['of 2026-07-28 without `_meta`', { 'mcp-protocol-version': '2026-07-28' }, 400],
    ['before `initialize`', version, 400],
    ['in a session that nobody opened', { ...version, 'mcp-session-id': 'f'.repeat(64) }, 404],
  ])('%s', async (_, headers, status) => {
    const effect = await effectOf(async () => {
      expect((await http.send(legacyCall(), { headers })).status).toBe(status);
    });
    expect(effect).toEqual([0, 0]);
  });

  test('with a version that nobody knows', async () => {
    const key = 'io.modelcontextprotocol/protocolVersion';
    const { body, headers } = modernCall('liar__echo', {}, { [key]: '2099-01-01' });
    const effect = await effectOf(async () => {
      const unknown = { ...headers, 'mcp-protocol-version': '2099-01-01' };
      expect((await http.send(body, { headers: unknown })).status).toBe(400);
      const session = { 'mcp-session-id': await http.session() };
      const old = await http.send(legacyCall(), {
        headers: { ...session, 'mcp-protocol-version': '1999-01-01' },
      });
      expect(old.status).toBe(400);
    });
    expect(effect).toEqual([0, 0]);
  });

  test('a second `initialize` in a session', async () => {
    const headers = { 'mcp-session-id': await http.session() };
    expect((await http.send(initialize, { headers })).status).toBe(400);
  });
});

describe('A119: a client that goes away in the middle of a call', () => {
  const keyed = (key: string) => ({ 'agent-control-plane/idempotency-key': key });

  test('of 2026-07-28 has cancelled it: recorded as unknown, and the same key runs nothing', async () => {
    const { body, headers } = modernCall('liar__never', {}, keyed('one'));
    const before = http.liar.callsOf('never').length;
    const leave = new AbortController();
    http.send(body, { headers, signal: leave.signal }).catch(() => {});
    await expect.poll(() => http.liar.callsOf('never').length).toBe(before + 1);
    leave.abort();
    await expect
      .poll(async () => (await http.stage.eventsOf('permit-settled')).at(-1))
      .toMatchObject({ outcome: 'unknown' });
    const again = await http.send(body, { headers });
    expect(await again.text()).toContain('isError');
    expect(http.liar.callsOf('never')).toHaveLength(before + 1);
  });

  test('of 2025 has not: it goes on, and the same key gets its answer', async () => {
    const headers = { ...version, 'mcp-session-id': await http.session() };
    const call = legacyCall('liar__echo', {
      params: { name: 'liar__echo', arguments: { n: 1 }, _meta: keyed('two') },
    });
    const before = http.liar.callsOf('echo').length;
    const leave = new AbortController();
    const left = http.send(call, { headers, signal: leave.signal }).catch(() => {});
    await expect.poll(() => http.liar.callsOf('echo').length).toBe(before + 1);
    leave.abort();
    await left;
    const again = await http.send({ ...call, id: 99 }, { headers });
    expect(await again.text()).toContain(String.raw`{\"n\":1}`);
    expect(http.liar.callsOf('echo')).toHaveLength(before + 1);
  });
});

/** `fetch` writes `Host` itself. */
function statusWithHost(host: string, path = http.endpoint.url.pathname): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const { port } = http.endpoint.url;
  const sent = httpRequest({
    host: '127.0.0.1',
    port,
    path,
    method: 'POST',
    headers: { host },
  });
  sent.on('response', ({ statusCode = 0 }) => resolve(statusCode));
  sent.on('error', reject);
  sent.end('{}');
  return promise;
}
