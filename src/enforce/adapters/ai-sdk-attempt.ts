/**
 * Attempts of a model to call what is not governed: a tool that does not exist, or one that nobody declared.
 *
 * Such a call has no code that could run, and would leave no trace. Here it is put to the control plane like
 * any other, which denies it and records who tried what. Nothing that comes of it can run: should somebody
 * have registered a tool that fits, its permit is given back.
 */
import { hash } from 'node:crypto';
import { NoSuchToolError, type ToolCallRepairFunction, type ToolSet } from 'ai';
import {
  bindTool,
  ControlPlaneError,
  type Decision,
  type ReadArguments,
  type Session,
} from '../../engine/index.ts';
import { isName, limits } from '../../kernel/index.ts';
import { ActionRefused } from '../action-refused.ts';

/** The action that an undeclared tool is said to be. No policy allows it without naming it. */
const undeclaredAction = 'undeclared';
/** Stands for a name that could not be a tool's; the name itself is kept with the arguments. */
const invalidName = 'invalid-tool-name';

/**
 * For the SDK's `repairToolCall`: denies and records calls of tools that do not exist. It repairs nothing, so
 * that the model gets the SDK's own error, which names the tools there are.
 */
export function recordUnknownTools<TOOLS extends ToolSet = ToolSet>(
  session: Session,
): ToolCallRepairFunction<TOOLS> {
  return async ({ toolCall, error }) => {
    if (!NoSuchToolError.isInstance(error)) return null;
    const { toolName, toolCallId, input } = toolCall;
    await attempt(session, toolName, parsed(input), toolCallId);
    return null;
  };
}

/** The code of a tool without a declaration: it never runs. */
export async function denyUndeclared(
  session: Session,
  name: string,
  input: unknown,
  toolCallId: string,
): Promise<never> {
  const decision = await attempt(session, name, input, toolCallId);
  if (decision.outcome !== 'allow') throw new ActionRefused(decision);
  throw new ControlPlaneError('tool-ungovernable', `tool \`${name}\` has no declaration`);
}

/** A tool call's idempotency key: the SDK's id of the call, within its session. */
export function callKey(session: Session, toolCallId: string): string {
  const key = `${session.id}/${toolCallId}`;
  const plain = key.length <= limits.idempotencyKeyLengthMax && /^[\x21-\x7e]+$/.test(key);
  return plain ? key : `${session.id}/sha256:${hash('sha256', toolCallId, 'hex')}`;
}

async function attempt(
  session: Session,
  name: string,
  input: unknown,
  toolCallId: string,
): Promise<Decision> {
  const tool = bindTool({ name: isName(name) ? name : invalidName, action: undeclaredAction });
  const isNamed = tool.record.name === name;
  const cut = name.slice(0, limits.nameLengthMax);
  const decision = await session.authorize({
    tool,
    arguments: readable(session, isNamed ? input : { name: cut, input }),
    idempotencyKey: callKey(session, toolCallId),
    start: 'later',
  });
  if (decision.permit !== undefined) await session.void(decision.permit);
  return decision;
}

/** Whatever the model sent, the attempt is recorded: input without a canonical form by its kind alone. */
function readable(session: Session, value: unknown): ReadArguments {
  try {
    return session.read(value);
  } catch (failure) {
    if (!ControlPlaneError.is(failure) || failure.code !== 'arguments-unrepresentable')
      throw failure;
    return session.read({ notRecorded: failure.code });
  }
}

/** The model's text may be anything; what is no JSON is recorded as the text it is. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return { text };
  }
}
