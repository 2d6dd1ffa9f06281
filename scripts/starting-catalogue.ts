/**
 * The models of the starting price catalogue, made from the prices that `@pydantic/genai-prices` keeps.
 *
 * Where the two say prices differently, the catalogue is dearer, never cheaper: it promises a ceiling. What it
 * cannot say (prices by the time of day, prices of audio, images or pages) is left out and named.
 */
import { calcPrice, findProvider } from '@pydantic/genai-prices';
import type {
  ConditionalPrice,
  MatchLogic,
  ModelInfo,
  ModelPrice,
  TieredPrices,
} from '@pydantic/genai-prices';
import {
  isModelName,
  type ModelDocument,
  type PriceDocument,
  type TokenPricesDocument,
} from '../src/kernel/model/catalogue-document.ts';

export interface StartingModels {
  readonly models: Readonly<Record<string, ModelDocument>>;
  /** What was left out or raised, and why; one line each. */
  readonly notes: readonly string[];
}

/** In order: where two providers have one name, it is listed as the first one's. */
export const startingProviders = [
  'openai',
  'anthropic',
  'google',
  'mistral',
  'x-ai',
  'deepseek',
  'groq',
  'cohere',
] as const;

export function startingModels(): StartingModels {
  const models: Record<string, ModelDocument> = {};
  const notes: string[] = [];
  const taken = new Map<string, string>();
  for (const provider of startingProviders) {
    for (const info of findProvider({ providerId: provider })?.models ?? []) {
      const what = `${provider} ${info.id}`;
      const reason = unsayable(info);
      if (reason !== undefined) {
        notes.push(`${what} is left out: ${reason}`);
        continue;
      }
      const names = namesOf(provider, info);
      const free = names.filter((name) => !taken.has(name.toLowerCase()));
      const others = names.flatMap((name) => taken.get(name.toLowerCase()) ?? []);
      const prices = pricesOf(info);
      for (const id of new Set(others)) {
        notes.push(`${what} has a name of ${id}, which costs the dearer of the two`);
        const other = models[id];
        if (other !== undefined) models[id] = { ...other, prices: dearer(other.prices, prices) };
      }
      const [id, ...aliases] = free;
      if (id === undefined) {
        if (others.length === 0) notes.push(`${what} is left out: it has no exact name`);
        continue;
      }
      if (others.length > 0) {
        notes.push(`${what} is left out: it shares a name`);
        continue;
      }
      for (const name of free) taken.set(name.toLowerCase(), id);
      models[id] = {
        provider,
        ...(aliases.length === 0 ? {} : { aliases }),
        ...(isDated(provider, info, free) ? { dated: true } : {}),
        prices,
      };
    }
  }
  return { models, notes };
}

/** Fees of a provider's own tools, such as web search, are no price of tokens; they are not in a catalogue. */
const feesOfTools = new Set(['web_searches_kcount', 'storage_searches_kcount']);
const kinds = {
  input: ['input_mtok'],
  output: ['output_mtok'],
  cacheRead: ['cache_read_mtok'],
  // What is cached for an hour is dearer than what is cached for minutes, and usage does not tell them apart.
  cacheWrite: ['cache_write_mtok', 'cache_write_1h_mtok'],
  reasoning: ['output_reasoning_mtok'],
} as const;
const sayable = new Set<string>([...Object.values(kinds).flat(), ...feesOfTools]);

function conditionalPrices(info: ModelInfo): readonly ConditionalPrice[] {
  return Array.isArray(info.prices) ? info.prices : [{ prices: info.prices }];
}

/** What such models take or give besides text costs more, whether the package has a price for it or not. */
const beyondText = /audio|image|live|realtime|transcribe|tts|voice/;

function unsayable(info: ModelInfo): string | undefined {
  const prices = conditionalPrices(info);
  if (beyondText.test(info.id)) return 'it takes or gives more than text';
  if (prices.some(({ constraint }) => constraint?.type === 'time_of_date')) {
    return 'its price depends on the time of day';
  }
  const foreign = prices.flatMap((each) => Object.keys(each.prices)).filter((k) => !sayable.has(k));
  if (foreign.length > 0) return `it has prices of ${[...new Set(foreign)].join(', ')}`;
  const isPriced = prices.every(
    (each) => each.prices['input_mtok'] !== undefined && each.prices['output_mtok'] !== undefined,
  );
  return isPriced ? undefined : 'input or output tokens have no price';
}

/** The exact names that the package takes for this model, its id first where that is one. */
function namesOf(provider: string, info: ModelInfo): readonly string[] {
  const stated = [info.id, ...equalsOf(info.match)];
  const names = stated.flatMap((name) =>
    name.endsWith('-latest') ? [name, name.slice(0, -'-latest'.length)] : [name],
  );
  const isWhole = (name: string): boolean => isModelName(name) && !name.endsWith('-');
  return [...new Set(names)].filter((name) => isWhole(name) && means(provider, name, info));
}

function equalsOf(match: MatchLogic): readonly string[] {
  if ('equals' in match) return [match.equals];
  return 'or' in match ? match.or.flatMap(equalsOf) : [];
}

function means(providerId: string, name: string, info: ModelInfo): boolean {
  return calcPrice({}, name, { providerId })?.model.id === info.id;
}

/** Providers that answer with dated names of models that were asked for without a date. */
const datingProviders: ReadonlySet<string> = new Set(['openai', 'anthropic']);

function isDated(provider: string, info: ModelInfo, names: readonly string[]): boolean {
  if (datingProviders.has(provider)) return true;
  return names.some((name) => means(provider, `${name}-20990101`, info));
}

function pricesOf(info: ModelInfo): readonly PriceDocument[] {
  const prices = conditionalPrices(info).map(({ constraint, prices: price }, index) => {
    const from = constraint?.type === 'start_date' && index > 0 ? constraint.start_date : undefined;
    return {
      ...(from === undefined ? {} : { from: `${from}T00:00:00Z` }),
      ...callPrices(price),
      ...inputBound(info, price),
    };
  });
  const froms = prices.map(({ from }) => from ?? '');
  if (froms.some((from, index) => index > 0 && from <= (froms[index - 1] ?? ''))) {
    throw new Error(`the prices of ${info.id} are not in order of time`);
  }
  return prices;
}

function callPrices(price: ModelPrice): TokenPricesDocument & Pick<PriceDocument, 'above'> {
  const above = tierStarts(price).map((inputTokens) => ({
    inputTokens,
    ...tokenPrices(price, inputTokens + 1),
  }));
  return { ...tokenPrices(price, 0), ...(above.length === 0 ? {} : { above }) };
}

function tierStarts(price: ModelPrice): readonly number[] {
  const starts = Object.values(price).flatMap((each) =>
    isTiered(each) ? each.tiers.map(({ start }) => start) : [],
  );
  return [...new Set(starts)].toSorted((left, right) => left - right);
}

function isTiered(value: number | TieredPrices | undefined): value is TieredPrices {
  return typeof value === 'object';
}

/** The prices of a call with so many input tokens. */
function tokenPrices(price: ModelPrice, inputTokens: number): TokenPricesDocument {
  const dearestOf = (names: readonly string[]): string | undefined => {
    const found = names.flatMap((name) => {
      const value = price[name];
      if (value === undefined) return [];
      if (!isTiered(value)) return [value];
      const tier = value.tiers.findLast(({ start }) => inputTokens > start);
      return [tier?.price ?? value.base];
    });
    return found.length === 0 ? undefined : priceText(Math.max(...found));
  };
  const [cacheRead, cacheWrite, reasoning] = [
    dearestOf(kinds.cacheRead),
    dearestOf(kinds.cacheWrite),
    dearestOf(kinds.reasoning),
  ];
  return {
    input: dearestOf(kinds.input) ?? '0',
    output: dearestOf(kinds.output) ?? '0',
    ...(cacheRead === undefined ? {} : { cacheRead }),
    ...(cacheWrite === undefined ? {} : { cacheWrite }),
    ...(reasoning === undefined ? {} : { reasoning }),
  };
}

/** The exact text of a price, rounded up where it has more than six decimals. */
function priceText(price: number): string {
  const text = String(price);
  if (/^\d+(?:\.\d{1,6})?$/.test(text)) return text;
  return (Math.ceil(price * 1e6) / 1e6).toFixed(6);
}

/**
 * The most input, where the package knows a context window. A window of so many thousands or millions may
 * stand for as many times 1,024 or 1,048,576. None is stated where the prices know calls beyond the window.
 */
function inputBound(info: ModelInfo, price: ModelPrice): Pick<PriceDocument, 'inputTokensMax'> {
  const { context_window: window } = info;
  if (window === undefined || tierStarts(price).some((start) => start >= window)) return {};
  if (window % 1_000_000 === 0) return { inputTokensMax: (window / 1_000_000) * 1_048_576 };
  return { inputTokensMax: window % 1_000 === 0 ? (window / 1_000) * 1_024 : window };
}

const tokenKinds = ['input', 'output', 'cacheRead', 'cacheWrite', 'reasoning'] as const;

/** From each instant on the dearer of two prices, kind by kind. */
function dearer(
  left: readonly PriceDocument[],
  right: readonly PriceDocument[],
): readonly PriceDocument[] {
  const froms = new Set([...left, ...right].map(({ from }) => from ?? ''));
  return [...froms].toSorted().map((from) => {
    const [one, other] = [left, right].map((list) =>
      list.findLast((each) => (each.from ?? '') <= from),
    );
    if (one === undefined || other === undefined) throw new Error('a price starts late');
    return { ...(from === '' ? {} : { from }), ...dearerPrice(one, other) };
  });
}

function dearerPrice(one: PriceDocument, other: PriceDocument): PriceDocument {
  const starts = [...(one.above ?? []), ...(other.above ?? [])].map((each) => each.inputTokens);
  const above = [...new Set(starts)]
    .toSorted((left, right) => left - right)
    .map((inputTokens) => ({
      inputTokens,
      ...dearerTokens(reached(one, inputTokens), reached(other, inputTokens)),
    }));
  const bounds = [one.inputTokensMax, other.inputTokensMax];
  return {
    ...dearerTokens(one, other),
    ...(above.length === 0 ? {} : { above }),
    ...(bounds.includes(undefined)
      ? {}
      : { inputTokensMax: Math.max(...bounds.map((bound) => bound ?? 0)) }),
  };
}

function reached(price: PriceDocument, inputTokens: number): TokenPricesDocument {
  return price.above?.findLast((each) => each.inputTokens <= inputTokens) ?? price;
}

function dearerTokens(one: TokenPricesDocument, other: TokenPricesDocument): TokenPricesDocument {
  const full = (price: TokenPricesDocument): Readonly<Record<string, string>> => ({
    input: price.input,
    output: price.output,
    cacheRead: price.cacheRead ?? price.input,
    cacheWrite: price.cacheWrite ?? price.input,
    reasoning: price.reasoning ?? price.output,
  });
  const stated = tokenKinds.filter((kind) => one[kind] !== undefined || other[kind] !== undefined);
  const [left, right] = [full(one), full(other)];
  const texts = stated.map((kind) => {
    const [mine = '0', yours = '0'] = [left[kind], right[kind]];
    return [kind, Number(mine) >= Number(yours) ? mine : yours] as const;
  });
  return { input: '0', output: '0', ...Object.fromEntries(texts) };
}
