/**
 * What a model call costs, and the most that it can cost.
 *
 * Computed exactly, in whole micro-USD per million tokens times tokens, and rounded up once, at the end. A
 * result is a whole number of micro-USD up to 2^53 - 1, or undefined where the cost is larger: no sum wraps,
 * and whoever asked MUST refuse the call or charge the whole reservation.
 */
import { limits } from '../limits.ts';
import type { CallPrices, TokenPrices } from './catalogue.ts';
import { isTokenCount, restOf, type Usage } from './usage.ts';

/** The most tokens that a call can take. */
export interface UsageBounds {
  readonly inputTokensMax: number;
  readonly outputTokensMax: number;
}

/** The cost of a usage in micro-USD; undefined where it cannot be counted, or the usage is not one. */
export function costOf(prices: CallPrices, usage: Usage): number | undefined {
  const { inputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens } = usage;
  const rest = Object.values(usage).every(isTokenCount) ? restOf(usage) : undefined;
  if (rest === undefined) return undefined;
  const price = prices.above.findLast((each) => inputTokens > each.inputTokens) ?? prices;
  return total(price, [
    [rest.noCacheTokens, price.input],
    [cacheReadTokens, price.cacheRead],
    [cacheWriteTokens, price.cacheWrite],
    [rest.textTokens, price.output],
    [reasoningTokens, price.reasoning],
  ]);
}

/**
 * The highest cost in micro-USD that a usage within the bounds can have: every token counts as the dearest
 * kind on its side, at the dearest prices that so much input can come to. Undefined where it cannot be
 * counted, or a bound is no count of tokens.
 */
export function worstCaseOf(prices: CallPrices, bounds: UsageBounds): number | undefined {
  const { inputTokensMax, outputTokensMax } = bounds;
  if (!isTokenCount(inputTokensMax) || !isTokenCount(outputTokensMax)) return undefined;
  const reached = prices.above.filter(({ inputTokens }) => inputTokensMax > inputTokens);
  let worst = 0;
  for (const price of [prices, ...reached]) {
    const cost = total(price, [
      [inputTokensMax, Math.max(price.input, price.cacheRead, price.cacheWrite)],
      [outputTokensMax, Math.max(price.output, price.reasoning)],
    ]);
    if (cost === undefined) return undefined;
    worst = Math.max(worst, cost);
  }
  return worst;
}

const million = 1_000_000n;

/** Tokens and their prices (micro-USD per million), and what the request costs. */
function total(
  price: TokenPrices,
  items: readonly (readonly [number, number])[],
): number | undefined {
  let millionths = 0n;
  for (const [tokens, perMillion] of items) millionths += BigInt(tokens) * BigInt(perMillion);
  const cost = (millionths + million - 1n) / million + BigInt(price.request);
  return cost <= BigInt(limits.amountMax) ? Number(cost) : undefined;
}
