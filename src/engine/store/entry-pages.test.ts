import { expect, test } from 'vitest';
import { memoryFleet } from '../../storage/memory.ts';
import { batchOf } from '../../testing/storage-batches.ts';
import { entryPages } from './entry-pages.ts';

test('entries that come while the log is read are read, and are not missing', async () => {
  const fleet = memoryFleet();
  const [reader, writer] = [fleet(), fleet()];
  await Promise.all([reader.open('main'), writer.open('main')]);
  await writer.append(batchOf(0, ['a']));
  const head = reader.head.bind(reader);
  reader.head = async () => {
    if ((await head()).size === 1) await writer.append(batchOf(1, ['b']));
    return head();
  };
  const read: number[] = [];
  for await (const page of entryPages(reader, 0)) read.push(...page.map(({ index }) => index));
  expect(read).toEqual([0, 1]);
});
