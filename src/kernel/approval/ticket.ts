/**
 * Tickets: one question to an approver about exactly one call. Their states are in `ticket-states.ts`.
 *
 * A ticket is found by its binding (session, tool, digest of the arguments) and stands only for a call that
 * is the same in everything else too: agent, principal, tool definition, policy version, estimate.
 */
import { amountOf, type Amounts } from '../amount.ts';
import { engagedAfter } from '../kill/engaged-latch.ts';
import { isKeyRevoked } from '../rights/rights.ts';
import type { TicketRecord } from './approval-record.ts';
import type { StateView } from '../record.ts';

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
    engagedAfter(view, ticket.requestedIndex, { ...ticket, plans }) === undefined
  );
}
