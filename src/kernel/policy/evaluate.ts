/**
 * The policy decision point: one request against one compiled policy. Pure, and one screen.
 *
 * Every tier and every matching rule speaks; the strictest effect is the answer:
 * deny > steer > require-approval > allow. No voice means deny. An error in a rule that matches means deny,
 * whatever the rule's effect is: a rule that could not be read might have been the one that forbids.
 */
import { compareText } from '../order.ts';
import type { RejectionCode } from '../rejection.ts';
import type { ApprovalTerms, CompiledPolicy, SteerTerms } from './compile.ts';
import type { ConditionSubject } from './condition.ts';
import type { Effect, TiersDocument } from './document.ts';
import { type RiskLevel, withinRisk } from './risk.ts';

export interface PolicyVerdict {
  readonly effect: Effect;
  readonly code: RejectionCode | 'allowed';
  readonly message: string;
  /** The rules (`rule:…`) and tiers (`tier:…`) whose effect this is, or that could not be read. */
  readonly determinedBy: readonly string[];
  readonly risk: RiskLevel;
  readonly runTimeoutMs: number;
  readonly approval: ApprovalTerms;
  readonly steer: SteerTerms;
}

const strictness: readonly Effect[] = ['allow', 'require-approval', 'steer', 'deny'];

interface Voice {
  readonly effect: Effect;
  readonly source: string;
  readonly reason: string;
  readonly approval: ApprovalTerms;
  readonly steer: SteerTerms;
}

/** Evaluates a request. `subject.risk` is set from the policy here, whatever the caller gave. */
export function evaluatePolicy(
  policy: CompiledPolicy,
  request: Omit<ConditionSubject, 'risk'>,
): PolicyVerdict {
  const action = policy.actions.get(request.action);
  const risk = action?.risk ?? 'critical';
  const runTimeoutMs = action?.runTimeoutMs ?? 0;
  const settled = (
    effect: Effect,
    code: PolicyVerdict['code'],
    message: string,
    determinedBy: readonly string[],
    voice?: Voice,
  ): PolicyVerdict => ({
    effect,
    code,
    message,
    determinedBy,
    risk,
    runTimeoutMs,
    approval: voice?.approval ?? policy.approval,
    steer: voice?.steer ?? policy.tierSteer,
  });
  if (action === undefined) {
    return settled('deny', 'action-unknown', `action \`${request.action}\` is not declared`, []);
  }
  if (!action.resource(request.resource)) {
    const message = `resource \`${request.resource}\` is outside action \`${request.action}\``;
    return settled('deny', 'policy-denied', message, [`action:${request.action}`]);
  }
  const subject: ConditionSubject = { ...request, risk };
  const voices: Voice[] = action.tiers.map((tier) => tierVoice(policy, tier, risk));
  const errors: { readonly source: string; readonly error: string }[] = [];
  for (const rule of action.rules) {
    if (!rule.matches(subject)) continue;
    const truth = rule.when === undefined ? true : rule.when(subject);
    const source = `rule:${rule.id}`;
    if (typeof truth !== 'boolean') errors.push({ source, error: truth.error });
    else if (truth) voices.push({ ...rule, source });
  }
  if (errors.length > 0) {
    const sorted = errors.toSorted((left, right) => compareText(left.source, right.source));
    const message = sorted.map(({ source, error }) => `\`${source}\`: ${error}`).join('; ');
    return settled(
      'deny',
      'policy-error',
      message,
      sorted.map(({ source }) => source),
    );
  }
  const strictest = Math.max(-1, ...voices.map((voice) => strictness.indexOf(voice.effect)));
  const effect = strictness[strictest] ?? 'deny';
  const deciding = voices
    .filter((voice) => voice.effect === effect)
    .toSorted((left, right) => compareText(left.source, right.source));
  const sources = deciding.map((voice) => voice.source);
  const [first] = deciding;
  if (first === undefined) {
    const message = `no rule or tier allows \`${request.action}\``;
    return settled('deny', 'policy-no-match', message, []);
  }
  if (effect === 'require-approval') {
    const approval = joinedApproval(deciding);
    if (approval.roles.length === 0) {
      return settled('deny', 'policy-error', 'no role satisfies every approval asked for', sources);
    }
    return { ...settled(effect, codes[effect], messageOf(first), sources, first), approval };
  }
  return settled(effect, codes[effect], messageOf(first), sources, first);
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
  };
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
  return {
    effect,
    source: `tier:${tier}`,
    reason: tier === 'autoApprove' && !within ? `risk \`${risk}\` needs an approver` : '',
    approval: policy.approval,
    steer: policy.tierSteer,
  };
}
