/**
 * Control planes on one store in memory, of which one leaves its commands to another: their ways to the store
 * follow scripts, so that a test says what becomes of a parcel, and when.
 */
import { onTestFinished } from 'vitest';
import { type ControlPlane, verify } from '../../src/engine/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import type { Batch, Storage, Turns } from '../../src/storage/storage.ts';
import { FakeClock, seededIds } from '../../src/testing/index.ts';
import { openShop, staff } from './shop.ts';

/** What is done in place of the store's own calls; `inner` is as the store would do them. */
export interface Script {
  wanted?: boolean;
  kept?: boolean;
  take?: (inner: Turns, ...asked: Parameters<Turns['take']>) => ReturnType<Turns['take']>;
  leave?: () => void;
  entrust?: (inner: Turns, ...asked: Parameters<Turns['entrust']>) => ReturnType<Turns['entrust']>;
  reclaim?: (inner: Turns, ...asked: Parameters<Turns['reclaim']>) => ReturnType<Turns['reclaim']>;
  append?: (inner: Storage, batch: Batch) => ReturnType<Storage['append']>;
  /** Called before the head or entries are read, and before records are. */
  read?: () => void;
  readRecords?: () => Promise<void>;
}

/** A way to a store that follows a script, which may change at any time. */
export function scripted(store: Storage, script: Script): Storage {
  return {
    name: store.name,
    durable: store.durable,
    get turns(): Turns | undefined {
      const inner = store.turns;
      if (inner === undefined) return undefined;
      const { take, leave, entrust, reclaim } = script;
      return {
        wanted: script.wanted ?? inner.wanted,
        kept: script.kept ?? inner.kept,
        take: (...asked) => take?.(inner, ...asked) ?? inner.take(...asked),
        leave: async () => leave?.(),
        entrust: (...asked) => entrust?.(inner, ...asked) ?? inner.entrust(...asked),
        reclaim: (...asked) => reclaim?.(inner, ...asked) ?? inner.reclaim(...asked),
      };
    },
    open: (log) => store.open(log),
    append: (batch) => script.append?.(store, batch) ?? store.append(batch),
    head: async () => {
      script.read?.();
      return store.head();
    },
    readEntries: async (from, limit) => {
      script.read?.();
      return store.readEntries(from, limit);
    },
    readContents: (from, to) => store.readContents(from, to),
    readRecords: async (keys) => {
      await script.readRecords?.();
      return store.readRecords(keys);
    },
    scanRecords: (query) => store.scanRecords(query),
    close: () => store.close(),
  };
}

/** `asker` leaves commands, `leader` decides them in a turn of its own, and `other` appends as it likes. */
export async function scene() {
  const fleet = memoryFleet();
  const clock = new FakeClock();
  const script: Script = {};
  const mine = fleet();
  const asker = await openShop(scripted(mine, script), { clock, ids: seededIds('asker') });
  const leading: Script = {};
  const leader = await openShop(scripted(fleet(), leading), { clock, ids: seededIds('leader') });
  const other = await openShop(fleet(), { clock, ids: seededIds('other') });
  // It has been opened before: to open it again needs no entry.
  const opening = { principal: staff(leader).support, agent: 'other-bot', idempotencyKey: 'lead' };
  const led = await leader.openSession(opening);
  leading.leave = () => {
    leading.kept = false;
  };
  /** Has a turn, in which what was left is decided. */
  const decide = async (): Promise<void> => {
    leading.kept = true;
    await leader.openSession(opening);
    leading.kept = false;
  };
  const close = async (): Promise<void> => {
    for (const plane of [asker, leader, other]) await plane.close();
  };
  onTestFinished(close);
  return {
    asker,
    leader,
    other,
    led,
    clock,
    script,
    leading,
    fleet,
    mine,
    decide,
    /** From here on the asker leaves what it is asked to whoever has the turn: to the leader, at once. */
    leaves: (): void => {
      script.wanted = true;
      script.entrust = async (inner, parcel, query) => {
        await inner.entrust(parcel);
        await decide();
        return inner.entrust(parcel, query);
      };
    },
    bodies: async () => bodiesOf(fleet()),
    faults: async () => (await verify(fleet())).faults,
  };
}

export type Scene = Awaited<ReturnType<typeof scene>>;

async function bodiesOf(store: Storage): Promise<readonly string[]> {
  await store.open('main');
  const entries = await store.readEntries(0, 10_000);
  await store.close();
  return entries.map(({ body }) => body);
}

export function sessionOn(plane: ControlPlane) {
  return plane.openSession({ principal: staff(plane).billing, agent: 'bot' });
}

/** How many entries of a type there are. */
export async function countOf({ bodies }: Scene, type: string): Promise<number> {
  const all = (await bodies()).map((body) => JSON.parse(body) as { readonly type: string });
  return all.filter((entry) => entry.type === type).length;
}
