/**
 * The policy decision point: one request against one compiled policy. Pure, and one screen.
 *
 * Every tier and every matching rule speaks; the strictest effect is the answer:
 * deny > steer > require-approval > allow. No voice of a tier or rule means deny, whatever risk and
 * guardrails ask for on top. An error in a rule that matches means deny, whatever the rule's effect is: a
 * rule that could not be read might have been the one that forbids.
 */
import { limits } from '../limits.ts';
import { modelAccess } from './model-access.ts';
import { compareText } from '../order.ts';
import type { RejectionCode } from '../rejection.ts';
import type { CompiledAction, CompiledPolicy } from './compile.ts';
import type { ApprovalTerms, EscalationTerms, SteerTerms } from './compile-rules.ts';
import type { ConditionSubject, PolicyCall } from './expression.ts';
import type { Effect, TiersDocument } from './document.ts';
import type { EvaluatorFact } from './evaluator-fact.ts';
import { type Heard, hearEvaluators } from './hear-evaluators.ts';
import { type RiskLevel, withinRisk } from './risk.ts';
import {
  assessRisk,
  emptyHistory,
  higher,
  rank,
  type RiskAssessment,
  type SessionHistory,
} from './session-risk.ts';

export interface PolicyVerdict {
  readonly effect: Effect;
  readonly code: RejectionCode | 'allowed';
  readonly message: string;
  /** The rules, tiers and risk levels (`rule:…`) whose effect this is, or that could not be read. */
  readonly determinedBy: readonly string[];
  /** What the action counts as after all that the session did. */
  readonly risk: RiskLevel;
  /** How the risk came about; undefined for an action that is not declared. */
  readonly assessment: RiskAssessment | undefined;
  readonly runTimeoutMs: number;
  readonly approval: ApprovalTerms;
  readonly steer: SteerTerms;
  /** Set on the session if the call is allowed. */
  readonly labels: readonly string[];
  /** What the answer were if all that is in shadow mode counted; only where something is. */
  readonly shadow: ShadowVerdict | undefined;
}

export type ShadowVerdict = Pick<PolicyVerdict, 'effect' | 'code' | 'message' | 'determinedBy'>;

/** What is known beside the request: its session's past, the log's time, what evaluators found. */
export interface EvaluationContext {
  readonly history: SessionHistory;
  readonly now: number;
  readonly facts: readonly EvaluatorFact[];
}

const atTheStart: EvaluationContext = { history: emptyHistory, now: 0, facts: [] };

const strictness: readonly Effect[] = ['allow', 'require-approval', 'steer', 'deny'];

interface Voice {
  readonly effect: Effect;
  readonly source: string;
  readonly reason: string;
  readonly approval: ApprovalTerms;
  readonly steer: SteerTerms;
  readonly labels: readonly string[];
  /** Of a denial: why, where it is not just that. */
  readonly code?: RejectionCode;
  /** Asks for more than tiers and rules do, and by itself lets nothing through. */
  readonly isOnTop?: true;
  /** False for a rule in shadow mode. */
  readonly enforced: boolean;
}

interface Unreadable {
  readonly source: string;
  readonly error: string;
  readonly enforced: boolean;
}

type Answer = ShadowVerdict & Pick<PolicyVerdict, 'approval' | 'steer'>;

/** Evaluates a call. Risk and counters are set here, whatever the caller gave. */
export function evaluatePolicy(
  policy: CompiledPolicy,
  request: PolicyCall,
  context: EvaluationContext = atTheStart,
): PolicyVerdict {
  const action = policy.actions.get(request.action);
  if (action === undefined) {
    const message = `action \`${request.action}\` is not declared`;
    const answer = refused(policy, 'action-unknown', message, []);
    // In shadow mode it runs, and then as long as an action that says nothing.
    const runTimeoutMs = policy.enforced ? 0 : limits.runTimeoutMs;
    return verdictOf(policy, answer, undefined, { risk: 'critical', runTimeoutMs });
  }
  const { runTimeoutMs } = action;
  if (!action.resource(request.resource)) {
    const message = `resource \`${request.resource}\` is outside action \`${request.action}\``;
    const answer = refused(policy, 'policy-denied', message, [`action:${request.action}`]);
    return verdictOf(policy, answer, undefined, { risk: action.risk, runTimeoutMs });
  }
  const { heard, assessment, subject } = assess(policy, action, request, context);
  const { risk } = subject;
  const voices: Voice[] = action.tiers.map((tier) => tierVoice(policy, tier, risk));
  voices.push(...riskVoices(policy, assessment), ...inputVoices(policy, subject, context.history));
  for (const { source, effect, reason } of heard.refusals) {
    voices.push({ ...ownVoice(policy, source, effect, reason), isOnTop: true });
  }
  voices.push(...modelVoices(policy, request, action.tiers));
  const errors: Unreadable[] = heard.silences.map((each) => ({ ...each, enforced: true }));
  for (const { matches, conditions, rules } of action.rules) {
    if (!matches(subject)) continue;
    for (const [number, rule] of rules.entries()) {
      const truth = conditions?.truth(number, subject) ?? true;
      if (truth === false) continue;
      const source = `rule:${rule.id}`;
      if (truth === true) voices.push({ ...rule, source });
      else errors.push({ source, error: truth.error, enforced: rule.enforced });
    }
  }
  const everything = answerOf(policy, request, voices, errors);
  const answer =
    policy.hasShadow && policy.enforced
      ? answerOf(policy, request, voices.filter(isEnforced), errors.filter(isEnforced))
      : everything;
  const labels = [...new Set(voices.flatMap((voice) => (voice.enforced ? voice.labels : [])))];
  const more = { risk, assessment, runTimeoutMs, labels: labels.toSorted(compareText) };
  return verdictOf(policy, answer, everything, more);
}

/** What conditions see of a call of a declared action, and how its risk came about. */
export function assess(
  policy: CompiledPolicy,
  action: CompiledAction,
  request: PolicyCall,
  { history, now, facts }: EvaluationContext,
): {
  readonly subject: ConditionSubject & { readonly risk: RiskLevel };
  readonly assessment: RiskAssessment;
  readonly heard: Heard;
} {
  const heard = hearEvaluators(action.before, request, facts, policy.assetRisk);
  const raised = heard.levels.filter(({ level }) => rank(level) > rank(action.risk));
  const base = raised.reduce<RiskLevel>((most, { level }) => higher(most, level), action.risk);
  const gathered = assessRisk(policy.risk, history, { name: request.action, base, now });
  const assessment: RiskAssessment = {
    ...gathered,
    base: action.risk,
    escalations: [...raised, ...gathered.escalations],
  };
  const subject = {
    ...request,
    risk: assessment.level,
    counters: countersOf(history, assessment.score.milli),
    guardrails: heard.informed,
    assetClasses: heard.assetClasses,
  };
  return { subject, assessment, heard };
}

function isEnforced({ enforced }: { readonly enforced: boolean }): boolean {
  return enforced;
}

/** A policy in shadow mode says what it would do, and lets the call through. */
function verdictOf(
  policy: CompiledPolicy,
  answer: Answer,
  everything: ShadowVerdict | undefined,
  more: Pick<PolicyVerdict, 'risk' | 'runTimeoutMs'> & Partial<PolicyVerdict>,
): PolicyVerdict {
  const shadow = policy.hasShadow ? (everything ?? answer) : undefined;
  const effective: Answer = policy.enforced
    ? answer
    : {
        ...answer,
        effect: 'allow',
        code: 'allowed',
        message: 'the policy is in shadow mode',
        determinedBy: ['policy:shadow'],
      };
  return {
    assessment: undefined,
    labels: [],
    ...more,
    ...effective,
    shadow:
      shadow === undefined
        ? undefined
        : {
            effect: shadow.effect,
            code: shadow.code,
            message: shadow.message,
            determinedBy: shadow.determinedBy,
          },
  };
}

function refused(
  policy: CompiledPolicy,
  code: RejectionCode,
  message: string,
  determinedBy: readonly string[],
): Answer {
  const { approval, tierSteer: steer } = policy;
  return { effect: 'deny', code, message, determinedBy, approval, steer };
}

/** The strictest voice, unless one could not be read. */
function answerOf(
  policy: CompiledPolicy,
  { action }: { readonly action: string },
  voices: readonly Voice[],
  errors: readonly Unreadable[],
): Answer {
  if (errors.length > 0) {
    const sorted = errors.toSorted((left, right) => compareText(left.source, right.source));
    const message = sorted.map(({ source, error }) => `\`${source}\`: ${error}`).join('; ');
    const sources = sorted.map(({ source }) => source);
    return refused(policy, 'policy-error', message, sources);
  }
  // A call that is risky, or that a guardrail refused, gets no approver where a harmless one is denied.
  const isSpokenFor = voices.some(({ isOnTop }) => isOnTop !== true);
  const heard = isSpokenFor ? voices : voices.filter((voice) => voice.effect === 'deny');
  const strictest = Math.max(-1, ...heard.map((voice) => strictness.indexOf(voice.effect)));
  const effect = strictness[strictest] ?? 'deny';
  const deciding = heard
    .filter((voice) => voice.effect === effect)
    .toSorted((left, right) => compareText(left.source, right.source));
  const sources = deciding.map((voice) => voice.source);
  const [first] = deciding;
  if (first === undefined) {
    return refused(policy, 'policy-no-match', `no rule or tier allows \`${action}\``, []);
  }
  const approval = effect === 'require-approval' ? joinedApproval(deciding) : first.approval;
  if (effect === 'require-approval' && approval.roles.length === 0) {
    return refused(policy, 'policy-error', 'no role satisfies every approval asked for', sources);
  }
  const { steer } = first;
  const message = messageOf(first);
  return {
    effect,
    code: first.code ?? codes[effect],
    message,
    determinedBy: sources,
    approval,
    steer,
  };
}

function messageOf(voice: Voice): string {
  return voice.reason === '' ? `\`${voice.source}\`` : voice.reason;
}

/** Several approvals asked for are one that satisfies all: the roles in common, the shortest time. */
function joinedApproval(voices: readonly Voice[]): ApprovalTerms {
  const [first, ...others] = voices.map((voice) => voice.approval);
  return {
    roles: (first?.roles ?? []).filter((role) => others.every((each) => each.roles.includes(role))),
    timeoutMs: Math.min(...voices.map((voice) => voice.approval.timeoutMs)),
    principals: distinctLists(voices.flatMap((voice) => voice.approval.principals)),
    quorum: Math.max(...voices.map((voice) => voice.approval.quorum)),
    reasonRequired: voices.some((voice) => voice.approval.reasonRequired),
    escalation: joinedEscalation(voices.map((voice) => voice.approval.escalation)),
    remindMs: least(voices.flatMap((voice) => voice.approval.remindMs ?? [])),
  };
}

function least(numbers: readonly number[]): number | undefined {
  return numbers.length === 0 ? undefined : Math.min(...numbers);
}

/** Others may decide only where every approval that is asked for says so, and once the last one does. */
function joinedEscalation(
  terms: readonly (EscalationTerms | undefined)[],
): EscalationTerms | undefined {
  const asked = terms.filter((each) => each !== undefined);
  const [first, ...others] = asked;
  if (first === undefined || asked.length < terms.length) return undefined;
  const roles = first.roles.filter((role) => others.every((each) => each.roles.includes(role)));
  if (roles.length === 0) return undefined;
  return {
    afterMs: Math.max(...asked.map(({ afterMs }) => afterMs)),
    roles,
    principals: distinctLists(asked.flatMap(({ principals }) => principals)),
  };
}

/** Each list once and in one order, whatever the order of the rules. */
function distinctLists(lists: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const byText = new Map(lists.map((list) => [JSON.stringify(list), list]));
  const sorted = [...byText].toSorted(([left], [right]) => compareText(left, right));
  return sorted.map(([, list]) => list);
}

const codes: Readonly<Record<Effect, PolicyVerdict['code']>> = {
  deny: 'policy-denied',
  steer: 'policy-steered',
  'require-approval': 'approval-required',
  allow: 'allowed',
};

function tierVoice(policy: CompiledPolicy, tier: keyof TiersDocument, risk: RiskLevel): Voice {
  const within = withinRisk(risk, policy.autoApproveAtMost);
  const effect: Effect = {
    blocked: 'deny' as const,
    steer: 'steer' as const,
    alwaysApprove: 'require-approval' as const,
    autoApprove: within ? ('allow' as const) : ('require-approval' as const),
    unrestricted: 'allow' as const,
  }[tier];
  const reason = tier === 'autoApprove' && !within ? `risk \`${risk}\` needs an approver` : '';
  return ownVoice(policy, `tier:${tier}`, effect, reason);
}

/** Whoever may not use the model may not make the call. */
function modelVoices(
  policy: CompiledPolicy,
  request: PolicyCall,
  actionTiers: CompiledAction['tiers'],
): readonly Voice[] {
  const { model } = request;
  if (model === undefined) return [];
  const access = modelAccess(policy.models, { ...request, actionTiers }, model);
  if (access.allowed) return [];
  const voice = ownVoice(policy, access.by, 'deny', access.message);
  return [{ ...voice, code: 'model-not-allowed' }];
}

/** What the risk itself asks for: every level up to the one that was reached speaks. */
function riskVoices(policy: CompiledPolicy, assessment: RiskAssessment): readonly Voice[] {
  const { level, escalations } = assessment;
  const raised = escalations.filter((each) => each.level === level).map(({ reason }) => reason);
  const reason = raised.length > 0 ? raised.join('; ') : `the action's risk is \`${level}\``;
  return policy.riskEffects
    .filter(([from]) => withinRisk(from, level))
    .map(([from, effect]) => ({
      ...ownVoice(policy, `risk:${from}`, effect, reason),
      isOnTop: true,
    }));
}

/** While what came in has not passed the policy's input guardrails, nothing runs. */
function inputVoices(
  policy: CompiledPolicy,
  subject: ConditionSubject,
  { input }: SessionHistory,
): readonly Voice[] {
  const { calls, under } = policy.input;
  if (!calls.some(({ matches }) => matches(subject))) return [];
  if (input?.under === under && input.outcome === 'pass') return [];
  const reason =
    input?.under === under
      ? 'a guardrail refused what came into the session'
      : 'what came into the session has not been screened';
  return [ownVoice(policy, 'input', 'deny', reason)];
}

function ownVoice(policy: CompiledPolicy, source: string, effect: Effect, reason: string): Voice {
  const { approval, tierSteer: steer } = policy;
  return { effect, source, reason, approval, steer, labels: [], enforced: true };
}

function countersOf(history: SessionHistory, milli: number): ConditionSubject['counters'] {
  const { allowed, denied, counts, labels } = history;
  return { allowed, denied, counts, labels, riskScore: milli / 1_000 };
}
