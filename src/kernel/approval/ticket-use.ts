/**
 * What the approval step of the main path does with tickets: use an approved one, wait for a pending one,
 * respect a denied one, or ask anew.
 */
import { findAgent } from '../rights/agent-rights.ts';
import type { Amounts } from '../amount.ts';
import type { Authorize } from '../command.ts';
import type { Event, EventDataByType } from '../event.ts';
import { coveringGrant, type GrantedCall, sameApprovers } from './grant.ts';
import { holderKey } from './grant-terms.ts';
import type { HandleContext } from '../handled.ts';
import { limits } from '../limits.ts';
import { sameJson } from '../order.ts';
import type { PolicyVerdict } from '../policy/evaluate.ts';
import { withinRisk } from '../policy/risk.ts';
import type { ApproverTerms, TicketEscalation, TicketRecord } from './approval-record.ts';
import type { EscalationTerms } from '../policy/compile-rules.ts';
import type { SessionRecord, StateView, ToolRecord } from '../record.ts';
import { originOf } from '../session/origin.ts';
import { reject, type Rejection } from '../rejection.ts';
import { pendingTicketsOf } from '../session/principal-record.ts';
import { bindingKey, stands } from './ticket.ts';
import { isOpenTicket } from './ticket-states.ts';

export interface TicketUse {
  /** The ticket that is used, waits or denies; empty where none has to do with the call. */
  readonly ticket: string;
  /** Whether an approval is used up by this call. */
  readonly consumed: boolean;
  /** The grant that stands in for an approver. */
  readonly grant?: NonNullable<EventDataByType['action-decided']['grant']>;
  readonly events: readonly Event[];
  readonly refusal?: Rejection;
}

interface Asking {
  readonly command: Authorize;
  readonly session: SessionRecord;
  readonly tool: ToolRecord | undefined;
  readonly model: string | undefined;
  readonly resource: string;
  readonly policyVersion: number;
  readonly plans: readonly string[];
  /** Whether a grant may stand in: what a budget plan or a probation asks is put to people each time. */
  readonly isGrantable: boolean;
}

export function claimTicket(
  view: StateView,
  asking: Asking,
  verdict: PolicyVerdict,
  estimate: Amounts,
  context: HandleContext,
): TicketUse {
  const { session, command } = asking;
  const found = boundTicket(view, session, command);
  if (found !== undefined && isEditedAway(found, command)) return editedAway(found);
  const standing =
    found !== undefined &&
    isStanding(view, found, asking, estimate, context) &&
    (found.status === 'denied' || isAskedOf(found, verdict, context.now));
  if (standing && found.status === 'approved') {
    return { ticket: found.id, consumed: true, events: [] };
  }
  if (standing && found.status === 'denied') {
    const refusal = reject('approval-denied', `\`${found.decidedBy}\` denied exactly this call`);
    return { ticket: found.id, consumed: false, events: [], refusal };
  }
  const isOpen = found !== undefined && isOpenTicket(found.status);
  const withdrawn: readonly Event[] = isOpen
    ? [{ type: 'ticket-cancelled', session: session.id, data: { ticket: found.id } }]
    : [];
  const grant = asking.isGrantable
    ? claimGrant(view, asking, verdict, estimate, context)
    : undefined;
  if (grant !== undefined) return { ticket: '', consumed: false, grant, events: withdrawn };
  if (standing && found.status === 'pending') {
    return { ticket: found.id, consumed: false, events: [] };
  }
  if (hasTooMany(view, session, found?.status === 'pending' ? 1 : 0)) {
    const refusal = reject('tickets-pending-limit');
    return { ticket: '', consumed: false, events: withdrawn, refusal };
  }
  const requested = requestOf(view, asking, verdict, estimate, context);
  return { ticket: command.id, consumed: false, events: [...withdrawn, requested] };
}

function boundTicket(
  view: StateView,
  session: SessionRecord,
  command: Authorize,
): TicketRecord | undefined {
  if (!session.hadTickets) return undefined;
  const key = bindingKey(session.id, command.tool, command.argumentsDigest);
  const binding = view.get('binding', key);
  return binding === undefined ? undefined : view.get('ticket', binding.ticket);
}

/** Nobody can look at a thousand questions: neither a session nor an agent heaps them up. */
function hasTooMany(view: StateView, session: SessionRecord, withdrawn: number): boolean {
  const { ticketsPendingMax, ticketsPendingPerAgentMax } = limits;
  if (session.pendingTickets.length - withdrawn >= ticketsPendingMax) return true;
  const pending = pendingTicketsOf(view, session, session.agent) - withdrawn;
  return pending >= ticketsPendingPerAgentMax;
}

/** Whether an approver edited the call, and the ticket stands for what it was edited to. */
function isEditedAway(ticket: TicketRecord, command: Authorize): boolean {
  return isOpenTicket(ticket.status) && ticket.argumentsDigest !== command.argumentsDigest;
}

/** Others may still have to approve the edit; once they have, the call is to be made as edited. */
function editedAway({ id, status, edited }: TicketRecord): TicketUse {
  const use = { ticket: id, consumed: false, events: [] };
  if (status === 'pending') return use;
  const refusal = reject('call-edited', `\`${edited?.by ?? ''}\` edited the call and approved it`);
  return { ...use, refusal };
}

/**
 * Whether a call would be put to those that a ticket was put to, at no higher risk. An edit may make another
 * call of it, and so may what its session did since: a yes must not stand for what others would be asked.
 */
function isAskedOf(ticket: TicketRecord, { approval, risk }: PolicyVerdict, now: number): boolean {
  if (!sameApprovers(ticket, approverTerms(approval, now))) return false;
  return escalatesAlike(ticket, approval.escalation) && withinRisk(risk, ticket.risk);
}

/** Whom a ticket was escalated to may have decided it: the call has to be one that comes to them as well. */
function escalatesAlike(
  { escalation, requestedAt }: TicketRecord,
  terms: EscalationTerms | undefined,
): boolean {
  return sameJson(escalation, terms && escalationFrom(terms, requestedAt));
}

function claimGrant(
  view: StateView,
  { command, session, tool, model, resource, plans }: Asking,
  verdict: PolicyVerdict,
  estimate: Amounts,
  { now }: HandleContext,
): TicketUse['grant'] {
  const call: GrantedCall = {
    ...originOf(session),
    tool: command.tool,
    action: tool?.action ?? '',
    ...(model === undefined ? {} : { model }),
    ...(plans.length === 0 ? {} : { plans }),
    resource,
    arguments: command.arguments,
    risk: verdict.risk,
    approvers: approverTerms(verdict.approval, now),
    estimate,
  };
  const grant = coveringGrant(view, call, now);
  return grant === undefined
    ? undefined
    : { id: grant.id, holder: holderKey(call), cost: estimate };
}

function isStanding(
  view: StateView,
  ticket: TicketRecord,
  asking: Asking,
  estimate: Amounts,
  context: HandleContext,
): boolean {
  const { session, command, policyVersion, plans } = asking;
  const isDenied = ticket.status === 'denied';
  const { credential: _, ...asked } = ticket;
  return stands(
    view,
    // Neither another expected cost, a key that is revoked nor a kill switch makes a no undone.
    isDenied ? { ...asked, requestedIndex: context.index } : ticket,
    {
      principal: session.principal,
      agent: session.agent,
      definition: command.definition,
      policyVersion,
      estimate: isDenied ? ticket.estimate : estimate,
      plans,
    },
    context.now,
  );
}

function approverTerms(
  { roles, principals, quorum, reasonRequired, escalation, remindMs }: PolicyVerdict['approval'],
  now: number,
): ApproverTerms {
  return {
    approverRoles: roles,
    ...(principals.length === 0 ? {} : { approverPrincipals: principals }),
    ...(quorum === 1 ? {} : { quorum }),
    ...(reasonRequired ? { reasonRequired } : {}),
    ...(escalation === undefined ? {} : { escalation: escalationFrom(escalation, now) }),
    ...(remindMs === undefined ? {} : { remindMs }),
  };
}

function ownerOf(view: StateView, { org, agent }: SessionRecord): { readonly agentOwner?: string } {
  const owner = findAgent(view, org, agent)?.owner;
  return owner === undefined ? {} : { agentOwner: owner };
}

function escalationFrom(
  { afterMs, roles, principals }: EscalationTerms,
  now: number,
): TicketEscalation {
  const named = principals.length === 0 ? {} : { principals };
  return { at: now + afterMs, roles, ...named };
}

function requestOf(
  view: StateView,
  asking: Asking,
  verdict: PolicyVerdict,
  estimate: Amounts,
  context: HandleContext,
): Event {
  const { command, session } = asking;
  return {
    type: 'ticket-requested',
    session: session.id,
    data: {
      ticket: command.id,
      ...ownerOf(view, session),
      ...(command.by.credential === undefined ? {} : { credential: command.by.credential }),
      tool: command.tool,
      action: asking.tool?.action ?? '',
      ...(asking.model === undefined ? {} : { model: asking.model }),
      resource: asking.resource,
      argumentsDigest: command.argumentsDigest,
      definition: command.definition,
      policyVersion: asking.policyVersion,
      estimate,
      ...(asking.plans.length === 0 ? {} : { plans: asking.plans }),
      risk: verdict.risk,
      reason: verdict.message,
      ...approverTerms(verdict.approval, context.now),
      expiresAt: context.now + verdict.approval.timeoutMs,
    },
  };
}
