/**
 * What the tables keep of a decision: whose it is, where its entry is, and what became of its permit. What
 * was decided and why is in the entry, which never changes, and is not written a second and a third time
 * when the permit starts and ends.
 */
import type { EventDataByType } from '../event.ts';
import type { Origin } from '../session/session.ts';
import type { DecisionRecord } from './decision-record.ts';

type KeptMember =
  | 'mode'
  | 'index'
  | 'permit'
  | 'expiresAt'
  | 'posted'
  | 'resolvedIndex'
  | 'late'
  | 'output';
export interface KeptDecision extends Origin, Pick<DecisionRecord, KeptMember> {}

/** The part of a decision that its entry does not say. */
export function keptDecision(decision: DecisionRecord): KeptDecision {
  const { session, ancestors, lineage, org, principal, agent, mode, index } = decision;
  const { permit, expiresAt, posted, resolvedIndex, late, output } = decision;
  return {
    session,
    ...(ancestors === undefined ? {} : { ancestors }),
    ...(lineage === undefined ? {} : { lineage }),
    org,
    principal,
    agent,
    mode,
    index,
    permit,
    expiresAt,
    posted,
    ...(resolvedIndex === undefined ? {} : { resolvedIndex }),
    ...(late === undefined ? {} : { late }),
    ...(output === undefined ? {} : { output }),
  };
}

/** A decision whole: what its entry says, which was written at `decidedAt`, and what is kept of it. */
export function wholeDecision(
  data: EventDataByType['action-decided'],
  decidedAt: number,
  kept: KeptDecision,
): DecisionRecord {
  return {
    ...kept,
    id: data.decision,
    tool: data.tool,
    action: data.action,
    resource: data.resource,
    argumentsDigest: data.argumentsDigest,
    definition: data.definition,
    policyVersion: data.policyVersion,
    policyHash: data.policyHash,
    outcome: data.outcome,
    step: data.step,
    code: data.code,
    message: data.message,
    help: data.help,
    determinedBy: data.determinedBy,
    risk: data.risk,
    guidance: data.guidance,
    suggestions: data.suggestions,
    ticket: data.ticket,
    reservations: data.reservations,
    ...(data.plans === undefined ? {} : { plans: data.plans }),
    runTimeoutMs: data.runTimeoutMs,
    decidedAt,
    ...(data.modelTerms === undefined
      ? {}
      : { model: data.modelTerms.id, modelTerms: data.modelTerms }),
    ...(data.shadow === undefined ? {} : { shadow: data.shadow }),
    ...(data.grant === undefined ? {} : { grant: data.grant.id }),
    ...(data.lock === undefined ? {} : { lock: data.lock }),
  };
}
