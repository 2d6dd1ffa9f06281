/** Exact decimals: no float gets between the text and the comparison. */
import { expect, test } from 'vitest';
import { exactDecimal } from './decimal.ts';

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
  expect(exactDecimal(value)).toBe(expected);
});
