/** A call of 2025-11-25 over HTTP that its client cancels is answered by nothing: what it had is let go of. */
import { afterEach, expect, test } from 'vitest';
import { HttpStage, initialize } from './http-stage.ts';

let http: HttpStage | undefined;

afterEach(async () => {
  await http?.close();
  http = undefined;
});

test('the stream of a cancelled call ends, and its id is free again', async () => {
  http = await HttpStage.open();
  const headers = { 'mcp-session-id': await http.session() };
  const params = { name: 'liar__never', arguments: {} };
  const call = await http.send(
    { jsonrpc: '2.0', id: 7, method: 'tools/call', params },
    // So that a stream that stays open does not take as long as a test may.
    { headers, signal: AbortSignal.timeout(30_000) },
  );
  await expect.poll(() => http?.liar.callsOf('never')).toHaveLength(1);
  const cancel = {
    jsonrpc: '2.0',
    method: 'notifications/cancelled',
    params: { requestId: 7 },
  } as const;
  expect((await http.send(cancel, { headers })).status).toBe(202);
  expect(await call.text()).not.toContain('"result"');
  // Once more changes nothing, nor does what names no request.
  expect((await http.send(cancel, { headers })).status).toBe(202);
  expect((await http.send({ ...cancel, params: {} }, { headers })).status).toBe(202);
  const again = await http.send({ jsonrpc: '2.0', id: 7, method: 'ping' }, { headers });
  expect(again.status).toBe(200);
  expect(await again.text()).toContain('"result":{}');
});

test('the id of a request that was refused is free again', async () => {
  http = await HttpStage.open();
  const session = { 'mcp-session-id': await http.session() };
  const ping = { jsonrpc: '2.0', id: 7, method: 'ping' };
  const headers = { ...session, accept: 'text/html' };
  expect((await http.send(ping, { headers })).status).toBe(406);
  expect((await http.send(ping, { headers: session })).status).toBe(200);
});

test('a client that was not let in leaves no session open', async () => {
  http = await HttpStage.open({ http: { session: 'connection' } });
  const headers = { accept: 'text/html' };
  expect((await http.send(initialize, { headers })).status).toBe(406);
  await expect
    .poll(() => http?.stage.eventsOf('session-transitioned'))
    .toMatchObject([{ transition: 'complete' }]);
}, 30_000);
