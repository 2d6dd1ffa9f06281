/** Prices of models as texts: exact, in USD for a million tokens. */
import {
  type CallPrices,
  formatAmount,
  type Model,
  type Price,
  type TokenPrices,
} from '../kernel/index.ts';
import { timeText } from './time-text.ts';

export const priceKinds = [
  'input',
  'output',
  'cacheRead',
  'cacheWrite',
  'reasoning',
  'request',
] as const;

export type PriceTexts = { readonly [K in (typeof priceKinds)[number]]: string };

export function priceTexts(prices: TokenPrices): PriceTexts {
  const text = (kind: (typeof priceKinds)[number]): string => formatAmount('usd', prices[kind]);
  return {
    input: text('input'),
    output: text('output'),
    cacheRead: text('cacheRead'),
    cacheWrite: text('cacheWrite'),
    reasoning: text('reasoning'),
    request: text('request'),
  };
}

/** A price with its steps, for programs. What the document leaves out is filled in. */
function priceJson(price: Price): object {
  return {
    from: price.from === 0 ? null : timeText(price.from),
    ...callJson(price),
    inputTokensMax: price.inputTokensMax ?? null,
    outputTokensMax: price.outputTokensMax ?? null,
  };
}

function callJson(prices: CallPrices): object {
  const above = prices.above.map(({ inputTokens, ...each }) => ({
    inputTokens,
    ...priceTexts(each),
  }));
  return { ...priceTexts(prices), above };
}

export function modelJson(model: Model, now: Price | undefined): object {
  const { id, provider, aliases, dated, tier, prices } = model;
  return {
    model: id,
    provider: provider ?? null,
    tier,
    dated,
    aliases,
    now: now === undefined ? null : priceJson(now),
    prices: prices.map(priceJson),
  };
}
