/**
 * What of a policy is answered by code: guardrails and classifiers, by stage and action. The engine runs them
 * and puts what they found into the command; here is only which of them have to have spoken.
 */
import { hash } from 'node:crypto';
import type {
  ClassifierDocument,
  GuardrailDocument,
  MatchDocument,
  OutputGuardrailDocument,
  PolicyDocument,
} from './document.ts';
import type { ConditionSubject } from './expression.ts';
import { compileGlob, compileGlobs } from './glob.ts';

export type MatchSubject = Pick<ConditionSubject, 'resource' | 'agent' | 'principal'>;

/** What kind of answer is wanted: yes or no, a risk level, or the classes of the resource. */
export type EvaluatorKind = 'guardrail' | 'risk-classifier' | 'asset-classifier';

/** One thing that code has to say. */
export interface EvaluatorCall {
  readonly id: string;
  readonly kind: EvaluatorKind;
  readonly evaluator: string;
  readonly config?: unknown;
  readonly timeoutMs?: number;
  /**
   * Of a guardrail: what its refusal means. A classifier informs. With `redact` it is asked of what is left
   * once what it finds was taken out; what it refuses of that is denied.
   */
  readonly effect: 'deny' | 'require-approval' | 'inform' | 'redact';
  readonly reason?: string;
  readonly matches: (subject: MatchSubject) => boolean;
}

export interface CompiledEvaluators {
  /** Name of the set of input guardrails: another set has another one. */
  readonly input: { readonly calls: readonly EvaluatorCall[]; readonly under: string };
  readonly before: ReadonlyMap<string, readonly EvaluatorCall[]>;
  readonly output: ReadonlyMap<string, readonly EvaluatorCall[]>;
}

export function compileEvaluators(
  { guardrails = {}, risk, assets }: PolicyDocument,
  names: readonly string[],
): CompiledEvaluators {
  const { input = [], tool = [], output = [] } = guardrails;
  const before = [
    ...tool.map((each) => [each.match, guardrailCall(each)] as const),
    ...(risk?.classifiers ?? []).map(
      (each) => [each.match, classifierCall('risk-classifier', each)] as const,
    ),
    ...(assets?.classifiers ?? []).map(
      (each) => [each.match, classifierCall('asset-classifier', each)] as const,
    ),
  ];
  const after = output.map((each) => [each.match, outputCall(each)] as const);
  return {
    input: { calls: input.map(guardrailCall), under: hash('sha256', JSON.stringify(input), 'hex') },
    before: byAction(before, names),
    output: byAction(after, names),
  };
}

/** All that a policy asks of code, on whatever calls. */
export function evaluatorCallsOf(document: PolicyDocument): readonly EvaluatorCall[] {
  const { guardrails = {}, risk, assets } = document;
  const { input = [], tool = [], output = [] } = guardrails;
  return [
    ...[...input, ...tool].map(guardrailCall),
    ...output.map(outputCall),
    ...(risk?.classifiers ?? []).map((each) => classifierCall('risk-classifier', each)),
    ...(assets?.classifiers ?? []).map((each) => classifierCall('asset-classifier', each)),
  ];
}

function guardrailCall(document: GuardrailDocument): EvaluatorCall {
  const { match, effect = 'deny', ...rest } = document;
  return { ...rest, kind: 'guardrail', effect, matches: compileMatch(match) };
}

function outputCall({ effect, ...document }: OutputGuardrailDocument): EvaluatorCall {
  return { ...guardrailCall(document), effect: effect === 'redact' ? 'redact' : 'deny' };
}

function classifierCall(kind: EvaluatorKind, document: ClassifierDocument): EvaluatorCall {
  const { match, classifier, ...rest } = document;
  return { ...rest, kind, evaluator: classifier, effect: 'inform', matches: compileMatch(match) };
}

function byAction(
  calls: readonly (readonly [match: MatchDocument | undefined, call: EvaluatorCall])[],
  names: readonly string[],
): ReadonlyMap<string, readonly EvaluatorCall[]> {
  const found = new Map<string, EvaluatorCall[]>();
  for (const [match, call] of calls) {
    for (const name of actionsOf(match, names)) {
      const own = found.get(name) ?? [];
      own.push(call);
      found.set(name, own);
    }
  }
  return found;
}

/** Literal patterns are looked up by name: a policy of 10,000 one-action rules compiles in linear time. */
export function matching(pattern: string, names: readonly string[]): readonly string[] {
  return /[*?]/.test(pattern) ? names.filter(compileGlob(pattern)) : [pattern];
}

export function actionsOf(
  match: MatchDocument | undefined,
  names: readonly string[],
): readonly string[] {
  const patterns = match?.action;
  if (patterns === undefined) return names;
  const list = typeof patterns === 'string' ? [patterns] : patterns;
  return [...new Set(list.flatMap((pattern) => matching(pattern, names)))];
}

/** All that a `match` names but the action, which the index by action has settled. */
export function compileMatch(match: MatchDocument | undefined): (subject: MatchSubject) => boolean {
  const resource = compileGlobs(match?.resource);
  const agent = compileGlobs(match?.agent);
  const principal = compileGlobs(match?.principal);
  return (subject) =>
    resource(subject.resource) && agent(subject.agent) && principal(subject.principal);
}
