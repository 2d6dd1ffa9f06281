/** Costs to the micro-USD, worked out by hand. */
import { expect, test } from 'vitest';
import type { Price } from './catalogue.ts';
import { costOf, worstCaseOf } from './cost.ts';
import type { Usage } from './usage.ts';

const price: Price = {
  above: [],
  from: 0,
  input: 3_000_000,
  output: 15_000_000,
  cacheRead: 300_000,
  cacheWrite: 3_750_000,
  reasoning: 20_000_000,
  request: 10,
  inputTokensMax: undefined,
  outputTokensMax: undefined,
};
const none: Usage = {
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
};

test('each kind of token is charged once, at its own price', () => {
  const usage = {
    inputTokens: 1_000,
    outputTokens: 100,
    cacheReadTokens: 600,
    cacheWriteTokens: 300,
  };
  // 100 * 3 + 600 * 0.3 + 300 * 3.75 + 60 * 15 + 40 * 20 + 10
  expect(costOf(price, { ...usage, reasoningTokens: 40 })).toBe(300 + 180 + 1_125 + 900 + 800 + 10);
});

test('a call is rounded up once, and not each kind of token by itself', () => {
  const cheap = { ...price, input: 1, output: 1, request: 0 };
  expect(costOf(cheap, { ...none, inputTokens: 1, outputTokens: 1 })).toBe(1);
  expect(costOf(cheap, { ...none, inputTokens: 1_000_000 })).toBe(1);
  expect(costOf(cheap, { ...none, inputTokens: 1_000_000, outputTokens: 1 })).toBe(2);
  expect(costOf(cheap, none)).toBe(0);
});

test('the worst case takes the dearest kind of each side', () => {
  // 100 * 3.75 + 10 * 20 + 10
  expect(worstCaseOf(price, { inputTokensMax: 100, outputTokensMax: 10 })).toBe(585);
  const dearRead = { ...price, cacheRead: 5_000_000, reasoning: 1 };
  expect(worstCaseOf(dearRead, { inputTokensMax: 100, outputTokensMax: 10 })).toBe(660);
});

test('a call with more input than a threshold costs the prices above it, for all of its tokens', () => {
  const dear = { ...price, input: 6_000_000, output: 30_000_000, inputTokens: 1_000 };
  const dearer = { ...price, input: 9_000_000, output: 45_000_000, inputTokens: 2_000 };
  const tiered = { ...price, request: 0, above: [dear, dearer] };
  const cost = (inputTokens: number) => costOf(tiered, { ...none, inputTokens, outputTokens: 100 });
  expect([cost(1_000), cost(1_001), cost(2_001)]).toEqual([
    3 * 1_000 + 15 * 100,
    6 * 1_001 + 30 * 100 + 10,
    9 * 2_001 + 45 * 100 + 10,
  ]);
});

test('the worst case is at the dearest prices that so much input can come to, and not beyond', () => {
  const dear = { ...price, input: 60_000_000, request: 0, inputTokens: 1_000 };
  const tiered = { ...price, request: 0, above: [dear] };
  const worst = (inputTokensMax: number) =>
    worstCaseOf(tiered, { inputTokensMax, outputTokensMax: 0 });
  // The dearest kind of input below the threshold is what is written to a cache.
  expect([worst(1_000), worst(1_001)]).toEqual([3_750, 60_060]);
});

test('a cost beyond 2^53 - 1 is no number', () => {
  const dear = { ...price, input: Number.MAX_SAFE_INTEGER, request: 0 };
  expect(costOf(dear, { ...none, inputTokens: 1_000_000 })).toBe(Number.MAX_SAFE_INTEGER);
  expect(costOf(dear, { ...none, inputTokens: 1_000_001 })).toBeUndefined();
  expect(costOf({ ...dear, request: 1 }, { ...none, inputTokens: 1_000_000 })).toBeUndefined();
  expect(worstCaseOf(dear, { inputTokensMax: 1_000_001, outputTokensMax: 0 })).toBeUndefined();
});

test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('%s is no bound', (bound) => {
  expect(worstCaseOf(price, { inputTokensMax: bound, outputTokensMax: 0 })).toBeUndefined();
  expect(worstCaseOf(price, { inputTokensMax: 0, outputTokensMax: bound })).toBeUndefined();
});

test('usage that did not pass the reader has no cost', () => {
  expect(costOf(price, { ...none, inputTokens: 5, cacheReadTokens: 6 })).toBeUndefined();
  expect(costOf(price, { ...none, outputTokens: 5, reasoningTokens: 6 })).toBeUndefined();
  expect(costOf(price, { ...none, cacheReadTokens: -1 })).toBeUndefined();
  expect(costOf(price, { ...none, inputTokens: Number.NaN })).toBeUndefined();
});
