/** Counts of a model call: the AI SDK's usage in the words of the kernel, which judges it, and hosts' own. */
import { ControlPlaneError } from '../../engine/index.ts';
import { type ModelReport, quoted } from '../../kernel/index.ts';
import type { ProviderUsage } from './ai-sdk-types.ts';

/** As the provider gives it, which may be anything: what is not there is not counted. */
type Told = { readonly [MEMBER in keyof ProviderUsage]?: ProviderUsage[MEMBER] | null } | null;

/** `model` is the one that answered, where the provider says so. */
export function reportOf(usage: Told | undefined, model: string | undefined): ModelReport {
  if (usage === undefined || usage === null) return model === undefined ? {} : { model };
  const { inputTokens: input, outputTokens: output } = usage;
  return {
    usage: {
      inputTokens: input?.total,
      outputTokens: output?.total,
      cacheReadTokens: input?.cacheRead,
      cacheWriteTokens: input?.cacheWrite,
      noCacheTokens: input?.noCache,
      reasoningTokens: output?.reasoning,
      textTokens: output?.text,
    },
    ...(model === undefined ? {} : { model }),
  };
}

/** Throws `input-invalid` where a host's count is none: one below zero would lower what is reserved. */
export function countOf(name: string, tokens: number): number {
  if (tokens >= 0 && tokens < Infinity) return tokens;
  const message = `\`${name}\` gave ${quoted(tokens)}, which is no number of tokens`;
  throw new ControlPlaneError('input-invalid', message);
}
