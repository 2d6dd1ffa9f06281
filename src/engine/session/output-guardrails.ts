/**
 * What a tool gave back, held against the output guardrails of the active policy: what some of them want
 * taken out is taken out, and all of them say what they find.
 *
 * Guardrails that withhold judge the result as it is, so that no other guardrail can hide anything from them;
 * those that redact judge what is left. The kernel decides whether that is passed on.
 */
import { runRedactions } from '../../evaluators/index.ts';
import type { EvaluatorCall, EvaluatorFact, EvaluatorFacts } from '../../kernel/index.ts';
import { frozenFromCanonical } from '../../log/index.ts';
import type { Core } from '../core/core.ts';
import { type Asking, type Call, factsFound, judgesDue } from './guardrails.ts';
import { type Readable, readContent } from '../core/payload.ts';

export interface JudgedOutput {
  readonly facts: EvaluatorFacts;
  /** What is left of the result, where something was taken out. */
  readonly left: Readable | undefined;
}

/** Undefined where the policy asks for nothing. */
export async function judgedOutput(
  core: Core,
  asking: Asking,
  call: Call,
  content: Readable,
): Promise<JudgedOutput | undefined> {
  const due = judgesDue(core, asking, call, ({ actions }) => actions.get(call.action)?.output);
  if (due === undefined) return undefined;
  const { asked, policyHash } = due;
  const redacting = asked.filter(({ effect }) => effect === 'redact');
  const withholding = asked.filter(({ effect }) => effect !== 'redact');
  const { left, places } = redacted(core, redacting, content);
  const stage = { stage: 'output' as const, call };
  const found = await Promise.all([
    factsFound(core, asking, { ...stage, content }, withholding),
    factsFound(core, asking, { ...stage, content: left ?? content }, redacting),
  ]);
  const byId = new Map(found.flat().map((fact) => [fact.guardrail, withPlaces(fact, places)]));
  const inOrder = asked.map(({ id }) => byId.get(id)).filter((fact) => fact !== undefined);
  return { facts: { policyHash, found: inOrder }, left };
}

function redacted(core: Core, redacting: readonly EvaluatorCall[], content: Readable) {
  if ('problem' in content || redacting.length === 0) return { left: undefined, places: new Map() };
  const value = frozenFromCanonical(content.text);
  const { content: rest, places } = runRedactions(core.options.evaluators, redacting, value);
  return { left: rest === value ? undefined : readContent(rest), places };
}

function withPlaces(fact: EvaluatorFact, places: ReadonlyMap<string, number>): EvaluatorFact {
  const count = places.get(fact.guardrail);
  return count === undefined ? fact : { ...fact, redacted: count };
}
