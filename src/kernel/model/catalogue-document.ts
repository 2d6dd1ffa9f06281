/**
 * The price catalogue as people write it: which models there are, under which names, and what they cost from
 * when on. Plain data, as in YAML or JSON.
 *
 * Prices are exact decimal texts in US dollars, with up to six decimals: a float would already have lost what
 * it stood for. Six decimals of a dollar per million tokens are a whole number of micro-USD per million
 * tokens, which is what is computed with.
 */

import { parseAmount } from '../amount.ts';
import { limits } from '../limits.ts';

export interface CatalogueDocument {
  readonly format: 1;
  /** From 1 up; a catalogue is replaced only by one with a higher version. */
  readonly version: number;
  readonly currency: 'USD';
  /** By id: the exact name that a call asks for. */
  readonly models: Readonly<Record<string, ModelDocument>>;
}

export interface ModelDocument {
  /** Who serves it; said to people, and not part of any name. */
  readonly provider?: string;
  /** Other exact names of the same model at the same price, such as a dated version. */
  readonly aliases?: readonly string[];
  /**
   * Whether names of this model with a date behind, such as `-2024-08-06` or `-20240806`, are this model too:
   * many providers answer with those. A dated name that is listed by itself is what it is listed as.
   */
  readonly dated?: boolean;
  /** `standard` where nothing is said. */
  readonly tier?: string;
  /** In order of time; not empty. */
  readonly prices: readonly PriceDocument[];
}

/** What tokens cost, in USD per million. */
export interface TokenPricesDocument {
  readonly input: string;
  readonly output: string;
  /** Input that was read from a cache; as `input` where nothing is said. */
  readonly cacheRead?: string;
  /** Input that was written to a cache; as `input` where nothing is said. */
  readonly cacheWrite?: string;
  /** Output that was reasoning; as `output` where nothing is said. */
  readonly reasoning?: string;
  /** USD for each request, whatever its tokens; 0 where nothing is said. */
  readonly request?: string;
}

/** What a model costs from an instant on. */
export interface PriceDocument extends TokenPricesDocument {
  /** ISO 8601 in UTC, such as `2026-01-31T00:00:00Z`. Only the first price may go without. */
  readonly from?: string;
  /**
   * Other prices for calls with more input than that, least first. They hold for all tokens of such a call,
   * as providers charge for long contexts.
   */
  readonly above?: readonly PricesAboveDocument[];
  /** The most input tokens that the model takes. */
  readonly inputTokensMax?: number;
  /** The most output tokens that the model gives. */
  readonly outputTokensMax?: number;
}

export interface PricesAboveDocument extends TokenPricesDocument {
  readonly inputTokens: number;
}

const namePattern = /^[A-Za-z0-9@][A-Za-z0-9_.:@+/-]*$/;

/**
 * The id or an alias of a model: letters, digits and `_ . : @ + / -`, so that two names that look the same
 * are the same.
 */
export function isModelName(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length <= limits.modelNameLengthMax &&
    namePattern.test(value)
  );
}

/** Whether a value is a price: an exact decimal text. A number has lost what it stood for already. */
export function isPriceText(value: unknown): value is string {
  return typeof value === 'string' && parseAmount('usd', value) !== undefined;
}

const instantPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{3})?Z$/;

/** The log time (ms) of an ISO 8601 instant in UTC from 1970 on; undefined where there is no such instant. */
export function parseInstant(value: unknown): number | undefined {
  if (typeof value !== 'string' || !instantPattern.test(value)) return undefined;
  const at = Date.parse(value);
  if (Number.isNaN(at) || at < 0) return undefined;
  // A day such as 30 February is read as one in March; no instant has two texts here.
  const text = new Date(at).toISOString();
  return value === text || value === text.replace('.000Z', 'Z') ? at : undefined;
}
