/** The record of a decision: what was asked, how it came out and why, and what became of its permit. */
import type { Amounts } from '../amount.ts';
import type { Reservation } from '../budget/account.ts';
import type { ModelTerms } from '../model/model-call.ts';
import type { ShadowVerdict } from '../policy/evaluate.ts';
import type { StageVerdict } from '../policy/evaluator-fact.ts';
import type { RiskLevel } from '../policy/risk.ts';
import type { RejectionCode } from '../rejection.ts';
import type { Origin, SessionMode } from '../session/session.ts';
import type { PermitStatus } from './permit-states.ts';

export type DecisionOutcome = 'allow' | 'deny' | 'require-approval' | 'steer';

/** The decision on one request, and the permit that an allow carries. The permit's id is the decision's. */
export interface DecisionRecord extends Origin {
  readonly id: string;
  readonly tool: string;
  readonly action: string;
  readonly resource: string;
  readonly argumentsDigest: string;
  readonly definition: string;
  readonly policyVersion: number;
  /** Hash of the policy's canonical form; empty where no policy was asked. */
  readonly policyHash: string;
  readonly mode: SessionMode;
  readonly outcome: DecisionOutcome;
  /** The step of the main path that settled the outcome. */
  readonly step: DecisionStep;
  readonly code: RejectionCode | 'allowed';
  readonly message: string;
  readonly help: string;
  /** Ids of the rules and tiers that determined the outcome. */
  readonly determinedBy: readonly string[];
  readonly risk: RiskLevel | 'none';
  readonly guidance: string;
  readonly suggestions: readonly string[];
  /** The ticket that was opened, is pending, or was consumed. */
  readonly ticket: string;
  readonly reservations: readonly Reservation[];
  /** The budget plans that count it, as `org/id`; left out where there is none. */
  readonly plans?: readonly string[];
  readonly permit: PermitStatus;
  /** Log time (ms) when an issued permit lapses or a started one is given up; 0 without a permit. */
  readonly expiresAt: number;
  readonly runTimeoutMs: number;
  readonly decidedAt: number;
  readonly index: number;
  /** What was posted when the permit was resolved. */
  readonly posted: Amounts;
  /** Index of the entry that resolved the permit: the one that says what the call came to. */
  readonly resolvedIndex?: number;
  /** A started permit that was given up: what it really used may still be told, once. */
  readonly late?: 'awaited' | 'told';
  /** The grant that stood in for an approver. */
  readonly grant?: string;
  /** Whether its permit holds the lock of its resource until it is resolved. */
  readonly lock?: true;
  /** Of a model call: the catalogue's id of the model, and the terms that were decided on. */
  readonly model?: string;
  readonly modelTerms?: ModelTerms;
  /** What the policy would have said had nothing in it been in shadow mode. */
  readonly shadow?: ShadowVerdict;
  /** What output guardrails said of the result, where any were asked for. */
  readonly output?: StageVerdict;
}

/** The steps of the main path, in order. */
export const decisionSteps = [
  'session',
  'kill',
  'tool',
  'model',
  'policy',
  'approval',
  'budget',
  'permit',
] as const;
export type DecisionStep = (typeof decisionSteps)[number];
