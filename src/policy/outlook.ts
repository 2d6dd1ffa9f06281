/**
 * What a policy says of every call of an action at once: for whoever looks at what an agent may do before it
 * does anything.
 *
 * All verdicts are the kernel's. It is asked about the policy without whatever may or may not hold of a
 * single call, and then about the policy with each of those holding; the strictest effect is the answer, so
 * that several of them together give nothing else, but for approvals that nobody can give together. What
 * cannot be evaluated for a call denies it; that is not foreseen here.
 */
import {
  compileGlob,
  type MatchDocument,
  type PolicyDocument,
  type PolicyVerdict,
  type RiskLevel,
  riskLevels,
  type RuleDocument,
} from '../kernel/index.ts';
import { type ShownVerdict, shownVerdict } from './explain.ts';
import { isAbout, patternsInclude } from './pattern-inclusion.ts';
import { type PolicyRequest, verdictOn } from './policy-request.ts';
import { rulesAbout } from './request-change.ts';

/** Who would ask for what; what is undefined may be anything. */
export interface OutlookSubject {
  readonly action: string;
  readonly tool: string;
  readonly agent: string;
  readonly org: string;
  readonly resource: string | undefined;
  readonly principal: string | undefined;
}

export interface PolicyOutlook {
  /** Of a call in a new session of which nothing holds that may or may not. */
  readonly verdict: ShownVerdict;
  /** What a call may come to, mildest first: one effect, or as many as there are ways. */
  readonly effects: readonly PolicyVerdict['effect'][];
  /** What makes the difference, such as `rule:large` or `risk:high`. */
  readonly dependsOn: readonly string[];
}

type Fit = 'never' | 'maybe' | 'always';

/** A way that a call may be other than the one of which nothing holds. */
interface Way {
  readonly source: string;
  readonly document: PolicyDocument;
  readonly request?: Partial<PolicyRequest>;
}

/** Two segments that no pattern names: only one that matches everything matches it. */
const nowhere = '\u0000/\u0000';

const mildestFirst = ['allow', 'require-approval', 'steer', 'deny'] as const;

export function policyOutlook(document: PolicyDocument, subject: OutlookSubject): PolicyOutlook {
  const { resource, principal, ...known } = subject;
  const request: PolicyRequest = {
    ...known,
    ...(resource === undefined ? {} : { resource }),
    ...(principal === undefined ? {} : { principal }),
  };
  const certain = certainPart(document, subject);
  const verdict = verdictOn(certain, request);
  const effects = new Set([verdict.effect]);
  const dependsOn = new Set<string>();
  const asking: Way[] = [];
  for (const way of waysOf(document, certain, subject)) {
    const { effect } = verdictOn(way.document, { ...request, ...way.request });
    if (effect === 'require-approval') asking.push(way);
    if (effect === verdict.effect) continue;
    effects.add(effect);
    dependsOn.add(way.source);
  }
  const all = together(certain, asking);
  if (
    !effects.has('deny') &&
    verdictOn(all.document, { ...request, ...all.request }).effect === 'deny'
  ) {
    effects.add('deny');
    for (const { source } of asking) dependsOn.add(source);
  }
  return {
    verdict: shownVerdict(verdict),
    effects: mildestFirst.filter((effect) => effects.has(effect)),
    dependsOn: [...dependsOn],
  };
}

/** Those who ask for approval, all at once: where no role may give it for all of them, it is a denial. */
function together(certain: PolicyDocument, ways: readonly Way[]): Omit<Way, 'source'> {
  const documents = ways.map(({ document }) => document);
  const raised = documents.findLast(({ actions }) => actions !== certain.actions);
  return {
    document: {
      ...certain,
      actions: raised?.actions ?? certain.actions,
      rules: [...new Set([certain, ...documents].flatMap(({ rules = [] }) => rules))],
      guardrails: { tool: documents.flatMap(({ guardrails }) => guardrails?.tool ?? []) },
    },
    request: {
      guardrails: Object.fromEntries(
        ways.flatMap(({ request }) => Object.entries(request?.guardrails ?? {})),
      ),
    },
  };
}

/** By its exact name: `constructor` is no action because every object has one. */
function declaredIn({ actions }: PolicyDocument, action: string) {
  return Object.hasOwn(actions, action) ? actions[action] : undefined;
}

/** The policy on this action alone, with what holds for every call of it. */
function certainPart(document: PolicyDocument, subject: OutlookSubject): PolicyDocument {
  const { assets: _, guardrails: __, risk = {}, ...rest } = document;
  const { classifiers: ___, ...risks } = risk;
  const declared = declaredIn(document, subject.action);
  const { resource, ...action } = declared ?? {};
  const limited =
    resource !== undefined && fitOf({ resource }, subject) === 'never'
      ? { ...action, resource }
      : action;
  const rules = rulesAbout(document, subject.action);
  return {
    ...rest,
    risk: risks,
    actions: declared === undefined ? {} : { [subject.action]: limited },
    rules: rules.filter((rule) => fitOfRule(rule, subject) === 'always'),
  };
}

function waysOf(
  document: PolicyDocument,
  certain: PolicyDocument,
  subject: OutlookSubject,
): readonly Way[] {
  const { action } = subject;
  const declared = declaredIn(certain, action);
  if (declared === undefined) return [];
  const { guardrails = {} } = document;
  const mayFit = ({ match }: { readonly match?: MatchDocument }): boolean =>
    fitOf(match, subject) !== 'never';
  const mayHold = rulesAbout(document, action)
    .filter((rule) => fitOfRule(rule, subject) === 'maybe')
    .map((rule) => ofEveryCall(rule));
  const withRules = (rules: readonly RuleDocument[]): PolicyDocument => ({
    ...certain,
    rules: [...(certain.rules ?? []), ...rules],
  });
  const rules = mayHold.map((rule) => ({
    source: `rule:${rule.id}`,
    document: withRules([rule]),
  }));
  // Risk and guardrails ask for something only of what is let through: by these, if by nothing certain.
  const letThrough = withRules(mayHold.filter(({ effect }) => effect === 'allow'));
  const checks = actionable(guardrails.tool, action)
    .filter(mayFit)
    .map((check) => ({
      source: `guardrail:${check.id}`,
      document: { ...letThrough, guardrails: { tool: [ofEveryCall(check)] } },
      request: { guardrails: { [check.id]: 'refuse' as const } },
    }));
  const input = (guardrails.input ?? []).map(ofEveryCall);
  const screened = {
    source: 'input',
    document: { ...certain, guardrails: { input } },
    request: { session: { input: 'refuse' as const } },
  };
  const raised = levelsAbove(declared.risk ?? 'low', document, subject).map((risk) => ({
    source: `risk:${risk}`,
    document: { ...letThrough, actions: { [action]: { ...declared, risk } } },
  }));
  const resource = declaredIn(document, action)?.resource;
  const limited = resource !== undefined && fitOf({ resource }, subject) === 'maybe';
  const outside = limited && {
    source: `action:${action}`,
    document: { ...certain, actions: { [action]: { ...declared, resource } } },
    request: { resource: nowhere },
  };
  return [
    ...rules,
    ...checks,
    ...((guardrails.input ?? []).some(mayFit) ? [screened] : []),
    ...raised,
    ...(outside === false ? [] : [outside]),
  ];
}

/** Without what it asks of a call. */
function ofEveryCall<T extends { readonly match?: MatchDocument; readonly when?: unknown }>(
  each: T,
): Omit<T, 'match' | 'when'> {
  const { match: _, when: __, ...rest } = each;
  return rest;
}

/** The levels that a session's past or a classifier can raise a call to. */
function levelsAbove(
  base: RiskLevel,
  { risk = {}, assets }: PolicyDocument,
  subject: OutlookSubject,
): readonly RiskLevel[] {
  const classifies = (calls: Parameters<typeof actionable>[0]): boolean =>
    actionable(calls, subject.action).some(({ match }) => fitOf(match, subject) !== 'never');
  const reachable = new Set<string>([
    ...Object.keys(risk.thresholds ?? {}),
    ...(risk.sequences ?? []).map(({ raiseTo }) => raiseTo),
    ...(classifies(risk.classifiers) ? riskLevels : []),
    ...(classifies(assets?.classifiers) ? Object.values(assets?.risk ?? {}) : []),
  ]);
  const above = riskLevels.slice(riskLevels.indexOf(base) + 1);
  return above.filter((level) => reachable.has(level));
}

function actionable<T extends { readonly match?: MatchDocument }>(
  all: readonly T[] | undefined,
  action: string,
): readonly T[] {
  return (all ?? []).filter(({ match }) => isAbout(match, action));
}

function fitOfRule({ match, when }: RuleDocument, subject: OutlookSubject): Fit {
  const fit = fitOf(match, subject);
  return fit === 'always' && when !== undefined ? 'maybe' : fit;
}

/** Whether a match holds of the calls of somebody, its action aside. */
function fitOf(match: MatchDocument | undefined, subject: OutlookSubject): Fit {
  const members = ['resource', 'agent', 'principal'] as const;
  const fitOfMember = (member: (typeof members)[number]): Fit => {
    const patterns = match?.[member];
    const value = subject[member];
    if (patterns === undefined || patternsInclude(patterns, undefined)) return 'always';
    if (value === undefined) return 'maybe';
    const matches = [patterns].flat().some((pattern) => compileGlob(pattern)(value));
    return matches ? 'always' : 'never';
  };
  const fits = new Set(members.map(fitOfMember));
  if (fits.has('never')) return 'never';
  return fits.has('maybe') ? 'maybe' : 'always';
}
