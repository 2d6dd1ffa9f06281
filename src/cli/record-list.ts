/** Records of a kind as values, for commands that list what a file has. */
import { scanAll } from '../engine/store/scan.ts';
import type { RecordKind, RecordsByKind } from '../kernel/index.ts';
import type { Storage } from '../storage/storage.ts';

export async function* recordsOf<K extends RecordKind>(
  storage: Storage,
  kind: K,
): AsyncGenerator<RecordsByKind[K], void, undefined> {
  for await (const { value } of scanAll(storage, { kind })) {
    yield JSON.parse(value) as RecordsByKind[K];
  }
}
