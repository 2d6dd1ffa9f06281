/**
 * What a client over HTTP has ends with the credential that it came with, in both eras: its streams, its
 * servers, its place among the clients, and what runs for it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openControlPlane } from '../../src/engine/index.ts';
import { FakeClock } from '../../src/testing/fake-clock.ts';
import { counting, seenAs } from './counting.ts';
import { bearer, datedTokens } from './dated-tokens.ts';
import { type Era, HttpStage, type HttpStageOptions, initialize } from './http-stage.ts';
import { program } from '../programs.ts';
import { policyFor, temporaryFolder } from './stage.ts';

let http: HttpStage | undefined;
let counted: ReturnType<typeof counting> | undefined;
let journal = '';

beforeEach(() => {
  journal = join(temporaryFolder(), 'asked.txt');
});

afterEach(async () => {
  await http?.close();
  http = undefined;
});

const minute = 60_000;

async function open(more: HttpStageOptions = {}): Promise<HttpStage> {
  const server = program('resource-server');
  http = await HttpStage.open({
    servers: { notes: { command: [process.execPath, server, journal], protocol: 'legacy' } },
    policy: policyFor(['notes.touch', 'notes.never']),
    authenticators: [datedTokens()],
    http: { authentication: ['api-key', 'dated'] },
    ...more,
  });
  return http;
}

const noted = (): readonly string[] =>
  existsSync(journal) ? readFileSync(journal, 'utf8').trim().split('\n') : [];

function modern(method: string, params: object = {}, name?: string) {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'by hand', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  return {
    body: { jsonrpc: '2.0', id: 7, method, params: { ...params, _meta } },
    headers: {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(name === undefined ? {} : { 'mcp-name': name }),
    },
  };
}

/** A client that listens, in one era: its stream, and whatever else it asks. */
interface Listening {
  /** All that the stream said, once it has ended. */
  readonly ended: Promise<string>;
  /** So far. */
  readonly said: () => string;
  readonly ask: (method: string, params?: object, token?: string) => Promise<Response>;
}

async function listens(on: HttpStage, era: Era, token: string): Promise<Listening> {
  const session = era === 'legacy' ? await on.session(bearer(token)) : '';
  const ask: Listening['ask'] = (method, params = {}, given = token) => {
    if (era === 'legacy') {
      const headers = { 'mcp-session-id': session, ...bearer(given) };
      return on.send({ jsonrpc: '2.0', id: 7, method, params }, { headers });
    }
    const { name } = params as { readonly name?: string };
    const { body, headers } = modern(method, params, name);
    return on.send(body, { headers: { ...headers, ...bearer(given) } });
  };
  const accept = { accept: 'text/event-stream', 'mcp-session-id': session, ...bearer(token) };
  const notifications = { toolsListChanged: true, resourceSubscriptions: ['note://one'] };
  const stream =
    era === 'legacy'
      ? await on.send('', { method: 'GET', headers: accept })
      : await ask('subscriptions/listen', { notifications });
  expect(stream.status).toBe(200);
  let text = '';
  const ended = (async () => {
    for await (const chunk of stream.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString();
    }
    return text;
  })();
  return { ended, said: () => text, ask };
}

const adasKey = ({ stage }: HttpStage): string =>
  stage.plane.keys.list('acme').find(({ principal }) => principal === 'user:ada')?.id ?? '';

const comes = async (on: HttpStage, token: string): Promise<number> => {
  const { body, headers } = modern('tools/list');
  const answer = await on.send(body, { headers: { ...headers, ...bearer(token) } });
  await answer.text();
  return answer.status;
};

let agents = 0;

/** What it is told, it hears: its stream is open. */
async function hears(on: HttpStage, clock: FakeClock, listening: Listening): Promise<void> {
  const { said, ended } = listening;
  const count = (): number => said().split('list_changed').length;
  const before = count();
  agents += 1;
  await on.stage.plane.registerAgent({ name: `other-${agents}`, org: 'acme' });
  clock.advance(200);
  const over = ended.then(() => 'its stream has ended');
  const heard = () => Promise.race([over, setImmediate(count() > before ? 'told' : 'waits')]);
  await expect.poll(heard).not.toBe('waits');
  expect(await heard()).toBe('told');
}

/** A server that never answers. */
function silent(): Readonly<Record<string, object>> {
  const code = `require('node:fs').writeFileSync(${JSON.stringify(`${journal}.started`)}, '');
    setInterval(() => {}, 1_000);`;
  return { silent: { command: [process.execPath, '-e', code], protocol: 'legacy' } };
}

const started = (): boolean => existsSync(`${journal}.started`);

/** The first request of a client. */
function first(on: HttpStage, era: Era, token: string): Promise<Response> {
  // Before the SDK hears of it, servers are asked for what is listened to.
  const notifications = { resourceSubscriptions: ['note://one'] };
  const { body, headers } = modern('subscriptions/listen', { notifications });
  if (era === 'legacy') return on.send(initialize, { headers: bearer(token) });
  return on.send(body, { headers: { ...headers, ...bearer(token) } });
}

describe.each<Era>(['legacy', 'modern'])('a client of the %s era', { timeout: 60_000 }, (era) => {
  test('hears nothing more once its key is revoked: its stream ends, and its servers and place go', async () => {
    const on = await open({ limits: { clientsMax: 1 } });
    const { ended, ask } = await listens(on, era, on.keys.ada);
    expect(await comes(on, on.keys.bob)).toBe(503);
    await on.stage.plane.keys.revoke({ key: adasKey(on) });
    await ended;
    await expect.poll(noted).toContain('gone');
    expect((await ask('tools/list')).status).toBe(401);
    expect(await comes(on, on.keys.bob)).toBe(200);
  });

  test('is let go of as well where another process revoked its key', async () => {
    const on = await open();
    const { ended } = await listens(on, era, on.keys.ada);
    const other = await openControlPlane({ storage: on.stage.fleet() });
    await other.keys.revoke({ key: adasKey(on) });
    await other.close();
    await on.stage.plane.sync();
    await ended;
    await expect.poll(noted).toContain('gone');
  });

  test('is let go of when its key expires, and not before', async () => {
    const clock = new FakeClock();
    const on = await open({ clock, limits: { clientsMax: 1 } });
    const expiresAt = new Date(clock.now() + minute);
    const order = { principal: 'user:eve', org: 'acme', roles: ['agent'], expiresAt };
    const { key } = await on.stage.plane.keys.issue(order);
    const listening = await listens(on, era, key);
    clock.advance(minute - 201);
    await hears(on, clock, listening);
    clock.advance(1);
    await listening.ended;
    await expect.poll(noted).toContain('gone');
    expect(await comes(on, on.keys.bob)).toBe(200);
  });

  test('goes on with a token that comes after the end of the first, where it was', async () => {
    const clock = new FakeClock();
    const on = await open({ clock });
    const { ask } = await listens(on, era, `ada.${clock.now() + minute}`);
    clock.advance(minute);
    expect((await ask('tools/list', {}, `ada.${clock.now()}`)).status).toBe(401);
    const later = `ada.${clock.now() + minute}`;
    expect((await ask('tools/list', {}, later)).status).toBe(200);
    expect(await comes(on, later)).toBe(200);
  });

  test('has its running call cancelled and settled once its key is revoked', async () => {
    const on = await HttpStage.open();
    http = on;
    const { ended, ask } = await listens(on, era, on.keys.ada);
    const call = ask('tools/call', { name: 'liar__never', arguments: {} });
    await expect.poll(() => on.liar.callsOf('never')).toHaveLength(1);
    await on.stage.plane.keys.revoke({ key: adasKey(on) });
    await ended;
    expect(await (await call).text()).not.toContain('"result"');
    await expect
      .poll(() => on.stage.eventsOf('permit-settled'))
      .toMatchObject([{ outcome: 'unknown' }]);
  });

  test.each(era === 'legacy' ? ['revoked'] : ['revoked', 'over'])(
    'is refused where its credential is %s while its servers start',
    async (how) => {
      const clock = new FakeClock();
      const on = await open({ servers: silent(), clock, limits: { clientsMax: 1 } });
      const token = how === 'over' ? `ada.${clock.now() + minute}` : on.keys.ada;
      const answer = first(on, era, token);
      await expect.poll(started).toBe(true);
      if (how === 'over') clock.advance(minute);
      else await on.stage.plane.keys.revoke({ key: adasKey(on) });
      const { status, headers } = await answer;
      const challenge = 'Bearer realm="agent-control-plane", error="invalid_token"';
      expect([status, headers.get('www-authenticate')]).toEqual([401, challenge]);
      expect(on.stage.reports).toEqual([]);
    },
  );

  test('starts no server where its key is revoked while its session is opened', async () => {
    const on = await open({
      servers: silent(),
      clock: new FakeClock(),
      seen: (plane) =>
        seenAs(plane, {
          openSession: async (order) => {
            const session = await plane.openSession(order);
            await plane.keys.revoke({ key: adasKey(on) });
            return session;
          },
        }),
    });
    expect((await first(on, era, on.keys.ada)).status).toBe(401);
    expect(started()).toBe(false);
  });

  test('that leaves before leaves nothing behind that waits for its credential', async () => {
    const clock = new FakeClock();
    const on = await HttpStage.open({
      clock,
      authenticators: [datedTokens()],
      http: { authentication: ['dated'], idleMs: minute },
      seen: (plane) => (counted = counting(plane)).plane,
    });
    http = on;
    const before = clock.waiting;
    const token = `ada.${clock.now() + 100 * minute}`;
    await (era === 'legacy' ? on.session(bearer(token)) : comes(on, token));
    expect(counted?.count()).toBe(era === 'legacy' ? 3 : 2);
    clock.advance(minute);
    await expect.poll(() => counted?.count()).toBe(0);
    expect(clock.waiting).toBe(before);
  });
});

test('a stream of a client of 2025 ends with its token, and at the later end where it brought another', async () => {
  const clock = new FakeClock();
  const on = await open({ clock });
  const listening = await listens(on, 'legacy', `ada.${clock.now() + minute}`);
  const longer = `ada.${clock.now() + 2 * minute}`;
  expect((await listening.ask('tools/list', {}, longer)).status).toBe(200);
  clock.advance(minute);
  await hears(on, clock, listening);
  clock.advance(minute - 200);
  await listening.ended;
  // Its session is there for the next token.
  const later = `ada.${clock.now() + minute}`;
  expect((await listening.ask('tools/list', {}, later)).status).toBe(200);
});

test('a stream of a client of 2025 that is opened with the next token ends with that', async () => {
  const clock = new FakeClock();
  const on = await open({ clock });
  const session = await on.session(bearer(`ada.${clock.now() + minute}`));
  clock.advance(minute);
  const later = bearer(`ada.${clock.now() + minute}`);
  const headers = { accept: 'text/event-stream', 'mcp-session-id': session, ...later };
  const stream = await on.send('', { method: 'GET', headers });
  expect(stream.status).toBe(200);
  clock.advance(minute);
  expect(await stream.text()).not.toContain('error');
});

test('a client of 2025 that leaves while it brings another token leaves nothing behind that waits for that', async () => {
  const clock = new FakeClock();
  let leaves = async (): Promise<unknown> => undefined;
  const on = await HttpStage.open({
    clock,
    authenticators: [datedTokens()],
    http: { authentication: ['dated'] },
    seen: (plane) => {
      counted = counting(plane);
      return seenAs(counted.plane, {
        openSession: async (order) => {
          await leaves();
          return plane.openSession(order);
        },
      });
    },
  });
  http = on;
  const before = clock.waiting;
  const token = bearer(`ada.${clock.now() + minute}`);
  const session = { 'mcp-session-id': await on.session(token) };
  leaves = () => on.send('', { method: 'DELETE', headers: { ...session, ...token } });
  const body = { jsonrpc: '2.0', id: 7, method: 'tools/list' };
  const headers = { ...session, ...bearer(`ada.${clock.now() + 2 * minute}`) };
  await (await on.send(body, { headers })).text();
  await expect.poll(() => counted?.count()).toBe(0);
  expect(clock.waiting).toBe(before);
});

test('a client of the modern era is let go of when its token expires, and at the later end where it brought another', async () => {
  const clock = new FakeClock();
  const on = await open({ clock, limits: { clientsMax: 1 } });
  const token = `ada.${clock.now() + minute}`;
  const longer = `ada.${clock.now() + 2 * minute}`;
  const listening = await listens(on, 'modern', token);
  expect((await listening.ask('tools/list', {}, longer)).status).toBe(200);
  clock.advance(minute);
  await hears(on, clock, listening);
  clock.advance(minute - 401);
  await hears(on, clock, listening);
  clock.advance(1);
  await listening.ended;
  await expect.poll(noted).toContain('gone');
  expect(await comes(on, on.keys.bob)).toBe(200);
});

test('a key that is revoked while the body of its request comes lets nobody in', async () => {
  const known = Promise.withResolvers<void>();
  const on = await open({
    seen: (plane) =>
      seenAs(plane, {
        identity: {
          ...plane.identity,
          authenticate: async (...credential) => {
            const principal = await plane.identity.authenticate(...credential);
            known.resolve();
            return principal;
          },
        },
      }),
  });
  const { body, headers } = modern('tools/list');
  const text = JSON.stringify(body);
  let rest = (): void => {};
  const slow = new ReadableStream<Uint8Array>({
    start: (to) => {
      to.enqueue(Buffer.from(text.slice(0, 9)));
      rest = () => {
        to.enqueue(Buffer.from(text.slice(9)));
        to.close();
      };
    },
  });
  const token = bearer(on.keys.ada);
  const sent: RequestInit & { readonly duplex: 'half' } = {
    method: 'POST',
    body: slow,
    duplex: 'half',
    headers: {
      ...headers,
      ...token,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
  };
  const answer = fetch(on.endpoint.url, sent);
  await known.promise;
  // Whoever it is, the gateway has heard: the rest of the body is waited for.
  await setImmediate();
  await on.stage.plane.keys.revoke({ key: adasKey(on) });
  rest();
  expect((await answer).status).toBe(401);
  expect(await on.stage.eventsOf('session-opened')).toEqual([]);
});
