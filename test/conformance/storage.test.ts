/** Every store of the package keeps the storage contract. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { memoryFleet } from '../../src/storage/memory.ts';
import { sqlite } from '../../src/storage/sqlite/sqlite-storage.ts';
import { storageConformance } from '../../src/testing/storage-conformance.ts';
import type { StoreUnderTest } from '../../src/testing/storage-conformance.ts';

async function memoryStore(): Promise<StoreUnderTest> {
  return { open: memoryFleet(), cleanup: async () => {} };
}

async function sqliteStore(): Promise<StoreUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'control-plane-'));
  return {
    open: () => sqlite(join(folder, 'control-plane.db')),
    cleanup: () => rm(folder, { recursive: true }),
  };
}

describe.each([
  ['memory', memoryStore],
  ['sqlite', sqliteStore],
])('%s', (_, makeStore) => {
  for (const { name, run } of storageConformance(makeStore)) test(name, run);
});
