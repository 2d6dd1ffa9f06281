/** What the random sequences about rights play on: agents of different capabilities, people, calls, policies. */
import type { PrincipalReference } from '../../src/kernel/index.ts';
import type { CallScope } from '../../src/kernel/rights/call-scope.ts';
import type { AgentRecord } from '../../src/kernel/record.ts';
import { cast, policyDocument, Stage } from './stage.ts';

/** The list's element at a number that wraps around. */
export function pick<T>(list: readonly T[], number: number): T {
  const found = list[number % list.length];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
}

const { ann, bob, sam, olga, pat, ada, otherAnn, otherAda } = cast;
const person = (id: string, ...roles: readonly string[]): PrincipalReference => ({
  ...ann,
  id,
  roles,
});
/** A second admin, and somebody whose one role is the policy's. */
const max = person('max', 'admin', 'platform-admin');
const dora = person('dora', 'desk');
/** Everybody who acts. */
export const people = { ...cast, max, dora };
export const openers = [ann, ann, bob, sam, olga, otherAnn];
export const admins = [ada, max, max, ada, otherAda, olga];
export const everyone = [ann, bob, sam, olga, pat, ada, max, dora, otherAnn, otherAda];

export const atMost = (most: string): NonNullable<CallScope['when']> => ({
  path: 'arguments.amount',
  atMost: most,
});
/** Who may do what: each a part of it only, but for `lead`, `helper` and `bot`. */
const declared: readonly Pick<AgentRecord, 'name' | 'capabilities' | 'owner'>[] = [
  { name: 'lead', capabilities: [{ actions: ['**'] }], owner: 'pat' },
  { name: 'helper', capabilities: [{ actions: ['**'] }] },
  { name: 'reader', capabilities: [{ actions: ['file.*'] }] },
  {
    name: 'payer',
    capabilities: [
      { actions: ['pay.*'], resources: ['account/x*'], when: atMost('60') },
      { actions: ['ops.*'] },
    ],
  },
];
export const workers = ['lead', 'helper', 'payer', 'bot', 'reader', 'bot'];

/** Tools with arguments. Few, so that calls repeat and meet their tickets and grants. */
export const calls: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['pay', { to: 'x', amount: '60' }],
  ['restart', { host: 'h' }],
  ['pay', { to: 'x1', amount: '20' }],
  ['pay', { to: 'y', amount: '60' }],
  ['pay', { to: 'x', amount: '90' }],
  ['restart', { host: 'g' }],
  ['read', { name: 'a' }],
];
const fourEyes = [[], ['activate-policy'], ['activate-policy', 'raise-budget', 'release-kill']];

/** The usual policy, with more to approve, a role of its own, and changes that take two. */
export function policyVariant(variant: number, version: number): unknown {
  const usual = policyDocument(version);
  const large = { match: { action: 'pay.send' }, effect: 'require-approval' } as const;
  const hasDesk = variant % 7 !== 6;
  const twice = pick(fourEyes, variant);
  return {
    ...usual,
    rules: [
      ...(usual.rules ?? []),
      {
        ...large,
        id: 'pays',
        approval: { roles: ['approver', 'admin', ...(hasDesk ? ['desk'] : [])] },
      },
      {
        ...large,
        id: 'two',
        when: { path: 'arguments.amount', moreThan: '60' },
        approval: { quorum: 2 },
      },
    ],
    ...(twice.length === 0 ? {} : { fourEyes: twice }),
    ...(hasDesk ? { roles: { desk: { permissions: ['decide-ticket'] } } } : {}),
    approvals: {
      timeoutMs: 100_000,
      roles: ['approver', 'admin'],
      quorum: 1 + (variant % 2),
    },
  };
}

/** A stage with these agents and the first of the policies. */
export function rightsStage(): Stage {
  const stage = Stage.ready();
  for (const each of declared) {
    const agent = { org: '*', version: '1', ...each };
    stage.do({ kind: 'register-agent', by: ada, agent });
  }
  const word = stage.policy(policyVariant(0, 2));
  if (word !== 'done') throw new Error(`the first policy is refused: ${word}`);
  return stage;
}
