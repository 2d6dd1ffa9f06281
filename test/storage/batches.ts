/** Batches for tests of stores. The hashes only look like ones: a store does not check them. */
import type { Batch } from '../../src/storage/storage.ts';

const hash = 'ab'.repeat(32);

/** One entry with one content and two records, behind `size` entries. */
export function numbered(size: number, label = 'test'): Batch {
  const body = JSON.stringify({ index: size, label, padding: 'x'.repeat(400) });
  const key = `${label}-${String(size).padStart(9, '0')}`;
  return {
    expectedSize: size,
    expectedPrevious: size === 0 ? null : hash,
    entries: [{ index: size, body, leaf: hash }],
    contents: [{ index: size, field: 'arguments', salt: hash, text: 'y'.repeat(200) }],
    records: [
      { kind: 'permit', key, parent: label, live: true, value: '{"state":"open"}' },
      { kind: 'budget', key: label, parent: '', live: true, value: `{"size":${size}}` },
    ],
    head: { size: size + 1, previous: hash, root: hash, frontier: [hash], at: size },
  };
}
