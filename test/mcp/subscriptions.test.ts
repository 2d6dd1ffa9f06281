/** How many single resources of one server of 2026-07-28 a client may hear of, each by a stream of its own. */
import type { McpSubscription } from '@modelcontextprotocol/client';
import { expect, test } from 'vitest';
import { passingLimits } from '../../src/enforce/mcp/config/config.ts';
import { Subscriptions } from '../../src/enforce/mcp/upstream/subscriptions.ts';

const most = passingLimits.subscribedResourcesMax;
const tooMany = `at most ${most} resources of this server at a time`;

/** Subscriptions, and the streams that are open. */
function counted() {
  const open = new Set<string>();
  const subscriptions = new Subscriptions();
  const stream = (uri: string): McpSubscription =>
    ({ close: async () => void open.delete(uri) }) as McpSubscription;
  const begin = (uri: string, opened: Promise<unknown> = Promise.resolve()): Promise<void> =>
    subscriptions.begin(uri, async () => {
      await opened;
      open.add(uri);
      return stream(uri);
    });
  return { subscriptions, begin, open };
}

test('one resource more than a client may hear of is refused, until it gives one up', async () => {
  const { subscriptions, begin, open } = counted();
  for (let each = 0; each < most; each += 1) await begin(`note://${each}`);
  await expect(begin('note://more')).rejects.toThrow(tooMany);
  // What it hears of already it may ask for again.
  await begin('note://0');
  expect(open.size).toBe(most);
  await subscriptions.end('note://0');
  await begin('note://more');
  expect(open.size).toBe(most);
});

test('those that are being asked for count, and one that the server refused does not', async () => {
  const { begin, open } = counted();
  const answered = Promise.withResolvers<void>();
  const asked = Array.from({ length: most }, (_, each) =>
    begin(`note://${each}`, answered.promise),
  );
  await expect(begin('note://more')).rejects.toThrow(tooMany);
  answered.resolve();
  await Promise.all(asked);
  expect(open.size).toBe(most);
  const refusing = counted();
  const refused = (): Promise<void> => refusing.begin('note://no', Promise.reject(new Error('no')));
  for (let each = 0; each < most; each += 1) await expect(refused()).rejects.toThrow('no');
  await refusing.begin('note://one');
  expect(refusing.open.size).toBe(1);
});
