/**
 * The policy document, as people write it: what exists, the five tier lists, and the rules.
 *
 * This is the one place that later sections (guardrails, budgets, models) are added to. `check.ts` refuses
 * a document with anything that is not named here, so that nothing written is silently without effect.
 */
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
  readonly timeoutMs?: number;
}

export type ConditionDocument =
  | { readonly all: readonly ConditionDocument[] }
  | { readonly any: readonly ConditionDocument[] }
  | { readonly not: ConditionDocument }
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
 * A path starts with `arguments`, `resource`, `action`, `tool`, `agent`, `principal`, `org`, `session` or
 * `risk`. Order comparisons take a number, or an exact decimal as a string, in which case the value compared
 * with may be either as well. `matches` takes a glob; `inside` and `outside` take a folder and compare paths
 * segment by segment.
 */
export type ComparisonDocument = { readonly path: string } & Readonly<
  Partial<Record<Operator, unknown>>
>;
