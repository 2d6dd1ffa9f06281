/**
 * Takes out of a content what guardrails want out of it, one after the other. What cannot be taken out is
 * left: the guardrails are asked about what is left, and refuse it.
 */
import type { Asked } from './run-evaluators.ts';
import { redact } from './redact.ts';
import type { EvaluatorRegistry } from './registry.ts';

export interface Redactions {
  /** What is left; the content itself where nothing was taken out. */
  readonly content: unknown;
  /** By guardrail, in how many places something was taken out; none of one that could not say where. */
  readonly places: ReadonlyMap<string, number>;
}

/** Never throws. `content` is frozen. */
export function runRedactions(
  registry: EvaluatorRegistry,
  asked: readonly Pick<Asked, 'id' | 'evaluator' | 'config'>[],
  content: unknown,
): Redactions {
  const places = new Map<string, number>();
  let left = content;
  for (const { id, evaluator, config } of asked) {
    const resolved = registry.resolve(evaluator, config);
    const redaction = 'problem' in resolved ? undefined : resolved.definition.redaction;
    if ('problem' in resolved || redaction === undefined) continue;
    try {
      const find = (text: string) => redaction.find(text, resolved.config);
      const { content: rest, count } = redact(left, find, `[redacted:${id}]`);
      left = rest;
      places.set(id, count);
    } catch {
      // What it threw may hold the content. Without its places, the kernel withholds the result.
    }
  }
  return { content: left, places };
}
