/**
 * Attacks on the gateway over HTTP by those who take their time, or too much: slow heads and bodies, connections
 * that say nothing, connections and sessions without end. Each is bounded, and nobody else notices.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { HttpStage, initialize, modernCall } from '../mcp/http-stage.ts';

let http: HttpStage | undefined;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await http?.close();
  http = undefined;
});

const soon = { checkMs: 20 } as const;
const never = 3_600_000;

async function connected(on: HttpStage): Promise<Socket> {
  const socket = connect(Number(on.endpoint.url.port), '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** All that comes until the other side ends the connection. */
async function heard(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await once(socket, 'close');
  return text;
}

function head(on: HttpStage, length: number): string {
  const { body, headers } = modernCall('liar__echo');
  expect(body).toBeDefined();
  const all = {
    ...headers,
    host: 'localhost',
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    authorization: `Bearer ${on.keys.ada}`,
    'content-length': String(length),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return `POST /mcp HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}

async function isServed(on: HttpStage): Promise<void> {
  const { body, headers } = modernCall('liar__echo');
  const answer = await on.send(body, { headers });
  expect(await answer.text()).toContain('given');
}

test('a connection that says nothing is ended', async () => {
  http = await HttpStage.open({ limits: { ...soon, headMs: 50, requestMs: never } });
  expect(await heard(await connected(http))).not.toContain('200');
  await isServed(http);
});

test('a head that does not end is answered with 408, and the connection ended', async () => {
  http = await HttpStage.open({ limits: { ...soon, headMs: 50, requestMs: never } });
  const socket = await connected(http);
  socket.write('POST /mcp HTTP/1.1\r\nhost: localhost\r\n');
  expect(await heard(socket)).toContain('408');
  await isServed(http);
});

test('a body that comes drop by drop is ended, and nothing is decided', async () => {
  http = await HttpStage.open({ limits: { ...soon, headMs: 50, requestMs: 100 } });
  const socket = await connected(http);
  socket.write(`${head(http, 1_000)}{"jsonrpc":`);
  const ended = heard(socket).then(() => 'ended');
  // The server's own clock tells the time: each of these is ended by `headMs`, one after the other, and
  // together they take longer than the whole request may.
  for (let passed = 0; passed < 200; passed += 50) await heard(await connected(http));
  expect(await Promise.race([ended, setImmediate('still there')])).toBe('ended');
  expect(await http.stage.eventsOf('action-decided')).toEqual([]);
  expect(http.liar.calls).toEqual([]);
  await isServed(http);
});

test('a body without a token is not waited for', async () => {
  http = await HttpStage.open({ limits: { headMs: never, requestMs: never } });
  const socket = await connected(http);
  socket.write(head(http, 1_000).replace(/authorization: [^\r]+/, 'x-other: none'));
  expect(await heard(socket)).toMatch(/^HTTP\/1\.1 401 [^]*connection: close/i);
});

test('a connection that is not used any more is ended', async () => {
  const limits = { ...soon, unusedConnectionMs: 50, headMs: never, requestMs: never };
  http = await HttpStage.open({ limits });
  const socket = await connected(http);
  socket.write('GET /elsewhere HTTP/1.1\r\nhost: localhost\r\n\r\n');
  expect(await heard(socket)).toContain('404');
});

test('of too many connections the last is ended, and there is room again once one went', async () => {
  http = await HttpStage.open({ limits: { connectionsMax: 2, headMs: never, requestMs: never } });
  const [first] = [await connected(http), await connected(http)];
  expect(await heard(await connected(http))).toBe('');
  first.destroy();
  const on = http;
  await expect
    .poll(async () => {
      const socket = await connected(on);
      socket.write('GET /elsewhere HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
      return heard(socket);
    })
    .toContain('404');
});

test('of too many sessions in use the last is refused with 503, and another principal is served', async () => {
  http = await HttpStage.open({ limits: { clientsPerPrincipalMax: 1 } });
  const headers = { 'mcp-session-id': await http.session() };
  const stream = await http.send('', { method: 'GET', headers });
  expect(stream.status).toBe(200);
  const refused = await http.send(initialize);
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('5');
  const bob = { authorization: `Bearer ${http.keys.bob}` };
  expect((await http.send(initialize, { headers: bob })).status).toBe(200);
  await stream.body?.cancel();
  // The one that nobody uses any more makes room.
  const on = http;
  await expect.poll(async () => (await on.send(initialize)).status).toBe(200);
  const gone = await http.send('', { method: 'GET', headers });
  expect(gone.status).toBe(404);
});

test('of a session that there is no room for, the log has no control session', async () => {
  http = await HttpStage.open({
    http: { session: 'connection' },
    limits: { clientsPerPrincipalMax: 1 },
  });
  const headers = { 'mcp-session-id': await http.session() };
  const stream = await http.send('', { method: 'GET', headers });
  for (let each = 0; each < 3; each += 1) {
    expect((await http.send(initialize)).status).toBe(503);
  }
  expect(await http.stage.eventsOf('session-opened')).toHaveLength(1);
  await stream.body?.cancel();
});
