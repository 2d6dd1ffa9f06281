/**
 * What the approval step of the main path does with tickets: use an approved one, wait for a pending one,
 * respect a denied one, or ask anew.
 */
import { findAgent } from './agent-rights.ts';
import type { Amounts } from './amount.ts';
import type { Authorize } from './command.ts';
import type { Event } from './event.ts';
import type { HandleContext } from './handled.ts';
import { limits } from './limits.ts';
import type { PolicyVerdict } from './policy/evaluate.ts';
import type {
  ApproverTerms,
  SessionRecord,
  StateView,
  TicketRecord,
  ToolRecord,
} from './record.ts';
import { reject, type Rejection } from './rejection.ts';
import { bindingKey, stands } from './ticket.ts';

export interface TicketUse {
  readonly ticket: string;
  /** Whether an approval is used up by this call. */
  readonly consumed: boolean;
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
  const standing = found !== undefined && isStanding(view, found, asking, estimate, context);
  if (found !== undefined && standing) {
    switch (found.status) {
      case 'approved':
        return { ticket: found.id, consumed: true, events: [] };
      case 'pending':
        return { ticket: found.id, consumed: false, events: [] };
      case 'denied': {
        const refusal = reject(
          'approval-denied',
          `\`${found.decidedBy}\` denied exactly this call`,
        );
        return { ticket: found.id, consumed: false, events: [], refusal };
      }
      default:
        break;
    }
  }
  const lapsed = found?.status === 'pending' || found?.status === 'approved';
  const withdrawn: readonly Event[] = lapsed
    ? [{ type: 'ticket-cancelled', session: session.id, data: { ticket: found.id } }]
    : [];
  if (session.pendingTickets.length - withdrawn.length >= limits.ticketsPendingMax) {
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

function isStanding(
  view: StateView,
  ticket: TicketRecord,
  asking: Asking,
  estimate: Amounts,
  context: HandleContext,
): boolean {
  const { session, command, policyVersion } = asking;
  return stands(
    view,
    ticket,
    {
      principal: session.principal,
      agent: session.agent,
      definition: command.definition,
      policyVersion,
      estimate,
    },
    context.now,
  );
}

function approverTerms({
  roles,
  principals,
  quorum,
  reasonRequired,
}: PolicyVerdict['approval']): ApproverTerms {
  return {
    approverRoles: roles,
    ...(principals.length === 0 ? {} : { approverPrincipals: principals }),
    ...(quorum === 1 ? {} : { quorum }),
    ...(reasonRequired ? { reasonRequired } : {}),
  };
}

function ownerOf(view: StateView, { org, agent }: SessionRecord): { readonly agentOwner?: string } {
  const owner = findAgent(view, org, agent)?.owner;
  return owner === undefined ? {} : { agentOwner: owner };
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
      risk: verdict.risk,
      reason: verdict.message,
      ...approverTerms(verdict.approval),
      expiresAt: context.now + verdict.approval.timeoutMs,
    },
  };
}
