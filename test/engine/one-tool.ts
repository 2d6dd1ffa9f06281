/** An agent with one tool, whose action the policy leaves unrestricted but for what a test adds to it. */
import { onTestFinished } from 'vitest';
import {
  type ControlPlane,
  type Evaluator,
  memory,
  openControlPlane,
  type Session,
  type Storage,
  type ToolDeclaration,
} from '../../src/index.ts';

export interface OneTool {
  readonly tool: ToolDeclaration;
  /** What the policy has besides, or in place of what it would have. */
  readonly policy?: object | undefined;
  readonly evaluators?: readonly Evaluator[] | undefined;
  /** The session's own. */
  readonly budget?: Readonly<Record<string, number>>;
}

/** An open session of the agent in a control plane that is closed when the test is over. */
export async function openOneTool({ tool, policy, evaluators = [], budget }: OneTool): Promise<{
  readonly plane: ControlPlane;
  readonly session: Session;
  readonly storage: Storage;
}> {
  const storage = memory();
  const plane = await openControlPlane({
    storage,
    policy: {
      format: 1,
      version: 1,
      actions: { [tool.action]: {} },
      tiers: { unrestricted: [tool.action] },
      ...policy,
    },
    agents: ['bot'],
    tools: [tool],
    evaluators,
  });
  onTestFinished(() => plane.close());
  const principal = plane.identity.assert({ id: 'ann', org: 'acme', roles: ['agent'] });
  const bounds = budget === undefined ? {} : { budget };
  const session = await plane.openSession({ principal, agent: 'bot', ...bounds });
  return { plane, session, storage };
}
