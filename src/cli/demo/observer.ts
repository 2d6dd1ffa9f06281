/** Follows the demo's loop from turn to turn: tells the reader, and notes how each call ended. */
import { NoSuchToolError } from 'ai';
import { ActionRefused } from '../../enforce/action-refused.ts';
import type { Bystanders } from './bystanders.ts';
import type { ObservedCall } from './facts.ts';
import type { Narrator } from './narrator.ts';
import type { ScriptedModelHooks, ScriptedTurn } from './scripted-model.ts';
import type { Ending } from './transcript.ts';
import type { OrderBook } from './workspace.ts';

/** A part of a step's content, as far as it matters how the call ended. */
interface Part {
  readonly type: string;
  readonly error?: unknown;
  readonly invalid?: boolean | undefined;
}

export class Observer implements ScriptedModelHooks {
  readonly observed: ObservedCall[] = [];
  readonly #orders: OrderBook;
  readonly #narrator: Narrator;
  readonly #bystanders: Bystanders;
  #turn: ScriptedTurn | undefined;

  constructor(orders: OrderBook, narrator: Narrator, bystanders: Bystanders) {
    this.#orders = orders;
    this.#narrator = narrator;
    this.#bystanders = bystanders;
  }

  async onTurn(turn: ScriptedTurn): Promise<void> {
    const { step, call } = turn;
    this.#turn = turn;
    this.#bystanders.watch(step.meanwhile);
    if (step.scene !== undefined) this.#narrator.heading(step.scene);
    await this.#narrator.pause(350);
    this.#narrator.says(step.say);
    this.#narrator.calls(call.tool, call.arguments, step.call === undefined);
    if (step.call !== undefined) this.#tellOrder('before');
    await this.#narrator.pause(300);
  }

  async onTold(text: string, isError: boolean): Promise<void> {
    this.#narrator.told(text, isError);
    this.#tellOrder('after');
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

  /** The row of the order that a refund is about, as the database has it. */
  #tellOrder(when: string): void {
    const call = this.#turn?.call;
    if (call?.tool !== 'refund_order' || !('orderId' in call.arguments)) return;
    const { orderId } = call.arguments;
    const row = this.#orders.all().find(({ id }) => id === orderId);
    if (row === undefined) return;
    const { count } = this.#orders.refunds(row.id);
    const refunds = count === 1 ? '1 refund' : `${count} refunds`;
    this.#narrator.fact(
      when,
      `${row.id} in the order database: total ${row.total}, refunded ${row.refunded} in ${refunds}`,
    );
  }
}

/** How the call of a step ended; undefined for a step without a call. */
function endingOf(content: readonly Part[]): Ending | undefined {
  if (content.some(({ invalid, error }) => invalid === true && NoSuchToolError.isInstance(error))) {
    return 'deny';
  }
  const part = content.find(({ type }) => type === 'tool-result' || type === 'tool-error');
  if (part === undefined) return undefined;
  if (part.type === 'tool-result') return 'result';
  if (!ActionRefused.is(part.error)) return 'error';
  const { outcome } = part.error.decision;
  if (outcome === 'allow') return 'repeat';
  return outcome === 'require-approval' ? 'approval' : outcome;
}
