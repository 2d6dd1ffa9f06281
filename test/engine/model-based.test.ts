/**
 * The same commands against a simple model and the library, on memory and on SQLite: same answers,
 * a log that verifies, and byte for byte the same entries on both stores.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { verify } from '../../src/engine/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { sqlite } from '../../src/storage/sqlite/sqlite-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { inspect, type ShopCommand, shopCommands } from './model-commands.ts';
import { Reality } from './model-reality.ts';
import { ShopModel } from './model.ts';

const memoryRuns = Number(process.env['MODEL_MEMORY_RUNS'] ?? 150);
const sqliteRuns = Number(process.env['MODEL_SQLITE_RUNS'] ?? 5);

test('the library on memory answers as the model does', async () => {
  const scripts = fc.commands(shopCommands, { maxCommands: 60, size: 'max' });
  const property = fc.asyncProperty(scripts, async (script) => {
    await runOn(memoryFleet(), script);
  });
  await fc.assert(property, { numRuns: memoryRuns });
});

test('the library on SQLite answers as the model does, with memory’s entries', async () => {
  const scripts = fc.commands(shopCommands, { maxCommands: 60, size: 'max' });
  const property = fc.asyncProperty(scripts, async (script) => {
    const folder = await mkdtemp(join(tmpdir(), 'acp-model-'));
    try {
      const commands = [...script];
      const onSqlite = await runOn(() => sqlite(join(folder, 'log.db')), commands);
      const onMemory = await runOn(memoryFleet(), commands);
      expect(onSqlite).toEqual(onMemory);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
  await fc.assert(property, { numRuns: sqliteRuns });
});

/** Runs a script from an empty store; returns the bodies of all entries. */
async function runOn(
  store: () => Storage,
  script: Iterable<ShopCommand>,
): Promise<readonly string[]> {
  const real = new Reality(store);
  await real.open(1);
  const model = new ShopModel();
  try {
    await fc.asyncModelRun(() => ({ model, real }), script);
    await inspect(model, real);
  } finally {
    await real.close();
  }
  const reader = store();
  const { faults, head } = await verify(reader);
  expect(faults).toEqual([]);
  const entries = await reader.readEntries(0, Math.max(1, head.size));
  await reader.close();
  return entries.map(({ body }) => body);
}
