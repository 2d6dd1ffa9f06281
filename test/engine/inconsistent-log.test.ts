/** A process that meets a log which does not continue what it has seen decides nothing any more. */
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { verify } from '../../src/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import {
  type News,
  type Storage,
  StorageError,
  type StoredEntry,
  type Turns,
} from '../../src/storage/storage.ts';
import { codeOf, openShop, staff } from './shop.ts';

type Lie = (entry: StoredEntry) => StoredEntry;

/** A way to a store that tells of its entries what `lie` makes of them. */
function lying(store: Storage, { lie, turns }: { lie: Lie; turns: boolean }): Storage {
  return {
    name: store.name,
    durable: store.durable,
    get turns(): Turns | undefined {
      const inner = store.turns;
      if (inner === undefined || !turns) return undefined;
      const lied = <T extends News>(news: T | undefined): T | undefined =>
        news === undefined ? undefined : { ...news, entries: news.entries.map(lie) };
      return {
        wanted: inner.wanted,
        kept: inner.kept,
        take: async (from, keys, own) => lied(await inner.take(from, keys, own)),
        leave: () => inner.leave(),
        entrust: async (parcel, query) => {
          const heard = await inner.entrust(parcel, query);
          const news = lied(heard?.news);
          return heard === undefined || news === undefined ? heard : { ...heard, news };
        },
        reclaim: (own) => inner.reclaim(own),
      };
    },
    open: (log) => store.open(log),
    append: (batch) => store.append(batch),
    head: () => store.head(),
    readEntries: async (from, limit) => (await store.readEntries(from, limit)).map(lie),
    readContents: (from, to) => store.readContents(from, to),
    readRecords: (keys) => store.readRecords(keys),
    scanRecords: (query) => store.scanRecords(query),
    close: () => store.close(),
  };
}

test.each([{ turns: true }, { turns: false }])(
  'entries of others that do not continue the chain end its work (turns: $turns)',
  async ({ turns }) => {
    const handle = memoryFleet();
    let isLying = false;
    const lie: Lie = (entry) => {
      if (!isLying) return entry;
      const previous = 'f'.repeat(64);
      const body = JSON.stringify({ ...(JSON.parse(entry.body) as object), previous });
      return { ...entry, body };
    };
    const other = await openShop(handle());
    const plane = await openShop(lying(handle(), { lie, turns }));
    const { billing } = staff(plane);
    const opening = { principal: billing, agent: 'bot' };
    await plane.openSession(opening);
    await other.openSession({ principal: staff(other).billing, agent: 'bot' });
    isLying = true;
    expect(await codeOf(plane.openSession(opening))).toBe('log-inconsistent');
    isLying = false;
    // What it has seen cannot be unseen: it stays stopped.
    expect(await codeOf(plane.openSession(opening))).toBe('log-inconsistent');
    expect(await codeOf(other.openSession({ principal: staff(other).billing, agent: 'bot' }))).toBe(
      'resolved',
    );
  },
);

/** A way to a store that may be down, and come back as another one. */
function movable(first: Storage) {
  let target: Storage | undefined = first;
  const at = (): Storage => {
    if (target === undefined) throw new StorageError('unavailable', 'down');
    return target;
  };
  const storage: Storage = {
    name: first.name,
    durable: false,
    open: async (log) => at().open(log),
    append: async (batch) => at().append(batch),
    head: async () => at().head(),
    readEntries: async (from, limit) => at().readEntries(from, limit),
    readContents: async (from, to) => at().readContents(from, to),
    readRecords: async (keys) => at().readRecords(keys),
    scanRecords: async (query) => at().scanRecords(query),
    close: () => first.close(),
  };
  const moveTo = (store: Storage | undefined): void => {
    target = store;
  };
  return { storage, moveTo };
}

test('a kill that waits to be written goes into no other log that came in the place of its own', async () => {
  const [handle, handleOfOther] = [memoryFleet(), memoryFleet()];
  // As long as the first, and not the same.
  await (await openShop(handleOfOther())).close();
  const { storage, moveTo } = movable(handle());
  const plane = await openShop(storage, { pollMs: 3_600_000 });
  const { size } = await plane.head();
  const restored = handleOfOther();
  expect((await restored.open('main')).size).toBe(size);
  moveTo(undefined);
  const scope = { kind: 'org', org: 'acme' } as const;
  const killing = plane.kill({ scope, by: staff(plane).ops, reason: 'smoke' });
  expect(await codeOf(killing)).toBe('kill-local-only');
  // What is tried at once is over.
  for (let turns = 0; turns < 20; turns += 1) await setImmediate();
  moveTo(restored);
  await plane.sync();
  expect(await codeOf(plane.registerAgent('late'))).toBe('log-inconsistent');
  expect(await codeOf(plane.close())).toBe('kill-local-only');
  expect((await restored.head()).size).toBe(size);
  expect((await verify(restored)).faults).toEqual([]);
});

test.each([{ entries: 'an entry' }, { entries: 'none' }])(
  'what was decided before another log of the same size came is not written into it ($entries)',
  async ({ entries }) => {
    const [handle, handleOfOther] = [memoryFleet(), memoryFleet()];
    await (await openShop(handleOfOther())).close();
    const { storage, moveTo } = movable(handle());
    const plane = await openShop(storage, { pollMs: 3_600_000 });
    const restored = handleOfOther();
    const { size } = await restored.open('main');
    expect((await plane.head()).size).toBe(size);
    moveTo(restored);
    // The second is registered as it is: there is nothing to write, and whether that is true is asked.
    const name = entries === 'none' ? 'bot' : 'late';
    expect(await codeOf(plane.registerAgent(name))).toBe('log-inconsistent');
    expect((await restored.head()).size).toBe(size);
    expect((await verify(restored)).faults).toEqual([]);
  },
);
