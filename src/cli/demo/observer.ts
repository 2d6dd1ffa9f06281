/** Follows the demo's loop from turn to turn: tells the reader, and notes how each call ended. */
import { NoSuchToolError } from 'ai';
import { ActionRefused } from '../../enforce/action-refused.ts';
import { metaKeys } from '../../enforce/mcp/protocol/meta-keys.ts';
import type { Decision } from '../../engine/index.ts';
import type { Bystanders } from './bystanders.ts';
import type { ObservedCall } from './facts.ts';
import type { Narrator } from './narrator.ts';
import type { ScriptedModelHooks, ScriptedTurn } from './scripted-model.ts';
import type { Ending, TranscriptCall } from './transcript.ts';

/** A part of a step's content, as far as it matters how the call ended. */
interface Part {
  readonly type: string;
  readonly error?: unknown;
  readonly output?: unknown;
  readonly invalid?: boolean | undefined;
}

/** What a call is about, as it stands outside the log; undefined where there is nothing to tell. */
export type Witnessed = (call: TranscriptCall) => string | undefined;

export interface ObserverOptions {
  readonly narrator: Narrator;
  readonly bystanders: Bystanders;
  readonly witnessed: Witnessed;
}

export class Observer implements ScriptedModelHooks {
  readonly observed: ObservedCall[] = [];
  readonly #narrator: Narrator;
  readonly #bystanders: Bystanders;
  readonly #witnessed: Witnessed;
  #turn: ScriptedTurn | undefined;

  constructor({ narrator, bystanders, witnessed }: ObserverOptions) {
    this.#narrator = narrator;
    this.#bystanders = bystanders;
    this.#witnessed = witnessed;
  }

  async onTurn(turn: ScriptedTurn): Promise<void> {
    const { step, call } = turn;
    this.#turn = turn;
    this.#bystanders.watch(step.meanwhile);
    if (step.scene !== undefined) this.#narrator.heading(step.scene);
    await this.#narrator.pause(350);
    this.#narrator.says(step.say);
    this.#narrator.calls(call.tool, call.arguments, step.call === undefined);
    if (step.call !== undefined) this.#tellWitnessed('before');
    await this.#narrator.pause(300);
  }

  async onTold(text: string, isError: boolean): Promise<void> {
    this.#narrator.told(text, isError);
    this.#tellWitnessed('after');
    await this.#narrator.pause(350);
  }

  onStepEnd(content: readonly Part[]): void {
    const turn = this.#turn;
    const ending = endingOf(content);
    if (turn === undefined || ending === undefined) return;
    this.observed.push({
      callId: turn.callId,
      call: turn.call,
      repeated: turn.step.call === undefined,
      expected: turn.step.expect,
      ending,
    });
  }

  #tellWitnessed(when: string): void {
    const call = this.#turn?.call;
    const text = call === undefined ? undefined : this.#witnessed(call);
    if (text !== undefined) this.#narrator.fact(when, text);
  }
}

/** How the call of a step ended; undefined for a step without a call. */
function endingOf(content: readonly Part[]): Ending | undefined {
  if (content.some(({ invalid, error }) => invalid === true && NoSuchToolError.isInstance(error))) {
    return 'deny';
  }
  const part = content.find(({ type }) => type === 'tool-result' || type === 'tool-error');
  if (part === undefined) return undefined;
  if (part.type === 'tool-result') return endingOfResult(part.output);
  return ActionRefused.is(part.error) ? endingOfOutcome(part.error.decision.outcome) : 'error';
}

/** Through the gateway, a refusal is a result as well: what it refuses is for the model to read. */
function endingOfResult(output: unknown): Ending {
  const { isError, _meta } = Object(output) as ToolOutput;
  if (isError !== true) return 'result';
  const outcome = _meta?.[metaKeys.refusal]?.outcome;
  return outcome === undefined ? 'error' : endingOfOutcome(outcome);
}

/** A result of an MCP tool, as far as it says how the call ended. */
interface ToolOutput {
  readonly isError?: boolean;
  readonly _meta?: { readonly [metaKeys.refusal]?: { readonly outcome?: Decision['outcome'] } };
}

function endingOfOutcome(outcome: Decision['outcome']): Ending {
  if (outcome === 'allow') return 'repeat';
  return outcome === 'require-approval' ? 'approval' : outcome;
}
