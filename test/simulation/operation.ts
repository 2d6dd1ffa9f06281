/** What a simulated caller asked and what it was told: the auditor's evidence. */
import { type Decision, ControlPlaneError, faultCodes } from '../../src/engine/index.ts';

export const operationKinds = [
  'open-session',
  'authorize',
  'start-permit',
  'settle-permit',
  'void-permit',
  'approve-ticket',
  'deny-ticket',
  'cancel-ticket',
  'engage-kill',
  'release-kill',
  'activate-policy',
  'set-budget',
  'close-budget',
  'transition-session',
  'issue-key',
  'revoke-key',
  'control-agent',
  'issue-handoff',
  'revoke-grant',
  'acquire-lease',
  'renew-lease',
  'release-lease',
  'heartbeat',
] as const;

export type OperationKind = (typeof operationKinds)[number];

/** What the operation was about, in the words of the log. */
export interface About {
  readonly org: string;
  readonly person: string;
  readonly session?: string;
  readonly tool?: string;
  readonly digest?: string;
  readonly permit?: string;
  readonly ticket?: string;
  readonly latch?: string;
  readonly version?: number;
  readonly transition?: string;
  /** Of keys, agents, grants and heartbeats: what it was about. */
  readonly subject?: string;
  readonly plan?: string;
  /** Of a plan, in the unit's smallest steps. */
  readonly limit?: number;
  readonly outcome?: string;
  /** Under which it was sent, where that is known: 0 is none. */
  readonly fence?: number;
  readonly key?: string;
}

export type Reply =
  | {
      readonly kind: 'decided';
      readonly decision: Omit<Decision, 'permit'>;
      readonly runs: boolean;
    }
  | { readonly kind: 'opened'; readonly session: string }
  | { readonly kind: 'settled'; readonly posted: Readonly<Record<string, number>> }
  | { readonly kind: 'latched'; readonly engaged: boolean; readonly engagedIndex: number }
  | { readonly kind: 'leased'; readonly session: string; readonly fence: number }
  | { readonly kind: 'done' }
  /** The command was refused: an answer. */
  | { readonly kind: 'refused'; readonly code: string }
  /** Something broke: no answer. */
  | { readonly kind: 'fault'; readonly code: string }
  /** Anything else that was thrown: always wrong. */
  | { readonly kind: 'thrown'; readonly text: string };

export interface Operation {
  readonly number: number;
  readonly life: number;
  readonly kind: OperationKind;
  readonly about: About;
  /** Whether an earlier operation had the same idempotency key. */
  readonly again: boolean;
  /** Moments of sending and of hearing the reply, on one line of time. */
  readonly sent: number;
  heard: number | undefined;
  reply: Reply | undefined;
}

/** A permit in somebody's hands, and whether its signal had fired when the world ended. */
export interface HeldPermit {
  readonly permit: string;
  readonly life: number;
  /** Whether the worker that holds it lived to the end. */
  readonly lived: boolean;
  readonly aborted: boolean;
}

/** A lease that nobody gave back, and whether its signal had fired when the world ended. */
export interface HeldLease {
  readonly session: string;
  readonly fence: number;
  readonly lived: boolean;
  readonly lost: boolean;
}

export function replyOf(failure: unknown): Reply {
  if (!ControlPlaneError.is(failure)) return { kind: 'thrown', text: String(failure) };
  const { code, message, cause } = failure;
  if (code === 'internal-error' || code === 'log-inconsistent') {
    return { kind: 'thrown', text: `${code}: ${message}: ${String(cause)}` };
  }
  return code in faultCodes ? { kind: 'fault', code } : { kind: 'refused', code };
}
