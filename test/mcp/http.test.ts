/** The gateway over Streamable HTTP: real requests, the SDK's own client of both eras, two principals. */
import { afterEach, describe, expect, test } from 'vitest';
import { ControlPlaneError } from '../../src/engine/index.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { seenAs } from './counting.ts';
import { type Era, HttpStage, initialize } from './http-stage.ts';
import { policyFor, textOf } from './stage.ts';

let http: HttpStage | undefined;

afterEach(async () => {
  await http?.close();
  http = undefined;
});

const eras: readonly Era[] = ['legacy', 'modern'];

describe.each(eras)('a client of the %s era', (era) => {
  test('calls a tool, and the log has whom its key is for', async () => {
    http = await HttpStage.open();
    const client = await http.client(era, http.keys.bob);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('liar__echo');
    const result = await client.callTool({ name: 'liar__echo', arguments: { a: 1 } });
    expect(textOf(result)).toContain('"a":1');
    expect(http.liar.callsOf('echo')).toHaveLength(1);
    expect(await openers(http)).toMatchObject([{ id: 'user:bob', via: 'api-key' }]);
  });

  test('is refused without a token, and with one that nobody has', async () => {
    http = await HttpStage.open();
    await expect(http.client(era, undefined)).rejects.toThrow(/unauthorized|401|bearer/i);
    await expect(http.client(era, `acp_x_${'0'.repeat(64)}`)).rejects.toThrow(
      /unauthorized|401|bearer/i,
    );
    expect(await http.stage.eventsOf('session-opened')).toEqual([]);
  });

  test('connecting again does not refill a budget', async () => {
    http = await HttpStage.open({
      file: { session: { key: 'desk', budget: { actions: 2 } } },
    });
    const call = { name: 'liar__echo', arguments: {} };
    for (let times = 0; times < 2; times += 1) {
      const client = await http.client(era, http.keys.ada);
      expect((await client.callTool(call)).isError).not.toBe(true);
      await client.close();
    }
    const third = await http.client(era, http.keys.ada);
    const refused = await third.callTool(call);
    expect(refused.isError).toBe(true);
    expect(textOf(refused)).toContain('budget');
    // The other principal has a budget of their own.
    const other = await http.client(era, http.keys.bob);
    expect((await other.callTool(call)).isError).not.toBe(true);
    expect(http.liar.callsOf('echo')).toHaveLength(3);
  });

  test('two principals work in sessions of their own at one endpoint', async () => {
    http = await HttpStage.open();
    const [ada, bob] = await Promise.all([
      http.client(era, http.keys.ada),
      http.client(era, http.keys.bob),
    ]);
    const call = (who: string) => ({ name: 'liar__echo', arguments: { who } });
    const results = await Promise.all([
      ...Array.from({ length: 5 }, () => ada.callTool(call('ada'))),
      ...Array.from({ length: 5 }, () => bob.callTool(call('bob'))),
    ]);
    const told = results.map((result) => /"who":"(\w+)"/.exec(textOf(result))?.[1]);
    expect(told.join(' ')).toBe(`${'ada '.repeat(5)}${'bob '.repeat(5)}`.trim());
    const sessions = await http.stage.eventsOf('session-opened');
    expect(new Set(sessions.map(({ session }) => session)).size).toBe(2);
  });

  test('a revoked key is refused at its next request', async () => {
    http = await HttpStage.open();
    const client = await http.client(era, http.keys.ada);
    await client.callTool({ name: 'liar__echo', arguments: {} });
    const key = http.stage.plane.keys
      .list('acme')
      .find(({ principal }) => principal === 'user:ada');
    await http.stage.plane.keys.revoke({ key: key?.id ?? '', reason: 'test' });
    await expect(client.callTool({ name: 'liar__echo', arguments: {} })).rejects.toThrow(
      /unauthorized|401|bearer/i,
    );
    expect(http.liar.callsOf('echo')).toHaveLength(1);
  });

  test('a call that waits for an approver runs once it is approved elsewhere', async () => {
    http = await HttpStage.open({
      policy: policyFor(['liar.echo'], {
        rules: [{ id: 'ask', effect: 'require-approval', match: { action: 'liar.echo' } }],
      }),
    });
    const client = await http.client(era, http.keys.ada);
    const call = { name: 'liar__echo', arguments: {} };
    expect(textOf(await client.callTool(call))).toContain('approval-required');
    const [ticket] = http.stage.plane.pendingTickets('acme');
    const by = http.stage.principal('user:olga', 'approver');
    await http.stage.plane.approve({ ticket: ticket?.id ?? '', by });
    expect((await client.callTool(call)).isError).not.toBe(true);
    expect(http.liar.callsOf('echo')).toHaveLength(1);
  });
});

test('a client of 2025 that ends its session cannot use it any more', async () => {
  http = await HttpStage.open({ http: { session: 'connection' } });
  const session = { 'mcp-session-id': await http.session() };
  const list = { jsonrpc: '2.0', id: 2, method: 'tools/list' };
  expect((await http.send(list, { headers: session })).status).toBe(200);
  expect((await http.send('', { method: 'DELETE', headers: session })).status).toBe(200);
  expect((await http.send(list, { headers: session })).status).toBe(404);
  await expect
    .poll(() => http?.stage.eventsOf('session-transitioned'))
    .toMatchObject([{ transition: 'complete' }]);
});

test('on loopback without authentication, everybody is the principal of the configuration', async () => {
  http = await HttpStage.open({ http: { authentication: [] } });
  const client = await http.client('modern', undefined);
  await client.callTool({ name: 'liar__echo', arguments: {} });
  expect(await openers(http)).toMatchObject([{ id: 'user:ada', via: 'host-assertion' }]);
});

test.each(eras)(
  'a client of the %s era goes on with a token that is good for longer',
  async (era) => {
    const authenticator = {
      name: 'sso:test',
      authenticate: async (token: string) => ({
        id: 'user:ada',
        org: 'acme',
        roles: ['agent'],
        expiresAt: clock.now() + Number(token),
      }),
    };
    const clock = new FakeClock();
    http = await HttpStage.open({
      clock,
      authenticators: [authenticator],
      http: { authentication: ['sso:test'] },
    });
    let token = '1000';
    const client = await http.client(era, () => token);
    const call = { name: 'liar__echo', arguments: {} };
    expect((await client.callTool(call)).isError).not.toBe(true);
    clock.advance(2_000);
    token = '60000';
    expect((await client.callTool(call)).isError).not.toBe(true);
    expect(await openers(http)).toHaveLength(1);
  },
);

test('an authenticator that the control plane does not have is refused at once', async () => {
  await expect(HttpStage.open({ http: { authentication: ['jwt:nobody'] } })).rejects.toThrow(
    /`jwt:nobody`/,
  );
});

test('a session that the store cannot take now is asked for again later', async () => {
  let isDown = true;
  http = await HttpStage.open({
    seen: (plane) =>
      seenAs(plane, {
        openSession: async (order) => {
          if (isDown)
            throw new ControlPlaneError('store-unavailable', 'not now', { retryable: true });
          return plane.openSession(order);
        },
      }),
  });
  const answer = await http.send(initialize);
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
  expect(await answer.text()).toContain('store-unavailable');
  isDown = false;
  expect((await http.send(initialize)).status).toBe(200);
});

/** Who opened the control sessions that there are. */
async function openers({ stage }: HttpStage): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  for await (const event of stage.plane.events()) {
    if (event.type === 'session-opened') found.push(event.by);
  }
  return found;
}
