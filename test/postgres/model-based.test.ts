/** The commands of the model-based suite on PostgreSQL: the model's answers, and memory's entries byte for byte. */
import { expect, test } from 'vitest';
import { decidesAsMemory } from '../engine/model-run.ts';
import { newSchema } from './schema.ts';

const runs = Number(process.env['MODEL_POSTGRES_RUNS'] ?? 8);

test('the library on PostgreSQL answers as the model does, with memory’s entries', async () => {
  const make = () => {
    const { open, drop } = newSchema();
    return { open: () => open({ listen: false }), remove: drop };
  };
  await expect(decidesAsMemory(make, runs)).resolves.toBeUndefined();
});
