/**
 * The approval card: what an approver sees of a ticket before deciding, as plain data, the same for every
 * surface.
 *
 * It is made of the ticket's own facts and of the canonical argument text alone, which is what the decision
 * was made on and what the tool gets; nothing that an agent says about its call can take their place. What
 * an agent wrote, the arguments with their names and the resource that follows from them, is kept apart in
 * `agentText`, escaped. All other texts are the control plane's, the policy's or the host's.
 *
 * A card says what it leaves out, and is not `approvable` where an approver would not see enough.
 */
import {
  formatAmount,
  type RiskLevel,
  type TicketRecord,
  type GrantTerms,
} from '../kernel/index.ts';
import { deepFreeze } from '../log/index.ts';
import { agentTextOf, type AgentText } from './agent-text.ts';
import { argumentLeaves } from './argument-leaves.ts';
import { obstaclesOf, type CardObstacle } from './card-obstacles.ts';
import { plainText } from './shown-text.ts';

/** An earlier call of the same tool by the same agent in the same org that was approved. */
export interface PreviousApproval {
  readonly ticket: TicketRecord;
  /** Its canonical argument text; undefined where it was erased. */
  readonly arguments: string | undefined;
}

export interface ApprovalCardInput {
  readonly ticket: TicketRecord;
  /** The canonical argument text as recorded (RFC 8785); undefined where it was erased. */
  readonly arguments: string | undefined;
  /** What to compare with. */
  readonly previous?: PreviousApproval;
  /** Log time in ms. */
  readonly now: number;
  /** Show every field and every text to its end. */
  readonly full?: boolean;
}

export interface CardAmount {
  readonly unit: string;
  /** Exact decimal text. */
  readonly amount: string;
}

export interface ApprovalCard {
  readonly ticket: string;
  readonly status: TicketRecord['status'];
  readonly isFull: boolean;
  readonly action: string;
  readonly tool: string;
  /** Of a model call. */
  readonly model?: string;
  readonly risk: RiskLevel;
  /** The most that the call can cost, by unit. */
  readonly estimate: readonly CardAmount[];
  readonly principal: string;
  readonly agent: string;
  readonly session: string;
  readonly org: string;
  /** Sessions on whose behalf it works, the nearest first. */
  readonly ancestors: readonly string[];
  /** Why the policy asks; empty where it says nothing. */
  readonly reason: string;
  /** One of these roles is needed. */
  readonly approverRoles: readonly string[];
  /** Lists of patterns: whoever decides has to match one of each. */
  readonly approverPrincipals: readonly (readonly string[])[];
  /** How many have to approve, and who did so far. */
  readonly quorum: number;
  readonly approvedBy: readonly string[];
  readonly reasonRequired: boolean;
  /** Who may decide as well, and from which log time (ms) on. */
  readonly escalation?: {
    readonly at: number;
    readonly roles: readonly string[];
    readonly principals: readonly (readonly string[])[];
  };
  /** Whoever edited the call: the arguments are theirs, not the agent's. */
  readonly editedBy?: string;
  /** What those who approved so far grant beside the call: whoever approves grants the same. */
  readonly grant?: string;
  /** Log times and durations in ms. */
  readonly requestedAt: number;
  readonly expiresAt: number;
  readonly timeLeftMs: number;
  /** The previous approval; its arguments may be unreadable, and then nothing is compared. */
  readonly previous?: {
    readonly ticket: string;
    readonly decidedAt: number;
    readonly isCompared: boolean;
  };
  readonly agentText: AgentText;
  /** Whether an approver may approve from this card: there are no obstacles. */
  readonly approvable: boolean;
  readonly obstacles: readonly CardObstacle[];
}

/**
 * The card of a ticket, frozen: equal inputs give equal cards. Whether `arguments` are those that the ticket
 * was opened for (its digest takes the session's secret) MUST have been checked by the caller.
 *
 * Throws a TypeError where `previous` is of another org, agent or tool, or is neither approved nor consumed:
 * that is a mistake of the caller.
 */
export function approvalCard(input: ApprovalCardInput): ApprovalCard {
  const { ticket, previous, now, full = false } = input;
  assertSimilar(ticket, previous?.ticket);
  const leaves = input.arguments === undefined ? undefined : argumentLeaves(input.arguments);
  // Nothing is compared with arguments that cannot be read: they would all seem to be gone.
  const earlier =
    leaves === undefined || previous?.arguments === undefined
      ? undefined
      : argumentLeaves(previous.arguments);
  const agentText = agentTextOf(ticket.resource, { leaves: leaves ?? [], earlier, full });
  const obstacles = obstaclesOf({
    ticket,
    now,
    agentText,
    isErased: input.arguments === undefined,
    isReadable: leaves !== undefined,
  });
  return deepFreeze<ApprovalCard>({
    ...factsOf(ticket, now),
    isFull: full,
    ...(previous !== undefined && {
      previous: {
        ticket: plainText(previous.ticket.id),
        decidedAt: previous.ticket.decidedAt,
        isCompared: earlier !== undefined,
      },
    }),
    agentText,
    approvable: obstacles.length === 0,
    obstacles,
  });
}

function assertSimilar(ticket: TicketRecord, previous: TicketRecord | undefined): void {
  if (previous === undefined) return;
  for (const name of ['org', 'agent', 'tool'] as const) {
    if (previous[name] !== ticket[name]) {
      throw new TypeError(`the previous approval is of another ${name} than the ticket`);
    }
  }
  // An expired or cancelled one may have been approved before or never: its record does not say.
  if (previous.status !== 'approved' && previous.status !== 'consumed') {
    throw new TypeError(`the previous ticket is ${previous.status}, not approved`);
  }
}

/** What became of a ticket since it was opened, and what will. */
function laterFacts({ escalation, edited, grant }: TicketRecord) {
  return {
    ...(escalation !== undefined && {
      escalation: {
        at: escalation.at,
        roles: escalation.roles.map(plainText),
        principals: (escalation.principals ?? []).map((names) => names.map(plainText)),
      },
    }),
    ...(edited !== undefined && { editedBy: plainText(edited.by) }),
    ...(grant !== undefined && { grant: plainText(grantText(grant)) }),
  };
}

function grantText({ actions, resources, when, uses, cost, expiresAt, sessionOnly }: GrantTerms) {
  const most = Object.entries(cost).map(
    ([unit, amount]) => `${formatAmount(unit, amount)} ${unit}`,
  );
  return [
    `up to ${uses} later calls of ${actions.join(' ')}`,
    ...(resources === undefined ? [] : [`on ${resources.join(' ')}`]),
    ...(when === undefined ? [] : [`where ${JSON.stringify(when)}`]),
    ...(most.length === 0 ? [] : [`for ${most.join(' and ')} at most`]),
    ...(sessionOnly === true ? ['in this session'] : []),
    `until ${new Date(expiresAt).toISOString()}`,
  ].join(', ');
}

function factsOf(ticket: TicketRecord, now: number) {
  return {
    ticket: plainText(ticket.id),
    status: ticket.status,
    action: plainText(ticket.action),
    tool: plainText(ticket.tool),
    ...(ticket.model !== undefined && { model: plainText(ticket.model) }),
    risk: ticket.risk,
    estimate: Object.entries(ticket.estimate).map(([unit, amount]) => ({
      unit: plainText(unit),
      amount: formatAmount(unit, amount),
    })),
    principal: plainText(ticket.principal),
    agent: plainText(ticket.agent),
    session: plainText(ticket.session),
    org: plainText(ticket.org),
    ancestors: (ticket.ancestors ?? []).map(plainText),
    reason: plainText(ticket.reason),
    approverRoles: ticket.approverRoles.map(plainText),
    approverPrincipals: (ticket.approverPrincipals ?? []).map((names) => names.map(plainText)),
    quorum: ticket.quorum ?? 1,
    approvedBy: (ticket.approvals ?? []).map(plainText),
    reasonRequired: ticket.reasonRequired ?? false,
    ...laterFacts(ticket),
    requestedAt: ticket.requestedAt,
    expiresAt: ticket.expiresAt,
    timeLeftMs: Math.max(0, ticket.expiresAt - now),
  };
}
