/**
 * A language model without a mind: it says and calls what the transcript says, one step a turn. It is a real
 * model to the AI SDK, and it knows of its calls' ends only what the SDK tells a model.
 */
import type { LanguageModel } from 'ai';
import type { Transcript, TranscriptCall, TranscriptStep } from './transcript.ts';

type Model = Extract<LanguageModel, { readonly specificationVersion: 'v4' }>;
type CallOptions = Parameters<Model['doGenerate']>[0];
type Result = Awaited<ReturnType<Model['doGenerate']>>;

export interface ScriptedTurn {
  readonly step: TranscriptStep;
  readonly call: TranscriptCall;
  readonly callId: string;
}

export interface ScriptedModelHooks {
  /** What the model was told about its last call, as it reads it. */
  readonly onTold: (text: string, isError: boolean) => Promise<void>;
  readonly onTurn: (turn: ScriptedTurn) => Promise<void>;
}

export class ScriptedModel implements Model {
  readonly specificationVersion = 'v4';
  readonly provider = 'agent-control-plane';
  readonly modelId = 'scripted';
  readonly supportedUrls = {};
  readonly #transcript: Transcript;
  readonly #hooks: ScriptedModelHooks;
  #position = 0;
  #last: { readonly call: TranscriptCall; readonly callId: string } | undefined;

  constructor(transcript: Transcript, hooks: ScriptedModelHooks) {
    this.#transcript = transcript;
    this.#hooks = hooks;
  }

  async doGenerate({ prompt }: CallOptions): Promise<Result> {
    const told = this.#last === undefined ? undefined : lastToolMessage(prompt);
    if (told !== undefined) await this.#hooks.onTold(told.text, told.isError);
    const step = this.#next(told?.text ?? '');
    if (step === undefined) {
      return turn([{ type: 'text', text: this.#transcript.closing }], 'stop');
    }
    const call = step.call ?? this.#last?.call;
    if (call === undefined) throw new Error('assertion: there is no call to repeat');
    const callId = step.call === undefined ? this.#last?.callId : undefined;
    const made = { call, callId: callId ?? `call-${this.#position}` };
    this.#last = made;
    await this.#hooks.onTurn({ step, ...made });
    const input = JSON.stringify(call.arguments);
    return turn(
      [
        { type: 'text', text: step.say },
        { type: 'tool-call', toolCallId: made.callId, toolName: call.tool, input },
      ],
      'tool-calls',
    );
  }

  doStream(): never {
    throw new Error('the scripted model does not stream');
  }

  /** The next step whose condition holds of what the model was told. */
  #next(told: string): TranscriptStep | undefined {
    for (;;) {
      const step = this.#transcript.steps[this.#position];
      this.#position += 1;
      if (step?.ifTold === undefined || told.includes(step.ifTold)) return step;
    }
  }
}

function turn(content: Result['content'], unified: 'stop' | 'tool-calls'): Result {
  return {
    content,
    finishReason: { unified, raw: undefined },
    usage: {
      inputTokens: { total: 0, noCache: 0, cacheRead: 0, cacheWrite: 0 },
      outputTokens: { total: 0, text: 0, reasoning: 0 },
    },
    warnings: [],
  };
}

function lastToolMessage(
  prompt: CallOptions['prompt'],
): { readonly text: string; readonly isError: boolean } | undefined {
  const message = prompt.findLast(({ role }) => role === 'tool');
  if (message?.role !== 'tool') return undefined;
  const part = message.content.findLast(({ type }) => type === 'tool-result');
  if (part?.type !== 'tool-result') return undefined;
  const { output } = part;
  const isError = output.type === 'error-text' || output.type === 'error-json';
  if (output.type === 'text' || output.type === 'error-text')
    return { text: output.value, isError };
  return { text: JSON.stringify('value' in output ? output.value : output), isError };
}
