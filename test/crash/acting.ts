/**
 * Callers that govern tool calls in one session of a log, whatever happens to the log's store, and say each
 * step before they take the next. What they call: guarded calls under keys that others use too, calls in single
 * steps, and calls that take an approval, which is then tried twice at once.
 */
import {
  bindTool,
  type ControlPlane,
  ControlPlaneError,
  openControlPlane,
  type Session,
} from '../../src/engine/index.ts';
import { guard, type Tool } from '../../src/enforce/guard.ts';
import type { Storage } from '../../src/storage/storage.ts';
import type { Random } from '../../src/testing/index.ts';
import type { Line } from './account.ts';

interface Payment {
  readonly nonce: string;
  readonly amount: string;
}

const estimate = { usd: { argument: 'amount' } } as const;
const payTool = { name: 'pay', action: 'order.pay', estimate } as const;
const refundTool = { name: 'refund', action: 'order.refund', estimate } as const;

/** Opens a log that is new, or was used before, and a session with a tight budget in it. */
export async function openSession(
  storage: Storage,
  budget: { readonly usd: string; readonly actions: number },
): Promise<string> {
  const plane = await openControlPlane({
    storage,
    policy: {
      format: 1,
      version: 1,
      actions: {
        'order.pay': { runTimeoutMs: 60_000 },
        'order.refund': { runTimeoutMs: 60_000 },
      },
      tiers: { unrestricted: ['order.pay'], alwaysApprove: ['order.refund'] },
    },
    agents: ['bot'],
    tools: [payTool, refundTool],
  });
  const session = await plane.openSession({ principal: agentOf(plane), agent: 'bot', budget });
  await plane.close();
  return session.id;
}

const agentOf = ({ identity }: ControlPlane) =>
  identity.assert({ id: 'service:shared', org: 'acme', roles: ['agent'] });

export interface ActingOptions {
  readonly plane: ControlPlane;
  readonly session: string;
  /** Of this process, or this part of one. */
  readonly label: string;
  readonly random: Random;
  readonly say: (line: Line) => void;
}

export class Acting {
  readonly plane: ControlPlane;
  readonly #options: ActingOptions;
  readonly #session: Session;
  readonly #pay: Tool<Payment, object>;
  readonly #guarded: (call: Payment, options: { idempotencyKey: string }) => Promise<object>;
  /** Calls that are not over: which, and of what kind. */
  readonly underWay = new Set<string>();
  #calls = 0;

  private constructor(options: ActingOptions, session: Session) {
    const { plane, random, say } = options;
    this.plane = plane;
    this.#options = options;
    this.#session = session;
    this.#pay = {
      ...payTool,
      execute: async ({ nonce, amount }, { permit }) => {
        say({ start: permit.id, key: nonce });
        await new Promise((resolve) => void setImmediate(resolve));
        if (random.chance(0.1)) throw new Error('the tool failed');
        return { paid: amount };
      },
      usage: (_, { amount }) => ({ usd: random.chance(0.5) ? amount : '0.50' }),
    };
    this.#guarded = guard(session, this.#pay);
  }

  static async attach(options: ActingOptions): Promise<Acting> {
    const { plane, session } = options;
    return new Acting(options, await plane.attachSession(agentOf(plane), session));
  }

  /** One call of some kind; what the control plane throws is said, and not thrown. */
  async act(): Promise<void> {
    const { random, label } = this.#options;
    this.#calls += 1;
    const nonce = `${label}-${this.#calls}`;
    const call = { nonce, amount: String(random.integer(1, 2)) };
    const kind = random.weighted({ guarded: 30, approved: 10, stepwise: 60 });
    const name = `${nonce} ${kind}`;
    this.underWay.add(name);
    try {
      if (kind === 'guarded') await this.#keyed(`shared-${this.#calls}`);
      else if (kind === 'approved') await this.#approved(call);
      else await this.#stepwise(call);
    } catch (failure) {
      if (ControlPlaneError.is(failure)) this.#options.say({ failed: failure.code });
      else if (!String(failure).includes('the tool failed')) throw failure;
    } finally {
      this.underWay.delete(name);
    }
  }

  /** A guarded call under a key that the other process uses too: one of them runs it. */
  async #keyed(key: string): Promise<void> {
    await this.#guarded({ nonce: key, amount: '1' }, { idempotencyKey: key });
    this.#options.say({ keyed: key });
  }

  /** Authorize, start, run, settle, with a line after each answer. */
  async #stepwise(call: Payment): Promise<void> {
    const { random, say } = this.#options;
    const later = random.chance(0.3);
    const permit = await this.#authorize(this.#pay, call, later ? 'later' : 'now');
    if (permit === undefined) return;
    if (later && random.chance(0.3)) {
      await this.#session.void(permit);
      return;
    }
    if (later) await this.#session.start(permit);
    say({ start: permit.id, key: call.nonce });
    await this.#session.settle(permit, { outcome: 'succeeded', usage: { usd: call.amount } });
    say({ settled: permit.id });
    const { size, previous } = await this.plane.head();
    if (previous !== null) say({ size, leaf: previous });
  }

  async #authorize(tool: typeof refundTool | Tool<Payment, object>, call: Payment, start: Start) {
    const { id, index, outcome, permit, ticket } = await this.#session.authorize({
      tool: bindTool(tool),
      arguments: this.#session.read(call),
      start,
    });
    this.#options.say({ ack: id, index, outcome });
    if (permit !== undefined && ticket !== undefined) this.#options.say({ used: ticket });
    return permit;
  }

  /** A call that takes an approver, sent twice at once when it is approved: one of the two may run. */
  async #approved(call: Payment): Promise<void> {
    const { identity } = this.plane;
    const { ticket } = await this.#session.authorize({
      tool: bindTool(refundTool),
      arguments: this.#session.read(call),
    });
    if (ticket === undefined) return;
    const by = identity.assert({ id: 'user:ada', org: 'acme', roles: ['approver'] });
    await this.plane.approve({ ticket, by });
    const twice = await Promise.allSettled(
      ['now', 'now'].map(() => this.#authorize(refundTool, call, 'now')),
    );
    for (const each of twice) {
      if (each.status === 'rejected') throw each.reason;
      if (each.value === undefined) continue;
      this.#options.say({ start: each.value.id, key: call.nonce });
      await this.#session.settle(each.value, { outcome: 'succeeded' });
      this.#options.say({ settled: each.value.id });
    }
  }
}

type Start = 'now' | 'later';
