/** A catalogue with anything wrong is refused whole, and every finding says where and what. */
import { expect, test } from 'vitest';
import { catalogueFindingCodes } from './catalogue-finding.ts';
import { checkCatalogue } from './check-catalogue.ts';

const price = { input: '2.50', output: '10' };
const document = (models: unknown): unknown => ({ format: 1, version: 1, currency: 'USD', models });
const model = (...prices: readonly unknown[]): unknown => document({ m: { prices } });

/** Findings as `code path`. */
function findingsOf(value: unknown): readonly string[] {
  const check = checkCatalogue(value);
  return 'findings' in check ? check.findings.map(({ code, path }) => `${code} ${path}`) : [];
}

const cases: readonly (readonly [unknown, string])[] = [
  [null, 'wrong-type '],
  [[], 'wrong-type '],
  [{ ...Object(document({ m: { prices: [price] } })), format: 2 }, 'wrong-type format'],
  [{ ...Object(document({ m: { prices: [price] } })), version: 0 }, 'wrong-type version'],
  [{ ...Object(document({ m: { prices: [price] } })), version: 1.5 }, 'wrong-type version'],
  [{ ...Object(document({ m: { prices: [price] } })), currency: 'EUR' }, 'wrong-type currency'],
  [{ ...Object(document({ m: { prices: [price] } })), note: 'x' }, 'unknown-member '],
  [document(undefined), 'wrong-type models'],
  [document({}), 'empty models'],
  [document({ m: null }), 'wrong-type models[m]'],
  [document({ m: { prices: [price], price: '1' } }), 'unknown-member models[m]'],
  [document({ 'm ': { prices: [price] } }), 'invalid-name models[m ]'],
  [document({ '': { prices: [price] } }), 'invalid-name models[]'],
  [
    document(JSON.parse('{"__proto__":{"prices":[{"input":"1","output":"1"}]}}')),
    'invalid-name models[__proto__]',
  ],
  [
    document({ ['m'.repeat(129)]: { prices: [price] } }),
    `invalid-name models[${'m'.repeat(77)}...]`,
  ],
  [document({ m: { prices: [price] }, M: { prices: [price] } }), 'duplicate-name models[M]'],
  [document({ m: { prices: [price], aliases: ['m'] } }), 'duplicate-name models[m].aliases[0]'],
  [
    document({ m: { prices: [price], aliases: ['a', 'A'] } }),
    'duplicate-name models[m].aliases[1]',
  ],
  [
    document({ m: { prices: [price], aliases: ['n'] }, n: { prices: [price] } }),
    'duplicate-name models[n]',
  ],
  [document({ m: { prices: [price], aliases: [' a'] } }), 'invalid-name models[m].aliases[0]'],
  [document({ m: { prices: [price], aliases: [7] } }), 'invalid-name models[m].aliases[0]'],
  [document({ m: { prices: [price], aliases: [] } }), 'empty models[m].aliases'],
  [document({ m: { prices: [price], aliases: 'a' } }), 'wrong-type models[m].aliases'],
  [document({ m: { prices: [price], tier: 'very good' } }), 'invalid-name models[m].tier'],
  [document({ m: { prices: [price], provider: '' } }), 'invalid-name models[m].provider'],
  [document({ m: { prices: [price], dated: 'yes' } }), 'wrong-type models[m].dated'],
  [model({ ...price, above: [] }), 'empty models[m].prices[0].above'],
  [model({ ...price, above: {} }), 'wrong-type models[m].prices[0].above'],
  [model({ ...price, above: [price] }), 'wrong-type models[m].prices[0].above[0].inputTokens'],
  [
    model({ ...price, above: [{ ...price, inputTokens: 1, output: 2 }] }),
    'invalid-price models[m].prices[0].above[0].output',
  ],
  [
    model({ ...price, above: [{ ...price, inputTokens: 1, above: [] }] }),
    'unknown-member models[m].prices[0].above[0]',
  ],
  [
    model({ ...price, above: [9, 9].map((inputTokens) => ({ ...price, inputTokens })) }),
    'out-of-order models[m].prices[0].above[1].inputTokens',
  ],
  [
    model({
      ...price,
      above: Array.from({ length: 11 }, (_, n) => ({ ...price, inputTokens: n + 1 })),
    }),
    'too-many models[m].prices[0].above',
  ],
  [document({ m: {} }), 'wrong-type models[m].prices'],
  [model(), 'empty models[m].prices'],
  [model(...Array.from({ length: 101 }, () => price)), 'too-many models[m].prices'],
  [model('1'), 'wrong-type models[m].prices[0]'],
  [model({ input: '1' }), 'invalid-price models[m].prices[0].output'],
  [model({ ...price, reasoning: '-1' }), 'invalid-price models[m].prices[0].reasoning'],
  [model({ ...price, input: 2.5 }), 'invalid-price models[m].prices[0].input'],
  [model({ ...price, input: 2 }), 'invalid-price models[m].prices[0].input'],
  [model({ ...price, input: 'NaN' }), 'invalid-price models[m].prices[0].input'],
  [model({ ...price, input: 'Infinity' }), 'invalid-price models[m].prices[0].input'],
  [model({ ...price, input: '1e-3' }), 'invalid-price models[m].prices[0].input'],
  [model({ ...price, input: '+1' }), 'invalid-price models[m].prices[0].input'],
  [model({ ...price, input: '.5' }), 'invalid-price models[m].prices[0].input'],
  [model({ ...price, input: '1,5' }), 'invalid-price models[m].prices[0].input'],
  [model({ ...price, input: ' 1' }), 'invalid-price models[m].prices[0].input'],
  [model({ ...price, input: '0.0000001' }), 'invalid-price models[m].prices[0].input'],
  [model({ ...price, input: '9007199254.740992' }), 'invalid-price models[m].prices[0].input'],
  [model({ ...price, cacheRead: null }), 'invalid-price models[m].prices[0].cacheRead'],
  [model({ ...price, cached: '1' }), 'unknown-member models[m].prices[0]'],
  [model({ ...price, inputTokensMax: 0 }), 'wrong-type models[m].prices[0].inputTokensMax'],
  [model({ ...price, outputTokensMax: '5' }), 'wrong-type models[m].prices[0].outputTokensMax'],
  [model(price, price), 'invalid-instant models[m].prices[1].from'],
  [model({ ...price, from: '2026-01-31' }), 'invalid-instant models[m].prices[0].from'],
  [model({ ...price, from: '2026-01-31T00:00:00' }), 'invalid-instant models[m].prices[0].from'],
  [
    model({ ...price, from: '2026-01-31T00:00:00+01:00' }),
    'invalid-instant models[m].prices[0].from',
  ],
  [model({ ...price, from: '2026-02-30T00:00:00Z' }), 'invalid-instant models[m].prices[0].from'],
  [model({ ...price, from: '2026-01-31T24:00:00Z' }), 'invalid-instant models[m].prices[0].from'],
  [model({ ...price, from: '1969-12-31T00:00:00Z' }), 'invalid-instant models[m].prices[0].from'],
  [model({ ...price, from: 1_767_225_600_000 }), 'invalid-instant models[m].prices[0].from'],
];

test.each(cases)('%j has the one finding %s', (value, finding) => {
  expect(findingsOf(value)).toEqual([finding]);
});

test('prices out of order are refused, and so are two from one instant', () => {
  const from = (text: string): unknown => ({ ...price, from: text });
  const [early, late] = [from('2026-01-01T00:00:00Z'), from('2026-02-01T00:00:00Z')];
  expect(findingsOf(model(price, early, late))).toEqual([]);
  expect(findingsOf(model(late, early))).toEqual(['out-of-order models[m].prices[1].from']);
  expect(findingsOf(model(early, early))).toEqual(['out-of-order models[m].prices[1].from']);
  expect(findingsOf(model(late, price, early))).toEqual([
    'invalid-instant models[m].prices[1].from',
    'out-of-order models[m].prices[2].from',
  ]);
});

test('everything that is wrong is found at once', () => {
  const value = {
    format: 2,
    version: 1,
    currency: 'USD',
    models: { m: { prices: [{ input: '1' }] } },
  };
  expect(findingsOf(value)).toEqual([
    'wrong-type format',
    'invalid-price models[m].prices[0].output',
  ]);
});

test('more models than a catalogue may have are refused without looking at them', () => {
  const models = Object.fromEntries(
    Array.from({ length: 10_001 }, (_, index) => [`m${index}`, null]),
  );
  expect(findingsOf(document(models))).toEqual(['too-many models']);
});

test('every code is given by something', () => {
  const given = new Set(cases.map(([, finding]) => finding.split(' ')[0] ?? ''));
  expect(given.add('out-of-order')).toEqual(new Set<string>(catalogueFindingCodes));
});
