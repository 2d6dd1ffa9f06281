/** A client of 2025-11-25 whose stream broke gets what it missed, no other session's, and never a part of it. */
import * as fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { Replay, ReplayMemory } from '../../src/enforce/mcp/http/replay.ts';
import { assertHolds } from '../kernel/sampling.ts';
import { HttpStage } from './http-stage.ts';
import { policyFor } from './stage.ts';

let http: HttpStage | undefined;

afterEach(async () => {
  await http?.close();
  http = undefined;
});

const version = { 'mcp-protocol-version': '2025-11-25' };

async function stage(): Promise<HttpStage> {
  http = await HttpStage.open({
    policy: policyFor(['liar.echo'], {
      rules: [{ id: 'ask', effect: 'require-approval', match: { action: 'liar.echo' } }],
    }),
    file: { approvals: { waitMs: 86_400_000 } },
  });
  return http;
}

/** A call that waits for an approver, and whose stream broke after its first event; resolves to its id. */
async function brokenCall(on: HttpStage, headers: Record<string, string>): Promise<string> {
  const leave = new AbortController();
  const call = { name: 'liar__echo', arguments: { a: 1 } };
  const body = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: call };
  const answer = await on.send(body, { headers, signal: leave.signal });
  const reader = answer.body?.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  let said = '';
  while (!said.includes('\n\n')) {
    const { value } = await reader.read();
    said += Buffer.from(value ?? []).toString();
  }
  await expect.poll(() => on.stage.plane.pendingTickets('acme').length).toBe(1);
  leave.abort();
  await reader.closed.catch(() => {});
  return /^id: (\S+)$/m.exec(said)?.[1] ?? '';
}

async function approved({ stage: on }: HttpStage): Promise<void> {
  const [ticket] = on.plane.pendingTickets('acme');
  const by = on.principal('user:olga', 'approver');
  await on.plane.approve({ ticket: ticket?.id ?? '', by });
  await expect.poll(() => on.eventsOf('permit-settled')).toHaveLength(1);
}

function resumed(on: HttpStage, id: string, headers: Record<string, string>): Promise<Response> {
  return on.send('', { method: 'GET', headers: { ...headers, 'last-event-id': id } });
}

test('the answer of a call whose stream broke comes after the last event that arrived', async () => {
  const on = await stage();
  const headers = { ...version, 'mcp-session-id': await on.session() };
  const id = await brokenCall(on, headers);
  await approved(on);
  const said = await (await resumed(on, id, headers)).text();
  expect(said).toContain(String.raw`{\"a\":1}`);
  expect(said).toContain('"id":7');
  expect(on.liar.callsOf('echo')).toHaveLength(1);
  // Asked for again it is there again: nothing runs for it.
  expect(await (await resumed(on, id, headers)).text()).toBe(said);
  expect(on.liar.callsOf('echo')).toHaveLength(1);
});

test('a client that is back before the answer takes the stream over, and gets it when it comes', async () => {
  const on = await stage();
  const headers = { ...version, 'mcp-session-id': await on.session() };
  const id = await brokenCall(on, headers);
  const back = await resumed(on, id, headers);
  expect(back.status).toBe(200);
  const [said] = await Promise.all([back.text(), approved(on)]);
  expect(said).toContain(String.raw`{\"a\":1}`);
});

test('an event of another session is not one, whoever asks', async () => {
  const on = await stage();
  const headers = { ...version, 'mcp-session-id': await on.session() };
  const id = await brokenCall(on, headers);
  await approved(on);
  const other = { ...version, 'mcp-session-id': await on.session() };
  expect((await resumed(on, id, other)).status).toBe(400);
  const bob = { authorization: `Bearer ${on.keys.bob}` };
  expect((await resumed(on, id, { ...headers, ...bob })).status).toBe(404);
  const theirs = { ...version, ...bob, 'mcp-session-id': await on.session(bob) };
  expect((await resumed(on, id, theirs)).status).toBe(400);
  expect((await resumed(on, 'no-such-event', headers)).status).toBe(400);
});

const streams = ['one', 'two'] as const;

const said = fc.array(
  fc.record({ session: fc.nat(1), stream: fc.constantFrom(...streams), size: fc.nat(60) }),
  { maxLength: 40 },
);

test('what is replayed is all that came after, or nothing; and what is kept is bounded', async () => {
  const cases: Promise<void>[] = [];
  assertHolds(said, 200, (events) => void cases.push(holds(events)));
  await Promise.all(cases);
});

async function holds(
  events: readonly {
    readonly session: number;
    readonly stream: string;
    readonly size: number;
  }[],
): Promise<void> {
  const limits = { bytesMax: 600, messagesMax: 6 };
  const memory = new ReplayMemory(900);
  const sessions = ['a', 'b'].map((prefix) => new Replay({ ...limits, memory, prefix }));
  const told: { readonly session: number; readonly stream: string; readonly id: string }[] = [];
  for (const { session, stream, size } of events) {
    const message = { jsonrpc: '2.0' as const, method: 'x', params: { text: 'x'.repeat(size) } };
    const id = (await sessions[session]?.storeEvent(stream, message)) ?? '';
    told.push({ session, stream, id });
  }
  let kept = 0;
  for (const [place, { session, stream, id }] of told.entries()) {
    const replay = sessions[session] as Replay;
    expect(sessions[1 - session]?.has(id)).toBe(false);
    if (!replay.has(id)) continue;
    kept += 1;
    const again: string[] = [];
    await replay.replayEventsAfter(id, { send: async (each) => void again.push(each) });
    const after = told.slice(place + 1).filter((each) => each.session === session);
    expect(again).toEqual(after.filter((each) => each.stream === stream).map((each) => each.id));
  }
  expect(kept).toBeLessThanOrEqual(12);
  const last = told.slice(-1);
  expect(last.map(({ session, id }) => sessions[session]?.has(id))).toEqual(last.map(() => true));
  for (const replay of sessions) replay.forgetAll();
  for (const { session, id } of told) {
    expect(sessions[session]?.has(id)).toBe(false);
  }
}
