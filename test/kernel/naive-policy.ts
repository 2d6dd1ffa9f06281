/** What a policy says of one call, slowly and plainly: each rule, tier and list is looked through. */
import type { EvaluatorFact, PolicyDocument, SessionHistory } from '../../src/kernel/index.ts';
import type { ApprovalDocument } from '../../src/kernel/policy/document.ts';
import { globs, naiveTruth } from './naive-condition.ts';

type Json = Readonly<Record<string, unknown>>;
type Effect = 'allow' | 'require-approval' | 'steer' | 'deny';
type Optional = 'principals' | 'escalation' | 'remindMs';
type Terms = Required<Omit<ApprovalDocument, Optional>> & Pick<ApprovalDocument, Optional>;
type Lists = readonly (readonly string[])[];
interface Asked extends Omit<Terms, Optional> {
  readonly principals: Lists;
  readonly remindMs?: number | undefined;
  readonly escalation?: { afterMs: number; roles: string[]; principals: Lists } | undefined;
}
type Verdict = Asked & Readonly<{ effect: Effect; code: string }>;

/** What is known beside the call. */
export interface Known {
  readonly facts: readonly EvaluatorFact[];
  readonly history: Pick<SessionHistory, 'input' | 'counts' | 'labels' | 'allowed' | 'denied'>;
}

const speaks = (outcome: unknown): boolean => outcome === 'pass' || outcome === 'refuse';
const levels = ['low', 'medium', 'high', 'critical'];
const matches = (match: object = {}, request: Json): boolean =>
  Object.entries(match).every(([what, each]) => globs(each as string[], request[what]));

/** From when all who ask agree that others may decide: those on whom all agree. */
function naiveEscalation(asked: readonly Terms[]): Asked['escalation'] {
  const others = asked.map(({ escalation, ...base }) => escalation && { ...base, ...escalation });
  const all = others.flatMap((each) => each ?? []);
  const roles = [...new Set(all.flatMap((each) => each.roles))];
  const common = roles.filter((role) => all.every((each) => each.roles.includes(role)));
  if (all.length < asked.length || common.length === 0) return undefined;
  const principals = all.flatMap((each) => (each.principals ? [each.principals] : []));
  return { afterMs: Math.max(...all.map(({ afterMs }) => afterMs)), roles: common, principals };
}

/** Whether the policy lets the call use its model. */
function naiveModel({ models = {}, tiers: lists = {} }: PolicyDocument, request: Json): boolean {
  const { id, tier } = request['model'] as { readonly id: string; readonly tier: string };
  const own = (models.overrides ?? []).filter((each) =>
    globs(each.principals, request['principal']),
  );
  if (own.some(({ deny = [] }) => globs(deny, id))) return false;
  if (own.some(({ allow = [] }) => globs(allow, id))) return true;
  const { agents, principals, actions, actionTiers } =
    models.tiers?.[tier] ?? (tier === 'standard' ? {} : { agents: [] });
  return (
    globs(agents ?? '**', request['agent']) &&
    globs(principals ?? '**', request['principal']) &&
    globs(actions ?? '**', request['action']) &&
    (actionTiers?.some((each) => globs(lists[each] ?? [], request['action'])) ?? true)
  );
}

export function naiveVerdict(document: PolicyDocument, request: Json, known: Known): Verdict {
  const roleNames = ['approver', 'admin'];
  const plain = { roles: roleNames, timeoutMs: 3_600_000, quorum: 1, reasonRequired: false };
  const usual: Terms = { ...plain, ...document.approvals };
  const nobody: Asked = { ...plain, principals: [] };
  const say = (effect: Effect, code: string, asks = nobody) => ({ ...asks, effect, code });
  const name = String(request['action']);
  const action = Object.hasOwn(document.actions, name) ? document.actions[name] : undefined;
  if (action === undefined) return say('deny', 'action-unknown');
  if (!globs(action.resource ?? '**', request['resource'])) return say('deny', 'policy-denied');
  const { guardrails = {}, assets, approvals: _, tiers, rules = [] } = document;
  const answers = new Map(known.facts.map((fact) => [fact.guardrail, fact]));
  const answerOf = (id: string): string | undefined => answers.get(id)?.outcome;
  const heard: [Effect, Terms, denies?: string][] = [];
  const classifiers = [...(document.risk?.classifiers ?? []), ...(assets?.classifiers ?? [])];
  const classified = classifiers.filter(({ match }) => matches(match, request));
  const said = new Set(classified.flatMap(({ id }) => answers.get(id)?.answer ?? []));
  const raised = [...said].map((each) => (levels.includes(each) ? each : assets?.risk?.[each]));
  const ranks = [action.risk ?? 'low', ...raised].map((each) => levels.indexOf(String(each)));
  const risk = levels[Math.max(...ranks)];
  const called = (guardrails.tool ?? []).filter(({ match }) => matches(match, request));
  const told = called.filter(({ id, effect }) => effect === 'inform' && speaks(answerOf(id)));
  const subject = {
    ...request,
    risk,
    counters: { ...known.history, riskScore: [1, 3, 5, 10][levels.indexOf(String(risk))] },
    guardrails: Object.fromEntries(told.map(({ id }) => [id, answerOf(id)])),
    assetClasses: [...said].filter((each) => !levels.includes(each)).toSorted(),
  };
  if (classified.some(({ id }) => answerOf(id) !== 'answered')) return say('deny', 'policy-error');
  for (const { id, effect = 'deny' } of called.filter((each) => each.effect !== 'inform')) {
    if (!speaks(answerOf(id))) return say('deny', 'policy-error');
    if (answerOf(id) === 'refuse') heard.push([effect as Effect, usual, 'guardrail']);
  }
  const screens = guardrails.input?.some(({ match }) => matches(match, request)) ?? false;
  const { outcome, under = '' } = known.history.input ?? {};
  if (screens && (outcome !== 'pass' || under === 'other')) heard.push(['deny', usual, 'input']);
  if (request['model'] !== undefined && !naiveModel(document, request))
    heard.push(['deny', usual, 'model']);
  const ceiling = levels.indexOf(document.autoApproveWhen?.riskAtMost ?? 'low');
  const hear = (effect: Effect, patterns: readonly string[] = []): void =>
    void (globs(patterns, name) && heard.push([effect, usual]));
  hear('deny', tiers?.blocked);
  hear('steer', tiers?.steer);
  hear('require-approval', tiers?.alwaysApprove);
  hear('allow', tiers?.unrestricted);
  const isAbove = levels.indexOf(String(risk)) > ceiling;
  hear(isAbove ? 'require-approval' : 'allow', tiers?.autoApprove);
  for (const { match, when, effect, approval } of rules) {
    if (!matches(match, request)) continue;
    const truth = when === undefined || naiveTruth(when, subject);
    if (truth === 'error') return say('deny', 'policy-error');
    if (truth) heard.push([effect, { ...usual, ...approval }]);
  }
  const has = (effect: Effect): boolean => heard.some(([each]) => each === effect);
  // The first one by name says why.
  const [why] = heard
    .flatMap(([effect, , by = 'rule']) => (effect === 'deny' ? [by] : []))
    .toSorted();
  if (why !== undefined)
    return say('deny', why === 'model' ? 'model-not-allowed' : 'policy-denied');
  if (has('steer')) return say('steer', 'policy-steered');
  if (heard.every(([, , by]) => by !== undefined)) return say('deny', 'policy-no-match');
  const asked = heard.filter(([effect]) => effect === 'require-approval').map(([, terms]) => terms);
  const roles = asked[0]?.roles.filter((role) => asked.every((each) => each.roles.includes(role)));
  if (roles?.length === 0) return say('deny', 'policy-error');
  const timeoutMs = Math.min(...asked.map((each) => each.timeoutMs));
  const quorum = Math.max(...asked.map((each) => each.quorum));
  const reasonRequired = asked.some((each) => each.reasonRequired);
  const principals = asked.flatMap((each) => (each.principals ? [each.principals] : []));
  const reminders = asked.flatMap((each) => each.remindMs ?? []);
  const remindMs = reminders.length > 0 ? Math.min(...reminders) : undefined;
  const joint = { timeoutMs, quorum, reasonRequired, principals, remindMs };
  const terms = { ...joint, roles: roles ?? [], escalation: naiveEscalation(asked) };
  if (roles) return say('require-approval', 'approval-required', terms);
  return has('allow') ? say('allow', 'allowed') : say('deny', 'policy-no-match');
}
