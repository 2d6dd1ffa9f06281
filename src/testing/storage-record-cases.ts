/**
 * Conformance of a store: records, their order, their paging and their snapshot.
 */
import { deepEqual, equal } from 'node:assert/strict';
import type { RecordKey, Storage, StoredRecord } from '../storage/storage.ts';
import { batchOf, recordOf, sha256 } from './storage-batches.ts';
import type { Check } from './storage-batches.ts';

/** The keys of one kind, read page by page. */
async function keysByPage(store: Storage, kind: string, limit: number): Promise<string[]> {
  const keys: string[] = [];
  for (;;) {
    const after = keys.at(-1);
    const query = after === undefined ? { kind, limit } : { kind, limit, after };
    const { records } = await store.scanRecords(query);
    keys.push(...records.map(({ key }) => key));
    if (records.length < limit) return keys;
  }
}

/** Fewer than were asked for are the last ones: whoever reads what is live stops there. */
async function assertPages(store: Storage, records: readonly StoredRecord[]): Promise<void> {
  const filters = [{}, { live: true }, { parent: 'p3' }, { parent: 'p3', live: false }];
  for (const filter of filters) {
    const fitting = records.filter(
      ({ live, parent }) => (filter.live ?? live) === live && (filter.parent ?? parent) === parent,
    );
    for (let from = 0; from <= fitting.length; from += 4) {
      const after = fitting[from - 1]?.key;
      const query = { kind: 'kind', limit: 4, ...filter };
      const page = await store.scanRecords(after === undefined ? query : { ...query, after });
      deepEqual(page.records, fitting.slice(from, from + 4), JSON.stringify({ ...filter, after }));
    }
  }
}

export const recordCases: readonly (readonly [name: string, check: Check])[] = [
  [
    'records are replaced, and can be written without entries',
    async (open) => {
      const store = await open();
      const old = recordOf('kind', 'key', { parent: 'p', live: true });
      await store.append(batchOf(0, ['a'], { records: [old, recordOf('other', 'key')] }));
      const head = await store.head();
      const moved = recordOf('kind', 'key', { parent: 'q', live: false, value: 'new' });
      await store.append({ ...batchOf(1, [], { records: [old, moved] }), head });
      deepEqual(await store.readRecords([moved]), { head, records: [moved] });
      const under = async (parent: string) =>
        (await store.scanRecords({ kind: 'kind', parent, limit: 9 })).records;
      deepEqual([await under('p'), await under('q')], [[], [moved]]);
      deepEqual((await store.scanRecords({ kind: 'kind', live: true, limit: 9 })).records, []);
    },
  ],
  [
    'records are listed by parent and by liveness',
    async (open) => {
      const store = await open();
      const records = [0, 1, 2, 3, 4, 5, 6, 7].map((n) =>
        recordOf('kind', `key ${n}`, { parent: n < 2 ? '' : `p${n % 2}`, live: n % 4 < 2 }),
      );
      const elsewhere = recordOf('other', 'key 0', { parent: 'p0', live: true });
      await store.append(batchOf(0, ['a'], { records: [...records, elsewhere] }));
      for (const parent of [undefined, '', 'p0', 'p1', 'p']) {
        for (const live of [undefined, true, false]) {
          const query = { kind: 'kind', limit: 99, ...(parent === undefined ? {} : { parent }) };
          const found = await store.scanRecords(live === undefined ? query : { ...query, live });
          const expected = records.filter(
            (record) =>
              (parent ?? record.parent) === record.parent && (live ?? record.live) === record.live,
          );
          deepEqual(found.records, expected, `parent ${parent}, live ${live}`);
        }
      }
    },
  ],
  [
    'a page has as many records as were asked for, whatever lies between them, and the newest too',
    async (open) => {
      const store = await open();
      const made = (n: number) =>
        recordOf('kind', `key ${100 + n}`, { parent: `p${n % 9}`, live: n % 7 === 0 });
      const [even, odd] = [0, 1].map((from) =>
        Array.from({ length: 60 }, (_, n) => made(2 * n + from)),
      );
      await store.append(batchOf(0, ['a'], { records: even ?? [] }));
      await assertPages(store, even ?? []);
      await store.append(batchOf(1, ['b'], { records: odd ?? [] }));
      const all = [...(even ?? []), ...(odd ?? [])];
      await assertPages(
        store,
        all.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
      );
    },
  ],
  [
    'keys are distinct byte for byte and listed in code point order',
    async (open) => {
      const store = await open();
      // In this order by code point, so by UTF-8 byte; by code unit, U+FFFF would come last.
      const keys = ['', ' ', 'A', 'A ', 'a', 'aa', 'e\u0301', 'é', '\uffff', '😀', '\u{10ffff}'];
      const records = keys.map((key) => recordOf('kind', key, { live: true, parent: 'p' }));
      const shuffled = records.toSorted((a, b) => sha256(a.key).localeCompare(sha256(b.key)));
      await store.append(batchOf(0, ['a'], { records: shuffled }));
      for (const limit of [1, 2, 3, 100]) deepEqual(await keysByPage(store, 'kind', limit), keys);
      for (const record of records) {
        deepEqual((await store.readRecords([record])).records, [record]);
      }
      const kinds: RecordKey[] = [
        { kind: 'Kind', key: 'a' },
        { kind: 'kind', key: 'AA' },
      ];
      deepEqual((await store.readRecords(kinds)).records, []);
    },
  ],
  [
    'records come with the head of the same snapshot',
    async (open) => {
      const [writer, reader] = [await open(), await open()];
      const counter = (size: number) => recordOf('counter', 'n', { live: true, value: `${size}` });
      const rounds = 60;
      let writing = true;
      const written = (async () => {
        for (let size = 0; size < rounds; size += 1) {
          await writer.append(batchOf(size, ['e'], { records: [counter(size + 1)] }));
        }
      })().finally(() => {
        writing = false;
      });
      for (let last = false; !last; last = !writing) {
        const pages = await Promise.all([
          reader.readRecords([{ kind: 'counter', key: 'n' }]),
          reader.scanRecords({ kind: 'counter', live: true, limit: 5 }),
        ]);
        for (const { head, records } of pages) {
          equal(records[0]?.value ?? '0', `${head.size}`);
        }
      }
      await written;
    },
  ],
  [
    'a batch of 5,000 records is written and read whole',
    async (open) => {
      const store = await open();
      const records = Array.from({ length: 5_000 }, (_, n) =>
        recordOf('kind', `${n}`.padStart(5, '0'), { parent: `p${n % 7}`, live: n % 3 === 0 }),
      );
      await store.append(batchOf(0, ['a'], { records }));
      deepEqual((await store.scanRecords({ kind: 'kind', limit: 10_000 })).records, records);
      deepEqual((await store.readRecords(records)).records, records);
    },
  ],
];
