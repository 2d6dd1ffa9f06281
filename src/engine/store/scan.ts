/** Every record of a kind, page by page, as the store has them while they are read. */
import type { RecordQuery, Storage, StoredRecord } from '../../storage/storage.ts';

const pageSize = 1_000;

export async function* scanAll(
  storage: Storage,
  query: Omit<RecordQuery, 'after' | 'limit'>,
): AsyncGenerator<StoredRecord, void, undefined> {
  for (let after: string | undefined; ;) {
    const { records } = await storage.scanRecords({
      ...query,
      limit: pageSize,
      ...(after === undefined ? {} : { after }),
    });
    yield* records;
    if (records.length < pageSize) return;
    after = records.at(-1)?.key;
  }
}
