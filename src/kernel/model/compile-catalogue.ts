/**
 * Makes a price catalogue ready for use. What the document leaves out is filled in here, once: tokens of a
 * kind without a price of its own cost what other tokens on their side cost.
 */
import { parseAmount } from '../amount.ts';
import type { Catalogue, Model, Price } from './catalogue.ts';
import {
  type CatalogueDocument,
  type ModelDocument,
  parseInstant,
  type PriceDocument,
} from './catalogue-document.ts';

/** `document` MUST come from `checkCatalogue`. */
export function compileCatalogue(document: CatalogueDocument): Catalogue {
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
    prices: model.prices.map(compilePrice),
  };
}

function compilePrice(price: PriceDocument): Price {
  const input = microUsd(price.input);
  const output = microUsd(price.output);
  return {
    from: price.from === undefined ? 0 : known(parseInstant(price.from)),
    input,
    output,
    cacheRead: microUsd(price.cacheRead, input),
    cacheWrite: microUsd(price.cacheWrite, input),
    reasoning: microUsd(price.reasoning, output),
    request: microUsd(price.request, 0),
    inputTokensMax: price.inputTokensMax,
    outputTokensMax: price.outputTokensMax,
  };
}

function microUsd(text: string | undefined, otherwise?: number): number {
  return known(text === undefined ? otherwise : parseAmount('usd', text));
}

function known(value: number | undefined): number {
  if (value === undefined) throw new Error('assertion: the catalogue was not checked');
  return value;
}
