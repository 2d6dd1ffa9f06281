/**
 * One budget that many callers spend from at once, each an amount of its own, until far more was asked for
 * than there is. What was admitted is counted by the callers and not by whoever admits.
 */
import type { Storage } from '../src/index.ts';
import { awakeClock } from './awake.ts';
import { openSpending, setLimit, type Take, takeIn } from './spending.ts';

/** Whoever admits. */
export interface Spending {
  readonly take: Take;
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

/** This project's: one plan for the org, a session without budgets of its own. */
export async function ourSpending(storage: Storage): Promise<Spending> {
  const plane = await openSpending(storage);
  await setLimit(plane, { org: 'acme', limit: hotLimit });
  return { take: await takeIn(plane, 'acme'), close: () => plane.close() };
}
