/**
 * Usage: how many tokens a model call took, as its provider says.
 *
 * The counts nest as in the AI SDK. `inputTokens` has all input: read from a cache, written to a cache, and
 * neither. `outputTokens` has all output: reasoning, and text. A total that a provider states over both is
 * never read, because it can be stated independently of what it is a total of.
 *
 * Whatever is missing, negative, no whole number or inconsistent is no usage. It is for the caller to charge
 * the whole reservation then.
 */
import { quoted } from '../name.ts';

/** Counts of tokens; each at most 2^53 - 1. */
export interface Usage {
  /** All input. */
  readonly inputTokens: number;
  /** All output. */
  readonly outputTokens: number;
  /** The part of `inputTokens` that was read from a cache. */
  readonly cacheReadTokens: number;
  /** The part of `inputTokens` that was written to a cache. */
  readonly cacheWriteTokens: number;
  /** The part of `outputTokens` that was reasoning. */
  readonly reasoningTokens: number;
}

/** Why something is no usage. */
export const usageProblemCodes = ['usage-missing', 'usage-invalid', 'usage-inconsistent'] as const;
export type UsageProblemCode = (typeof usageProblemCodes)[number];

export interface UsageProblem {
  readonly code: UsageProblemCode;
  readonly message: string;
}

export type UsageRead = { readonly usage: Usage } | { readonly problem: UsageProblem };

const totals = ['inputTokens', 'outputTokens'] as const;
const parts = ['cacheReadTokens', 'cacheWriteTokens', 'reasoningTokens'] as const;
/** Stated by some providers, and only held against the others: what is left of each side. */
const rests = ['noCacheTokens', 'textTokens'] as const;
const members: readonly string[] = [...totals, ...parts, ...rests];

/**
 * Reads usage: an object with `inputTokens`, `outputTokens` and, where they are known, `cacheReadTokens`,
 * `cacheWriteTokens`, `reasoningTokens`, `noCacheTokens` (input that is neither) and `textTokens` (output
 * that is no reasoning). A part that is left out or `undefined` counts as 0. Nothing else may be in it.
 */
export function readUsage(value: unknown): UsageRead {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return problem('usage-missing', 'there is no usage');
  }
  // Copied once: what is checked is what is returned, even if the object answers differently each time.
  const given: Partial<Readonly<Record<string, unknown>>> = { ...value };
  const unknown = Object.keys(given).find((name) => !members.includes(name));
  if (unknown !== undefined) return problem('usage-invalid', `usage has no ${quoted(unknown)}`);
  const counted: Record<string, number> = {};
  for (const name of members) {
    const count = given[name];
    if (count === undefined) continue;
    if (!isTokenCount(count)) {
      return problem(
        'usage-invalid',
        `\`${name}\` is ${quoted(count)}, which is no count of tokens`,
      );
    }
    counted[name] = count;
  }
  return consistent(counted);
}

function consistent(counted: Readonly<Record<string, number>>): UsageRead {
  const { inputTokens, outputTokens, noCacheTokens, textTokens } = counted;
  if (inputTokens === undefined || outputTokens === undefined) {
    const name = inputTokens === undefined ? 'inputTokens' : 'outputTokens';
    return problem('usage-missing', `\`${name}\` is missing`);
  }
  const usage: Usage = {
    inputTokens,
    outputTokens,
    cacheReadTokens: counted['cacheReadTokens'] ?? 0,
    cacheWriteTokens: counted['cacheWriteTokens'] ?? 0,
    reasoningTokens: counted['reasoningTokens'] ?? 0,
  };
  const rest = restOf(usage);
  if (rest === undefined) {
    return problem('usage-inconsistent', 'the parts are more than their total');
  }
  if (noCacheTokens !== undefined && noCacheTokens !== rest.noCacheTokens) {
    return problem('usage-inconsistent', 'the parts of `inputTokens` do not add up to it');
  }
  if (textTokens !== undefined && textTokens !== rest.textTokens) {
    return problem('usage-inconsistent', 'the parts of `outputTokens` do not add up to it');
  }
  return { usage };
}

/** What is left of each side, or undefined where parts are more. No difference passes 2^53 - 1. */
export function restOf(
  usage: Usage,
): { readonly noCacheTokens: number; readonly textTokens: number } | undefined {
  const noCacheTokens = usage.inputTokens - usage.cacheReadTokens - usage.cacheWriteTokens;
  const textTokens = usage.outputTokens - usage.reasoningTokens;
  return noCacheTokens < 0 || textTokens < 0 ? undefined : { noCacheTokens, textTokens };
}

export function isTokenCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function problem(code: UsageProblemCode, message: string): UsageRead {
  return { problem: { code, message } };
}
