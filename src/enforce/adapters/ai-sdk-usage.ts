/** The AI SDK's usage of a model call, in the words of the kernel, which judges it. */
import type { ModelReport } from '../../kernel/index.ts';
import type { ProviderUsage } from './ai-sdk-types.ts';

/** `model` is the one that answered, where the provider says so. */
export function reportOf(usage: ProviderUsage | undefined, model: string | undefined): ModelReport {
  if (usage === undefined) return model === undefined ? {} : { model };
  const { inputTokens: input, outputTokens: output } = usage;
  return {
    usage: {
      inputTokens: input.total,
      outputTokens: output.total,
      cacheReadTokens: input.cacheRead,
      cacheWriteTokens: input.cacheWrite,
      noCacheTokens: input.noCache,
      reasoningTokens: output.reasoning,
      textTokens: output.text,
    },
    ...(model === undefined ? {} : { model }),
  };
}
