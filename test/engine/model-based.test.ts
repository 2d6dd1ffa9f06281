/**
 * The same commands against a simple model and the library, on memory and on SQLite: same answers,
 * a log that verifies, and byte for byte the same entries on both stores.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { memoryFleet } from '../../src/storage/memory.ts';
import { sqlite } from '../../src/storage/sqlite/sqlite-storage.ts';
import { answersAsModel, decidesAsMemory } from './model-run.ts';

const memoryRuns = Number(process.env['MODEL_MEMORY_RUNS'] ?? 150);
const sqliteRuns = Number(process.env['MODEL_SQLITE_RUNS'] ?? 5);

test('the library on memory answers as the model does', async () => {
  const make = () => ({ open: memoryFleet(), remove: async () => {} });
  await expect(answersAsModel(make, memoryRuns)).resolves.toBeUndefined();
});

test('the library on SQLite answers as the model does, with memory’s entries', async () => {
  const make = async () => {
    const folder = await mkdtemp(join(tmpdir(), 'acp-model-'));
    const open = () => sqlite(join(folder, 'log.db'));
    return { open, remove: () => rm(folder, { recursive: true }) };
  };
  await expect(decidesAsMemory(make, sqliteRuns)).resolves.toBeUndefined();
});
