/** The starting catalogue is what its script makes, and never cheaper than the package that it is made from. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { calcPrice, findProvider, type MatchLogic } from '@pydantic/genai-prices';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { startingModels, startingProviders } from '../../scripts/starting-catalogue.ts';
import { checkCatalogue, compileCatalogue } from '../../src/kernel/index.ts';
import { findModel, priceAt } from '../../src/kernel/model/catalogue.ts';
import { costOf } from '../../src/kernel/model/cost.ts';

const root = join(import.meta.dirname, '../..');
const file = JSON.parse(
  readFileSync(join(root, 'prices/starting-catalogue.json'), 'utf8'),
) as Record<string, unknown>;
const checked = checkCatalogue(file);
if ('findings' in checked) throw new Error(JSON.stringify(checked.findings));
const catalogue = compileCatalogue(checked.document);

/** Every exact name that the package has of any provider, whether it is in the catalogue or not. */
const known = startingProviders.flatMap((providerId) =>
  (findProvider({ providerId })?.models ?? []).flatMap(({ id, match }) =>
    [id, ...equalsOf(match)].map((name) => ({ providerId, name })),
  ),
);
const listed = known.filter(
  ({ providerId, name }) =>
    findModel(catalogue, name) !== undefined && calcPrice({}, name, { providerId }) !== null,
);

function equalsOf(match: MatchLogic): readonly string[] {
  if ('equals' in match) return [match.equals];
  return 'or' in match ? match.or.flatMap(equalsOf) : [];
}

const usages = fc
  .record({
    fresh: fc.integer({ min: 0, max: 400_000 }),
    read: fc.integer({ min: 0, max: 400_000 }),
    short: fc.integer({ min: 0, max: 100_000 }),
    long: fc.integer({ min: 0, max: 100_000 }),
    output: fc.integer({ min: 0, max: 200_000 }),
  })
  .map(({ fresh, read, short, long, output }) => ({
    input: fresh + read + short + long,
    read,
    write: short + long,
    long,
    output,
  }));
const instants = fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2028, 0, 1) });

test('the file in the repository is what the script makes', () => {
  const { version } = file;
  expect(file).toEqual({ format: 1, version, currency: 'USD', models: startingModels().models });
});

test('no call costs less than by the package’s own calculator, whatever the name, time and usage', () => {
  expect(listed.length).toBeGreaterThan(200);
  fc.assert(
    fc.property(fc.constantFrom(...listed), instants, usages, (asked, at, usage) => {
      const { name, providerId } = asked;
      const model = findModel(catalogue, name);
      const price = model === undefined ? undefined : priceAt(model, at);
      if (price === undefined) throw new Error(`\`${name}\` has no price`);
      const cost = costOf(price, {
        inputTokens: usage.input,
        outputTokens: usage.output,
        cacheReadTokens: usage.read,
        cacheWriteTokens: usage.write,
        reasoningTokens: 0,
      });
      const theirs = calcPrice(
        {
          input_tokens: usage.input,
          output_tokens: usage.output,
          cache_read_tokens: usage.read,
          cache_write_tokens: usage.write,
          cache_write_1h_tokens: usage.long,
        },
        name,
        { providerId, timestamp: new Date(at) },
      );
      // Theirs are floating point numbers: less than a millionth of a micro-USD is no difference.
      expect(cost).toBeGreaterThanOrEqual((theirs?.total_price ?? 0) * 1e6 - 1e-6);
    }),
    { numRuns: 2_000 },
  );
});

test('a name with a date that the package knows is never cheaper here', () => {
  const dated = listed.filter(({ name }) => /-(?:\d{4}-\d{2}-\d{2}|\d{8})$/.test(name));
  expect(dated.length).toBeGreaterThan(20);
  const at = Date.UTC(2026, 10, 1);
  const usage = { inputTokens: 1_000_000, outputTokens: 1_000_000 };
  const none = { cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
  for (const { name, providerId } of dated) {
    const model = findModel(catalogue, name);
    const price = model === undefined ? undefined : priceAt(model, at);
    const theirs = calcPrice({ input_tokens: 1_000_000, output_tokens: 1_000_000 }, name, {
      providerId,
      timestamp: new Date(at),
    });
    const cost = price === undefined ? 0 : (costOf(price, { ...usage, ...none }) ?? 0);
    expect({ name, cheaper: cost < (theirs?.total_price ?? 0) * 1e6 - 1 }).toEqual({
      name,
      cheaper: false,
    });
  }
});

test('models that everybody knows have the prices that the package has', () => {
  const { models } = checked.document;
  expect(models['gpt-4o']).toMatchObject({
    provider: 'openai',
    dated: true,
    prices: [{ input: '2.5', output: '10', cacheRead: '1.25' }],
  });
  expect(models['o3']?.prices.map(({ from, input, output }) => [from, input, output])).toEqual([
    [undefined, '10', '40'],
    ['2025-06-10T00:00:00Z', '2', '8'],
  ]);
  // What is cached for an hour costs 6; usage does not say for how long.
  expect(models['claude-sonnet-4-5']?.prices).toEqual([
    {
      input: '3',
      output: '15',
      cacheRead: '0.3',
      cacheWrite: '6',
      above: [
        { inputTokens: 200_000, input: '6', output: '22.5', cacheRead: '0.6', cacheWrite: '12' },
      ],
    },
  ]);
  expect(models['gemini-2.5-pro']?.prices[0]?.above?.[0]).toMatchObject({ input: '2.5' });
});

test('dated names of models that answer with them are found; names that nobody listed are not', () => {
  expect(findModel(catalogue, 'claude-sonnet-4-5-20250929')?.id).toBe('claude-sonnet-4-5');
  expect(findModel(catalogue, 'claude-3-5-haiku-20241022')?.id).toBe('claude-3-5-haiku-latest');
  expect(findModel(catalogue, 'gpt-4o-2024-05-13')?.id).toBe('gpt-4o-2024-05-13');
  for (const name of [
    'openai/gpt-4o',
    'GPT-4o',
    'ft:gpt-4o',
    'ft:gpt-3.5-turbo-',
    'deepseek-chat',
  ]) {
    expect(findModel(catalogue, name)).toBeUndefined();
  }
});
