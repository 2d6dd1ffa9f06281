/**
 * The price catalogue, ready for use: which model a name means, and what it costs at a time.
 *
 * A name means a model only where the catalogue says exactly that name. Nothing is guessed: no case, no
 * spaces, no provider in front, no date or fine-tune behind. What is not in the catalogue is no model.
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
  /** Earliest first; not empty. */
  readonly prices: readonly Price[];
}

/** What a model costs from a log time on: whole micro-USD for a million tokens of each kind. */
export interface Price {
  /** Log time (ms). */
  readonly from: number;
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly reasoning: number;
  /** Whole micro-USD for each request. */
  readonly request: number;
  readonly inputTokensMax: number | undefined;
  readonly outputTokensMax: number | undefined;
}

/** The model that has exactly this id or alias; undefined where none has. */
export function findModel(catalogue: Catalogue, name: string): Model | undefined {
  return catalogue.byName.get(name);
}

/** The price in force at a log time; undefined before the first one. */
export function priceAt(model: Model, at: number): Price | undefined {
  return model.prices.findLast(({ from }) => from <= at);
}
