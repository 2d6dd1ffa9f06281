/**
 * Compiles a checked policy document into an index by action, once per document.
 *
 * The rules that could apply to an action are found by name, so that the cost of a decision depends on the
 * rules for that action and not on the number of rules in the document.
 */
import { limits } from '../limits.ts';
import { compileCondition, type CompiledCondition, type ConditionSubject } from './condition.ts';
import type { Effect, PolicyDocument, RuleDocument, TiersDocument } from './document.ts';
import { compileGlob, compileGlobs, type Matcher } from './glob.ts';
import type { RiskLevel } from './risk.ts';

export interface ApprovalTerms {
  readonly roles: readonly string[];
  readonly timeoutMs: number;
}

export interface SteerTerms {
  readonly guidance: string;
  readonly suggestions: readonly string[];
  readonly retriesAtMost: number;
}

export interface CompiledRule {
  readonly id: string;
  readonly effect: Effect;
  readonly reason: string;
  readonly matches: (subject: ConditionSubject) => boolean;
  readonly when: CompiledCondition | undefined;
  readonly approval: ApprovalTerms;
  readonly steer: SteerTerms;
}

/** All that the policy says about one action. */
export interface CompiledAction {
  readonly risk: RiskLevel;
  readonly resource: Matcher;
  readonly runTimeoutMs: number;
  /** Tiers the action is in, strictest first. */
  readonly tiers: readonly (keyof TiersDocument)[];
  readonly rules: readonly CompiledRule[];
}

export interface CompiledPolicy {
  readonly actions: ReadonlyMap<string, CompiledAction>;
  readonly autoApproveAtMost: RiskLevel;
  readonly approval: ApprovalTerms;
  /** What a steered agent may do instead, where the rule does not say: all allowed actions. */
  readonly tierSteer: SteerTerms;
}

const tiersByStrictness = [
  'blocked',
  'steer',
  'alwaysApprove',
  'autoApprove',
  'unrestricted',
] as const satisfies readonly (keyof TiersDocument)[];

const suggestionsMax = 10;
const steerRetriesDefault = 3;

const compiled = new WeakMap<PolicyDocument, CompiledPolicy>();

/** The compiled form of a document, remembered as long as the document is. */
export function compilePolicy(document: PolicyDocument): CompiledPolicy {
  const known = compiled.get(document);
  if (known !== undefined) return known;
  const policy = compileWhole(document);
  compiled.set(document, policy);
  return policy;
}

function compileWhole(document: PolicyDocument): CompiledPolicy {
  const names = Object.keys(document.actions);
  const approval: ApprovalTerms = {
    roles: document.approvals?.roles ?? ['approver', 'admin'],
    timeoutMs: document.approvals?.timeoutMs ?? limits.ticketTimeoutMs,
  };
  const rulesByAction = new Map<string, CompiledRule[]>(names.map((name) => [name, []]));
  for (const rule of document.rules ?? []) {
    const compiledRule = compileRule(rule, approval);
    for (const name of actionsOf(rule, names)) rulesByAction.get(name)?.push(compiledRule);
  }
  const tiersByAction = new Map<string, (keyof TiersDocument)[]>(names.map((name) => [name, []]));
  for (const tier of tiersByStrictness) {
    for (const pattern of document.tiers?.[tier] ?? []) {
      for (const name of matching(pattern, names)) {
        const tiers = tiersByAction.get(name);
        if (tiers !== undefined && !tiers.includes(tier)) tiers.push(tier);
      }
    }
  }
  const actions = new Map<string, CompiledAction>();
  for (const name of names) {
    const action = document.actions[name] ?? {};
    actions.set(name, {
      risk: action.risk ?? 'low',
      resource: compileGlobs(action.resource),
      runTimeoutMs: action.runTimeoutMs ?? limits.runTimeoutMs,
      tiers: tiersByAction.get(name) ?? [],
      rules: rulesByAction.get(name) ?? [],
    });
  }
  return {
    actions,
    autoApproveAtMost: document.autoApproveWhen?.riskAtMost ?? 'low',
    approval,
    tierSteer: tierSteerTerms(tiersByAction),
  };
}

/** Literal patterns are looked up by name: a policy of 10,000 one-action rules compiles in linear time. */
function matching(pattern: string, names: readonly string[]): readonly string[] {
  return /[*?]/.test(pattern) ? names.filter(compileGlob(pattern)) : [pattern];
}

function actionsOf(rule: RuleDocument, names: readonly string[]): readonly string[] {
  const patterns = rule.match?.action;
  if (patterns === undefined) return names;
  const list = typeof patterns === 'string' ? [patterns] : patterns;
  return [...new Set(list.flatMap((pattern) => matching(pattern, names)))];
}

function compileRule(rule: RuleDocument, approval: ApprovalTerms): CompiledRule {
  const resource = compileGlobs(rule.match?.resource);
  const agent = compileGlobs(rule.match?.agent);
  const principal = compileGlobs(rule.match?.principal);
  return {
    id: rule.id,
    effect: rule.effect,
    reason: rule.reason ?? '',
    matches: (subject) =>
      resource(subject.resource) && agent(subject.agent) && principal(subject.principal),
    when: rule.when === undefined ? undefined : compileCondition(rule.when),
    approval: {
      roles: rule.approval?.roles ?? approval.roles,
      timeoutMs: rule.approval?.timeoutMs ?? approval.timeoutMs,
    },
    steer: {
      guidance: rule.steer?.guidance ?? '',
      suggestions: rule.steer?.suggest ?? [],
      retriesAtMost: rule.steer?.retriesAtMost ?? steerRetriesDefault,
    },
  };
}

function tierSteerTerms(
  tiersByAction: ReadonlyMap<string, readonly (keyof TiersDocument)[]>,
): SteerTerms {
  const suggestions = [...tiersByAction]
    .filter(([, tiers]) => tiers[0] === 'autoApprove' || tiers[0] === 'unrestricted')
    .map(([name]) => name)
    .slice(0, suggestionsMax);
  const guidance =
    suggestions.length === 0
      ? 'this action is not available here; take another way'
      : `this action is not available here; consider ${suggestions.join(', ')}`;
  return { guidance, suggestions, retriesAtMost: steerRetriesDefault };
}
