/**
 * Attempts to call what is not governed: a tool that does not exist, or one that nobody declared.
 *
 * Such a call has no code that could run, and would leave no trace. Here it is put to the control plane like
 * any other, which denies it and records who tried what. Nothing that comes of it can run: should somebody
 * have registered a tool that fits, its permit is given back.
 */
import {
  bindTool,
  ControlPlaneError,
  type Decision,
  type ReadArguments,
  type Session,
} from '../engine/index.ts';
import { isName, limits } from '../kernel/index.ts';

/** The action that an undeclared tool is said to be. No policy allows it without naming it. */
const undeclaredAction = 'undeclared';
/** Stands for a name that could not be a tool's; the name itself is kept with the arguments. */
const invalidName = 'invalid-tool-name';

export interface Attempt {
  /** As it was written. */
  readonly name: string;
  readonly input: unknown;
  readonly idempotencyKey?: string | undefined;
}

/** Denies an attempt and records it. */
export async function recordAttempt(
  session: Session,
  { name, input, idempotencyKey }: Attempt,
): Promise<Decision> {
  const tool = bindTool({ name: isName(name) ? name : invalidName, action: undeclaredAction });
  const isNamed = tool.record.name === name;
  const cut = name.slice(0, limits.nameLengthMax);
  const decision = await session.authorize({
    tool,
    arguments: readable(session, isNamed ? input : { name: cut, input }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    start: 'later',
  });
  if (decision.permit !== undefined) await session.void(decision.permit);
  return decision;
}

/** Whatever was sent, the attempt is recorded: input without a canonical form by its kind alone. */
function readable(session: Session, value: unknown): ReadArguments {
  try {
    return session.read(value);
  } catch (failure) {
    if (!ControlPlaneError.is(failure) || failure.code !== 'arguments-unrepresentable')
      throw failure;
    return session.read({ notRecorded: failure.code });
  }
}
