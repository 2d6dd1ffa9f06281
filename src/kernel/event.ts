/**
 * Events: what happened, as the log records it. `apply` turns each into record changes; nothing else does.
 *
 * Names and members are wire format: golden histories in `test/vectors` pin them.
 */
import type { AgentStatus, AgentTransition } from './rights/agent.ts';
import type { Amounts } from './amount.ts';
import type { DelegationTerms } from './rights/delegation-terms.ts';
import type { Reservation } from './budget/account.ts';
import type { BudgetPlan } from './budget/plan.ts';
import type { CommandKind, IssueKey, RegisterAgent, RegisterTool } from './command.ts';
import type { GrantHolder, GrantTerms } from './approval/grant-terms.ts';
import type { KillScope } from './kill/latch.ts';
import type { CatalogueDocument } from './model/catalogue-document.ts';
import type { ModelRequest, ModelTerms } from './model/model-call.ts';
import type { ModelOutcome } from './model/model-usage.ts';
import type { ReconciledRow } from './model/reconciliation.ts';
import type { Effect, PolicyDocument } from './policy/document.ts';
import type { EvaluatorFact, StageVerdict } from './policy/evaluator-fact.ts';
import type { ShadowVerdict } from './policy/evaluate.ts';
import type { RiskLevel } from './policy/risk.ts';
import type { Escalation, SequenceRuns } from './policy/session-risk.ts';
import type { ApproverTerms } from './approval/approval-record.ts';
import type { Lineage } from './session/session.ts';
import type { AgentRecord, StoredAnswer } from './record.ts';
import type { DecisionOutcome, DecisionStep } from './decision/decision-record.ts';
import type { Rejection, RejectionCode } from './rejection.ts';
import type { SessionMode, SessionTransition } from './session/session.ts';

/** Members that any event may have. */
interface Attachments {
  /** Salted hashes of payloads kept beside the log, by field. */
  readonly commitments?: Readonly<Record<string, string>>;
  /** The answer to keep for the command's idempotency key. */
  readonly idempotency?: IdempotentAnswer;
}

export interface IdempotentAnswer {
  readonly key: string;
  readonly fingerprint: string;
  readonly answer: StoredAnswer;
}

/** How one budget's reservation was resolved: `used` is posted, the rest is given back. */
export interface Resolution extends Reservation {
  readonly used: number;
}

/** What is owed to one budget. */
export interface Debt extends Reservation {
  readonly debt: number;
}

/** Left out is what did not change: no label, no sequence under way. */
export interface Remembered {
  readonly score: { readonly milli: number; readonly at: number };
  readonly labels?: readonly string[];
  readonly runs?: Readonly<Record<string, SequenceRuns>>;
}

/** What was active until then; its document is in the entry that activated it. */
export interface ActiveBefore {
  readonly version: number;
  readonly hash: string;
}

export interface EventDataByType {
  readonly 'session-opened': {
    readonly session: string;
    readonly agent: string;
    readonly mode: SessionMode;
    readonly budget: Readonly<Record<string, number>>;
    readonly active: boolean;
    /** Sessions on whose behalf it works, the nearest first. */
    readonly ancestors?: readonly string[];
    readonly lineage?: Lineage;
    readonly delegation?: DelegationTerms;
    /** The hand-off that it took up. */
    readonly handoff?: string;
  };
  readonly 'session-transitioned': { readonly transition: SessionTransition };
  /** `before` is what was registered under the name, or null. */
  readonly 'agent-registered': RegisterAgent['agent'] & { readonly before: AgentRecord | null };
  readonly 'agent-transitioned': {
    readonly org: string;
    readonly agent: string;
    readonly transition: AgentTransition;
    readonly from: AgentStatus;
    readonly to: AgentStatus;
  };
  readonly 'handoff-issued': {
    readonly handoff: string;
    readonly agent: string;
    readonly principal?: string;
    /** The API key that it was offered with. */
    readonly credential?: string;
    readonly delegation: DelegationTerms;
    readonly budget: Amounts;
    readonly expiresAt: number;
  };
  /** `before` is the hash of the definition that was registered, or null. */
  readonly 'tool-registered': RegisterTool['tool'] & { readonly before: string | null };
  /** Nothing of the tool runs from here on. `before` is the hash of what was approved, or null. */
  readonly 'tool-quarantined': RegisterTool['tool'] & { readonly before: string | null };
  /** Out of quarantine, as it stands here. */
  readonly 'tool-approved': RegisterTool['tool'] & { readonly before: string | null };
  readonly 'policy-activated': {
    readonly before: ActiveBefore | null;
    readonly hash: string;
    readonly document: PolicyDocument;
  };
  readonly 'prices-activated': {
    readonly before: ActiveBefore | null;
    readonly hash: string;
    readonly document: CatalogueDocument;
  };
  readonly 'action-decided': {
    readonly decision: string;
    readonly tool: string;
    readonly action: string;
    readonly resource: string;
    readonly argumentsDigest: string;
    readonly definition: string;
    readonly policyVersion: number;
    readonly policyHash: string;
    /** What the policy said, whatever became of the call afterwards; `none` where it was not asked. */
    readonly policyEffect: Effect | 'none';
    readonly outcome: DecisionOutcome;
    readonly step: DecisionStep;
    readonly code: RejectionCode | 'allowed';
    readonly message: string;
    readonly help: string;
    readonly determinedBy: readonly string[];
    readonly risk: RiskLevel | 'none';
    readonly guidance: string;
    readonly suggestions: readonly string[];
    readonly ticket: string;
    readonly consumed: boolean;
    /** The grant that stood in for an approver, the record that keeps it, and what is counted against it. */
    readonly grant?: { readonly id: string; readonly holder: string; readonly cost: Amounts };
    /** Whether the permit holds the lock of its resource until it is resolved. */
    readonly lock?: true;
    /** The budget plans that count it, as `org/id`; left out where there is none. */
    readonly plans?: readonly string[];
    readonly permit: 'none' | 'issued' | 'started';
    readonly reservations: readonly Reservation[];
    readonly expiresAt: number;
    readonly runTimeoutMs: number;
    /** Of a model call: what was asked for, and the terms that it was decided on. */
    readonly model?: ModelRequest;
    readonly modelTerms?: ModelTerms;
    readonly shadow?: ShadowVerdict;
    /** What the caller expected the call to cost, where it said so. */
    readonly estimate?: Amounts;
    /** The fence of the lease that the caller held, where it said so. */
    readonly fence?: number;
    /** What code found of what the active policy asks for. */
    readonly facts?: readonly EvaluatorFact[];
    /** What an allowed action adds to its session's history. */
    readonly remembers?: Remembered;
  };
  /** The risk of an action was raised by what its session had done before. */
  readonly 'risk-escalated': {
    readonly decision: string;
    readonly action: string;
    readonly from: RiskLevel;
    readonly to: RiskLevel;
    readonly escalations: readonly Escalation[];
  };
  /** What came into the session was held against the policy's input guardrails. */
  readonly 'input-screened': StageVerdict & {
    readonly screening: string;
    readonly policyVersion: number;
    readonly policyHash: string;
    /** Which set of guardrails it was. */
    readonly under: string;
    readonly facts: readonly EvaluatorFact[];
  };
  readonly 'ticket-requested': ApproverTerms & {
    readonly ticket: string;
    readonly agentOwner?: string;
    readonly credential?: string;
    readonly tool: string;
    readonly action: string;
    readonly model?: string;
    readonly resource: string;
    readonly argumentsDigest: string;
    readonly definition: string;
    readonly policyVersion: number;
    readonly estimate: Amounts;
    readonly plans?: readonly string[];
    readonly risk: RiskLevel;
    readonly reason: string;
    readonly expiresAt: number;
  };
  /** One of several approvals that a ticket needs, and not the last. */
  readonly 'ticket-endorsed': { readonly ticket: string; readonly grant?: GrantTerms };
  /** An approver's edit: what was approved of the ticket until then is not of the call as edited. */
  readonly 'ticket-edited': {
    readonly ticket: string;
    readonly tool: string;
    readonly argumentsDigest: string;
    readonly resource: string;
    readonly estimate: Amounts;
  };
  /** An approval has to be used before `expiresAt`. */
  readonly 'ticket-approved': {
    readonly ticket: string;
    readonly expiresAt: number;
    /** What is granted beside the call, and the key of the record that keeps it. */
    readonly grant?: { readonly holder: string; readonly terms: GrantTerms };
  };
  readonly 'grant-revoked': GrantHolder & { readonly grant: string };
  /** Nobody decided it for so long that others may as well. */
  readonly 'ticket-escalated': { readonly ticket: string };
  readonly 'ticket-reminded': { readonly ticket: string };
  readonly 'ticket-denied': { readonly ticket: string };
  readonly 'ticket-cancelled': { readonly ticket: string };
  readonly 'ticket-expired': { readonly ticket: string };
  readonly 'permit-started': { readonly permit: string; readonly expiresAt: number };
  readonly 'permit-settled': {
    readonly permit: string;
    readonly outcome: 'succeeded' | 'failed' | 'unknown';
    /** What was used by unit, units without a budget included. */
    readonly usage: Amounts;
    readonly resolved: readonly Resolution[];
    /** Of a model call: what its provider's answer came to. */
    readonly model?: ModelOutcome;
    /** What output guardrails say of the result, where any are asked for, and what they found. */
    readonly output?: StageVerdict;
    readonly facts?: readonly EvaluatorFact[];
  };
  /** What a permit that was given up, and charged in full, had really used. */
  readonly 'usage-late': {
    readonly permit: string;
    readonly outcome: 'succeeded' | 'failed' | 'unknown';
    /** What it had used. */
    readonly usage: Amounts;
    /** What is charged with that: of each unit the larger of what was and what it had used. */
    readonly posted: Amounts;
    /** What is more than was charged, by budget. */
    readonly debts: readonly Debt[];
    readonly model?: ModelOutcome;
  };
  /** What a provider billed, beside what the log had recorded of it until then. */
  readonly 'usage-reconciled': {
    readonly org: string;
    readonly source: string;
    readonly rows: readonly ReconciledRow[];
    /** Models whose kill switch was engaged because they drifted too far. */
    readonly stopped: readonly string[];
    readonly freezeAbovePercent?: number;
  };
  readonly 'permit-voided': { readonly permit: string; readonly resolved: readonly Resolution[] };
  /** Charged where it was started, given back where it was not. */
  readonly 'permit-expired': {
    readonly permit: string;
    readonly started: boolean;
    /** What was charged by unit, units without a budget included; nothing where it was not started. */
    readonly usage: Amounts;
    readonly resolved: readonly Resolution[];
  };
  readonly 'budget-frozen': {
    readonly budget: string;
    readonly unit: string;
    readonly permit: string;
    readonly overrun: number;
  };
  /** More was used than reserved, and the plan lets work go on. */
  readonly 'budget-overrun': {
    readonly budget: string;
    readonly unit: string;
    readonly permit: string;
    readonly overrun: number;
  };
  /** A share of a plan's limit is reserved or used; once in each account. */
  readonly 'budget-warned': {
    readonly budget: string;
    readonly unit: string;
    readonly limit: number;
    readonly used: number;
    readonly percent: number;
    readonly decision: string;
  };
  /** The first call that an account had no room for. */
  readonly 'budget-exhausted': {
    readonly budget: string;
    readonly unit: string;
    readonly limit: number;
    readonly decision: string;
  };
  /** A plan, as it was and as it is; `before` is null for a new one. */
  readonly 'budget-set': {
    readonly org: string;
    readonly before: BudgetPlan | null;
    readonly plan: BudgetPlan;
  };
  readonly 'budget-closed': { readonly org: string; readonly plan: BudgetPlan };
  readonly 'lease-acquired': {
    readonly holder: string;
    /** SHA-256 of the owner's token. */
    readonly owner: string;
    /** Grows with every acquisition of the session's lease. */
    readonly fence: number;
    readonly termMs: number;
    readonly expiresAt: number;
  };
  readonly 'lease-renewed': { readonly fence: number; readonly expiresAt: number };
  readonly 'lease-released': { readonly fence: number };
  /** Nobody renewed it in time; `onStuck` is what the policy has done about it. */
  readonly 'lease-expired': {
    readonly fence: number;
    readonly holder: string;
    readonly onStuck: 'abort' | 'pause' | 'alert';
  };
  readonly 'kill-engaged': { readonly scope: KillScope };
  /** `supervised`: what it covered is allowed again by approvers only. */
  readonly 'kill-released': { readonly scope: KillScope; readonly supervised?: true };
  readonly 'operator-heartbeat': { readonly org: string; readonly expiresAt: number };
  /** No operator was heard of; the kill switch of the org is engaged with it. */
  readonly 'heartbeat-lapsed': { readonly org: string; readonly since: number };
  readonly 'key-issued': IssueKey['key'];
  readonly 'key-revoked': { readonly key: string };
  /** A change that takes two principals, as the first of them asked for it. */
  readonly 'change-proposed': {
    readonly proposal: string;
    readonly change: CommandKind;
    /** Id of the API key that it was asked with. */
    readonly credential?: string;
    readonly expiresAt: number;
  };
  /** The second asked for exactly the same; it is done with the events before this one. */
  readonly 'change-confirmed': { readonly proposal: string };
  /** A notification about the entry at an index reached its receiver. */
  readonly 'notification-delivered': {
    readonly notifier: string;
    readonly entry: number;
    readonly attempts: number;
  };
  /** A notification was given up after its last attempt; its `problem` lies beside the log. */
  readonly 'notification-abandoned': {
    readonly notifier: string;
    readonly entry: number;
    readonly attempts: number;
  };
  /** A notifier is new, or far behind with nothing to send: it goes on at `cursor`. */
  readonly 'notifier-advanced': { readonly notifier: string; readonly cursor: number };
  readonly 'command-rejected': {
    readonly command: CommandKind;
    readonly subject: string;
    readonly rejection: Rejection;
  };
}

export type EventType = keyof EventDataByType;

/** One event as `handle` produces it. `session` puts it in that session's sequence. */
export type Event = {
  readonly [T in EventType]: {
    readonly type: T;
    readonly session?: string;
    readonly data: EventDataByType[T] & Attachments;
  };
}[EventType];

/** Where and when an event stands in the log, and who caused it. */
export interface EventPosition {
  readonly index: number;
  readonly at: number;
  readonly by: { readonly id: string; readonly org: string };
}
