/**
 * One budget that many callers spend from at once, each an amount of its own, until far more was asked for
 * than there is. What was admitted is counted by the callers and not by whoever admits.
 */
import { bindTool, type ToolDeclaration } from '../src/engine/index.ts';
import { openControlPlane, type Storage } from '../src/index.ts';
import { awakeClock } from './awake.ts';

/** Whoever admits: undefined where the amount is not left, otherwise how to say what was really used. */
export interface Spending {
  readonly take: (amount: number) => Promise<((used: number) => Promise<unknown>) | undefined>;
  readonly close: () => Promise<void>;
}

export interface Drain {
  /** Calls that were answered. */
  readonly calls: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** What callers used that were let through. */
  readonly spent: number;
}

export const hotLimit = 1_500;
const amountMax = 9;

/** `calls` calls by `callers` callers; half of each amount is used, rounded up. */
export async function drain(
  spending: Spending,
  { callers, calls }: { readonly callers: number; readonly calls: number },
): Promise<Drain> {
  let [next, spent] = [0, 0];
  const caller = async (): Promise<void> => {
    while (next < calls) {
      const amount = 1 + ((next * 7) % amountMax);
      next += 1;
      const settle = await spending.take(amount);
      if (settle === undefined) continue;
      const used = Math.ceil(amount / 2);
      spent += used;
      await settle(used);
    }
  };
  const clock = await awakeClock();
  const ms = await clock.during(async () => {
    await Promise.all(Array.from({ length: callers }, caller));
  });
  return { calls, seconds: ms / 1_000, perSecond: (calls / ms) * 1_000, spent };
}

const declaration: ToolDeclaration = {
  name: 'spend',
  action: 'units.spend',
  resource: 'units',
  estimate: { tokens: { argument: 'amount' } },
};
const tool = bindTool(declaration);

/** This project's: one plan for the org, a session without budgets of its own. */
export async function ourSpending(storage: Storage): Promise<Spending> {
  const plane = await openControlPlane({
    storage,
    policy: {
      format: 1,
      version: 1,
      actions: { 'units.spend': {} },
      tiers: { unrestricted: ['units.spend'] },
    },
    agents: ['spender'],
    tools: [declaration],
  });
  await plane.setBudget({
    org: 'acme',
    plan: {
      id: 'hot',
      unit: 'tokens',
      limit: hotLimit,
      scope: { kind: 'org', id: 'acme' },
      sharing: 'shared',
      window: 'unlimited',
    },
  });
  const principal = plane.identity.assert({ id: 'service:hot', org: 'acme', roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'spender' });
  return {
    take: async (amount) => {
      const { permit, code } = await session.authorize({
        tool,
        arguments: session.read({ amount }),
      });
      if (permit === undefined) {
        if (code !== 'budget-exceeded') throw new Error(`refused with ${code}`);
        return undefined;
      }
      return (used) => session.settle(permit, { outcome: 'succeeded', usage: { tokens: used } });
    },
    close: () => plane.close(),
  };
}
