/** Spending with this project: a tool that takes as much as its argument says, from the one budget of an org. */
import { bindTool, type ToolDeclaration } from '../src/engine/index.ts';
import { type ControlPlane, openControlPlane, type Storage } from '../src/index.ts';
import { unrestricted } from './unrestricted.ts';

/** Undefined where the amount is not left, otherwise how to say what was really used. */
export type Take = (amount: number) => Promise<((used: number) => Promise<unknown>) | undefined>;

const declaration: ToolDeclaration = {
  name: 'spend',
  action: 'units.spend',
  resource: 'units',
  estimate: { tokens: { argument: 'amount' } },
};
const tool = bindTool(declaration);

export function openSpending(storage: Storage): Promise<ControlPlane> {
  return openControlPlane({
    storage,
    policy: unrestricted(declaration.action),
    agents: ['spender'],
    tools: [declaration],
  });
}

/** One account for everybody in the org, in tokens, without a window. */
export async function setLimit(
  plane: ControlPlane,
  { org, limit }: { readonly org: string; readonly limit: number },
): Promise<void> {
  await plane.setBudget({
    org,
    plan: {
      id: 'hot',
      unit: 'tokens',
      limit,
      scope: { kind: 'org', id: org },
      sharing: 'shared',
      window: 'unlimited',
    },
  });
}

/** How to take from the org's budget, in a session without budgets of its own. */
export async function takeIn(plane: ControlPlane, org: string): Promise<Take> {
  const principal = plane.identity.assert({ id: 'service:hot', org, roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'spender' });
  return async (amount) => {
    const { permit, code } = await session.authorize({ tool, arguments: session.read({ amount }) });
    if (permit === undefined) {
      if (code !== 'budget-exceeded') throw new Error(`refused with ${code}`);
      return undefined;
    }
    return (used) => session.settle(permit, { outcome: 'succeeded', usage: { tokens: used } });
  };
}
