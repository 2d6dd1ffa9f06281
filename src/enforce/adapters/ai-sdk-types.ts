/** The AI SDK's types of a language model, as `wrapLanguageModel` has them. */
import type { wrapLanguageModel } from 'ai';

export type WrappedModel = ReturnType<typeof wrapLanguageModel>;
/** Any version of a model that the SDK takes. */
export type AnyModel = Parameters<typeof wrapLanguageModel>[0]['model'];
export type CallParams = Parameters<WrappedModel['doGenerate']>[0];
export type Generated = Awaited<ReturnType<WrappedModel['doGenerate']>>;
export type Streamed = Awaited<ReturnType<WrappedModel['doStream']>>;
export type StreamPart = Streamed['stream'] extends ReadableStream<infer PART> ? PART : never;
export type ProviderUsage = Generated['usage'];
