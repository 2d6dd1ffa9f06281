/**
 * Conformance of a store: the log, its head, compare-and-append, opening and closing.
 */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { StorageError } from '../storage/storage.ts';
import type { AppendResult, Batch } from '../storage/storage.ts';
import {
  batchOf,
  empty,
  nothing,
  recordOf,
  rejectsWith,
  sha256,
  texts,
} from './storage-batches.ts';
import type { Check } from './storage-batches.ts';

export const logCases: readonly (readonly [name: string, check: Check])[] = [
  [
    'an empty log has size 0 and the root of the empty tree',
    async (open) => {
      const store = await open();
      deepEqual(await store.head(), empty);
      deepEqual(await store.readEntries(0, 10), []);
      deepEqual(await store.readContents(0, 10), []);
      deepEqual(await store.scanRecords({ kind: 'session', limit: 10 }), {
        head: empty,
        records: [],
      });
    },
  ],
  [
    'what was appended is read back byte for byte',
    async (open) => {
      const store = await open();
      const bodies = [...texts, `"${'x😀'.repeat(210_000)}"`];
      const contents = texts.map((text, index) => ({
        index,
        field: `f ${text}`,
        salt: text,
        text,
      }));
      const records = texts.map((text) => recordOf('kind', text, { parent: text, value: text }));
      const batch = batchOf(0, bodies, { contents, records });
      deepEqual(await store.append(batch), { status: 'appended' });
      deepEqual(await store.head(), batch.head);
      deepEqual(await store.readEntries(0, 100), batch.entries);
      deepEqual(await store.readContents(0, 100), contents);
      const found = await store.readRecords(records);
      deepEqual(found, { head: batch.head, records });
    },
  ],
  [
    'entries and contents are read by range',
    async (open) => {
      const store = await open();
      const contents = [0, 1, 1, 2].map((index, at) => ({
        index,
        field: `field ${at}`,
        salt: 's',
        text: `t${at}`,
      }));
      const batch = batchOf(0, ['0', '1', '2', '3'], { contents });
      await store.append(batch);
      deepEqual(await store.readEntries(1, 2), batch.entries.slice(1, 3));
      deepEqual(await store.readEntries(3, 10_000), batch.entries.slice(3));
      deepEqual(await store.readEntries(4, 1), []);
      deepEqual(await store.readContents(1, 2), contents.slice(1, 3));
      deepEqual(await store.readContents(2, 2), []);
    },
  ],
  [
    'what was decided on another log of the same size is not appended',
    async (open) => {
      const store = await open();
      const first = batchOf(0, ['a', 'b']);
      await store.append(first);
      const conflict: AppendResult = { status: 'conflict', size: 2 };
      const expectedPrevious = sha256('of another log');
      const records = [recordOf('kind', 'key')];
      const fits = batchOf(2, ['c'], { records });
      for (const batch of [fits, batchOf(2, [])]) {
        deepEqual(await store.append({ ...batch, expectedPrevious }), conflict);
        deepEqual(await store.readRecords(records), { head: first.head, records: [] });
      }
      deepEqual(await store.append(fits), { status: 'appended' });
    },
  ],
  [
    'a conflict writes nothing at all',
    async (open) => {
      const store = await open();
      const first = batchOf(0, ['a', 'b'], { records: [recordOf('kind', 'key')] });
      await store.append(first);
      const contents = [{ index: 1, field: 'late', salt: 's', text: 't' }];
      const late = [recordOf('kind', 'key', { value: 'changed' }), recordOf('kind', 'new')];
      const conflict: AppendResult = { status: 'conflict', size: 2 };
      const stale = batchOf(1, ['c'], { contents, records: late });
      deepEqual(await store.append(stale), conflict);
      deepEqual(await store.append(batchOf(3, ['d'], { records: late })), conflict);
      deepEqual(await store.append(batchOf(1, [], { records: late })), conflict);
      deepEqual(await store.head(), first.head);
      deepEqual(await store.readEntries(0, 10), first.entries);
      deepEqual(await store.readContents(0, 10), []);
      deepEqual((await store.scanRecords({ kind: 'kind', limit: 9 })).records, first.records);
    },
  ],
  [
    'of two handles that append from one size, one wins',
    async (open) => {
      const [left, right] = [await open(), await open()];
      for (let size = 0; size < 50; size += 1) {
        const results = await Promise.all([
          left.append(batchOf(size, [`left ${size}`])),
          right.append(batchOf(size, [`right ${size}`])),
        ]);
        const winners = results.filter(({ status }) => status === 'appended');
        equal(winners.length, 1, `${winners.length} winners at size ${size}`);
        deepEqual(await left.head(), await right.head());
        equal((await right.head()).size, size + 1);
      }
      equal((await left.readEntries(0, 100)).length, 50);
    },
  ],
  [
    'a turn, where the store has turns, brings what is new from one snapshot',
    async (open) => {
      const [store, other] = [await open(), await open()];
      if (store.turns === undefined) return;
      const records = [recordOf('kind', 'a'), recordOf('kind', 'b')];
      const batch = batchOf(0, ['a', 'b', 'c'], { records });
      await other.append(batch);
      const wanted = [...records.slice(1), { kind: 'kind', key: 'absent' }];
      const { head, entries } = batch;
      const nobody = { sender: 'nobody', number: 0 };
      const own = { status: 'gone' };
      const some = { head, entries: entries.slice(1), records: records.slice(1), own, parcels: [] };
      deepEqual(await store.turns.take(1, wanted, nobody), some);
      deepEqual(await store.append(batchOf(3, ['d'])), { status: 'appended' });
      deepEqual((await store.turns.take(4, [], nobody))?.entries, []);
      // A turn is no more than a courtesy: what is appended under it is compared.
      equal((await store.append(batchOf(1, ['late']))).status, 'conflict');
    },
  ],
  [
    'an empty batch compares the size and writes nothing',
    async (open) => {
      const [store, other] = [await open(), await open()];
      deepEqual(await store.append(nothing), { status: 'appended' });
      const first = batchOf(0, ['a']);
      await other.append(first);
      deepEqual(await store.append(nothing), { status: 'conflict', size: 1 });
      const fitting = { ...batchOf(1, []), head: { ...first.head, root: 'never written' } };
      deepEqual(await store.append(fitting), { status: 'appended' });
      deepEqual(await store.head(), first.head);
    },
  ],
  [
    'everything is there after closing and opening again',
    async (open) => {
      const first = await open();
      const contents = [{ index: 0, field: 'arguments', salt: 's', text: 't' }];
      const records = [recordOf('kind', 'key', { live: true })];
      const batch = batchOf(0, texts.slice(0, 3), { contents, records });
      await first.append(batch);
      const keeper = await open();
      await first.close();
      await keeper.close();
      const second = await open();
      deepEqual(await second.head(), batch.head);
      deepEqual(await second.readEntries(0, 9), batch.entries);
      deepEqual(await second.readContents(0, 9), contents);
      deepEqual((await second.scanRecords({ kind: 'kind', limit: 9 })).records, records);
    },
  ],
  [
    'logs in one store are apart',
    async (open, make) => {
      const main = await open();
      const other = make();
      await main.append(batchOf(0, ['a'], { records: [recordOf('kind', 'key')] }));
      deepEqual(await other.open('MAIN'), empty);
      await other.append(batchOf(0, ['b', 'c']));
      deepEqual((await other.scanRecords({ kind: 'kind', limit: 9 })).records, []);
      equal((await main.head()).size, 1);
      await rejects(main.open('other'));
    },
  ],
  [
    'calls before open and after close reject with `closed`',
    async (open, make) => {
      await rejectsWith('closed', make().head());
      const store = await open();
      const underWay = store.append(batchOf(0, ['a']));
      await store.close();
      deepEqual(await underWay, { status: 'appended' });
      await rejectsWith('closed', store.append(batchOf(1, ['b'])));
      await rejectsWith('closed', store.head());
      await rejectsWith('closed', store.open('main'));
      await rejectsWith('closed', store.readEntries(0, 1));
      await rejectsWith('closed', store.readContents(0, 1));
      await rejectsWith('closed', store.readRecords([]));
      await rejectsWith('closed', store.scanRecords({ kind: 'kind', limit: 1 }));
      await store.close();
    },
  ],
  [
    '32 appends at once on one handle each append or conflict',
    async (open) => {
      const store = await open();
      let size = 0;
      for (let round = 0; round < 8; round += 1) {
        const results = await Promise.all(
          Array.from({ length: 32 }, (_, n) =>
            store.append(batchOf(size + (n % 4), [`${round}/${n}`])),
          ),
        );
        const appended = results.filter(({ status }) => status === 'appended').length;
        ok(appended >= 1);
        size += appended;
        equal((await store.head()).size, size);
      }
      const indexes = (await store.readEntries(0, 10_000)).map(({ index }) => index);
      deepEqual(
        indexes,
        Array.from({ length: size }, (_, index) => index),
      );
    },
  ],
  [
    'numbers beyond 2^31 are kept',
    async (open) => {
      const store = await open();
      const [batch, at] = [batchOf(0, ['a']), Number.MAX_SAFE_INTEGER];
      await store.append({ ...batch, head: { ...batch.head, at } });
      equal((await store.head()).at, at);
      deepEqual(await store.readEntries(2 ** 31, 10), []);
      deepEqual(await store.readContents(2 ** 31, 2 ** 52), []);
      const far = batchOf(2 ** 31 + 1, ['far']);
      deepEqual(await store.append(far), { status: 'conflict', size: 1 });
    },
  ],
  [
    'what cannot be kept or makes no sense is refused, and nothing is written',
    async (open) => {
      const store = await open();
      const head = { ...batchOf(0, ['a']).head, size: 2 };
      const content = { index: 0, field: 'f', salt: 's', text: 't' };
      const record = recordOf('kind', 'key');
      const late = batchOf(2, ['c']).entries;
      const senseless: readonly Batch[] = [
        batchOf(0, ['\ud800']),
        batchOf(0, ['a\0b']),
        batchOf(0, ['a'], { records: [recordOf('kind', '\udfff')] }),
        batchOf(0, ['a'], { contents: [{ ...content, index: 1 }] }),
        batchOf(0, ['a'], { contents: [content, content] }),
        { ...batchOf(0, ['a']), head },
        { ...batchOf(0, ['a', 'b']), entries: batchOf(0, ['a', 'b']).entries.toReversed() },
        { ...batchOf(0, ['a', 'b']), entries: [...batchOf(0, ['a']).entries, ...late] },
        batchOf(0, ['a'], { contents: [{ ...content, salt: 'a\0b' }] }),
        batchOf(0, ['a'], { records: [{ ...record, parent: '\ud800' }] }),
        batchOf(0, ['a'], { records: [{ ...record, value: 'a\0b' }] }),
        batchOf(0, ['a'], { records: [{ ...record, live: 1 as never }] }),
        { ...batchOf(0, ['a']), head: { ...batchOf(0, ['a']).head, previous: null } },
        { ...batchOf(0, ['a']), head: { ...batchOf(0, ['a']).head, frontier: ['\udfff'] } },
        batchOf(-1, ['a']),
        batchOf(0.5, ['a']),
        { ...batchOf(0, ['a']), expectedPrevious: sha256('something') },
        { ...batchOf(1, ['a']), expectedPrevious: null },
      ];
      for (const batch of senseless) {
        await rejects(store.append(batch), (error) => !StorageError.is(error));
      }
      for (const limit of [0, 10_001, 1.5, Number.NaN]) {
        await rejects(store.readEntries(0, limit), RangeError);
        await rejects(store.scanRecords({ kind: 'kind', limit }), RangeError);
      }
      await rejects(store.scanRecords({ kind: 'kind', after: '\ud800', limit: 1 }), TypeError);
      deepEqual(await store.head(), empty);
      deepEqual(await store.append(batchOf(0, ['a'])), { status: 'appended' });
      // Of an entry that is there already, whose contents are what they are.
      await rejects(store.append(batchOf(1, ['b'], { contents: [content] })), RangeError);
      deepEqual(await store.readContents(0, 2), []);
    },
  ],
];
