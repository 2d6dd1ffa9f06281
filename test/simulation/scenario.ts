/** What exists in a simulated world: agents, tools, models, policies and people. */
import type { IdentityAssertion } from '../../src/identity/assertion.ts';
import type { ToolDeclaration } from '../../src/engine/index.ts';

export const agents = ['clerk', 'courier', 'deputy'];

export const tools: readonly ToolDeclaration[] = [
  {
    name: 'pay',
    action: 'order.pay',
    resource: 'order/{order}',
    estimate: { usd: { argument: 'amount' } },
  },
  { name: 'look', action: 'order.look', resource: 'order/{order}', estimate: { usd: '0.25' } },
  {
    name: 'wire',
    action: 'bank.wire',
    resource: 'account/{order}',
    estimate: { usd: { argument: 'amount' } },
  },
  { name: 'erase', action: 'order.erase', resource: 'order/{order}' },
  { name: 'guess', action: 'order.guess', resource: 'order/{order}' },
];

/** Micro-USD for each token. */
export const tokenPrices: Readonly<
  Record<string, { readonly input: number; readonly output: number }>
> = {
  small: { input: 1_000, output: 2_000 },
  large: { input: 5_000, output: 10_000 },
};

export const prices = {
  format: 1,
  version: 1,
  currency: 'USD',
  models: Object.fromEntries(
    Object.entries(tokenPrices).map(([id, { input, output }]) => [
      id,
      {
        aliases: [`cloud/${id}`],
        // The catalogue has them in USD for a million tokens.
        prices: [{ input: String(input), output: String(output) }],
      },
    ]),
  ),
};

/** The version of the policy that a world begins with: worlds begin under different ones. */
export function firstVersion(seed: string): number {
  const sum = Buffer.from(seed).reduce((before, letter) => before + letter, 0);
  return 1 + (sum % 12);
}

const fourEyes = [['release-kill'], ['raise-budget'], undefined, ['activate-policy']];
const onStuck = ['pause', 'abort', 'alert'];

/** Versions differ in what is paid without a question and in what is locked, leased, missed and confirmed. */
export function policy(version: number): object {
  const isWatched = version % 2 === 0;
  const eyes = fourEyes[version % fourEyes.length];
  return {
    format: 1,
    version,
    actions: {
      'order.pay': { risk: 'medium', runTimeoutMs: 20_000 },
      'order.look': { runTimeoutMs: 5_000 },
      'bank.wire': { risk: 'high', runTimeoutMs: 30_000 },
      'order.erase': {},
      'order.guess': {},
      'model.call': { runTimeoutMs: 10_000 },
    },
    tiers: {
      blocked: ['order.erase'],
      alwaysApprove: ['bank.wire'],
      autoApprove: ['order.pay'],
      unrestricted: ['order.look', 'model.call'],
      steer: ['order.guess'],
    },
    autoApproveWhen: { riskAtMost: 'medium' },
    rules: [
      {
        id: 'steer-guesses',
        effect: 'steer',
        match: { action: 'order.guess' },
        steer: { guidance: 'look instead', suggest: ['order.look'], retriesAtMost: 2 },
      },
      {
        id: 'large-pay',
        effect: 'require-approval',
        match: { action: 'order.pay' },
        when: { path: 'arguments.amount', moreThan: String(2 + (version % 3)) },
      },
    ],
    approvals: {
      roles: ['approver'],
      // A reminder comes after a minute at the earliest.
      ...(version % 3 === 0 ? { timeoutMs: 150_000, remindMs: 60_000 } : { timeoutMs: 40_000 }),
      escalation: { afterMs: 10_000, roles: ['admin'] },
    },
    leases: { onStuck: onStuck[version % onStuck.length], termMs: 8_000 },
    ...(version % 4 === 1
      ? {}
      : { locks: [{ actions: ['order.*', 'bank.*'], mode: 'exclusive' }] }),
    ...(isWatched ? { operatorHeartbeatMs: 30_000 } : {}),
    ...(eyes === undefined ? {} : { fourEyes: eyes }),
  };
}

const people: Readonly<Record<string, IdentityAssertion>> = {
  billing: { id: 'service:billing', org: 'acme', roles: ['agent'], teams: ['desk'] },
  // An operator who may also approve: but not what it asked for itself.
  ops: {
    id: 'service:ops',
    org: 'acme',
    roles: ['operator', 'approver'],
    teams: ['desk', 'night'],
  },
  ada: { id: 'user:ada', org: 'acme', roles: ['approver'] },
  globex: { id: 'service:globex', org: 'globex', roles: ['operator'] },
  gwen: { id: 'user:gwen', org: 'globex', roles: ['approver'] },
  root: { id: 'user:root', org: 'acme', roles: ['admin', 'platform-admin'] },
  // A second administrator of everything, for what takes two.
  ruth: { id: 'user:ruth', org: 'acme', roles: ['admin', 'platform-admin'] },
  gus: { id: 'user:gus', org: 'globex', roles: ['admin'] },
  host: { id: 'host', org: 'host', roles: ['platform-admin'] },
};

export const requesters = ['billing', 'ops', 'globex'] as const;
export const approvers = ['ada', 'gwen', 'ops', 'billing', 'root'] as const;

export function whoIs(person: string): IdentityAssertion {
  const assertion = people[person];
  if (assertion === undefined) throw new Error(`nobody is called ${person}`);
  return assertion;
}
