/**
 * The price catalogue, ready for use: which model a name means, and what it costs at a time.
 *
 * A name means a model only where the catalogue says exactly that name. Nothing is guessed: no case, no
 * spaces, no provider in front, no fine-tune behind, and a date behind only where the catalogue says `dated`.
 * What is not in the catalogue is no model.
 */

export interface Catalogue {
  readonly version: number;
  /** In the order of their ids. */
  readonly models: readonly Model[];
  /** By id and by alias. */
  readonly byName: ReadonlyMap<string, Model>;
}

export interface Model {
  readonly id: string;
  readonly provider: string | undefined;
  readonly aliases: readonly string[];
  readonly tier: string;
  /** Whether its names with a date behind are its names as well. */
  readonly dated: boolean;
  /** Earliest first; not empty. */
  readonly prices: readonly Price[];
}

/** What a model costs: whole micro-USD for a million tokens of each kind. */
export interface TokenPrices {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly reasoning: number;
  /** Whole micro-USD for each request. */
  readonly request: number;
}

/** Prices of a whole call, by how much input it has. */
export interface CallPrices extends TokenPrices {
  /** Prices of all tokens of a call with more input than that, least first. */
  readonly above: readonly PricesAbove[];
}

export interface PricesAbove extends TokenPrices {
  readonly inputTokens: number;
}

/** Prices from a log time on. */
export interface Price extends CallPrices {
  /** Log time (ms). */
  readonly from: number;
  readonly inputTokensMax: number | undefined;
  readonly outputTokensMax: number | undefined;
}

const dateBehind = /-(?:\d{4}-\d{2}-\d{2}|\d{8})$/;

/** The model that has exactly this id or alias, or that and a date; undefined where none has. */
export function findModel(catalogue: Catalogue, name: string): Model | undefined {
  const exact = catalogue.byName.get(name);
  if (exact !== undefined || !dateBehind.test(name)) return exact;
  const undated = catalogue.byName.get(name.replace(dateBehind, ''));
  return undated?.dated === true ? undated : undefined;
}

/** The price in force at a log time; undefined before the first one. */
export function priceAt(model: Model, at: number): Price | undefined {
  return model.prices.findLast(({ from }) => from <= at);
}
