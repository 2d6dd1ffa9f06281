/** How much is kept of what was said, for those who come back: of one session, and of all together. */
import { expect, test } from 'vitest';
import { Replay, ReplayMemory } from '../../src/enforce/mcp/http/replay.ts';

const said = (text: string) =>
  ({ jsonrpc: '2.0', method: 'notifications/x', params: { text } }) as const;
const bytesOf = (message: object): number => Buffer.byteLength(JSON.stringify(message));

async function keptOf(replay: Replay, count: number, text = 'x'): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let at = 0; at < count; at += 1) ids.push(await replay.storeEvent('s', said(text)));
  return ids;
}

const plenty = { bytesMax: 1_000_000, messagesMax: 1_000 };

test('of one session so many messages are kept, and the oldest are forgotten first', async () => {
  const memory = new ReplayMemory(1_000_000);
  const replay = new Replay({ ...plenty, memory, messagesMax: 3, prefix: 'a' });
  const ids = await keptOf(replay, 5);
  expect(ids.map((id) => replay.has(id))).toEqual([false, false, true, true, true]);
});

test('of one session so many bytes of UTF-8 are kept', async () => {
  const memory = new ReplayMemory(1_000_000);
  const bytesMax = 2 * bytesOf(said('\u20ac'));
  const replay = new Replay({ ...plenty, memory, bytesMax, prefix: 'a' });
  const ids = await keptOf(replay, 3, '\u20ac');
  expect(ids.map((id) => replay.has(id))).toEqual([false, true, true]);
});

test('of all sessions together so many bytes are kept, whoever said the oldest', async () => {
  const memory = new ReplayMemory(3 * bytesOf(said('x')));
  const [one, other] = ['a', 'b'].map((prefix) => new Replay({ ...plenty, memory, prefix }));
  if (one === undefined || other === undefined) throw new Error('there are two');
  const first = await keptOf(one, 2);
  const then = await keptOf(other, 2);
  expect(first.map((id) => one.has(id))).toEqual([false, true]);
  expect(then.map((id) => other.has(id))).toEqual([true, true]);
});

test('what is not kept cannot be gone on from, as if nothing were missing', async () => {
  const memory = new ReplayMemory(1_000_000);
  const replay = new Replay({ ...plenty, memory, messagesMax: 1, prefix: 'a' });
  const [gone = '', kept = ''] = await keptOf(replay, 2);
  const send = async (): Promise<void> => {};
  expect(await replay.replayEventsAfter(kept, { send })).toBe('s');
  await expect(replay.replayEventsAfter(gone, { send })).rejects.toThrow('not kept');
  await expect(replay.replayEventsAfter('b-1', { send })).rejects.toThrow('not kept');
});
