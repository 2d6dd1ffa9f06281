/**
 * What a client gets in place of a result that it may not have: a tool result that its model can read, with
 * the code, the reason, what would help and the ticket; never a broken protocol.
 */
import type { CallToolResult } from '@modelcontextprotocol/client';
import { ControlPlaneError } from '../../../engine/index.ts';
import { ActionRefused } from '../../action-refused.ts';
import { metaKeys } from '../protocol/meta-keys.ts';
import { UpstreamUnavailable } from '../upstream/unavailable.ts';

/** Why a call gave no result, for programs. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly outcome?: string;
  readonly help?: string;
  readonly guidance?: string;
  readonly suggestions?: readonly string[];
  /** The ticket that an approver has to decide before the same call is made again. */
  readonly ticket?: string;
  readonly decision?: string;
  /** Of a call that was made before under its key: what became of the first. */
  readonly first?: string;
  /** Whether the same call may succeed later without a change by the caller. */
  readonly retryable?: boolean;
}

/** A call that went wrong after it was decided, in words that are meant for the client. */
export class CallFailed extends Error {
  override readonly name = 'CallFailed';
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** `withStructure`: not for a tool that promises a structure of its own results. */
export function refusalResult(
  refusal: Refusal,
  { withStructure }: { readonly withStructure: boolean },
): CallToolResult {
  const lines = [refusal.message];
  if (refusal.help !== undefined && !refusal.message.includes(refusal.help))
    lines.push(refusal.help);
  if (refusal.suggestions !== undefined && refusal.suggestions.length > 0) {
    lines.push(`Consider: ${refusal.suggestions.join(', ')}.`);
  }
  if (refusal.ticket !== undefined) lines.push(`Ticket: ${refusal.ticket}`);
  lines.push(`Code: ${refusal.code}`);
  return {
    content: [{ type: 'text', text: lines.join('\n') }],
    isError: true,
    ...(withStructure ? { structuredContent: { ...refusal } } : {}),
    _meta: { [metaKeys.refusal]: { ...refusal } },
  };
}

/** What is told of a failure. What is not known to be meant for others is not told. */
export function refusalOf(failure: unknown): Refusal {
  if (ActionRefused.is(failure)) return ofDecision(failure);
  if (ControlPlaneError.is(failure)) {
    const { code, message, help, retryable } = failure;
    return {
      code,
      message: `${message} (${code})`,
      ...(help === undefined ? {} : { help }),
      ...(retryable ? { retryable } : {}),
    };
  }
  if (failure instanceof CallFailed) return failure.refusal;
  if (failure instanceof UpstreamUnavailable) {
    return { code: 'upstream-unavailable', message: failure.message, retryable: true };
  }
  return { code: 'internal-error', message: 'the gateway failed; nothing was decided' };
}

function ofDecision({ code, message, help, decision }: ActionRefused): Refusal {
  const { id, outcome, guidance, suggestions, ticket, permitStatus } = decision;
  return {
    code,
    message,
    outcome,
    decision: id,
    ...(help === undefined ? {} : { help }),
    ...(decision.replayed && permitStatus !== 'none' ? { first: permitStatus } : {}),
    ...(outcome === 'steer' ? { guidance, suggestions } : {}),
    ...(ticket === undefined ? {} : { ticket }),
  };
}
