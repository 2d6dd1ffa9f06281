/**
 * Makes a price catalogue ready for use. What the document leaves out is filled in here, once: tokens of a
 * kind without a price of its own cost what other tokens on their side cost.
 */
import { parseAmount } from '../amount.ts';
import type { Catalogue, Model, Price, TokenPrices } from './catalogue.ts';
import {
  type CatalogueDocument,
  type ModelDocument,
  parseInstant,
  type PriceDocument,
  type TokenPricesDocument,
} from './catalogue-document.ts';

const compiled = new WeakMap<CatalogueDocument, Catalogue>();

/** Remembered as long as the document is. `document` MUST come from `checkCatalogue`. */
export function compileCatalogue(document: CatalogueDocument): Catalogue {
  const before = compiled.get(document);
  if (before !== undefined) return before;
  const catalogue = compileWhole(document);
  compiled.set(document, catalogue);
  return catalogue;
}

function compileWhole(document: CatalogueDocument): Catalogue {
  const models = Object.keys(document.models)
    .toSorted()
    .flatMap((id) => {
      const model = document.models[id];
      return model === undefined ? [] : [compileModel(id, model)];
    });
  const byName = new Map<string, Model>();
  for (const model of models) {
    for (const name of [model.id, ...model.aliases]) byName.set(name, model);
  }
  return { version: document.version, models, byName };
}

function compileModel(id: string, model: ModelDocument): Model {
  return {
    id,
    provider: model.provider,
    aliases: model.aliases ?? [],
    tier: model.tier ?? 'standard',
    dated: model.dated ?? false,
    prices: model.prices.map(compilePrice),
  };
}

function compilePrice(price: PriceDocument): Price {
  const { from, inputTokensMax, outputTokensMax } = price;
  return {
    ...compileTokenPrices(price),
    above: (price.above ?? []).map((each) => ({
      ...compileTokenPrices(each),
      inputTokens: each.inputTokens,
    })),
    from: from === undefined ? 0 : known(parseInstant(from)),
    inputTokensMax,
    outputTokensMax,
  };
}

/** The prices of one kind of token each, in micro-USD per million; `price` MUST have been checked. */
export function compileTokenPrices(price: TokenPricesDocument): TokenPrices {
  const input = microUsd(price.input);
  const output = microUsd(price.output);
  return {
    input,
    output,
    cacheRead: microUsd(price.cacheRead, input),
    cacheWrite: microUsd(price.cacheWrite, input),
    reasoning: microUsd(price.reasoning, output),
    request: microUsd(price.request, 0),
  };
}

function microUsd(text: string | undefined, otherwise?: number): number {
  return known(text === undefined ? otherwise : parseAmount('usd', text));
}

function known(value: number | undefined): number {
  if (value === undefined) throw new Error('assertion: the catalogue was not checked');
  return value;
}
