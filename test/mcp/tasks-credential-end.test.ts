/** What becomes of a task over HTTP once the credential of its client ends, in both eras. */
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../src/testing/fake-clock.ts';
import type { RawResult } from '../../src/enforce/mcp/protocol/raw-result.ts';
import { counting } from './counting.ts';
import { bearer, datedTokens } from './dated-tokens.ts';
import { call, noted, now, open, outcomes } from './extension-stage.ts';
import type { Era, HttpStage } from './http-stage.ts';
import { rawHttp } from './raw-client.ts';

const minute = 60_000;

type Ask = (method: string, params: object) => Promise<RawResult>;

/** One who asks in an era, with a token. */
async function asking(on: HttpStage, era: Era, token: string): Promise<Ask> {
  if (era === 'modern') {
    const client = rawHttp(on);
    return async (method, params) =>
      (await client.ask(method, params, { headers: bearer(token) })).result ?? {};
  }
  const headers = { 'mcp-session-id': await on.session(bearer(token)), ...bearer(token) };
  return async (method, params) => {
    const answer = await on.send({ jsonrpc: '2.0', id: 7, method, params }, { headers });
    const said = (await answer.text()).split('\n').findLast((line) => line.startsWith('data: {'));
    return (JSON.parse(said?.slice(6) ?? '{}') as { readonly result?: RawResult }).result ?? {};
  };
}

async function begun(ask: Ask, era: Era): Promise<string> {
  const ttl = era === 'legacy' ? { task: { ttl: 60 * minute } } : {};
  const answer = await ask('tools/call', { ...call(), ...ttl });
  const { taskId } = (answer['task'] ?? answer) as { readonly taskId?: unknown };
  await expect.poll(() => noted().filter(({ waitedFor }) => waitedFor)).toHaveLength(1);
  return String(taskId);
}

let listening = (): number => 0;

/** In front of a server of 2025-11-25, which runs tasks for clients of both eras. */
async function opened(clock: FakeClock) {
  const on = await open('http', 'legacy', {
    clock,
    authenticators: [datedTokens()],
    http: { authentication: ['api-key', 'dated'] },
    seen: (plane) => {
      const counted = counting(plane);
      listening = counted.count;
      return counted.plane;
    },
  });
  if (now.http === undefined) throw new Error('it is not served over HTTP');
  return { on, http: now.http };
}

describe.each<Era>(['legacy', 'modern'])(
  'of a client of the %s era',
  { timeout: 60_000 },
  (era) => {
    test('a task goes on when its token ends, and another token of its principal has it', async () => {
      const clock = new FakeClock();
      const { on, http } = await opened(clock);
      const first = await asking(http, era, `ada.${clock.now() + minute}`);
      const taskId = await begun(first, era);
      clock.advance(minute);
      const second = await asking(http, era, `ada.${clock.now() + 9 * minute}`);
      const statusOf = async () => (await second('tasks/get', { taskId }))['status'];
      expect(await statusOf()).toBe('working');
      expect(await outcomes(on)).toEqual([]);
      // A session of 2025-11-25 is there for the next token; of the later era, all that is left is for the task.
      // Each that has a token hears when its stream has to end.
      const stays = era === 'legacy' ? 1 : 0;
      expect(listening()).toBe(3 + 2 * stays);
      writeFileSync(`${now.journal}.finish`, '');
      await expect.poll(statusOf).toBe('completed');
      expect(await outcomes(on)).toEqual(['succeeded']);
      await expect.poll(listening).toBe(2 + 3 * stays);
      // The one that came back is there as it was.
      expect(await statusOf()).toBe('completed');
      expect(listening()).toBe(2 + 3 * stays);
    });

    test('a task is cancelled at its server and settled once its key is revoked: nobody could have it', async () => {
      const { on, http } = await opened(new FakeClock());
      await begun(await asking(http, era, http.keys.ada), era);
      const { keys } = http.stage.plane;
      const key = keys.list('acme').find(({ principal }) => principal === 'user:ada')?.id ?? '';
      await keys.revoke({ key });
      await expect.poll(() => outcomes(on)).toEqual(['unknown']);
      await expect.poll(() => noted().filter(({ cancelled }) => cancelled)).toHaveLength(1);
      await expect.poll(listening).toBe(0);
    });
  },
);
