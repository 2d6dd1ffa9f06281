/**
 * The work that is measured: one refund tool behind `guard`, called by many callers at once.
 *
 * Every drive is checked: the tool ran, the session's budgets were charged and nothing is left
 * reserved, for exactly the number of calls that returned. Otherwise it throws, and no figure is
 * reported.
 */
import {
  type ControlPlane,
  guard,
  openControlPlane,
  type Principal,
  type Session,
  type Storage,
  type Tool,
} from '../src/index.ts';
import { awakeClock, LoopDelay, machineMs } from './awake.ts';
import { percentile } from './spread.ts';

/** Raise it when the calls or the policy below change: built logs depend on them. */
export const workVersion = 3;

interface RefundArguments {
  readonly orderId: string;
  readonly amount: string;
  readonly reason: string;
}

const amountPerCall = '0.25';
const microUsdPerCall = 250_000;

const policy = {
  format: 1,
  version: 1,
  actions: { 'order.refund': { risk: 'medium', resource: 'order/*' }, 'order.read': {} },
  tiers: { autoApprove: ['order.*'] },
  autoApproveWhen: { riskAtMost: 'medium' },
  rules: [
    {
      id: 'large-refunds',
      effect: 'deny',
      match: { action: 'order.refund' },
      when: { path: 'arguments.amount', moreThan: '100.00' },
    },
  ],
} as const;

/** When a drive ends: each caller stops at the first call that would start after it. */
export type Until = { readonly milliseconds: number } | { readonly actions: number };

/** All times are the machine's running time: what it stalled is taken out. */
export interface Drive {
  readonly actions: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestMs: number;
  /** Delay of the host's event loop meanwhile, p99. */
  readonly loopDelayP99Ms: number;
}

export class GovernedWork {
  readonly plane: ControlPlane;
  readonly #principal: Principal;
  #orders = 0;

  private constructor(plane: ControlPlane) {
    this.plane = plane;
    const roles = ['operator'];
    this.#principal = plane.identity.assert({ id: 'service:billing', org: 'acme', roles });
  }

  static async open(storage: Storage): Promise<GovernedWork> {
    const tools = [refundTool(() => {})];
    const plane = await openControlPlane({ storage, policy, agents: ['refund-bot'], tools });
    return new GovernedWork(plane);
  }

  /** Governed calls by `callers` callers, each with one call at a time, in one new session. */
  async drive(callers: number, until: Until): Promise<Drive> {
    const session = await this.plane.openSession({
      principal: this.#principal,
      agent: 'refund-bot',
      budget: { usd: '1000000', actions: 10_000_000 },
    });
    let executed = 0;
    const call = guard(
      session,
      refundTool(() => (executed += 1)),
    );
    const calls: (readonly [from: number, to: number])[] = [];
    const mayStart = allowance(until);
    const clock = await awakeClock();
    const loop = new LoopDelay();
    const caller = async (): Promise<void> => {
      while (mayStart()) {
        const called = machineMs();
        await call(this.#nextRefund());
        calls.push([called, machineMs()]);
      }
    };
    const seconds =
      (await clock.during(async () => {
        await Promise.all(Array.from({ length: callers }, caller));
      })) / 1_000;
    const loopDelayP99Ms = loop.stop(clock);
    const times = calls.map(([from, to]) => clock.between(from, to));
    if (executed !== times.length) {
      throw new Error(`${times.length} calls returned and the tool ran ${executed} times`);
    }
    await this.#assertCharged(session, times.length);
    await session.complete();
    times.sort((left, right) => left - right);
    return {
      actions: times.length,
      seconds,
      perSecond: times.length / seconds,
      p50Ms: percentile(times, 0.5),
      p99Ms: percentile(times, 0.99),
      longestMs: times.at(-1) ?? 0,
      loopDelayP99Ms,
    };
  }

  #nextRefund(): RefundArguments {
    this.#orders += 1;
    return { orderId: `o-${this.#orders}`, amount: amountPerCall, reason: 'damaged in transit' };
  }

  async #assertCharged(session: Session, calls: number): Promise<void> {
    for (const [unit, perCall] of [
      ['actions', 1],
      ['usd', microUsdPerCall],
    ] as const) {
      const budget = await this.plane.budget(session.id, unit);
      const charged = budget !== undefined && budget.posted === calls * perCall;
      if (charged && budget.reserved === 0 && !budget.frozen) continue;
      const found = JSON.stringify(budget);
      throw new Error(`budget ${unit} does not show ${calls} calls of ${perCall}: ${found}`);
    }
  }
}

function refundTool(onRun: () => void): Tool<RefundArguments, { readonly refunded: string }> {
  return {
    name: 'refund',
    action: 'order.refund',
    resource: 'order/{orderId}',
    description: 'Refunds an order in part or in full.',
    estimate: { usd: { argument: 'amount' } },
    execute: async ({ orderId }) => {
      onRun();
      return { refunded: orderId };
    },
  };
}

/** Says whether one more call may start, until the time or the number of calls is used up. */
function allowance(until: Until): () => boolean {
  if ('actions' in until) {
    let left = until.actions;
    return () => left-- > 0;
  }
  const end = performance.now() + until.milliseconds;
  return () => performance.now() < end;
}
