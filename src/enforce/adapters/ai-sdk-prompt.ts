/**
 * The most input tokens that a prompt of the AI SDK can come to, without knowing the model's tokenizer.
 *
 * Tokenizers that work on bytes make at most one token of each, and that is what is counted: about four times
 * what English text comes to. What stands for something larger than itself (a file, a link, a tool that runs
 * at the provider) has no such bound.
 */
import { createHash } from 'node:crypto';
import { hasInputElsewhere } from './ai-sdk-provider-options.ts';
import type { CallParams } from './ai-sdk-types.ts';

/** Tokens that providers put around a call, each message, each tool, and the use of tools at all. */
const framing = { perCall: 32, perMessage: 16, perTool: 64, forTools: 1_024 };

export interface PromptRead {
  /** Tokens; undefined where nothing bounds them but the model itself. */
  readonly tokensMax: number | undefined;
  /** SHA-256 of the prompt, the tools, the response's format, and of the provider's options, if any. */
  readonly digest: string;
  /** The prompt as plain data: of what is bytes, their hash. */
  readonly plain: () => unknown;
}

export function readPrompt(params: CallParams): PromptRead {
  const { prompt, tools = [], responseFormat, providerOptions } = params;
  let isBounded =
    tools.every(({ type }) => type === 'function') && !hasInputElsewhere(providerOptions);
  const hasOptions = Object.keys(providerOptions ?? {}).length > 0;
  const text = JSON.stringify(
    [prompt, tools, responseFormat ?? null, ...(hasOptions ? [providerOptions] : [])],
    function replace(this: Readonly<Record<string, unknown>>, name, value: unknown) {
      // As it was before `toJSON`: bytes may be megabytes, and their hash says as much.
      const own = this[name];
      if (own instanceof Uint8Array) isBounded = false;
      if (own instanceof Uint8Array) return createHash('sha256').update(own).digest('hex');
      if (isUnbounded(own)) isBounded = false;
      return value;
    },
  );
  const forTools = tools.length === 0 ? 0 : framing.forTools + tools.length * framing.perTool;
  const around = framing.perCall + prompt.length * framing.perMessage + forTools;
  return {
    tokensMax: isBounded ? Buffer.byteLength(text) + around : undefined,
    digest: createHash('sha256').update(text).digest('hex'),
    plain: () => (JSON.parse(text) as readonly unknown[])[0],
  };
}

/** Parts of a message that are not their text; the result of a tool can have them too. */
function isUnbounded(value: unknown): boolean {
  if (value instanceof URL) return true;
  if (typeof value !== 'object' || value === null || !('type' in value)) return false;
  return ['file', 'reasoning-file', 'custom'].includes(String(value.type));
}
