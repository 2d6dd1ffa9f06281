/**
 * A model call before it runs: which model of the catalogue it asks for, at which prices, and how much it can
 * take at most. What nobody listed or nothing bounds does not run.
 */
import type { Amounts } from '../amount.ts';
import { quoted } from '../name.ts';
import { reject, type Rejection } from '../rejection.ts';
import { type CallPrices, findModel, type Price, priceAt } from './catalogue.ts';
import {
  type CatalogueDocument,
  isModelName,
  type TokenPricesDocument,
} from './catalogue-document.ts';
import { compileCatalogue, compileTokenPrices } from './compile-catalogue.ts';
import { worstCaseOf } from './cost.ts';
import { isTokenCount } from './usage.ts';

/** What a caller asks for. */
export interface ModelRequest {
  /** As the provider is asked for it. */
  readonly name: string;
  /** The most input tokens that the call can have; the model's own maximum where it is not known. */
  readonly inputTokensMax?: number;
  /** The most output tokens that the provider is told to give; the model's own maximum by default. */
  readonly outputTokensMax?: number;
}

/** The terms of a model call that was decided on. Prices are those in force when it was decided. */
export interface ModelTerms {
  /** The catalogue's id of the model; of one that is not listed, the name. */
  readonly id: string;
  readonly name: string;
  readonly tier: string;
  /** False for a model that only the policy's terms for unknown models let through. */
  readonly listed: boolean;
  /** Version of the catalogue; 0 where none is active. */
  readonly catalogue: number;
  readonly prices: CallPrices;
  readonly inputTokensMax: number;
  readonly outputTokensMax: number;
}

/** Key `active`. */
export interface PricesRecord {
  readonly version: number;
  readonly hash: string;
  readonly document: CatalogueDocument;
}

/** The catalogue's id of a model; of one that is not listed, its name. */
export function modelIdOf(prices: PricesRecord | undefined, name: string): string {
  if (prices === undefined) return name;
  return findModel(compileCatalogue(prices.document), name)?.id ?? name;
}

/** What a model counts as that the catalogue does not list. */
export interface UnlistedModel {
  readonly tier: string;
  readonly price: TokenPricesDocument;
}

/** `unlisted` is what the policy says of models without a price; they are denied where it says nothing. */
export function modelTerms(
  prices: PricesRecord | undefined,
  unlisted: UnlistedModel | undefined,
  asked: ModelRequest,
  at: number,
): { readonly terms: ModelTerms } | { readonly rejection: Rejection } {
  const { name } = asked;
  if (!isModelName(name)) {
    return { rejection: reject('model-unknown', `${quoted(name)} is no name of a model`) };
  }
  const model =
    prices === undefined ? undefined : findModel(compileCatalogue(prices.document), name);
  const price = model === undefined ? undefined : priceAt(model, at);
  const catalogue = prices?.version ?? 0;
  if (model !== undefined && price !== undefined) {
    const { id, tier } = model;
    const found = { id, name, tier, listed: true, catalogue, prices: callPrices(price) };
    return bounded(found, asked, price);
  }
  if (unlisted === undefined) return { rejection: unknownModel(prices, model !== undefined, name) };
  const { tier } = unlisted;
  const terms = { ...compileTokenPrices(unlisted.price), above: [] };
  return bounded({ id: name, name, tier, listed: false, catalogue, prices: terms }, asked, {});
}

function unknownModel(
  prices: PricesRecord | undefined,
  isListed: boolean,
  name: string,
): Rejection {
  if (prices === undefined) {
    const help = 'open the control plane with `prices`, or activate a catalogue';
    return reject('model-unknown', 'no price catalogue is active', help);
  }
  const message = isListed
    ? `model ${quoted(name)} has no price yet`
    : `model ${quoted(name)} is not in version ${prices.version} of the price catalogue`;
  const help = 'list it, its aliases and its prices in the catalogue, and activate that';
  return reject('model-unknown', message, help);
}

type Bounds = Partial<Pick<Price, 'inputTokensMax' | 'outputTokensMax'>>;

function bounded(
  found: Omit<ModelTerms, 'inputTokensMax' | 'outputTokensMax'>,
  asked: ModelRequest,
  own: Bounds,
): { readonly terms: ModelTerms } | { readonly rejection: Rejection } {
  const inputTokensMax = bound(asked.inputTokensMax, own.inputTokensMax);
  const outputTokensMax = bound(asked.outputTokensMax, own.outputTokensMax);
  if (inputTokensMax === undefined || outputTokensMax === undefined) {
    const [side, called] =
      inputTokensMax === undefined ? ['input', 'maxInputTokens'] : ['output', 'maxOutputTokens'];
    const message = `nothing bounds the ${side} tokens of model ${quoted(found.name)}`;
    const help = `state \`${called}\` with the call, or \`${side}TokensMax\` in the catalogue`;
    return { rejection: reject('model-unbounded', message, help) };
  }
  return { terms: { ...found, inputTokensMax, outputTokensMax } };
}

/** The smaller of what the call states and what the model can take at all. */
function bound(stated: number | undefined, own: number | undefined): number | undefined {
  if (stated !== undefined && !isTokenCount(stated)) return undefined;
  if (stated === undefined || own === undefined) return stated ?? own;
  return Math.min(stated, own);
}

function callPrices(price: Price): CallPrices {
  const { input, output, cacheRead, cacheWrite, reasoning, request, above } = price;
  return { input, output, cacheRead, cacheWrite, reasoning, request, above };
}

/** Units of tokens: all together, and each kind apart. */
export const tokenUnits = {
  all: 'tokens',
  input: 'tokens.input',
  output: 'tokens.output',
  cached: 'tokens.cached',
  reasoning: 'tokens.reasoning',
} as const;

/** The most that a call can take, by unit; undefined where that cannot be counted. */
export function worstCaseAmounts(terms: ModelTerms): Amounts | undefined {
  const { inputTokensMax, outputTokensMax } = terms;
  const usd = worstCaseOf(terms.prices, terms);
  const tokens = inputTokensMax + outputTokensMax;
  if (usd === undefined || !Number.isSafeInteger(tokens)) return undefined;
  return {
    [tokenUnits.all]: tokens,
    [tokenUnits.cached]: inputTokensMax,
    [tokenUnits.input]: inputTokensMax,
    [tokenUnits.output]: outputTokensMax,
    [tokenUnits.reasoning]: outputTokensMax,
    usd,
  };
}
