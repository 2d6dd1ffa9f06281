/** Entries with correct hashes that no control plane wrote: `verify` names them, and never ends with a crash. */
import { expect, test } from 'vitest';
import { verify } from '../../src/engine/index.ts';
import { type EntryDraft, sealEntry } from '../../src/log/index.ts';
import { appendLeaf, emptyFrontier, rootHash } from '../../src/log/merkle.ts';
import { memory } from '../../src/storage/memory.ts';

async function faultsOf(type: string, data: object): Promise<readonly unknown[]> {
  const storage = memory();
  await storage.open('main');
  const by = { org: 'acme', id: 'ann', roles: [] };
  const draft: EntryDraft = { at: 1, type, command: 'c-1', by, data };
  const entry = sealEntry(draft, { log: 'main', index: 0, previous: null });
  const frontier = appendLeaf(emptyFrontier, entry.leaf);
  await storage.append({
    expectedSize: 0,
    expectedPrevious: null,
    entries: [entry],
    contents: [],
    records: [],
    head: {
      size: 1,
      previous: entry.leaf,
      root: rootHash(frontier),
      frontier: frontier.hashes,
      at: 1,
    },
  });
  const { holds, faults } = await verify(storage);
  expect(holds).toBe(faults.length === 0);
  return faults;
}

test('an entry whose hashes are right holds, as far as its event goes', async () => {
  expect(await faultsOf('command-rejected', {})).toEqual([]);
});

test.each([
  ['a record without a key', 'command-rejected', { idempotency: 7 }],
  ['a record whose key no store takes', 'command-rejected', { idempotency: { key: 'a\0' } }],
  ['a tool without a name', 'tool-registered', {}],
])('%s is a fault of the entry that made it', async (_, type, data) => {
  const message = expect.stringContaining('the event cannot be applied: ') as unknown;
  expect(await faultsOf(type, data)).toEqual([{ index: 0, code: 'not-applicable', message }]);
});

test('an event that there is not is named', async () => {
  const message = 'no event of this release is `tea-served`; a newer one may have written it';
  expect(await faultsOf('tea-served', {})).toEqual([{ index: 0, code: 'not-applicable', message }]);
});
