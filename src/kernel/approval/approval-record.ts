/** Records of approvals: tickets, what finds them, and grants. */
import type { Amounts } from '../amount.ts';
import type { GrantTerms } from './grant-terms.ts';
import type { RiskLevel } from '../policy/risk.ts';
import type { Origin } from '../session/session.ts';
import type { TicketStatus } from './ticket-states.ts';

/** Who may decide a ticket; what is left out is as it is where a policy says nothing. */
export interface ApproverTerms {
  readonly approverRoles: readonly string[];
  /** Lists of patterns: whoever decides has to match one of each. */
  readonly approverPrincipals?: readonly (readonly string[])[];
  /** How many have to approve; 1 where it is left out. */
  readonly quorum?: number;
  readonly reasonRequired?: true;
  /** Who may decide as well, from a log time (ms) on. */
  readonly escalation?: TicketEscalation;
  /** How often those who may decide are reminded, ms. */
  readonly remindMs?: number;
}

export interface TicketEscalation {
  readonly at: number;
  readonly roles: readonly string[];
  readonly principals?: readonly (readonly string[])[];
}

export interface TicketRecord extends ApproverTerms, Origin {
  readonly id: string;
  /** Who answered for the agent when it asked. */
  readonly agentOwner?: string;
  /** Id of the API key that the requester was established with. */
  readonly credential?: string;
  readonly tool: string;
  readonly action: string;
  /** The catalogue's id of the model, of a model call. */
  readonly model?: string;
  readonly resource: string;
  readonly argumentsDigest: string;
  readonly definition: string;
  readonly policyVersion: number;
  readonly estimate: Amounts;
  /** The budget plans that count the call, as `org/id`; left out where there is none. */
  readonly plans?: readonly string[];
  readonly risk: RiskLevel;
  readonly reason: string;
  readonly status: TicketStatus;
  /** Who approved so far, where more than one has to. */
  readonly approvals?: readonly string[];
  /** What those who approved so far would grant beside the call. */
  readonly grant?: GrantTerms;
  /** An approver's edit: the ticket stands for the call as edited, and for no other. */
  readonly edited?: { readonly by: string; readonly index: number };
  /** Whether it was told that others may decide now. */
  readonly escalated?: true;
  /** When those who may decide were last reminded. */
  readonly remindedAt?: number;
  readonly requestedAt: number;
  readonly requestedIndex: number;
  readonly expiresAt: number;
  readonly decidedBy: string;
  readonly decidedAt: number;
}

/** Which ticket stands for exactly this call in this session. */
export interface BindingRecord {
  readonly ticket: string;
}

/** An approval that stands for more than one call. Its id is its ticket's. */
export interface GrantRecord {
  readonly id: string;
  /** The session of the ticket. */
  readonly session: string;
  readonly terms: GrantTerms;
  /** Who was asked. */
  readonly approvers: ApproverTerms;
  /** Of the call that was asked about: nothing riskier is covered. */
  readonly risk: RiskLevel;
  /** The API key that was asked with: revoked, the grant is void. */
  readonly credential?: string;
  /** Index of the entry that gave it: what changed since is not covered. */
  readonly index: number;
  readonly givenBy: string;
  /** Who approved before, where more than one had to. */
  readonly endorsedBy?: readonly string[];
  readonly givenAt: number;
  readonly revoked: boolean;
  readonly used: number;
  /** The most that its calls can have cost, by unit. */
  readonly spent: Amounts;
}

/** The grants of an agent of a principal, oldest first. */
export interface HolderGrants {
  readonly org: string;
  readonly principal: string;
  readonly agent: string;
  readonly grants: readonly GrantRecord[];
}
