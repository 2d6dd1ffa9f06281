/**
 * Tickets: one question to an approver about exactly one call. Their states are in `ticket-states.ts`.
 *
 * A ticket is found by its binding (session, tool, digest of the arguments) and stands only for a call that
 * is the same in everything else too: agent, principal, tool definition, policy version, estimate.
 */
import type { Amounts } from './amount.ts';
import { amountOf } from './amount.ts';
import { coveringLatchKeys, type KillSubject } from './latch.ts';
import { isKeyRevoked } from './rights.ts';
import type { TicketRecord } from './approval-record.ts';
import type { Lineage } from './session.ts';
import type { StateView } from './record.ts';

export function bindingKey(session: string, tool: string, argumentsDigest: string): string {
  return `${session}|${tool}|${argumentsDigest}`;
}

/** What a call is, apart from its binding. */
export interface TicketClaim {
  readonly principal: string;
  readonly agent: string;
  readonly definition: string;
  readonly policyVersion: number;
  readonly estimate: Amounts;
  /** The budget plans that count it now; there may be others than when it was asked for. */
  readonly plans: readonly string[];
}

/** Whether a ticket, asked for exactly this call, still stands now. */
export function stands(
  view: StateView,
  ticket: TicketRecord,
  claim: TicketClaim,
  now: number,
): boolean {
  const plans = [...new Set([...(ticket.plans ?? []), ...claim.plans])];
  const units = new Set([...Object.keys(ticket.estimate), ...Object.keys(claim.estimate)]);
  return (
    now < ticket.expiresAt &&
    !isKeyRevoked(view, ticket.credential) &&
    ticket.principal === claim.principal &&
    ticket.agent === claim.agent &&
    ticket.definition === claim.definition &&
    ticket.policyVersion === claim.policyVersion &&
    [...units].every((u) => amountOf(ticket.estimate, u) === amountOf(claim.estimate, u)) &&
    engagedAfter(view, ticket.requestedIndex, { ...subjectOf(ticket), plans }) === undefined
  );
}

export function subjectOf(record: {
  readonly org: string;
  readonly principal: string;
  readonly agent: string;
  readonly session: string;
  readonly ancestors?: readonly string[];
  readonly lineage?: Lineage;
  readonly plans?: readonly string[];
  readonly action: string;
  readonly tool: string;
  readonly model?: string;
}): KillSubject {
  return record;
}

/** The key of an engaged latch that covers the subject, or undefined. */
export function engagedLatch(view: StateView, subject: KillSubject): string | undefined {
  return coveringLatchKeys(subject).find((key) => view.get('latch', key)?.engaged ?? false);
}

/** The key of a latch that covers the subject and was released under supervision, or undefined. */
export function supervisedLatch(view: StateView, subject: KillSubject): string | undefined {
  return coveringLatchKeys(subject).find((key) => view.get('latch', key)?.supervised ?? false);
}

/**
 * The key of a latch that covers the subject and was engaged since `index`, released or not: what was
 * decided before a kill does not come back to life with its release.
 */
export function engagedAfter(
  view: StateView,
  index: number,
  subject: KillSubject,
): string | undefined {
  return coveringLatchKeys(subject).find((key) => {
    const latch = view.get('latch', key);
    return latch !== undefined && (latch.engaged || latch.engagedIndex > index);
  });
}
