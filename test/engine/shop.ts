/**
 * A small shop to govern: an agent, four tools, a policy and its people, for tests of the whole
 * library.
 */
import {
  type ControlPlane,
  type ControlPlaneOptions,
  openControlPlane,
} from '../../src/engine/index.ts';
import type { Tool } from '../../src/enforce/guard.ts';
import type { Storage } from '../../src/storage/storage.ts';

export interface Order {
  readonly orderId: string;
}

export interface Refund extends Order {
  readonly amount: string;
}

export const read: Tool<Order, object> = {
  name: 'read',
  action: 'order.read',
  resource: 'order/{orderId}',
  execute: (order) => ({ ...order, state: 'paid' }),
};

export const pay: Tool<Refund, object> = {
  name: 'pay',
  action: 'order.pay',
  resource: 'order/{orderId}',
  estimate: { usd: { argument: 'amount' } },
  execute: (refund) => ({ paid: refund.amount }),
};

/** Needs an approver. */
export const refund: Tool<Refund, object> = {
  name: 'refund',
  action: 'order.refund',
  resource: 'order/{orderId}',
  estimate: { usd: { argument: 'amount' } },
  execute: ({ amount }) => ({ refunded: amount }),
};

export const erase: Tool<Order, object> = {
  name: 'erase',
  action: 'order.erase',
  resource: 'order/{orderId}',
  execute: () => ({ erased: true }),
};

const shopTools = [read, pay, refund, erase];

export const shopPolicy = {
  format: 1,
  version: 1,
  actions: {
    'order.read': { resource: 'order/*' },
    'order.pay': {},
    'order.refund': { risk: 'high' },
    'order.erase': {},
  },
  tiers: {
    blocked: ['order.erase'],
    alwaysApprove: ['order.refund'],
    unrestricted: ['order.read', 'order.pay'],
  },
};

export function openShop(
  storage: Storage,
  options: Partial<ControlPlaneOptions> = {},
): Promise<ControlPlane> {
  return openControlPlane({
    storage,
    policy: shopPolicy,
    agents: ['bot', 'other-bot'],
    tools: shopTools,
    ...options,
  });
}

/** The people of the shop, minted by one control plane. */
export function staff({ identity }: ControlPlane) {
  return {
    billing: identity.assert({ id: 'service:billing', org: 'acme', roles: ['agent'] }),
    support: identity.assert({ id: 'service:support', org: 'acme', roles: ['agent', 'approver'] }),
    ops: identity.assert({ id: 'service:ops', org: 'acme', roles: ['operator'] }),
    ada: identity.assert({ id: 'user:ada', org: 'acme', roles: ['approver'] }),
    eve: identity.assert({ id: 'user:eve', org: 'globex', roles: ['admin'] }),
    root: identity.assert({ id: 'user:root', org: 'acme', roles: ['admin', 'platform-admin'] }),
    auditor: identity.assert({ id: 'user:aud', org: 'acme', roles: ['auditor'] }),
  };
}

/** The code of what a promise rejects with; `resolved` where it does not. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'resolved';
  } catch (failure) {
    return String((failure as { readonly code?: unknown }).code ?? failure);
  }
}

/** The type of every entry, in order. */
export async function entryTypes(plane: ControlPlane): Promise<string[]> {
  const types: string[] = [];
  for await (const { type } of plane.events()) types.push(type);
  return types;
}
