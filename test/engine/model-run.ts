/** Runs random scripts of commands against the model and the library on some store, and compares stores. */
import * as fc from 'fast-check';
import { expect } from 'vitest';
import { verify } from '../../src/engine/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { inspect, type ShopCommand, shopCommands } from './model-commands.ts';
import { Reality } from './model-reality.ts';
import { ShopModel } from './model.ts';

/** Somewhere empty; each handle is a process of its own. */
export interface EmptyStore {
  readonly open: () => Storage;
  readonly remove: () => Promise<void>;
}

/** The library answers as the model does. */
export async function answersAsModel(
  make: () => EmptyStore | Promise<EmptyStore>,
  numRuns: number,
): Promise<void> {
  await onScripts(numRuns, async (script) => {
    const store = await make();
    try {
      await runOn(store.open, script);
    } finally {
      await store.remove();
    }
  });
}

/** The library answers as the model does, with the entries that it writes on memory, byte for byte. */
export async function decidesAsMemory(
  make: () => EmptyStore | Promise<EmptyStore>,
  numRuns: number,
): Promise<void> {
  await onScripts(numRuns, async (script) => {
    const store = await make();
    try {
      const commands = [...script];
      const here = await runOn(store.open, commands);
      const onMemory = await runOn(memoryFleet(), commands);
      expect(here).toEqual(onMemory);
    } finally {
      await store.remove();
    }
  });
}

async function onScripts(
  numRuns: number,
  run: (script: Iterable<ShopCommand>) => Promise<void>,
): Promise<void> {
  const scripts = fc.commands(shopCommands, { maxCommands: 60, size: 'max' });
  await fc.assert(fc.asyncProperty(scripts, run), { numRuns });
}

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
  const { faults, erased, head } = await verify(reader);
  expect([faults, erased]).toEqual([[], undefined]);
  const entries = await reader.readEntries(0, Math.max(1, head.size));
  await reader.close();
  return entries.map(({ body }) => body);
}
