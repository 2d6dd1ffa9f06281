/** The published schema of price catalogues against the check: both take and refuse the same documents. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Validator } from '@cfworker/json-schema';
import { describe, expect, test } from 'vitest';
import { checkCatalogue } from '../../src/kernel/index.ts';
import { codeBlocks } from '../docs/documents.ts';

type Schema = ConstructorParameters<typeof Validator>[0];
const root = join(import.meta.dirname, '../..');
const json = (path: string): unknown => JSON.parse(readFileSync(join(root, path), 'utf8'));
const schema = json('schema/prices.schema.json') as Schema & Record<string, unknown>;
const validator = new Validator(schema, '2020-12', false);

function refusals(value: unknown): readonly string[] {
  const { valid, errors } = validator.validate(value);
  return valid ? [] : errors.map(({ instanceLocation, error }) => `${instanceLocation} ${error}`);
}

const documented =
  codeBlocks('docs/models.md', 'json').find((block) => block.includes('"currency"')) ?? '';

const price = { input: '2.50', output: '10' };
const full = {
  from: '2026-01-31T00:00:00.000Z',
  ...price,
  cacheRead: '0.25',
  cacheWrite: '3.125000',
  reasoning: '10',
  request: '0.000001',
  above: [{ inputTokens: 200_000, ...price, cacheRead: '1', request: '0' }],
  inputTokensMax: 1_048_576,
  outputTokensMax: 65_536,
};
const model = {
  provider: 'openai',
  aliases: ['x/m', 'm:y'],
  dated: true,
  tier: 'premium',
  prices: [price, full],
};
const good = { format: 1, version: 1, currency: 'USD', models: { m: model } };

describe('what is right is taken by both', () => {
  const rows: readonly (readonly [what: string, document: unknown])[] = [
    ['every member', good],
    ['the least', { ...good, models: { '@m': { prices: [price] } } }],
    [
      'zeros behind six decimals',
      { ...good, models: { m: { prices: [{ ...price, input: '1.2500000' }] } } },
    ],
    ['the catalogue of the page', JSON.parse(documented)],
    ['the starting catalogue', json('prices/starting-catalogue.json')],
  ];
  test.each(rows)('%s', (_, document) => {
    expect(checkCatalogue(document)).toHaveProperty('document');
    expect(refusals(document)).toEqual([]);
  });
});

describe('what is wrong is refused by both', () => {
  const ofModel = (members: object): unknown => ({
    ...good,
    models: { m: { ...model, ...members } },
  });
  const ofPrice = (members: object): unknown => ofModel({ prices: [{ ...full, ...members }] });
  const ofAbove = (members: object): unknown =>
    ofPrice({ above: [{ inputTokens: 5, ...price, ...members }] });
  const rows: readonly (readonly [what: string, document: unknown])[] = [
    ['no object', []],
    ['another format', { ...good, format: 2 }],
    ['version 0', { ...good, version: 0 }],
    ['another currency', { ...good, currency: 'EUR' }],
    ['an unknown member', { ...good, $schema: './prices.schema.json' }],
    ['no model', { ...good, models: {} }],
    ['a name with a space', { ...good, models: { 'm x': model } }],
    ['an unknown member of a model', ofModel({ price: '1' })],
    ['an alias that is no name', ofModel({ aliases: ['é'] })],
    ['no alias in a list of them', ofModel({ aliases: [] })],
    ['a text for `dated`', ofModel({ dated: 'yes' })],
    ['a tier with a space', ofModel({ tier: 'very dear' })],
    ['no price', ofModel({ prices: [] })],
    ['no output price', ofPrice({ output: undefined })],
    ['a number as a price', ofPrice({ input: 2.5 })],
    ['seven decimals', ofPrice({ input: '0.0000001' })],
    ['a negative price', ofPrice({ request: '-1' })],
    ['an instant without its zone', ofPrice({ from: '2026-01-31T00:00:00' })],
    ['a maximum of nothing', ofPrice({ inputTokensMax: 0 })],
    ['no step in a list of them', ofPrice({ above: [] })],
    ['a step without its size', ofAbove({ inputTokens: undefined })],
    ['a step with a date', ofAbove({ from: '2026-01-31T00:00:00Z' })],
  ];
  test.each(rows)('%s', (_, document) => {
    const value: unknown = JSON.parse(JSON.stringify(document));
    expect(checkCatalogue(value)).toHaveProperty('findings');
    expect(refusals(value)).not.toEqual([]);
  });
});

test('every member has a description, so that editors can help', () => {
  const missing: string[] = [];
  const visit = (node: unknown, where: string): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [name, value] of Object.entries(node)) visit(value, `${where}/${name}`);
    if (!('properties' in node)) return;
    for (const [name, property] of Object.entries(node.properties as object)) {
      if (!('description' in (property as object))) missing.push(`${where}/${name}`);
    }
  };
  visit(schema, '#');
  expect(missing).toEqual([]);
});
