/** Entries as the log has them: parsed, and not otherwise understood. */
import type { RawScope } from './naive-scope.ts';

export interface RawEntry {
  readonly index: number;
  readonly at: number;
  readonly type: string;
  readonly session?: string;
  readonly sequence?: number;
  readonly command: string;
  readonly by: {
    readonly id: string;
    readonly org: string;
    readonly roles: readonly string[];
    readonly via: string;
    readonly teams?: readonly string[];
    readonly credential?: string;
    readonly expiresAt?: number;
  };
  readonly data: RawData;
}

export interface RawReservation {
  readonly budget: string;
  readonly unit: string;
  readonly amount: number;
  readonly limit?: number;
  readonly onOverrun?: string;
}

export interface RawPlan {
  readonly id: string;
  readonly unit: string;
  readonly limit: number;
  readonly scope: { readonly kind: string; readonly id?: string };
  readonly sharing: string;
  readonly window: 'unlimited' | Readonly<Record<string, unknown>>;
  readonly onOverrun: string;
}

export interface RawDelegation extends RawScope {
  readonly expiresAt?: number;
  readonly depth?: number;
}

export interface RawGrantTerms extends RawScope {
  readonly uses: number;
  readonly cost: Readonly<Record<string, number>>;
  readonly expiresAt: number;
  readonly sessionOnly?: true;
}

export interface RawPolicy {
  readonly version: number;
  readonly fourEyes?: readonly string[];
  readonly leases?: { readonly onStuck?: string; readonly termMs?: number };
  readonly locks?: readonly RawScope[];
  readonly operatorHeartbeatMs?: number;
}

/** Whether the control plane itself wrote an entry. */
export function isControlPlane({ by }: RawEntry): boolean {
  return by.id === 'control-plane' && by.org === 'control-plane';
}

/** Members of all types of entries; an entry has those of its own type. */
interface RawData {
  readonly idempotency?: { readonly key: string; readonly fingerprint: string };
  readonly session: string;
  readonly agent: string;
  readonly mode: string;
  readonly active: boolean;
  /** Limits by unit where a session opens; a name where a budget freezes. */
  readonly budget: unknown;
  readonly transition: string;
  readonly document: RawPolicy;
  readonly hash: string;
  readonly change: string;
  readonly subject: string;
  readonly supervised?: true;
  readonly since: number;
  readonly decision: string;
  readonly tool: string;
  readonly action: string;
  readonly resource: string;
  readonly argumentsDigest: string;
  readonly definition: string;
  readonly policyVersion: number;
  readonly modelTerms?: {
    readonly id: string;
    readonly inputTokensMax: number;
    readonly outputTokensMax: number;
  };
  readonly outcome: string;
  readonly step: string;
  readonly code: string;
  /** Of a lease, and of whoever asks under it. */
  readonly fence?: number;
  readonly owner: string;
  readonly termMs: number;
  readonly onStuck: string;
  readonly lock?: true;
  readonly plans?: readonly string[];
  readonly ticket: string;
  readonly consumed: boolean;
  readonly permit: string;
  readonly started: boolean;
  readonly expiresAt: number;
  readonly runTimeoutMs: number;
  readonly reservations: readonly RawReservation[];
  readonly resolved: readonly (RawReservation & { readonly used: number })[];
  readonly debts: readonly (RawReservation & { readonly debt: number })[];
  readonly usage?: Readonly<Record<string, number>>;
  readonly posted?: Readonly<Record<string, number>>;
  /** What became of a model call. */
  readonly model?: {
    readonly model: string;
    readonly problem?: object;
    readonly usage?: { readonly inputTokens: number; readonly outputTokens: number };
  };
  readonly ancestors?: readonly string[];
  readonly org: string;
  readonly before: RawPlan | null;
  readonly plan: RawPlan;
  readonly limit: number;
  readonly used: number;
  readonly percent: number;
  readonly overrun: number;
  readonly approverRoles: readonly string[];
  readonly quorum?: number;
  readonly escalation?: { readonly at: number; readonly roles: readonly string[] };
  readonly remindMs?: number;
  readonly risk: string;
  readonly agentOwner?: string;
  /** Of a ticket: the key that it was asked for with. */
  readonly credential?: string;
  /** Terms where it is given, its use where it is used, an id where it is revoked. */
  readonly grant?: unknown;
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly principal: string;
  readonly capabilities: readonly RawScope[];
  readonly delegation?: RawDelegation;
  readonly handoff?: string;
  readonly proposal: string;
  readonly scope: Readonly<Record<string, string>>;
  readonly command: string;
  readonly rejection: { readonly code: string };
}
