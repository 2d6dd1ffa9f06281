/**
 * What evaluators and classifiers found, in the policy's terms. Whoever had to speak and did not, or not so
 * that it can be understood, is an error, and errors deny.
 */
import { compareText } from '../order.ts';
import type { EvaluatorCall, MatchSubject } from './compile-evaluators.ts';
import type { EvaluatorFact, StageVerdict } from './evaluator-fact.ts';
import { isRiskLevel, type RiskLevel } from './risk.ts';
import type { Escalation } from './session-risk.ts';

/** A guardrail's refusal. */
export interface Refusal {
  readonly source: string;
  readonly effect: 'deny' | 'require-approval';
  readonly reason: string;
}

export interface Silence {
  readonly source: string;
  readonly error: string;
}

/** All that code has said of one call. */
export interface Heard {
  readonly refusals: readonly Refusal[];
  readonly silences: readonly Silence[];
  /** Of guardrails that only inform. One that failed is not there: whatever reads it fails. */
  readonly informed: Readonly<Record<string, 'pass' | 'refuse'>>;
  readonly assetClasses: readonly string[];
  /** Levels that classifiers gave, and those of the resource's classes. */
  readonly levels: readonly Escalation[];
}

const nothingHeard: Heard = Object.freeze({
  refusals: [],
  silences: [],
  informed: Object.freeze({}),
  assetClasses: Object.freeze([]),
  levels: [],
});

export function hearEvaluators(
  calls: readonly EvaluatorCall[],
  subject: MatchSubject,
  facts: readonly EvaluatorFact[],
  assetRisk: Readonly<Record<string, RiskLevel>> = {},
): Heard {
  if (calls.length === 0) return nothingHeard;
  const refusals: Refusal[] = [];
  const silences: Silence[] = [];
  const informed: [string, 'pass' | 'refuse'][] = [];
  const levels: Escalation[] = [];
  const classes = new Set<string>();
  const refused = facts.some(({ outcome }) => outcome === 'refuse');
  for (const call of calls) {
    if (!call.matches(subject)) continue;
    const { id, kind } = call;
    const source = `${kind}:${id}`;
    const fact = facts.find(({ guardrail }) => guardrail === id);
    const answer = fact?.outcome === 'answered' ? fact.answer : undefined;
    if (kind === 'guardrail') {
      const { effect, reason } = call;
      const outcome = fact?.outcome;
      const speaks = outcome === 'pass' || outcome === 'refuse';
      if (effect === 'inform') {
        if (speaks) informed.push([id, outcome]);
      } else if (effect === 'redact' && speaks && fact?.redacted === undefined) {
        silences.push({ source, error: 'nothing says that it was redacted' });
      } else if (outcome === 'refuse') {
        refusals.push({
          source,
          effect: effect === 'redact' ? 'deny' : effect,
          reason: reason ?? fact?.reason ?? '',
        });
      } else if (outcome === 'skipped' && refused) {
        // It was stopped because another one had refused, which is among the refusals.
        refusals.push({ source, effect: 'deny', reason: 'stopped when another guardrail refused' });
      } else if (!speaks) silences.push({ source, error: silence(fact) });
    } else if (kind === 'asset-classifier' && answer !== undefined) {
      for (const each of answer) classes.add(each);
    } else if (kind === 'risk-classifier' && answer?.length === 1 && isRiskLevel(answer[0])) {
      levels.push({ cause: source, level: answer[0], reason: fact?.reason ?? '' });
    } else if (!(fact?.outcome === 'skipped' && refused)) {
      silences.push({ source, error: silence(fact) });
    }
  }
  const assetClasses = [...classes].toSorted(compareText);
  for (const each of assetClasses) {
    const level = Object.hasOwn(assetRisk, each) ? assetRisk[each] : undefined;
    if (level === undefined) continue;
    levels.push({ cause: `asset:${each}`, level, reason: `the resource is \`${each}\`` });
  }
  const byId = Object.fromEntries(informed);
  return { refusals, silences, informed: byId, assetClasses, levels };
}

function silence(fact: EvaluatorFact | undefined): string {
  if (fact === undefined) return 'the evaluator has not run';
  return fact.reason === '' ? 'the evaluator has not answered so' : fact.reason;
}

/** Undefined where no guardrail is asked for. */
export function judgeStage(
  calls: readonly EvaluatorCall[],
  subject: MatchSubject,
  facts: readonly EvaluatorFact[],
  enforced: boolean,
): StageVerdict | undefined {
  const asked = calls.filter(({ matches }) => matches(subject));
  if (asked.length === 0) return undefined;
  const { refusals, silences } = hearEvaluators(asked, subject, facts);
  const against = [
    ...silences.map(({ source, error }) => [source, `\`${source}\`: ${error}`] as const),
    ...refusals.map(({ source, reason }) => [source, reason] as const),
  ];
  const outcome = against.length === 0 ? 'pass' : 'refuse';
  const redacted = enforced && outcome === 'pass' ? redactedPlaces(asked, facts) : 0;
  return {
    outcome,
    effective: enforced ? outcome : 'pass',
    ...(redacted === 0 ? {} : { redacted }),
    determinedBy: against.map(([source]) => source).toSorted(compareText),
    message: against.map(([, message]) => message).join('; '),
  };
}

function redactedPlaces(asked: readonly EvaluatorCall[], facts: readonly EvaluatorFact[]): number {
  return asked
    .filter(({ effect }) => effect === 'redact')
    .map(({ id }) => facts.find(({ guardrail }) => guardrail === id)?.redacted ?? 0)
    .reduce((sum, places) => sum + places, 0);
}
