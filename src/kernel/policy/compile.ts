/**
 * Compiles a checked policy document into an index by action, once per document.
 *
 * The rules that could apply to an action are found by name, so that the cost of a decision depends on the
 * rules for that action and not on the number of rules in the document.
 */
import { limits } from '../limits.ts';
import { type CompiledModels, compileModels } from './model-access.ts';
import {
  compileEvaluators,
  type CompiledEvaluators,
  type EvaluatorCall,
  matching,
} from './compile-evaluators.ts';
import {
  type ApprovalTerms,
  approvalTerms,
  compileRules,
  type RuleGroup,
  steerRetriesDefault,
  type SteerTerms,
} from './compile-rules.ts';
import {
  type FourEyesSubject,
  type PolicyDocument,
  type RiskDocument,
  type TiersDocument,
  tiersByStrictness,
} from './document.ts';
import { compileGlob, compileGlobs, type Matcher } from './glob.ts';
import { type RiskLevel, riskLevels } from './risk.ts';
import type { CompiledRisk } from './session-risk.ts';

/** All that the policy says about one action. */
export interface CompiledAction {
  readonly risk: RiskLevel;
  readonly resource: Matcher;
  readonly runTimeoutMs: number;
  /** Tiers the action is in, strictest first. */
  readonly tiers: readonly (keyof TiersDocument)[];
  readonly rules: readonly RuleGroup[];
  /** What code has to say before a call of it is decided, and of what it gave back. */
  readonly before: readonly EvaluatorCall[];
  readonly output: readonly EvaluatorCall[];
  /** Whether one permit at a time is open on a resource. */
  readonly isExclusive: boolean;
}

export interface CompiledPolicy {
  readonly actions: ReadonlyMap<string, CompiledAction>;
  readonly autoApproveAtMost: RiskLevel;
  readonly approval: ApprovalTerms;
  /** What a steered agent may do instead, where the rule does not say: all allowed actions. */
  readonly tierSteer: SteerTerms;
  readonly risk: CompiledRisk;
  readonly input: CompiledEvaluators['input'];
  /** The least risk of an action on a resource of a class. */
  readonly assetRisk: Readonly<Record<string, RiskLevel>>;
  /** What the risk of an action asks for, by the level from which on. */
  readonly riskEffects: readonly (readonly [
    level: RiskLevel,
    effect: 'require-approval' | 'deny',
  ])[];
  readonly models: CompiledModels;
  /** The permissions of the roles that the policy defines. */
  readonly roles: ReadonlyMap<string, ReadonlySet<string>>;
  /** What takes two principals. */
  readonly fourEyes: ReadonlySet<FourEyesSubject>;
  readonly enforced: boolean;
  /** Whether a rule, or the whole policy, is in shadow mode. */
  readonly hasShadow: boolean;
}

const suggestionsMax = 10;
const noCalls: readonly EvaluatorCall[] = [];

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
  const approval = approvalTerms(document.approvals);
  const rulesByAction = compileRules(document.rules ?? [], names, document.approvals);
  const evaluators = compileEvaluators(document, names);
  const tiersByAction = new Map<string, (keyof TiersDocument)[]>(names.map((name) => [name, []]));
  for (const tier of tiersByStrictness) {
    for (const pattern of document.tiers?.[tier] ?? []) {
      for (const name of matching(pattern, names)) {
        const tiers = tiersByAction.get(name);
        if (tiers !== undefined && !tiers.includes(tier)) tiers.push(tier);
      }
    }
  }
  const exclusive = new Set(
    (document.locks ?? []).flatMap((lock) => lock.actions.flatMap((each) => matching(each, names))),
  );
  const resources = new Map<string, Matcher>();
  const actions = new Map<string, CompiledAction>();
  for (const name of names) {
    const action = document.actions[name] ?? {};
    const patterns = JSON.stringify(action.resource ?? '**');
    const resource = resources.get(patterns) ?? compileGlobs(action.resource);
    resources.set(patterns, resource);
    actions.set(name, {
      risk: action.risk ?? 'low',
      resource,
      runTimeoutMs: action.runTimeoutMs ?? limits.runTimeoutMs,
      tiers: tiersByAction.get(name) ?? [],
      rules: rulesByAction.get(name) ?? [],
      before: evaluators.before.get(name) ?? noCalls,
      output: evaluators.output.get(name) ?? noCalls,
      isExclusive: exclusive.has(name),
    });
  }
  return {
    actions,
    autoApproveAtMost: document.autoApproveWhen?.riskAtMost ?? 'low',
    approval,
    tierSteer: tierSteerTerms(tiersByAction),
    risk: compileRisk(document.risk ?? {}),
    input: evaluators.input,
    assetRisk: document.assets?.risk ?? {},
    riskEffects: riskLevels.flatMap((level) => {
      const effect = document.risk?.effects?.[level];
      return effect === undefined ? [] : [[level, effect] as const];
    }),
    models: compileModels(document.models),
    roles: new Map(
      Object.entries(document.roles ?? {}).map(([name, role]) => [name, new Set(role.permissions)]),
    ),
    fourEyes: new Set(document.fourEyes),
    enforced: document.mode !== 'shadow',
    hasShadow: [document, ...(document.rules ?? [])].some(({ mode }) => mode === 'shadow'),
  };
}

/** The points of the reference system, and for its missing fourth level twice the third. */
const pointsDefault: Readonly<Record<RiskLevel, number>> = {
  low: 1,
  medium: 3,
  high: 5,
  critical: 10,
};

function compileRisk(risk: RiskDocument): CompiledRisk {
  return {
    points: { ...pointsDefault, ...risk.points },
    thresholds: riskLevels.toReversed().flatMap((level) => {
      const points = risk.thresholds?.[level];
      return points === undefined ? [] : [[level, points] as const];
    }),
    decayPerMinute: risk.decayPerMinute ?? 0,
    sequences: (risk.sequences ?? []).map((sequence) => ({
      id: sequence.id,
      key: `${sequence.id}:${sequence.steps.join(' ')}`,
      steps: sequence.steps.map(compileGlob),
      withinMs: sequence.withinMs ?? Number.MAX_SAFE_INTEGER,
      withinActions: sequence.withinActions ?? Number.MAX_SAFE_INTEGER,
      raiseTo: sequence.raiseTo,
      reason: sequence.reason ?? `the sequence \`${sequence.id}\` is complete`,
    })),
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
