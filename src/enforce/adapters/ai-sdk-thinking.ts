/**
 * Output tokens beside the cap. Some providers of the AI SDK add what a model may think to the
 * `maxOutputTokens` that they are told: what is reserved has to have room for both.
 */
import { parts } from './ai-sdk-provider-options.ts';
import type { CallParams } from './ai-sdk-types.ts';

/** What the Anthropic provider takes where thinking is asked for without a budget. */
const budgetDefault = 1_024;

/**
 * The tokens that are added to the cap; undefined where nobody but the provider knows. The SDK's own
 * `reasoning` levels are such a case: providers make a share of the model's maximum of them.
 */
export function thinkingTokens({ reasoning, providerOptions }: CallParams): number | undefined {
  if (reasoning !== undefined && reasoning !== 'provider-default') return undefined;
  const budgets = parts(providerOptions).flatMap(({ thinking, reasoningConfig }) => [
    budgetOf(thinking, budgetDefault),
    budgetOf(reasoningConfig, 0),
  ]);
  return Math.max(0, ...budgets);
}

function budgetOf(thinking: unknown, otherwise: number): number {
  if (typeof thinking !== 'object' || thinking === null) return 0;
  const { type, budgetTokens } = thinking as Readonly<Record<string, unknown>>;
  if (type !== 'enabled') return 0;
  return Number.isSafeInteger(budgetTokens) ? Math.max(0, Number(budgetTokens)) : otherwise;
}
