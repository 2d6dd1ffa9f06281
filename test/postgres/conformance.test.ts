/** The PostgreSQL store keeps the storage contract. */
import { describe, expect, test } from 'vitest';
import { storageConformance } from '../../src/testing/storage-conformance.ts';
import type { StoreUnderTest } from '../../src/testing/storage-conformance.ts';
import { newSchema } from './schema.ts';

async function postgresStore(): Promise<StoreUnderTest> {
  const schema = newSchema();
  return { open: () => schema.open(), cleanup: () => schema.drop() };
}

describe('postgres', () => {
  const cases = storageConformance(postgresStore);
  test.each(cases)('$name', async (each) => {
    await expect(each.run()).resolves.toBeUndefined();
  });
});
