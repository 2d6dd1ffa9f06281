/**
 * Answers of calls that were made under a key, by their decision: a client that sends the call again gets the
 * answer of the first, also while that one is running. What is not remembered here any more does not run a
 * second time either, since the log knows the key; the answer is then what is kept beside the log.
 */
import type { CallToolResult } from '@modelcontextprotocol/client';

const rememberedMax = 1_000;

export class Answers {
  readonly #byDecision = new Map<string, Promise<CallToolResult>>();

  of(decision: string): Promise<CallToolResult> | undefined {
    return this.#byDecision.get(decision);
  }

  remember(decision: string, answer: Promise<CallToolResult>): void {
    this.#byDecision.set(decision, answer);
    if (this.#byDecision.size <= rememberedMax) return;
    for (const oldest of this.#byDecision.keys()) {
      this.#byDecision.delete(oldest);
      return;
    }
  }
}
