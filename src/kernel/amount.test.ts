/** Amounts: exact or refused. */
import { expect, test } from 'vitest';
import { amountOf, formatAmount, isUnit, largerOf, parseAmount, parseAmounts } from './amount.ts';
import { limits } from './limits.ts';

const parsed: readonly { unit: string; value: unknown; amount: number | undefined }[] = [
  { unit: 'usd', value: '1', amount: 1_000_000 },
  { unit: 'usd', value: 1, amount: 1_000_000 },
  { unit: 'usd', value: '0.000001', amount: 1 },
  { unit: 'usd', value: '0.10', amount: 100_000 },
  { unit: 'usd', value: '0.1000000000', amount: 100_000 },
  { unit: 'usd', value: '0', amount: 0 },
  { unit: 'usd', value: '0.0', amount: 0 },
  { unit: 'usd', value: -0, amount: 0 },
  { unit: 'usd', value: '9007199254.740991', amount: limits.amountMax },
  { unit: 'usd', value: '9007199254.740992', amount: undefined },
  { unit: 'usd', value: '0.0000001', amount: undefined },
  { unit: 'usd', value: 0.5, amount: undefined },
  { unit: 'usd', value: -1, amount: undefined },
  { unit: 'usd', value: '-1', amount: undefined },
  { unit: 'usd', value: '+1', amount: undefined },
  { unit: 'usd', value: Number.NaN, amount: undefined },
  { unit: 'usd', value: Infinity, amount: undefined },
  { unit: 'usd', value: 'NaN', amount: undefined },
  { unit: 'usd', value: '1e3', amount: undefined },
  { unit: 'usd', value: '0x10', amount: undefined },
  { unit: 'usd', value: '01', amount: undefined },
  { unit: 'usd', value: '1.', amount: undefined },
  { unit: 'usd', value: '.5', amount: undefined },
  { unit: 'usd', value: ' 1', amount: undefined },
  { unit: 'usd', value: '1\n', amount: undefined },
  { unit: 'usd', value: '1,000', amount: undefined },
  { unit: 'usd', value: '\u0661', amount: undefined },
  { unit: 'usd', value: '', amount: undefined },
  { unit: 'usd', value: null, amount: undefined },
  { unit: 'usd', value: true, amount: undefined },
  { unit: 'usd', value: [1], amount: undefined },
  { unit: 'tokens', value: '1.5', amount: undefined },
  { unit: 'tokens', value: '1.0', amount: 1 },
  { unit: 'tokens', value: 2 ** 53, amount: undefined },
  { unit: 'tokens', value: 2 ** 53 - 1, amount: limits.amountMax },
  { unit: 'tokens', value: '9007199254740993', amount: undefined },
  { unit: 'constructor', value: 3, amount: 3 },
  { unit: 'eur@2', value: '1.05', amount: 105 },
  { unit: 'eur@2', value: 1, amount: 100 },
  { unit: 'eur@2', value: '0.001', amount: undefined },
  { unit: 'gold@9', value: '0.000000001', amount: 1 },
];

test.each(parsed)('$value $unit is $amount', ({ unit, value, amount }) => {
  expect(parseAmount(unit, value)).toBe(amount);
});

test('formatting is the inverse of parsing', () => {
  for (const unit of ['usd', 'tokens', 'coins', 'eur@2', 'gold@9']) {
    for (const amount of [0, 1, 10, 999_999, 1_000_000, 1_000_001, limits.amountMax]) {
      expect(parseAmount(unit, formatAmount(unit, amount))).toBe(amount);
    }
  }
  expect(formatAmount('usd', 1_500_000)).toBe('1.5');
  expect(formatAmount('usd', 1)).toBe('0.000001');
});

test('amounts by unit are sorted, keep their zeros, and are refused whole', () => {
  expect(Object.entries(parseAmounts({ usd: '1', tokens: 0, actions: 2 }) ?? {})).toEqual([
    ['actions', 2],
    ['tokens', 0],
    ['usd', 1_000_000],
  ]);
  expect(parseAmounts({ usd: '1', tokens: -1 })).toBeUndefined();
  expect(parseAmounts(new Map([['usd', '1']]) as unknown as Record<string, unknown>)).toBe(
    undefined,
  );
  expect(parseAmounts(Object.create(null) as Record<string, unknown>)).toEqual({});
  expect(parseAmounts({ 'us d': '1' })).toBeUndefined();
  expect(parseAmounts(JSON.parse('{"__proto__":"1"}') as Record<string, unknown>)).toBeUndefined();
  const inUnits = (length: number) =>
    parseAmounts(Object.fromEntries(Array.from({ length }, (_, n) => [`u${n}`, 1])));
  expect(Object.keys(inUnits(limits.unitsMax) ?? {})).toHaveLength(limits.unitsMax);
  expect(inUnits(limits.unitsMax + 1)).toBeUndefined();
});

test.each([
  ['credits', true],
  ['tokens.input', true],
  ['eur@2', true],
  ['eur@0', false],
  ['eur@10', false],
  ['eur@', false],
  ['@2', false],
  ['e@u@2', false],
  // What the control plane counts itself has one scale.
  ['usd@2', false],
  ['seconds@3', false],
  ['tokens.input@1', false],
  // Nobody would ever count in them, and nobody would be bound.
  ['USD', false],
  ['Tokens', false],
  ['Tokens.input', false],
  ['tokens.Input', false],
  ['tokens.inputs', false],
  ['tokens.input', true],
  ['USD@2', false],
  ['EUR@2', true],
  ['Credits', true],
  ['eur@2\n', false],
  [2, false],
  [undefined, false],
])('%j is a unit: %s', (unit, is) => {
  expect(isUnit(unit)).toBe(is);
});

test('a unit is never answered by a prototype', () => {
  expect(amountOf({}, 'constructor')).toBe(0);
  expect(amountOf({}, 'toString')).toBe(0);
  expect(largerOf({ constructor: 2 }, {})).toEqual({ constructor: 2 });
  expect(largerOf({ usd: 1, tokens: 5 }, { usd: 3 })).toEqual({ tokens: 5, usd: 3 });
});
