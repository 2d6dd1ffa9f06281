/**
 * The policy document, as people write it: what exists, the five tier lists, and the rules.
 *
 * This is the one place that later sections are added to. `check.ts` refuses a document with anything that is
 * not named here, so that nothing written is silently without effect.
 */
import type { UnlistedModel } from '../model/model-call.ts';
import type { ExpressionDocument } from './expression.ts';
import type { RiskLevel } from './risk.ts';

export interface PolicyDocument {
  /** Format of the document. */
  readonly format: 1;
  /** Raised with every change: a lower or equal one with other content is refused. */
  readonly version: number;
  readonly name?: string;
  readonly actions: Readonly<Record<string, ActionDocument>>;
  readonly tiers?: TiersDocument;
  /** What `autoApprove` allows without a human; anything beyond asks for approval. */
  readonly autoApproveWhen?: { readonly riskAtMost: RiskLevel };
  readonly rules?: readonly RuleDocument[];
  /** Defaults for every approval that this policy asks for. */
  readonly approvals?: ApprovalDocument;
  /** How risk gathers in a session, and what follows from it. */
  readonly risk?: RiskDocument;
  /** What code says of the resources that calls touch. */
  readonly assets?: AssetsDocument;
  readonly guardrails?: GuardrailsDocument;
  /** Who may use which models. */
  readonly models?: ModelsDocument;
  /** Roles beside those that are built in, by name. */
  readonly roles?: Readonly<Record<string, RoleDocument>>;
  /** Where an operator of an org was not heard of for so long, ms, nothing starts in it. */
  readonly operatorHeartbeatMs?: number;
  /** What takes two principals: the first one's command is a proposal, and the same of a second does it. */
  readonly fourEyes?: readonly FourEyesSubject[];
  /** Of workers that drive sessions: how long their leases last, and what follows where one falls silent. */
  readonly leases?: LeasesDocument;
  /** Actions of which one at a time works on a resource. */
  readonly locks?: readonly LockDocument[];
  /** `shadow`: decide and record, and let everything through that only this policy would refuse. */
  readonly mode?: PolicyMode;
}

export interface LeasesDocument {
  /** What a lease that runs out does to its session; `pause` where nothing is said. */
  readonly onStuck?: 'abort' | 'pause' | 'alert';
  /** The longest a lease lasts without a renewal, and how long where its worker does not say. */
  readonly termMs?: number;
}

export interface LockDocument {
  /** Patterns of actions. */
  readonly actions: readonly string[];
  readonly mode: 'exclusive';
}

/** Who may use which models. A model's tier and id are what the price catalogue says. */
export interface ModelsDocument {
  /** By tier. `standard` is open to all where it is not named here; any other tier is open to nobody. */
  readonly tiers?: Readonly<Record<string, ModelTierDocument>>;
  /** Come before tiers. A model that one of them denies is denied whatever another allows. */
  readonly overrides?: readonly ModelOverrideDocument[];
  /** What a model counts as that the catalogue does not list; it is denied where nothing is said. */
  readonly unknown?: UnlistedModel;
}

/** Each list that is given must have a pattern that matches; `{}` opens a tier to all. */
export interface ModelTierDocument {
  readonly agents?: readonly string[];
  readonly principals?: readonly string[];
  /** Patterns of the actions that calls of the tier may be. */
  readonly actions?: readonly string[];
  /** The action has to be in one of these tiers of the policy. */
  readonly actionTiers?: readonly (keyof TiersDocument)[];
}

/** Models, by pattern of their ids, that some principals may or may not use whatever their tier. */
export interface ModelOverrideDocument {
  readonly id: string;
  readonly principals: readonly string[];
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}

export type PolicyMode = 'enforce' | 'shadow';

/** Checks by code, by the stage at which they run. */
export interface GuardrailsDocument {
  /** On what comes into a session from outside: nothing runs in it before that has passed. */
  readonly input?: readonly StageGuardrailDocument[];
  /** On a call's arguments, before it is decided. */
  readonly tool?: readonly GuardrailDocument[];
  /** On what a tool gave back: what is refused is withheld from the agent, or taken out. */
  readonly output?: readonly OutputGuardrailDocument[];
}

interface EvaluatorCallDocument {
  readonly id: string;
  /** What the evaluator's own schema says. */
  readonly config?: unknown;
  readonly match?: MatchDocument;
  /** An evaluator that has not answered by then has failed, and the call is denied; 5,000 by default. */
  readonly timeoutMs?: number;
}

/** A guardrail whose refusal can mean only one thing. Of an `input`, `match` has no action or resource. */
export interface StageGuardrailDocument extends EvaluatorCallDocument {
  /** Name of a registered evaluator. */
  readonly evaluator: string;
  readonly reason?: string;
}

export interface OutputGuardrailDocument extends StageGuardrailDocument {
  /**
   * What becomes of a result in which something is refused; `withhold` where nothing is said. With `redact`
   * each place becomes `[redacted:<id>]`, and a result of which something is refused still is withheld.
   */
  readonly effect?: 'withhold' | 'redact';
}

export interface GuardrailDocument extends StageGuardrailDocument {
  /**
   * What a refusal means; `deny` where nothing is said. With `inform` it means nothing by itself: conditions
   * read `guardrails.<id>`, which is `pass` or `refuse`.
   */
  readonly effect?: 'deny' | 'require-approval' | 'inform';
}

/** Code that says how risky a call is, or what its resource is. Without its answer the call is denied. */
export interface ClassifierDocument extends EvaluatorCallDocument {
  /** Name of a registered classifier. */
  readonly classifier: string;
}

/** What resources are, and what follows from it. */
export interface AssetsDocument {
  readonly classifiers: readonly ClassifierDocument[];
  /** An action on a resource of a class counts as at least this risky. */
  readonly risk?: Readonly<Record<string, RiskLevel>>;
}

/** Risk of a session. What is left out has no effect. */
export interface RiskDocument {
  /** Points of each allowed action, by its base risk; 1, 3, 5 and 10 where nothing is said. */
  readonly points?: Readonly<Partial<Record<RiskLevel, number>>>;
  /** The score from which on every action counts as at least this risky. */
  readonly thresholds?: Readonly<Partial<Record<RiskLevel, number>>>;
  /** Points that leak away each minute. */
  readonly decayPerMinute?: number;
  readonly sequences?: readonly SequenceDocument[];
  /** Code that can raise the risk of a call above what its action says; it never lowers it. */
  readonly classifiers?: readonly ClassifierDocument[];
  /** What an action of at least this risk needs, whatever tier it is in. */
  readonly effects?: Readonly<Partial<Record<RiskLevel, 'require-approval' | 'deny'>>>;
}

/** Actions one after the other, with any others between them. */
export interface SequenceDocument {
  readonly id: string;
  /** Patterns of action names, 2 to 10. */
  readonly steps: readonly string[];
  /** All steps have to lie within this time; any time where nothing is said. */
  readonly withinMs?: number;
  /** All steps have to lie within so many allowed actions of the session. */
  readonly withinActions?: number;
  /** The risk of the action that completes the sequence. */
  readonly raiseTo: RiskLevel;
  readonly reason?: string;
}

export interface ActionDocument {
  /** Base risk; `low` where nothing is said. */
  readonly risk?: RiskLevel;
  /** Pattern of the resources this action may touch, such as `order/*`; a resource outside is denied. */
  readonly resource?: string;
  /** How long a tool may run before its signal fires and its outcome counts as unknown. */
  readonly runTimeoutMs?: number;
  readonly description?: string;
}

/** Changes that loosen what holds, and may be made to take two principals. */
export const fourEyesSubjects = ['activate-policy', 'raise-budget', 'release-kill'] as const;
export type FourEyesSubject = (typeof fourEyesSubjects)[number];

/** A role of the policy's own: what whoever has it may do within the own org. */
export interface RoleDocument {
  readonly permissions: readonly string[];
  readonly description?: string;
}

/** Patterns of action names. Where an action is in several, the strictest counts. */
export interface TiersDocument {
  /** Denied. */
  readonly blocked?: readonly string[];
  /** Steered to another way. */
  readonly steer?: readonly string[];
  /** Always decided by an approver. */
  readonly alwaysApprove?: readonly string[];
  /** Allowed within `autoApproveWhen`, else decided by an approver. */
  readonly autoApprove?: readonly string[];
  /** Allowed. */
  readonly unrestricted?: readonly string[];
}

/** The five lists, strictest first: where an action is in several, the first counts. */
export const tiersByStrictness = [
  'blocked',
  'steer',
  'alwaysApprove',
  'autoApprove',
  'unrestricted',
] as const satisfies readonly (keyof TiersDocument)[];

export type Effect = 'deny' | 'steer' | 'require-approval' | 'allow';

export interface RuleDocument {
  readonly id: string;
  readonly effect: Effect;
  readonly match?: MatchDocument;
  readonly when?: ConditionDocument;
  /** Shown to whoever is refused or asked. */
  readonly reason?: string;
  /** For `steer`. */
  readonly steer?: SteerDocument;
  /** For `require-approval`. */
  readonly approval?: ApprovalDocument;
  /** Set on the session when a call that the rule holds for is allowed; they stay. */
  readonly labels?: readonly string[];
  /** `shadow`: record what the rule would change, and change nothing. */
  readonly mode?: PolicyMode;
}

/** Patterns, each of which must match; one that is left out matches everything. */
export interface MatchDocument {
  readonly action?: string | readonly string[];
  readonly resource?: string | readonly string[];
  readonly agent?: string | readonly string[];
  readonly principal?: string | readonly string[];
}

export interface SteerDocument {
  readonly guidance: string;
  /** Actions the agent might take instead. */
  readonly suggest?: readonly string[];
  /** How often the agent may come back with the same action in one session; 3 where nothing is said. */
  readonly retriesAtMost?: number;
}

export interface ApprovalDocument {
  /** Roles that may decide; `approver` and `admin` where nothing is said. */
  readonly roles?: readonly string[];
  /** Patterns of the principals that may decide; any with the role where nothing is said. */
  readonly principals?: readonly string[];
  /** How many have to approve, each another; 1 where nothing is said. One denial is enough. */
  readonly quorum?: number;
  /** Whether whoever decides has to say why. */
  readonly reasonRequired?: boolean;
  readonly timeoutMs?: number;
  /** Who may decide as well once nobody has for a while. */
  readonly escalation?: EscalationDocument;
  /** How often those who may decide are reminded while nobody has, ms; never where nothing is said. */
  readonly remindMs?: number;
}

/** What is left out is as it is before the escalation. */
export interface EscalationDocument {
  readonly afterMs: number;
  readonly roles?: readonly string[];
  readonly principals?: readonly string[];
}

/**
 * A tree, any node of which may be an expression. People write `cel` in its place, as a text;
 * `readPolicy` turns it into what stands here.
 */
export type ConditionDocument =
  | { readonly all: readonly ConditionDocument[] }
  | { readonly any: readonly ConditionDocument[] }
  | { readonly not: ConditionDocument }
  | { readonly expression: ExpressionDocument }
  | ComparisonDocument;

/** The comparisons of a leaf. `exists` is the only one that a missing path does not make an error. */
export const operators = [
  'equals',
  'notEquals',
  'lessThan',
  'atMost',
  'moreThan',
  'atLeast',
  'in',
  'notIn',
  'startsWith',
  'endsWith',
  'contains',
  'matches',
  'inside',
  'outside',
  'exists',
] as const;
export type Operator = (typeof operators)[number];

/**
 * `{ path: 'arguments.amount', atMost: '50.00' }`: one path and one operator.
 *
 * A path starts with `arguments`, `resource`, `action`, `tool`, `agent`, `principal`, `org`, `session`,
 * `risk` or `guardrails`. Order comparisons take a number, or an exact decimal as a string, in which case the
 * value compared with may be either as well. `matches` takes a glob; `inside` and `outside` take a folder and
 * compare paths segment by segment.
 */
export type ComparisonDocument = { readonly path: string } & Readonly<
  Partial<Record<Operator, unknown>>
>;
