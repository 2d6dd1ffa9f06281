/**
 * The simulation's workload, with its crashes, pauses and faults, on a real PostgreSQL: the auditor finds nothing,
 * and the log is memory's, byte for byte.
 */
import { expect, test } from 'vitest';
import { memoryFleet } from '../../src/storage/memory.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { simulate } from '../simulation/simulate.ts';
import { newSchema } from './schema.ts';

const steps = Number(process.env['SIM_POSTGRES_STEPS'] ?? 150);

test('a simulation on PostgreSQL holds, and gives memory’s log', async () => {
  const seed = process.env['SIM_SEED'] ?? 'pg-3';
  const schema = newSchema();
  const handles: Storage[] = [];
  const handle = (): Storage => {
    const store = schema.open({ listen: false });
    handles.push(store);
    return store;
  };
  try {
    const onMemory = await simulate({ seed, steps, handle: memoryFleet() });
    const onPostgres = await simulate({ seed, steps, handle });
    expect(onPostgres.problems).toEqual([]);
    expect(onPostgres.bodies).toEqual(onMemory.bodies);
    expect(onPostgres.replies).toEqual(onMemory.replies);
    expect(onPostgres.crashes).toBeGreaterThan(0);
    expect(onPostgres.entries).toBeGreaterThan(steps);
  } finally {
    for (const each of handles) await each.close();
    await schema.drop();
  }
});
