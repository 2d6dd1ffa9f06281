/** What hashes for `verify`: pages of the log, and the records of log and tables, to compare them. */
import { randomBytes } from 'node:crypto';
import { type Hashed, type HashPage, PageHasher } from '../../log/hash-page.ts';
import { MultisetHash, multisetKeyBytes } from '../../log/multiset-hash.ts';
import type { RecordBytes } from '../../log/record-bytes.ts';

/** Where records come from: the events of the log, or the tables. */
export type RecordSource = 'events' | 'tables';

export interface AddedRecords {
  readonly source: RecordSource;
  readonly records: RecordBytes;
  /** Which of them do not count. */
  readonly left: readonly number[];
}

export class Hasher {
  readonly #pages = new PageHasher();
  readonly #sums: Readonly<Record<RecordSource, MultisetHash>>;

  constructor() {
    const key = randomBytes(multisetKeyBytes);
    this.#sums = { events: new MultisetHash(key), tables: new MultisetHash(key) };
  }

  check(page: HashPage): Hashed {
    return this.#pages.check(page);
  }

  add({ source, records: { bytes, ends }, left }: AddedRecords): void {
    const sum = this.#sums[source];
    const leftOut = new Set(left);
    let from = 0;
    for (const [at, end] of ends.entries()) {
      if (!leftOut.has(at)) sum.add(bytes.subarray(from, end));
      from = end;
    }
  }

  /** Whether the same records came from the events and from the tables. */
  agree(): boolean {
    return this.#sums.events.equals(this.#sums.tables);
  }
}
