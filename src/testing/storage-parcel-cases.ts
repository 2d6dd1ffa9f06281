/**
 * Conformance of a store that has turns: the parcels that its handles leave to each other. Stores without
 * turns have none, and pass.
 */
import { deepEqual, equal } from 'node:assert/strict';
import type { Batch, Parcel, ParcelName, ParcelState, Storage } from '../storage/storage.ts';
import type { SettledParcels, Turns } from '../storage/storage.ts';
import { batchOf, empty, nothing, recordOf, texts } from './storage-batches.ts';
import type { Check } from './storage-batches.ts';

/** A handle, its queue, and what it leaves there. */
interface Sender {
  readonly store: Storage;
  readonly turns: Turns;
  readonly parcel: (number: number, text?: string) => Parcel;
}

const gone: ParcelState = { status: 'gone' };
const waiting: ParcelState = { status: 'waiting' };
const nobody: ParcelName = { sender: 'nobody', number: 0 };

function settling(batch: Batch, parcels: SettledParcels): Batch {
  return { ...batch, parcels };
}

/** A case about two senders and a handle that decides; skipped where the store has no turns. */
function among(
  check: (ada: Sender, bob: Sender, decider: { readonly store: Storage; turns: Turns }) => unknown,
): Check {
  return async (open) => {
    const [ada, bob, store] = [
      await senderOf(open, 'ada'),
      await senderOf(open, 'bob'),
      await open(),
    ];
    const { turns } = store;
    if (ada === undefined || bob === undefined || turns === undefined) return;
    await check(ada, bob, { store, turns });
  };
}

async function senderOf(open: () => Promise<Storage>, sender: string): Promise<Sender | undefined> {
  const store = await open();
  const { turns } = store;
  const parcel = (number: number, text = `${sender} ${number}`): Parcel => ({
    sender,
    number,
    text,
  });
  return turns === undefined ? undefined : { store, turns, parcel };
}

/** Those that wait for somebody else. */
async function left(turns: Turns, own = nobody): Promise<readonly Parcel[] | undefined> {
  const news = await turns.take(0, [], own);
  await turns.leave();
  return news?.parcels;
}

async function stateOf(turns: Turns, own: ParcelName): Promise<ParcelState | undefined> {
  const news = await turns.take(0, [], own);
  await turns.leave();
  return news?.own;
}

export const parcelCases: readonly (readonly [name: string, check: Check])[] = [
  [
    'parcels, where the store has turns, come with a turn, the oldest first, without one’s own',
    among(async (ada, bob, { turns }) => {
      deepEqual(await ada.turns.entrust(ada.parcel(1)), { own: waiting });
      for (const [number, text] of texts.entries()) {
        await bob.turns.entrust(bob.parcel(number + 1, text));
        deepEqual(await left(turns), [ada.parcel(1), bob.parcel(number + 1, text)]);
      }
      const last = bob.parcel(texts.length, texts.at(-1));
      // It replaces the one before, and is the newest now.
      await ada.turns.entrust(ada.parcel(2));
      deepEqual(await left(turns), [last, ada.parcel(2)]);
      deepEqual(await left(ada.turns, ada.parcel(2)), [last]);
      deepEqual(await stateOf(ada.turns, ada.parcel(2)), waiting);
      deepEqual(await stateOf(ada.turns, ada.parcel(1)), gone);
    }),
  ],
  [
    'an append answers parcels in its own commit, and each sender gets exactly its text',
    among(async (ada, bob, { store, turns }) => {
      let size = 0;
      for (const [at, text] of texts.entries()) {
        await ada.turns.entrust(ada.parcel(at + 1));
        await bob.turns.entrust(bob.parcel(at + 1));
        const replies = [ada.parcel(at + 1, text), bob.parcel(at + 1, `to bob ${at}`)];
        const batch = batchOf(size, ['a', 'b'], { records: [recordOf('kind', text)] });
        deepEqual(await store.append(settling(batch, { replies })), { status: 'appended' });
        size += 2;
        const answered = { status: 'answered', text };
        deepEqual(await stateOf(ada.turns, ada.parcel(at + 1)), answered);
        // Whoever leaves it again has it answered already.
        const query = { from: size - 1, keys: [recordOf('kind', text)] };
        const { head, entries, records } = batch;
        const news = { head, entries: entries.slice(1), records };
        deepEqual(await ada.turns.entrust(ada.parcel(at + 1), query), { own: answered, news });
        const other = { status: 'answered', text: `to bob ${at}` };
        deepEqual(await stateOf(bob.turns, bob.parcel(at + 1)), other);
      }
      deepEqual(await left(turns), []);
    }),
  ],
  [
    'a batch that conflicts by its size settles no parcel',
    among(async (ada, bob, { store, turns }) => {
      await store.append(batchOf(0, ['a']));
      await ada.turns.entrust(ada.parcel(1));
      await bob.turns.entrust(bob.parcel(1));
      const replies = [ada.parcel(1, 'decided')];
      for (const batch of [batchOf(0, ['late']), batchOf(3, ['early']), nothing]) {
        const result = await store.append(settling(batch, { replies, own: bob.parcel(1) }));
        deepEqual(result, { status: 'conflict', size: 1 });
      }
      deepEqual(await left(turns), [ada.parcel(1), bob.parcel(1)]);
    }),
  ],
  [
    'a parcel is settled at most once, whoever names it',
    among(async (ada, bob, { store, turns }) => {
      const answer = ada.parcel(1, 'answer');
      await ada.turns.entrust(ada.parcel(1));
      await bob.turns.entrust(bob.parcel(1));
      // Its own sender decides it.
      const own = settling(batchOf(0, ['own']), { own: ada.parcel(1), replies: [] });
      deepEqual(await ada.store.append(own), { status: 'appended' });
      const both = { replies: [bob.parcel(1, 'answer'), answer] };
      equal((await store.append(settling(batchOf(1, ['again']), both))).status, 'conflict');
      deepEqual(await left(turns), [bob.parcel(1)]);
      // Somebody else does.
      const next = ada.parcel(2, 'answer');
      await ada.turns.entrust(ada.parcel(2));
      deepEqual(await store.append(settling(batchOf(1, ['other']), { replies: [next] })), {
        status: 'appended',
      });
      const again = [{ own: ada.parcel(2), replies: [] }, { replies: [next] }, both];
      for (const parcels of again) {
        const records = [recordOf('kind', 'key')];
        const batch = batchOf(2, ['again'], { records });
        equal((await ada.store.append(settling(batch, parcels))).status, 'conflict');
        deepEqual((await store.readRecords(records)).records, []);
      }
      equal((await store.head()).size, 2);
      deepEqual(await left(turns), [bob.parcel(1)]);
      deepEqual(await stateOf(ada.turns, next), { status: 'answered', text: 'answer' });
    }),
  ],
  [
    'a parcel that was taken back is never answered, and comes too late if it comes again',
    among(async (ada, bob, { store, turns }) => {
      await bob.turns.entrust(bob.parcel(1));
      await ada.turns.entrust(ada.parcel(2));
      deepEqual(await ada.turns.reclaim(ada.parcel(2)), gone);
      const reply = { replies: [ada.parcel(2, 'answer')] };
      equal((await store.append(settling(batchOf(0, ['late']), reply))).status, 'conflict');
      const own = { own: ada.parcel(2), replies: [] };
      equal((await ada.store.append(settling(batchOf(0, ['own']), own))).status, 'conflict');
      for (const number of [2, 1]) {
        deepEqual(await ada.turns.entrust(ada.parcel(number)), { own: gone });
        deepEqual(await left(turns), [bob.parcel(1)]);
      }
      deepEqual(await store.head(), empty);
      // Also one that never came before it was taken back.
      deepEqual(await ada.turns.reclaim(ada.parcel(4)), gone);
      deepEqual(await ada.turns.entrust(ada.parcel(4)), { own: gone });
      deepEqual(await ada.turns.entrust(ada.parcel(5)), { own: waiting });
      // Which takes nothing back that came after it.
      deepEqual(await ada.turns.reclaim(ada.parcel(4)), gone);
      deepEqual(await left(turns), [bob.parcel(1), ada.parcel(5)]);
      const last = { replies: [ada.parcel(5, 'answer')] };
      deepEqual(await store.append(settling(batchOf(0, ['a']), last)), { status: 'appended' });
    }),
  ],
  [
    'a parcel that was answered cannot be taken back: its sender gets the answer',
    among(async (ada, _, { store }) => {
      await ada.turns.entrust(ada.parcel(1));
      const reply = { replies: [ada.parcel(1, 'answer')] };
      await store.append(settling(batchOf(0, ['a']), reply));
      const answered = { status: 'answered', text: 'answer' };
      deepEqual(await ada.turns.reclaim(ada.parcel(1)), answered);
      deepEqual(await ada.turns.reclaim(ada.parcel(1)), answered);
      deepEqual(await ada.turns.entrust(ada.parcel(2)), { own: waiting });
      deepEqual(await ada.turns.reclaim(ada.parcel(1)), gone);
    }),
  ],
  [
    'an empty batch settles the parcels that it names, and writes nothing',
    among(async (ada, bob, { store, turns }) => {
      const first = batchOf(0, ['a']);
      await store.append(first);
      await ada.turns.entrust(ada.parcel(1));
      await bob.turns.entrust(bob.parcel(1));
      const parcels = { own: bob.parcel(1), replies: [ada.parcel(1, 'refused')] };
      const fitting = { ...batchOf(1, []), head: first.head };
      deepEqual(await bob.store.append(settling(fitting, parcels)), { status: 'appended' });
      deepEqual(await store.head(), first.head);
      deepEqual(await left(turns), []);
      deepEqual(await stateOf(ada.turns, ada.parcel(1)), { status: 'answered', text: 'refused' });
      deepEqual(await stateOf(bob.turns, bob.parcel(1)), gone);
      equal((await bob.store.append(settling(fitting, parcels))).status, 'conflict');
    }),
  ],
];
