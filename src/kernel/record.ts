/**
 * Records: the kernel's current state, one plain frozen object each, found by kind and key.
 *
 * `apply` replaces records, never changes them in place. The store keeps the same records in the same commit
 * as the entries that produced them; the log can rebuild every one.
 */
import type { Amounts } from './amount.ts';
import type { AgentStatus } from './rights/agent.ts';
import type { CallScope } from './rights/call-scope.ts';
import type { DelegationTerms } from './rights/delegation-terms.ts';
import type { LeaseRecord } from './session/lease-record.ts';
import type { DecisionRecord } from './decision/decision-record.ts';
import type { LockRecord } from './decision/lock-record.ts';
import type { BindingRecord, HolderGrants, TicketRecord } from './approval/approval-record.ts';
import type { BudgetRecord } from './budget/account.ts';
import { planScopeOf, type PlansRecord } from './budget/plan.ts';
import type { LatchRecord } from './kill/latch.ts';
import type { PricesRecord } from './model/model-call.ts';
import type { PolicyDocument } from './policy/document.ts';
import { isOpenPermit } from './decision/permit-states.ts';
import type { SessionHistory } from './policy/session-risk.ts';
import type { Rejection } from './rejection.ts';
import {
  isTerminal,
  type Lineage,
  type SessionMode,
  type SessionStatus,
} from './session/session.ts';
import { isOpenTicket } from './approval/ticket-states.ts';

export interface SessionRecord {
  readonly id: string;
  readonly org: string;
  readonly principal: string;
  readonly agent: string;
  /** Sessions on whose behalf it works, the nearest first; left out where there is none. */
  readonly ancestors?: readonly string[];
  readonly lineage?: Lineage;
  /** What it was given by the session on whose behalf it works. */
  readonly delegation?: DelegationTerms;
  readonly mode: SessionMode;
  readonly status: SessionStatus;
  /** Number of entries of this session so far; the last one has this sequence. */
  readonly sequence: number;
  readonly openedAt: number;
  /** Index of the opening entry, beside which the session's secret is kept. */
  readonly openedIndex: number;
  /** Units with a session budget, sorted. */
  readonly units: readonly string[];
  /** Ids of pending tickets, for cancellation when the session ends. */
  readonly pendingTickets: readonly string[];
  /** Whether a ticket was ever opened: only then can a call have one. */
  readonly hadTickets: boolean;
  /** Whether it ever had a lease: only then can a fence be asked for. */
  readonly hadLease?: true;
  readonly openPermits: number;
  /** How often each steered action came back. */
  readonly steers: Readonly<Record<string, number>>;
  readonly history: SessionHistory;
}

export interface AgentRecord {
  /** Whose it is; `*` for one that every org has. */
  readonly org: string;
  readonly name: string;
  readonly version: string;
  /** Id of the principal that answers for it, who decides none of its tickets. */
  readonly owner?: string;
  readonly status: AgentStatus;
  /** Which calls it may ask for: any that one of these covers. */
  readonly capabilities: readonly CallScope[];
}

/** A hand-off that was offered: whoever has its token, and is whom it is for, may take it up once. */
export interface HandoffRecord {
  readonly session: string;
  readonly org: string;
  readonly agent: string;
  readonly principal?: string;
  readonly delegation: DelegationTerms;
  readonly budget: Amounts;
  /** The API key that it was offered with: revoked, the offer is void. */
  readonly credential?: string;
  readonly expiresAt: number;
  /** Index of the entry that offered it: a kill switch that was engaged since made it void. */
  readonly offeredIndex: number;
  readonly used: boolean;
}

/** A cost known before the call: a fixed amount, or the amount that an argument names. */
export type EstimateTerm = { readonly amount: number } | { readonly argument: string };

export interface ToolRecord {
  readonly name: string;
  readonly action: string;
  /** Template over the arguments, such as `order/{orderId}`. */
  readonly resource: string;
  readonly estimate: Readonly<Record<string, EstimateTerm>>;
  /** Whether the definition has an argument schema, so that a call needs the schema's verdict. */
  readonly hasSchema: boolean;
  /** Whether its calls are calls of models. */
  readonly isModel?: true;
  /** Hash of the whole definition. */
  readonly definition: string;
  /** Index of the entry that registered it as it is. */
  readonly changedIndex: number;
  /** While nobody vouches for what was met last: nothing of the tool runs. */
  readonly quarantine?: ToolQuarantine;
}

export interface ToolQuarantine {
  /** What was met. */
  readonly tool: Omit<ToolRecord, 'changedIndex' | 'quarantine'>;
  /** Index of the entry that put it there; the text of the definition lies beside it. */
  readonly index: number;
  /** Whether a definition was approved before; it is what the rest of the record says then. */
  readonly wasApproved: boolean;
}

/** Key `active`. */
export interface PolicyRecord {
  readonly version: number;
  readonly activatedAt: number;
  readonly hash: string;
  readonly document: PolicyDocument;
}

/** A change that takes two principals, asked for by one of them. The key is the change's fingerprint. */
export interface ProposalRecord {
  readonly change: string;
  readonly org: string;
  readonly proposedBy: string;
  readonly proposedAt: number;
  /** Id of the API key that it was asked with. */
  readonly credential?: string;
  readonly expiresAt: number;
  readonly open: boolean;
}

/** An API key: what it establishes, and the hash of its secret. */
export interface KeyRecord {
  readonly id: string;
  readonly org: string;
  /** Id of the principal that whoever shows the key is. */
  readonly principal: string;
  readonly roles: readonly string[];
  readonly teams?: readonly string[];
  /** SHA-256 of the secret, hex. The secret is 32 random bytes, so that there is nothing to guess it by. */
  readonly secretHash: string;
  /** Log time, ms, from which on it establishes nothing. */
  readonly expiresAt?: number;
  readonly revoked: boolean;
  readonly issuedBy: string;
  readonly issuedAt: number;
}

/** What counts for a principal over all of its sessions. */
export interface PrincipalRecord {
  readonly org: string;
  readonly id: string;
  readonly openPermits: number;
  /** Tickets that nobody has decided, by agent; an agent without any is not here. */
  readonly pendingTickets: Readonly<Record<string, number>>;
}

/** How far a notifier has come: where it goes on after a restart. */
export interface NotifierRecord {
  readonly name: string;
  /** Index of the next entry to look at. It never goes back. */
  readonly cursor: number;
}

/** When an operator of an org was last heard of. Key: the org. */
export interface HeartbeatRecord {
  readonly org: string;
  /** Log time, ms. */
  readonly at: number;
  readonly by: string;
  /** Log time, ms, at which it is too old, by the policy when it was sent. */
  readonly expiresAt: number;
  readonly lapsed: boolean;
}

/** The stored answer to a command that carried an idempotency key. */
export interface CommandRecord {
  readonly fingerprint: string;
  readonly answer: StoredAnswer;
}

export type StoredAnswer =
  | { readonly status: 'done'; readonly kind: RecordKind; readonly key: string }
  | { readonly status: 'rejected'; readonly rejection: Rejection };

export interface RecordsByKind {
  readonly session: SessionRecord;
  readonly agent: AgentRecord;
  readonly tool: ToolRecord;
  readonly policy: PolicyRecord;
  readonly prices: PricesRecord;
  readonly latch: LatchRecord;
  readonly key: KeyRecord;
  readonly grants: HolderGrants;
  readonly handoff: HandoffRecord;
  readonly proposal: ProposalRecord;
  readonly principal: PrincipalRecord;
  readonly budget: BudgetRecord;
  readonly plans: PlansRecord;
  readonly decision: DecisionRecord;
  readonly ticket: TicketRecord;
  readonly binding: BindingRecord;
  readonly command: CommandRecord;
  readonly notifier: NotifierRecord;
  readonly lease: LeaseRecord;
  readonly lock: LockRecord;
  readonly heartbeat: HeartbeatRecord;
}

export type RecordKind = keyof RecordsByKind;

/** Kinds that are always wholly in memory: a key that is not there does not exist. */
export const residentKinds: ReadonlySet<RecordKind> = new Set([
  'agent',
  'tool',
  'policy',
  'prices',
  'latch',
  'heartbeat',
  'key',
  'proposal',
  'grants',
  'plans',
  'notifier',
]);

export const recordKinds: readonly RecordKind[] = [
  'session',
  'agent',
  'tool',
  'policy',
  'prices',
  'latch',
  'key',
  'proposal',
  'grants',
  'handoff',
  'principal',
  'budget',
  'plans',
  'decision',
  'ticket',
  'binding',
  'command',
  'notifier',
  'lease',
  'lock',
  'heartbeat',
];

/** One record to put in place of what was there. */
export type RecordChange = {
  readonly [K in RecordKind]: {
    readonly kind: K;
    readonly key: string;
    readonly value: RecordsByKind[K];
  };
}[RecordKind];

/** The kernel's only way to read state. */
export interface StateView {
  /** MUST throw where the record is neither loaded nor known to be absent: a footprint was incomplete. */
  get<K extends RecordKind>(kind: K, key: string): RecordsByKind[K] | undefined;
}

/** Whether a record is loaded when a log is opened. */
export function isLive(change: RecordChange): boolean {
  switch (change.kind) {
    case 'agent':
    case 'tool':
    case 'policy':
    case 'prices':
    case 'latch':
    case 'heartbeat':
    case 'key':
    case 'plans':
    case 'notifier':
      return true;
    case 'session':
      return !isTerminal(change.value.status);
    case 'decision':
      return isOpenPermit(change.value.permit);
    case 'ticket':
      return isOpenTicket(change.value.status);
    case 'proposal':
      return change.value.open;
    case 'grants':
      return change.value.grants.length > 0;
    case 'lease':
      return change.value.status === 'active';
    case 'handoff':
    case 'principal':
    case 'budget':
    case 'binding':
    case 'command':
    case 'lock':
      return false;
  }
}

/** The record a record is listed under: its session, its budget plan, or its org. */
export function parentOf(change: RecordChange): string {
  switch (change.kind) {
    case 'decision':
    case 'ticket':
    case 'handoff':
    case 'lease':
      return change.value.session;
    case 'budget':
      return planScopeOf(change.value.scope)?.plan ?? change.value.scope;
    case 'session':
    case 'principal':
    case 'key':
    case 'heartbeat':
    case 'proposal':
    case 'grants':
    case 'plans':
    case 'lock':
      return change.value.org;
    default:
      return '';
  }
}
