/** A name means a model only where the catalogue has exactly that name; a price holds from its day on. */
import { expect, test } from 'vitest';
import { findModel, priceAt } from './catalogue.ts';
import { checkCatalogue } from './check-catalogue.ts';
import { compileCatalogue } from './compile-catalogue.ts';

const at = (text: string): number => Date.parse(text);

function compiled(models: unknown): ReturnType<typeof compileCatalogue> {
  const check = checkCatalogue({ format: 1, version: 3, currency: 'USD', models });
  if ('findings' in check) throw new Error(JSON.stringify(check.findings));
  return compileCatalogue(check.document);
}

const catalogue = compiled({
  'gpt-4o': {
    provider: 'openai',
    aliases: ['gpt-4o-2024-08-06', 'azure/gpt-4o'],
    prices: [
      { input: '5', output: '15' },
      { from: '2024-10-02T00:00:00Z', input: '2.50', output: '10', cacheRead: '1.25' },
    ],
  },
  'claude-x': {
    tier: 'premium',
    prices: [
      {
        from: '2025-01-01T00:00:00.500Z',
        input: '3',
        output: '15',
        cacheWrite: '3.75',
        reasoning: '20',
        request: '0.000001',
        inputTokensMax: 200_000,
        outputTokensMax: 64_000,
      },
    ],
  },
});

test.each(['gpt-4o', 'gpt-4o-2024-08-06', 'azure/gpt-4o'])('`%s` is found as listed', (name) => {
  expect(findModel(catalogue, name)?.id).toBe('gpt-4o');
});

test.each([
  'GPT-4o',
  'Gpt-4o',
  'gpt-4o ',
  ' gpt-4o',
  'gpt-4o\n',
  'gpt-4o\u200B',
  'gpt\u20104o',
  'openai/gpt-4o',
  'openai:gpt-4o',
  'gpt-4o-2024-05-13',
  'gpt-4o-mini',
  'gpt-4',
  'ft:gpt-4o:org',
  'ft:gpt-4o:org::id',
  '',
  'constructor',
  '__proto__',
])('A82: %j is no model, because it is not listed', (name) => {
  expect(findModel(catalogue, name)).toBeUndefined();
});

test('a price holds from its instant until the next one', () => {
  const model = findModel(catalogue, 'gpt-4o');
  if (model === undefined) throw new Error('not found');
  expect(priceAt(model, 0)?.input).toBe(5_000_000);
  expect(priceAt(model, at('2024-10-01T23:59:59.999Z'))?.input).toBe(5_000_000);
  expect(priceAt(model, at('2024-10-02T00:00:00Z'))?.input).toBe(2_500_000);
});

test('before its first price a model has none', () => {
  const model = findModel(catalogue, 'claude-x');
  if (model === undefined) throw new Error('not found');
  expect(priceAt(model, at('2025-01-01T00:00:00.499Z'))).toBeUndefined();
  expect(priceAt(model, at('2025-01-01T00:00:00.500Z'))).toBeDefined();
});

test('what a price leaves out costs what the rest of its side costs', () => {
  expect(findModel(catalogue, 'gpt-4o')?.prices[1]).toEqual({
    from: at('2024-10-02T00:00:00Z'),
    input: 2_500_000,
    output: 10_000_000,
    cacheRead: 1_250_000,
    cacheWrite: 2_500_000,
    reasoning: 10_000_000,
    request: 0,
    above: [],
    inputTokensMax: undefined,
    outputTokensMax: undefined,
  });
  expect(findModel(catalogue, 'claude-x')?.prices[0]).toMatchObject({
    cacheRead: 3_000_000,
    cacheWrite: 3_750_000,
    reasoning: 20_000_000,
    request: 1,
    inputTokensMax: 200_000,
    outputTokensMax: 64_000,
  });
});

test('a model is in the standard tier unless it says otherwise, and models are in order', () => {
  expect(catalogue.models.map(({ id, tier }) => [id, tier])).toEqual([
    ['claude-x', 'premium'],
    ['gpt-4o', 'standard'],
  ]);
});

test('a catalogue that was not checked is not compiled', () => {
  const prices = [{ input: '1,5', output: '1' }];
  const document = { format: 1, version: 1, currency: 'USD', models: { a: { prices } } } as const;
  expect(() => compileCatalogue(document)).toThrow('was not checked');
});
