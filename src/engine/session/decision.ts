/** Decisions as callers see them: the record of the decision, and the permit where it carries one. */
import {
  type DecisionOutcome,
  type DecisionRecord,
  type DecisionStep,
  decisionSteps,
  type ModelTerms,
  type PermitStatus,
  type RejectionCode,
  type RiskLevel,
  type SessionMode,
} from '../../kernel/index.ts';
import type { Permit } from './permit.ts';

/** One step of the main path and how it ended. */
export interface StepResult {
  readonly step: DecisionStep;
  readonly result: 'passed' | 'settled' | 'not-reached';
}

export interface Decision {
  readonly id: string;
  readonly outcome: DecisionOutcome;
  readonly code: RejectionCode | 'allowed';
  /** Why, in one sentence. */
  readonly message: string;
  /** What would help, or empty. */
  readonly help: string;
  readonly steps: readonly StepResult[];
  readonly determinedBy: readonly string[];
  readonly risk: RiskLevel | 'none';
  /** For `steer`: what to do instead. */
  readonly guidance: string;
  readonly suggestions: readonly string[];
  readonly session: string;
  readonly mode: SessionMode;
  readonly tool: string;
  readonly action: string;
  readonly resource: string;
  /** Of a model call: its terms, such as the bounds to keep to. */
  readonly model: ModelTerms | undefined;
  readonly policyVersion: number;
  /** Hash of the policy's canonical form; empty where no policy was asked. */
  readonly policyHash: string;
  /** Where something in the policy is in shadow mode: what would have been decided, and what was. */
  readonly shadow: ShadowDecision | undefined;
  /** The ticket that was opened, is pending or was used. */
  readonly ticket: string | undefined;
  /**
   * Of a call that waits for an approver: how its ticket is decided, by anyone, on any surface. Across
   * restarts, wait with `ControlPlane.ticketDecided`. Rejects with `closed` when the control plane closes.
   */
  readonly resolution: Promise<'approved' | 'refused'> | undefined;
  /** What the tool needs to run. Absent unless this very call may run it. */
  readonly permit: Permit | undefined;
  /**
   * Where its permit stands: of a repeated call, what became of the first. `started` where it runs, or where
   * its process died and nobody has given it up yet; `none` for anything but an allow.
   */
  readonly permitStatus: PermitStatus;
  /** Whether this is the stored answer to an earlier sending of the same command. */
  readonly replayed: boolean;
  /** Index of the entry that records the decision. */
  readonly index: number;
  /** Log time, ms since the epoch. */
  readonly at: number;
}

export interface ShadowDecision {
  /** The outcome if nothing were in shadow mode. */
  readonly outcome: DecisionOutcome;
  readonly enforced: false;
  /** The outcome that holds. */
  readonly effective: DecisionOutcome;
  readonly code: RejectionCode | 'allowed';
  readonly message: string;
  readonly determinedBy: readonly string[];
}

function shadowOf({ shadow, outcome }: DecisionRecord): ShadowDecision | undefined {
  if (shadow === undefined) return undefined;
  const { effect, code, message, determinedBy } = shadow;
  return { outcome: effect, enforced: false, effective: outcome, code, message, determinedBy };
}

/** What is said of the steps, by the one that settled it. */
const stepsSettledAt = Object.fromEntries(
  decisionSteps.map((settling, settledAt) => [
    settling,
    Object.freeze(
      decisionSteps.map((step, position): StepResult => {
        const result = position < settledAt ? 'passed' : 'not-reached';
        return Object.freeze({ step, result: position === settledAt ? 'settled' : result });
      }),
    ),
  ]),
) as Readonly<Record<DecisionStep, readonly StepResult[]>>;

export function decisionOf(
  record: DecisionRecord,
  permit: Permit | undefined,
  {
    replayed,
    resolved,
  }: {
    readonly replayed: boolean;
    /** Waits for a ticket. */
    readonly resolved: (ticket: string) => Promise<'approved' | 'refused'>;
  },
): Decision {
  const decision: Omit<Decision, 'resolution'> = {
    id: record.id,
    outcome: record.outcome,
    code: record.code,
    message: record.message,
    help: record.help,
    steps: stepsSettledAt[record.step],
    determinedBy: record.determinedBy,
    risk: record.risk,
    guidance: record.guidance,
    suggestions: record.suggestions,
    session: record.session,
    mode: record.mode,
    tool: record.tool,
    action: record.action,
    resource: record.resource,
    model: record.modelTerms,
    policyVersion: record.policyVersion,
    policyHash: record.policyHash,
    shadow: shadowOf(record),
    ticket: record.ticket === '' ? undefined : record.ticket,
    permit,
    permitStatus: record.permit,
    replayed,
    index: record.index,
    at: record.decidedAt,
  };
  Object.defineProperty(decision, 'resolution', resolutionOf(record, resolved));
  return Object.freeze(decision) as Decision;
}

/** Not among what is copied or printed, and waited for only where it is read. */
function resolutionOf(
  { outcome, ticket }: DecisionRecord,
  resolved: (ticket: string) => Promise<'approved' | 'refused'>,
): PropertyDescriptor {
  const waits = outcome === 'require-approval' && ticket !== '';
  let resolution: Promise<'approved' | 'refused'> | undefined;
  return {
    enumerable: false,
    get: () => {
      if (!waits || resolution !== undefined) return resolution;
      resolution = resolved(ticket);
      // Whoever reads it and does not wait must not end the process when the control plane closes.
      resolution.catch(() => {});
      return resolution;
    },
  };
}
