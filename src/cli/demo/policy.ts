/** The policy, the people and the limits of the demo. A policy as a user would write it, in one object. */
import type { PolicyDocument } from '../../kernel/index.ts';
import { lettersFolder } from './shared-folder.ts';

export const agent = 'refund-agent';
export const org = 'acme';

/** The agent of the second act, and the MCP server that it uses. */
export const lettersAgent = 'letters-agent';
export const serverName = 'filesystem';

export const people = {
  /** For whom the agent works: the requester of everything it does. */
  desk: { id: 'service:refund-desk', org, roles: ['agent'] },
  /** The same for the second act. */
  letters: { id: 'service:letters', org, roles: ['agent'] },
  ada: { id: 'user:ada', org, roles: ['approver'] },
  olga: { id: 'user:olga', org, roles: ['operator'] },
} as const;

export const budget = { usd: '100', actions: 30 } as const;

/** Long enough for a person in a hurry; without an approver the demo must not wait for ever, ms. */
export const approvalMs = 5_000;

/** The one folder in which the agent may write and delete. */
export const scratchFolder = 'scratch';

export const policy: PolicyDocument = {
  format: 1,
  version: 1,
  name: 'refund-desk',
  actions: {
    'file.read': {},
    'file.write': {},
    'file.delete': { risk: 'medium' },
    'order.read': {},
    'order.cancel': {},
    'order.delete': { risk: 'high' },
    'order.refund': { risk: 'high' },
    'report.build': { runTimeoutMs: 30_000 },
    // Tools of the MCP server. Those that are not named here are not shown to the agent.
    'filesystem.read_text_file': {},
    'filesystem.write_file': { risk: 'medium' },
    'filesystem.edit_file': { risk: 'medium' },
  },
  tiers: {
    alwaysApprove: ['order.refund', 'filesystem.write_file', 'filesystem.edit_file'],
    autoApprove: [
      'file.*',
      'order.read',
      'order.cancel',
      'report.build',
      'filesystem.read_text_file',
    ],
  },
  autoApproveWhen: { riskAtMost: 'medium' },
  rules: [
    {
      id: 'scratch-only',
      effect: 'deny',
      match: { action: ['file.write', 'file.delete', 'report.build'] },
      when: { path: 'arguments.path', outside: scratchFolder },
      reason: 'files are changed only inside the scratch folder',
    },
    {
      id: 'letters-only',
      effect: 'deny',
      match: { action: ['filesystem.write_file', 'filesystem.edit_file'] },
      when: { path: 'arguments.path', outside: lettersFolder },
      reason: 'the server writes letters and nothing else',
    },
    {
      id: 'orders-are-kept',
      effect: 'steer',
      match: { action: 'order.delete' },
      reason: 'orders are kept for the books',
      steer: {
        guidance: 'orders are kept for the books: cancel the order with `cancel_order` instead',
        suggest: ['order.cancel'],
      },
    },
  ],
  approvals: { roles: ['approver'], timeoutMs: approvalMs },
};
