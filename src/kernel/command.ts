/**
 * Commands: everything that can be asked of the kernel. Plain data; what is not deterministic (ids, time,
 * facts that evaluators found, digests of arguments) is data in the command.
 *
 * Free text and payloads are not in the parts that become entries: `commitments` carries their salted hashes
 * by field, and the engine keeps the texts beside the log.
 */
import type { AgentTransition } from './rights/agent.ts';
import type { Amounts } from './amount.ts';
import type { CallScope } from './rights/call-scope.ts';
import type { DelegationTerms } from './rights/delegation-terms.ts';
import type { GrantHolder, GrantTerms } from './approval/grant-terms.ts';
import type { KillScope } from './kill/latch.ts';
import type { ModelRequest } from './model/model-call.ts';
import type { ModelReport } from './model/model-usage.ts';
import type { ReconciledRow } from './model/reconciliation.ts';
import type { EvaluatorFacts } from './policy/evaluator-fact.ts';
import type { PrincipalReference } from './principal.ts';
import type { SessionMode, SessionTransition } from './session/session.ts';
import type { EstimateTerm } from './record.ts';

interface Envelope {
  /** Unique id, given by the engine. */
  readonly id: string;
  readonly by: PrincipalReference;
  /** The caller's key: same key and payload, same answer. */
  readonly idempotencyKey?: string;
  /** Salted hashes of payloads kept beside the log, by field. */
  readonly commitments?: Readonly<Record<string, string>>;
}

export interface OpenSession extends Envelope {
  readonly kind: 'open-session';
  readonly session: string;
  readonly agent: string;
  readonly mode: SessionMode;
  /** Limits by unit. A zero means zero; a unit that is not here is not limited. */
  readonly budget: Amounts;
  readonly activate: boolean;
  /** The session on whose behalf this one works: whatever binds that one binds this one too. */
  readonly parent?: string;
  /** SHA-256, hex, of the token of a hand-off: it names the session on whose behalf this one works. */
  readonly handoff?: string;
  /** Of a session with a parent: what it is given of what that one has. */
  readonly delegation?: DelegationTerms;
}

export interface TransitionSession extends Envelope {
  readonly kind: 'transition-session';
  readonly session: string;
  readonly transition: SessionTransition;
}

export interface RegisterAgent extends Envelope {
  readonly kind: 'register-agent';
  readonly agent: {
    /** Whose it is; `*` for one that every org has. */
    readonly org: string;
    readonly name: string;
    readonly version: string;
    readonly owner?: string;
    readonly capabilities: readonly CallScope[];
  };
}

export interface ControlAgent extends Envelope {
  readonly kind: 'control-agent';
  readonly org: string;
  readonly agent: string;
  readonly transition: AgentTransition;
}

/** Offers a part of what a session has to an agent that may work elsewhere. */
export interface IssueHandoff extends Envelope {
  readonly kind: 'issue-handoff';
  readonly session: string;
  /** SHA-256 of the token, hex. */
  readonly handoff: string;
  /** Whom it is for. */
  readonly agent: string;
  readonly principal?: string;
  readonly delegation: DelegationTerms;
  /** The most that whoever takes it up may spend, by unit. */
  readonly budget: Amounts;
  readonly expiresAt: number;
}

export interface RegisterTool extends Envelope {
  readonly kind: 'register-tool';
  readonly tool: {
    readonly name: string;
    readonly action: string;
    readonly resource: string;
    readonly estimate: Readonly<Record<string, EstimateTerm>>;
    readonly hasSchema: boolean;
    readonly isModel?: true;
    readonly definition: string;
  };
  /** Whether a different definition may replace the registered one, and whether one in quarantine too. */
  readonly replace: boolean | 'unless-quarantined';
}

/** A definition that was met and that nobody vouches for: new, or other than the one that is registered. */
export interface QuarantineTool extends Envelope {
  readonly kind: 'quarantine-tool';
  readonly tool: RegisterTool['tool'];
}

/** Lets a tool out of quarantine, with exactly the definition that whoever does it looked at. */
export interface ApproveTool extends Envelope {
  readonly kind: 'approve-tool';
  readonly tool: string;
  readonly definition: string;
}

export interface ActivatePolicy extends Envelope {
  readonly kind: 'activate-policy';
  /** The document as given: checked by `handle`. */
  readonly document: unknown;
  /** Hash of its canonical form. */
  readonly hash: string;
  /** What is wrong with it that only the process sees: a fact of the engine's. */
  readonly problem?: string;
}

export interface ActivatePrices extends Envelope {
  readonly kind: 'activate-prices';
  /** The catalogue as given: checked by `handle`. */
  readonly document: unknown;
  /** Hash of its canonical form. */
  readonly hash: string;
}

/** The schema's verdict on the arguments, found by the engine against the definition it names. */
export interface SchemaFact {
  readonly definition: string;
  readonly valid: boolean;
  readonly problem: string;
}

export interface Authorize extends Envelope {
  readonly kind: 'authorize';
  readonly session: string;
  readonly tool: string;
  /** Hash of the definition the caller is about to run. */
  readonly definition: string;
  /** The arguments as plain data; read by conditions, not recorded in the entry. */
  readonly arguments: unknown;
  /** Digest of the canonical arguments, keyed by the session's secret. */
  readonly argumentsDigest: string;
  readonly schema?: SchemaFact;
  /** What the policy's guardrails found; a guardrail without its fact denies. */
  readonly facts?: EvaluatorFacts;
  /** The caller's own estimate: can raise a reservation, never lower it. */
  readonly estimate: Amounts;
  /** Of a model call: which model, and how much it may take. */
  readonly model?: ModelRequest;
  /** Whether an allow starts the permit in the same commit. */
  readonly start: boolean;
  /** The fence of the session's lease, of a worker that holds it. */
  readonly fence?: number;
}

/** What came into a session from outside, as its principal's host gives it: a prompt, a mail, a page. */
export interface ScreenInput extends Envelope {
  readonly kind: 'screen-input';
  readonly session: string;
  /** What the policy's input guardrails found; a guardrail without its fact refuses. */
  readonly facts?: EvaluatorFacts;
}

export interface StartPermit extends Envelope {
  readonly kind: 'start-permit';
  readonly permit: string;
  /** The fence of the session's lease, of a worker that holds it. */
  readonly fence?: number;
}

export interface SettlePermit extends Envelope {
  readonly kind: 'settle-permit';
  readonly permit: string;
  readonly outcome: 'succeeded' | 'failed' | 'unknown';
  /** What was used; `reserved` posts what was reserved. */
  readonly usage: Amounts | 'reserved';
  /** Of a model call: what the provider's answer says. */
  readonly model?: ModelReport;
  /** What the policy's output guardrails found; a guardrail without its fact withholds the result. */
  readonly facts?: EvaluatorFacts;
}

export interface VoidPermit extends Envelope {
  readonly kind: 'void-permit';
  readonly permit: string;
}

export interface ExpirePermit extends Envelope {
  readonly kind: 'expire-permit';
  readonly permit: string;
}

export interface DecideTicket extends Envelope {
  readonly kind:
    | 'approve-ticket'
    | 'deny-ticket'
    | 'cancel-ticket'
    | 'expire-ticket'
    | 'remind-ticket';
  readonly ticket: string;
  /** Of an approval: what is granted beside the one call. */
  readonly grant?: GrantTerms;
  /** Of an approval: the arguments to call with instead, and their digest under the session's secret. */
  readonly edit?: { readonly arguments: unknown; readonly argumentsDigest: string };
}

export interface RevokeGrant extends Envelope {
  readonly kind: 'revoke-grant';
  readonly grant: string;
  readonly holder: GrantHolder;
}

export interface Kill extends Envelope {
  readonly kind: 'engage-kill' | 'release-kill';
  readonly scope: KillScope;
  /** Of a release: on probation, until it is released once more without. */
  readonly supervised?: true;
}

/** Sets a plan: a new one, or another limit or terms for one that is there. */
export interface SetBudget extends Envelope {
  readonly kind: 'set-budget';
  /** Whose plan it is; `*` for the installation's. */
  readonly org: string;
  /** The plan as given: checked by `handle`. */
  readonly plan: unknown;
}

/** Holds what a provider billed against what the log recorded. */
export interface ReconcileUsage extends Envelope {
  readonly kind: 'reconcile-usage';
  /** Whose usage it is; `*` for the installation's. */
  readonly org: string;
  /** Where the billed amounts are from, such as the name of an invoice. */
  readonly source: string;
  /** One for each day and model. */
  readonly rows: readonly ReconciledRow[];
  /** A model that was billed at more than so many percent above what was recorded is stopped. */
  readonly freezeAbovePercent?: number;
}

/** Ends a plan. What was reserved in it is resolved as before. */
export interface CloseBudget extends Envelope {
  readonly kind: 'close-budget';
  readonly org: string;
  readonly plan: string;
}

/** Makes an API key, with which a principal of the org can be established. */
export interface IssueKey extends Envelope {
  readonly kind: 'issue-key';
  readonly key: {
    readonly id: string;
    readonly org: string;
    readonly principal: string;
    readonly roles: readonly string[];
    readonly teams?: readonly string[];
    readonly secretHash: string;
    readonly expiresAt?: number;
  };
}

export interface RevokeKey extends Envelope {
  readonly kind: 'revoke-key';
  readonly key: string;
}

/** What became of a notification, as the control plane tells itself. `problem` is a commitment. */
export interface RecordDelivery extends Envelope {
  readonly kind: 'record-delivery';
  readonly notifier: string;
  /** Index of the entry that it was about. */
  readonly entry: number;
  readonly outcome: 'delivered' | 'abandoned';
  /** How often it was sent. */
  readonly attempts: number;
}

/** Moves a notifier's cursor past entries that are none of its business. */
export interface AdvanceNotifier extends Envelope {
  readonly kind: 'advance-notifier';
  readonly notifier: string;
  /** Index of the next entry to look at. */
  readonly cursor: number;
}

/** Takes the lease of a session, as the worker that drives its loop. */
export interface AcquireLease extends Envelope {
  readonly kind: 'acquire-lease';
  readonly session: string;
  /** Name of the worker, for people. */
  readonly holder: string;
  /** SHA-256 of the worker's own secret token, hex. */
  readonly owner: string;
  /** How long it is to last without a renewal, ms; what the policy says where it is left out. */
  readonly termMs?: number;
}

/** The heartbeat of whoever holds a lease. */
export interface RenewLease extends Envelope {
  readonly kind: 'renew-lease';
  readonly session: string;
  readonly owner: string;
  readonly fence: number;
}

export interface ReleaseLease extends Envelope {
  readonly kind: 'release-lease';
  readonly session: string;
  readonly owner: string;
  readonly fence: number;
}

export interface ExpireLease extends Envelope {
  readonly kind: 'expire-lease';
  readonly session: string;
}

/** An operator is there: where the policy asks for it, an org without one stands still. */
export interface Heartbeat extends Envelope {
  readonly kind: 'heartbeat';
  readonly org: string;
}

/** Nobody has been heard of for too long: what runs is stopped too. */
export interface LapseHeartbeat extends Envelope {
  readonly kind: 'lapse-heartbeat';
  readonly org: string;
}

export type Command =
  | OpenSession
  | TransitionSession
  | RegisterAgent
  | ControlAgent
  | IssueHandoff
  | RegisterTool
  | QuarantineTool
  | ApproveTool
  | ActivatePolicy
  | ActivatePrices
  | Authorize
  | ScreenInput
  | StartPermit
  | SettlePermit
  | VoidPermit
  | ExpirePermit
  | DecideTicket
  | RevokeGrant
  | Kill
  | SetBudget
  | CloseBudget
  | ReconcileUsage
  | IssueKey
  | RevokeKey
  | RecordDelivery
  | AdvanceNotifier
  | AcquireLease
  | RenewLease
  | ReleaseLease
  | ExpireLease
  | Heartbeat
  | LapseHeartbeat;

export type CommandKind = Command['kind'];
