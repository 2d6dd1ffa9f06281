/**
 * Asks whoever sits at the client to decide a ticket, where the configuration says who that is. The question
 * is the ticket's card. What comes back is put to the control plane as that principal's decision, and counts
 * as much as the policy lets it; everybody else can decide the same ticket elsewhere.
 */
import type { ClientCapabilities } from '@modelcontextprotocol/client';
import { cardText } from '../../../approvals/index.ts';
import { type ControlPlane, ControlPlaneError } from '../../../engine/index.ts';
import type { IdentityAssertion } from '../../../identity/assertion.ts';

/** A question in the words of MCP's elicitation. */
export interface ApprovalQuestion {
  readonly message: string;
  readonly requestedSchema: typeof answerSchema;
}

const answerSchema = {
  type: 'object' as const,
  properties: {
    decision: {
      type: 'string' as const,
      title: 'Decision',
      enum: ['approve', 'deny'],
    },
    reason: { type: 'string' as const, title: 'Reason', maxLength: 1_000 },
  },
  required: ['decision'],
};

const cardWidth = 80;

/** Undefined where the ticket is gone, or its card shows too little to decide on. */
export async function approvalQuestion(
  plane: ControlPlane,
  ticket: string,
): Promise<ApprovalQuestion | undefined> {
  const card = await plane.card(ticket, { full: true });
  if (card?.approvable !== true) return undefined;
  const message = cardText(card, { color: false, width: cardWidth });
  return { message, requestedSchema: answerSchema };
}

/** Whether the ticket was decided by an answer: one that says nothing clear leaves it pending. */
export async function decideAtClient(
  plane: ControlPlane,
  who: IdentityAssertion,
  ticket: string,
  answer: unknown,
): Promise<boolean> {
  const { action, content } = (answer ?? {}) as {
    readonly action?: unknown;
    readonly content?: { readonly decision?: unknown; readonly reason?: unknown } | null;
  };
  const decision = action === 'accept' ? content?.decision : undefined;
  const isRefused = action === 'decline' || decision === 'deny';
  if (decision !== 'approve' && !isRefused) return false;
  const by = plane.identity.assert(who);
  const said = content?.reason;
  const reason = typeof said === 'string' && said.trim() !== '' ? said : 'answered at the client';
  const ruling = { ticket, by, reason };
  try {
    await (isRefused ? plane.deny(ruling) : plane.approve(ruling));
  } catch (failure) {
    // Somebody else was faster, and what they decided holds.
    if (!ControlPlaneError.is(failure) || failure.code !== 'ticket-not-pending') throw failure;
  }
  return true;
}

/** Whether a client can show a form; one that says nothing of modes can show nothing else. */
export function canShowForm({ elicitation }: ClientCapabilities): boolean {
  if (elicitation === undefined) return false;
  return elicitation.form !== undefined || elicitation.url === undefined;
}
