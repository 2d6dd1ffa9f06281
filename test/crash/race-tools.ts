/** The tools and the policy of the processes that race: one tool is free, one takes an approver, one takes two. */
import type { ToolDeclaration } from '../../src/index.ts';

const resource = 'order/{orderId}';

export const raceTools = {
  read: { name: 'read', action: 'order.read', resource },
  refund: {
    name: 'refund',
    action: 'order.refund',
    resource,
    estimate: { usd: { argument: 'amount' } },
  },
  close: { name: 'close', action: 'order.close', resource },
} as const satisfies Readonly<Record<string, ToolDeclaration>>;

export const racePolicy = {
  format: 1,
  version: 1,
  actions: { 'order.read': {}, 'order.refund': {}, 'order.close': {} },
  tiers: { alwaysApprove: ['order.refund'], unrestricted: ['order.read'] },
  rules: [
    {
      id: 'two',
      effect: 'require-approval',
      match: { action: 'order.close' },
      approval: { quorum: 2 },
    },
  ],
};
