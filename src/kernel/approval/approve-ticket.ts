/** Approving a ticket: as it was asked, or edited; for the one call, or with a grant beside it. */
import type { Amounts } from '../amount.ts';
import type { DecideTicket } from '../command.ts';
import { isAsked } from './asked.ts';
import { estimateOf } from '../budget/estimate.ts';
import type { Event } from '../event.ts';
import { grantProblem, isActive } from './grant.ts';
import { holderKey } from './grant-terms.ts';
import type { HandleContext, HandlerResult } from '../handled.ts';
import { limits } from '../limits.ts';
import type { TicketRecord } from './approval-record.ts';
import type { StateView } from '../record.ts';
import { quoted } from '../name.ts';
import { reject, type Rejection } from '../rejection.ts';
import { resourceOf } from '../tool/resource-of.ts';
import { engagedAfter, killedMessage } from '../kill/engaged-latch.ts';
import { endedAbove } from '../session/own-session.ts';
import { bindingKey } from './ticket.ts';
import { isOpenTicket } from './ticket-states.ts';

/** By whoever may decide it, in time: `decideTicket` has seen to that. */
export function approveTicket(
  view: StateView,
  command: DecideTicket,
  ticket: TicketRecord,
  { now }: HandleContext,
): HandlerResult {
  const latch = engagedAfter(view, ticket.requestedIndex, ticket);
  if (latch !== undefined) return { rejection: reject('killed', killedMessage(latch)) };
  const ended = endedAbove(view, ticket.ancestors);
  if (ended !== undefined) return { rejection: ended };
  const { session, id } = ticket;
  const { edit, grant } = command;
  const isEditedSo =
    ticket.edited !== undefined && edit?.argumentsDigest === ticket.argumentsDigest;
  // Whoever says yes without the edit may have looked at the call as it was before.
  if (ticket.edited !== undefined && edit === undefined) {
    const message = `${quoted(ticket.edited.by)} edited the call since it was asked`;
    return {
      rejection: reject('edit-invalid', message, 'approve it with the same edit, or deny it'),
    };
  }
  const edited = edit === undefined || isEditedSo ? undefined : editedCall(view, ticket, edit);
  if (edited !== undefined && 'rejection' in edited) return edited;
  const standing =
    edited === undefined ? ticket : { ...ticket, ...edited, approvals: [], grant: undefined };
  const refusal = grantRefusal(view, command, standing, now);
  if (refusal !== undefined) return { rejection: refusal };
  const events: Event[] = [];
  if (edited !== undefined) {
    events.push({ type: 'ticket-edited', session, data: { ticket: id, ...edited } });
  }
  // Each of several approvers stands for one approval; the last one's is the ticket's.
  if ((standing.approvals ?? []).length + 1 < (ticket.quorum ?? 1)) {
    const data = { ticket: id, ...(grant === undefined ? {} : { grant }) };
    events.push({ type: 'ticket-endorsed', session, data });
  } else {
    // The approval is good for as long again as the question was open for.
    const expiresAt = now + (ticket.expiresAt - ticket.requestedAt);
    const given = grant === undefined ? {} : { grant: { holder: holderKey(ticket), terms: grant } };
    const data = { ticket: id, expiresAt, ...given };
    events.push({ type: 'ticket-approved', session, data });
  }
  return { events, subject: { kind: 'ticket', key: id } };
}

/** Why the grant cannot be given, or is not what those before have approved. */
function grantRefusal(
  view: StateView,
  { by, grant }: DecideTicket,
  ticket: Pick<
    TicketRecord,
    | 'approverRoles'
    | 'approverPrincipals'
    | 'org'
    | 'principal'
    | 'agent'
    | 'tool'
    | 'definition'
    | 'risk'
    | 'approvals'
    | 'estimate'
  > & {
    readonly grant?: TicketRecord['grant'];
  },
  now: number,
): Rejection | undefined {
  const isOther = JSON.stringify(grant) !== JSON.stringify(ticket.grant);
  if ((ticket.approvals ?? []).length > 0 && isOther) {
    return reject(
      'grant-invalid',
      'whoever approved before approved another grant, or none',
      'give the grant that the ticket shows, until the very time that it shows, or none',
    );
  }
  if (grant === undefined) return undefined;
  // Whoever looked at a call of the tool as it was has not seen what the grant would be for.
  if (view.get('tool', ticket.tool)?.definition !== ticket.definition) {
    return reject('grant-invalid', 'the tool of the call changed since it was asked');
  }
  // Later calls would be put to those who are asked first, and they have not seen this one.
  if (!isAsked(by, ticket.approverRoles, ticket.approverPrincipals)) {
    return reject('grant-invalid', 'whom a ticket was escalated to decides the one call');
  }
  const problem = grantProblem(grant, ticket, now);
  if (problem !== undefined) return reject('grant-invalid', problem);
  const held = view.get('grants', holderKey(ticket))?.grants ?? [];
  if (held.filter((each) => isActive(each, now)).length < limits.grantsPerHolderMax) {
    return undefined;
  }
  const message = `the agent holds ${limits.grantsPerHolderMax} grants already`;
  return reject('grant-invalid', message, 'revoke one of them');
}

interface EditedCall {
  readonly tool: string;
  readonly argumentsDigest: string;
  readonly resource: string;
  readonly estimate: Amounts;
}

/**
 * What the ticket stands for once its call is edited, or why it cannot be. Whether the edited call is allowed
 * at all is decided when it is made, from the start.
 */
function editedCall(
  view: StateView,
  ticket: TicketRecord,
  edit: NonNullable<DecideTicket['edit']>,
): EditedCall | { readonly rejection: Rejection } {
  const no = (message: string) => ({ rejection: reject('edit-invalid', message) });
  const tool = view.get('tool', ticket.tool);
  if (ticket.model !== undefined) return no('a call of a model is approved or denied as it is');
  if (tool?.definition !== ticket.definition) return no('its tool changed since it was asked');
  const { argumentsDigest } = edit;
  if (argumentsDigest === ticket.argumentsDigest) return no('the edit changes nothing');
  const binding = view.get('binding', bindingKey(ticket.session, ticket.tool, argumentsDigest));
  const other = binding === undefined ? undefined : view.get('ticket', binding.ticket);
  // One that was edited before may be edited back.
  if (other !== undefined && other.id !== ticket.id && isOpenTicket(other.status)) {
    return no('another ticket stands for the call as edited');
  }
  const resource = resourceOf(tool, edit.arguments, undefined);
  if (resource === undefined) return no('no resource can be derived from the edited arguments');
  const call = { arguments: edit.arguments, estimate: {} };
  const estimate = estimateOf(tool.estimate, call);
  if (estimate === undefined) return no('the cost cannot be read from the edited arguments');
  return { tool: tool.name, argumentsDigest, resource, estimate };
}
