/** Exact decimals: no float gets between the text and the comparison. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareDecimals, exactDecimal, scaledDecimal } from './decimal.ts';

const one = 10n ** 18n;

test.each<[unknown, bigint | undefined]>([
  ['1', one],
  [1, one],
  ['1.0', one],
  ['-1', -one],
  ['-0', 0n],
  [-0, 0n],
  ['0.000000000000000001', 1n],
  ['0.0000000000000000001', undefined],
  [0.1, one / 10n],
  ['0.1', one / 10n],
  [0.1 + 0.2, 300_000_000_000_000_040n],
  ['9007199254740993', 9_007_199_254_740_993n * one],
  [1e21, undefined],
  [1e-7, undefined],
  ['1e3', undefined],
  ['+1', undefined],
  ['01', undefined],
  ['1.', undefined],
  ['.1', undefined],
  [' 1', undefined],
  ['1\n', undefined],
  ['1_000', undefined],
  ['\u0661', undefined],
  [Number.NaN, undefined],
  [Infinity, undefined],
  ['', undefined],
  [null, undefined],
  [true, undefined],
  [1n, undefined],
  [['1'], undefined],
])('case %$: %s', (value, expected) => {
  const decimal = exactDecimal(value);
  expect(decimal === undefined ? undefined : scaledDecimal(decimal)).toBe(expected);
});

/** Texts around the border between the two scales: up to 12 digits and 8 decimals. */
const decimalTexts = fc
  .tuple(fc.boolean(), fc.bigInt(0n, 10n ** 12n), fc.stringMatching(/^[0-9]{0,8}$/))
  .map(([negative, whole, decimals]) => {
    const fraction = decimals === '' ? '' : `.${decimals}`;
    return `${negative ? '-' : ''}${whole}${fraction}`;
  });

function bySplitting(text: string): bigint {
  const [whole = '', fraction = ''] = text.split('.');
  return BigInt(`${whole}${fraction.padEnd(18, '0')}`);
}

test('small and large decimals compare as the numbers they are', () => {
  fc.assert(
    fc.property(decimalTexts, decimalTexts, (left, right) => {
      const [a, b] = [exactDecimal(left), exactDecimal(right)];
      if (a === undefined || b === undefined) throw new Error('these are decimals');
      const [x, y] = [scaledDecimal(a), scaledDecimal(b)];
      expect(x).toBe(bySplitting(left));
      expect(Math.sign(compareDecimals(a, b))).toBe(x < y ? -1 : x > y ? 1 : 0);
    }),
  );
});

test.each(['5', '0.5', '999999999.999999', '42.00'])('%s fits the small scale', (text) => {
  expect(exactDecimal(text)).toBeTypeOf('number');
});

test.each(['1234567890', '0.1234567', '-1'])('%s does not fit the small scale', (text) => {
  expect(exactDecimal(text)).toBeTypeOf('bigint');
});
