/**
 * A model call after it ran: what its provider says it took, held against what was permitted.
 *
 * Usage that is missing or cannot be right counts as the whole reservation. An answer from another model than
 * the permitted one is told, and charged at the dearer of the two.
 */
import type { Amounts } from '../amount.ts';
import { limits } from '../limits.ts';
import { quoted } from '../name.ts';
import { findModel, priceAt } from './catalogue.ts';
import { compileCatalogue } from './compile-catalogue.ts';
import { costOf } from './cost.ts';
import { type ModelTerms, type PricesRecord, tokenUnits } from './model-call.ts';
import { readUsage, type Usage, type UsageProblemCode } from './usage.ts';

/** What whoever made the call found in the provider's answer. */
export interface ModelReport {
  /** As `readUsage` takes it; undefined where the provider said nothing. */
  readonly usage?: unknown;
  /** The model that answered, where the provider said so. */
  readonly model?: string;
  /** Whether the provider turned the request away before any model had seen it. */
  readonly refused?: true;
}

/** What became of a model call, as the log has it. */
export interface ModelOutcome {
  /** The model that answered, as the provider named it; empty where it did not say. */
  readonly model: string;
  /** Whether that is another model than the permitted one. */
  readonly isOther: boolean;
  readonly usage?: Usage;
  /** The provider turned the request away: nothing is charged. */
  readonly refused?: true;
  /** Why the whole reservation counts. */
  readonly problem?: { readonly code: UsageProblemCode | 'cost-unknown'; readonly message: string };
}

/** What a call came to, by unit; undefined where the whole reservation counts. */
export interface ModelRun {
  readonly outcome: ModelOutcome;
  readonly amounts: Amounts | undefined;
}

export function modelUsage(
  terms: ModelTerms,
  report: ModelReport,
  prices: PricesRecord | undefined,
  now: number,
): ModelRun {
  const answered = report.model ?? '';
  const catalogue = prices === undefined ? undefined : compileCatalogue(prices.document);
  const other = catalogue === undefined ? undefined : findModel(catalogue, answered);
  const isOther = answered !== '' && answered !== terms.name && other?.id !== terms.id;
  const said = { model: answered.slice(0, limits.modelNameLengthMax).toWellFormed(), isOther };
  if (report.refused === true) {
    return { outcome: { ...said, refused: true }, amounts: amountsOf(noTokens, 0) };
  }
  const read = readUsage(report.usage);
  if ('problem' in read) return { outcome: { ...said, problem: read.problem }, amounts: undefined };
  const { usage } = read;
  const own = costOf(terms.prices, usage);
  const otherPrice = isOther && other !== undefined ? priceAt(other, now) : undefined;
  const others = otherPrice === undefined ? undefined : costOf(otherPrice, usage);
  if (own === undefined || (isOther && others === undefined)) {
    const message = isOther
      ? `the model that answered, ${quoted(answered)}, has no price`
      : 'the cost cannot be counted';
    const problem = { code: 'cost-unknown', message } as const;
    return { outcome: { ...said, usage, problem }, amounts: undefined };
  }
  return { outcome: { ...said, usage }, amounts: amountsOf(usage, Math.max(own, others ?? 0)) };
}

const noTokens: Usage = {
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
};

function amountsOf(usage: Usage, usd: number): Amounts {
  return {
    [tokenUnits.all]: Math.min(Number.MAX_SAFE_INTEGER, usage.inputTokens + usage.outputTokens),
    [tokenUnits.cached]: usage.cacheReadTokens,
    [tokenUnits.input]: usage.inputTokens,
    [tokenUnits.output]: usage.outputTokens,
    [tokenUnits.reasoning]: usage.reasoningTokens,
    usd,
  };
}
