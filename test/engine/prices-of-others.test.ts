/** A price catalogue that another process activates holds here, too. */
import { expect, test } from 'vitest';
import { openControlPlane } from '../../src/engine/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';

function catalogue(version: number, aliases: readonly string[]): object {
  const prices = [{ input: '1', output: '2' }];
  return { format: 1, version, currency: 'USD', models: { large: { aliases, prices } } };
}

test('what a model is called is what the catalogue says that another process activated', async () => {
  const store = memoryFleet();
  const open = () =>
    openControlPlane({ storage: store(), agents: ['bot'], prices: catalogue(1, ['big']) });
  const [one, two] = [await open(), await open()];
  const principal = one.identity.assert({ id: 'ann', org: 'acme', roles: ['agent'] });
  const session = await one.openSession({ principal, agent: 'bot' });
  expect([session.modelId('big'), session.modelId('huge')]).toEqual(['large', 'huge']);
  await two.activatePrices(catalogue(2, ['huge']));
  await one.sync();
  expect([session.modelId('big'), session.modelId('huge')]).toEqual(['big', 'large']);
  await one.close();
  await two.close();
});
