/**
 * Compiles the rules of a policy into groups for each action.
 *
 * Rules of one action that match the same calls, and whose conditions differ in nothing but what they compare
 * with, are one group. Its match is asked once for all of them, and a rule is not looked at before its
 * condition has come out true: little memory is read for a decision, however many rules there are.
 */
import { limits } from '../limits.ts';
import { actionsOf, compileMatch, type MatchSubject } from './compile-evaluators.ts';
import { ConditionCompiler, type ConditionTable, type ShapedCondition } from './condition.ts';
import type { ApprovalDocument, Effect, RuleDocument } from './document.ts';

export interface ApprovalTerms {
  readonly roles: readonly string[];
  readonly timeoutMs: number;
  /** Lists of patterns: whoever decides has to match one of each. */
  readonly principals: readonly (readonly string[])[];
  readonly quorum: number;
  readonly reasonRequired: boolean;
  readonly escalation: EscalationTerms | undefined;
  readonly remindMs: number | undefined;
}

/** Who may decide as well, from how long after the question was asked. */
export interface EscalationTerms {
  readonly afterMs: number;
  readonly roles: readonly string[];
  readonly principals: readonly (readonly string[])[];
}

export interface SteerTerms {
  readonly guidance: string;
  readonly suggestions: readonly string[];
  readonly retriesAtMost: number;
}

/** A rule without what it asks of a call, which its group knows. */
export interface CompiledRule {
  readonly id: string;
  readonly effect: Effect;
  readonly reason: string;
  readonly approval: ApprovalTerms;
  readonly steer: SteerTerms;
  readonly labels: readonly string[];
  readonly enforced: boolean;
}

export interface RuleGroup {
  readonly matches: (subject: MatchSubject) => boolean;
  /** Whether a match holds whatever the resource and the arguments are. */
  readonly isOfEveryCall: boolean;
  /** Of the rules in their order; undefined where they have none. */
  readonly conditions: ConditionTable | undefined;
  readonly rules: readonly CompiledRule[];
}

export const steerRetriesDefault = 3;

interface GroupInProgress {
  readonly matches: RuleGroup['matches'];
  readonly isOfEveryCall: boolean;
  readonly rules: CompiledRule[];
  readonly conditions: ShapedCondition[];
}

export function compileRules(
  documents: readonly RuleDocument[],
  names: readonly string[],
  approvals: ApprovalDocument | undefined,
): ReadonlyMap<string, readonly RuleGroup[]> {
  const usual = approvalTerms(approvals);
  const compiler = new ConditionCompiler();
  const matchers = new Map<string, RuleGroup['matches']>();
  const byAction = new Map(names.map((name) => [name, new Map<string, GroupInProgress>()]));
  for (const document of documents) {
    const { resource, agent, principal } = document.match ?? {};
    const match = JSON.stringify([resource, agent, principal]);
    const matches = matchers.get(match) ?? compileMatch(document.match);
    matchers.set(match, matches);
    const condition = document.when === undefined ? undefined : compiler.compile(document.when);
    const rule = compileRule(document, approvals, usual);
    const key = JSON.stringify([match, condition?.shape.key]);
    const isOfEveryCall = resource === undefined && condition === undefined;
    for (const name of actionsOf(document.match, names)) {
      const groups = byAction.get(name);
      const group = groups?.get(key) ?? { matches, isOfEveryCall, rules: [], conditions: [] };
      group.rules.push(rule);
      if (condition !== undefined) group.conditions.push(condition);
      groups?.set(key, group);
    }
  }
  const groupOf = ({ conditions, ...group }: GroupInProgress): RuleGroup => ({
    ...group,
    conditions: conditions.length === 0 ? undefined : compiler.table(conditions),
  });
  return new Map(
    [...byAction].map(([name, groups]) => [name, Array.from(groups.values(), groupOf)]),
  );
}

/** What an approval asks for; a rule's own terms MUST be laid over those of its policy before. */
export function approvalTerms(document: ApprovalDocument = {}): ApprovalTerms {
  const { principals, escalation } = document;
  const base = {
    roles: document.roles ?? ['approver', 'admin'],
    timeoutMs: document.timeoutMs ?? limits.ticketTimeoutMs,
    principals: principals === undefined ? [] : [principals],
    quorum: document.quorum ?? 1,
    reasonRequired: document.reasonRequired ?? false,
    remindMs: document.remindMs,
  };
  if (escalation === undefined) return { ...base, escalation };
  return {
    ...base,
    escalation: {
      afterMs: escalation.afterMs,
      roles: escalation.roles ?? base.roles,
      principals: escalation.principals === undefined ? base.principals : [escalation.principals],
    },
  };
}

function compileRule(
  rule: RuleDocument,
  approvals: ApprovalDocument | undefined,
  usual: ApprovalTerms,
): CompiledRule {
  const own = rule.approval;
  return {
    id: rule.id,
    effect: rule.effect,
    reason: rule.reason ?? '',
    approval: own === undefined ? usual : approvalTerms({ ...approvals, ...own }),
    steer: {
      guidance: rule.steer?.guidance ?? '',
      suggestions: rule.steer?.suggest ?? [],
      retriesAtMost: rule.steer?.retriesAtMost ?? steerRetriesDefault,
    },
    labels: rule.labels ?? [],
    enforced: rule.mode !== 'shadow',
  };
}
