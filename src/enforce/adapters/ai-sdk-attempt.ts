/** Calls of tools that the AI SDK does not know, or that nobody declared: recorded, denied, never run. */
import { hash } from 'node:crypto';
import { NoSuchToolError, type ToolCallRepairFunction, type ToolSet } from 'ai';
import { ControlPlaneError, type Session } from '../../engine/index.ts';
import { limits } from '../../kernel/index.ts';
import { ActionRefused } from '../action-refused.ts';
import { recordAttempt } from '../attempt.ts';

/**
 * For the SDK's `repairToolCall`: denies and records calls of tools that do not exist. It repairs nothing, so
 * that the model gets the SDK's own error, which names the tools there are.
 */
export function recordUnknownTools<TOOLS extends ToolSet = ToolSet>(
  session: Session,
): ToolCallRepairFunction<TOOLS> {
  return async ({ toolCall, error }) => {
    if (!NoSuchToolError.isInstance(error)) return null;
    const { toolName: name, toolCallId, input } = toolCall;
    const idempotencyKey = callKey(session, toolCallId);
    await recordAttempt(session, { name, input: parsed(input), idempotencyKey });
    return null;
  };
}

/** The code of a tool without a declaration: it never runs. */
export async function denyUndeclared(
  session: Session,
  name: string,
  input: unknown,
  toolCallId: string | undefined,
): Promise<never> {
  const idempotencyKey = callKey(session, toolCallId);
  const decision = await recordAttempt(session, { name, input, idempotencyKey });
  if (decision.outcome !== 'allow') throw new ActionRefused(decision);
  throw new ControlPlaneError('tool-ungovernable', `tool \`${name}\` has no declaration`);
}

/** Throws `input-invalid` for what says neither to wait nor to refuse. */
export function assertApproval(approval: unknown): void {
  if (approval === undefined || approval === 'wait' || approval === 'refuse') return;
  throw new ControlPlaneError('input-invalid', '`approval` is neither `wait` nor `refuse`');
}

/**
 * A tool call's idempotency key: the SDK's id of the call, within its session. A host that calls a tool by
 * itself may give none, and has no key: under one that all such calls share, one would stand for the next.
 */
export function callKey(session: Session, toolCallId: string | undefined): string | undefined {
  if (toolCallId === undefined) return undefined;
  const key = `${session.id}/${toolCallId}`;
  const plain = key.length <= limits.idempotencyKeyLengthMax && /^[\x21-\x7e]+$/.test(key);
  return plain ? key : `${session.id}/sha256:${hash('sha256', toolCallId, 'hex')}`;
}

/** The model's text may be anything; what is no JSON is recorded as the text it is. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return { text };
  }
}
