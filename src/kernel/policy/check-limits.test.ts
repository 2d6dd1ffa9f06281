/** Each list, number and text of a policy may be as long or as large as its limit says, and no more. */
import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { checkPolicy } from './check.ts';

const numbered = (length: number): readonly string[] => Array.from({ length }, (_, n) => `n${n}`);
const byName = (names: readonly string[], value: unknown): object =>
  Object.fromEntries(names.map((name) => [name, value]));
const guardrails = (ids: readonly string[]) => ids.map((id) => ({ id, evaluator: 'secrets' }));
const classifier = [{ id: 'c', classifier: 'inventory' }];

const sections: readonly (readonly [
  path: string,
  most: number,
  of: (names: readonly string[]) => object,
])[] = [
  ['actions', limits.policyActionsMax, (names) => ({ actions: byName(names, {}) })],
  ['rules', limits.policyRulesMax, (ids) => ({ rules: ids.map((id) => ({ id, effect: 'deny' })) })],
  [
    'roles',
    limits.policyRolesMax,
    (names) => ({ roles: byName(names, { permissions: ['open-session'] }) }),
  ],
  [
    'rules[0].labels',
    limits.labelsMax,
    (labels) => ({ rules: [{ id: 'r', effect: 'allow', labels }] }),
  ],
  ['guardrails.tool', limits.guardrailsMax, (ids) => ({ guardrails: { tool: guardrails(ids) } })],
  [
    'guardrails.output',
    limits.guardrailsMax,
    ([first = '', ...ids]) => ({
      guardrails: { tool: guardrails([first]), output: guardrails(ids) },
    }),
  ],
  [
    'assets.risk',
    limits.assetClassesMax,
    (names) => ({ assets: { classifiers: classifier, risk: byName(names, 'high') } }),
  ],
  [
    'risk.sequences',
    limits.riskSequencesMax,
    (ids) => ({
      risk: { sequences: ids.map((id) => ({ id, steps: ['n0', 'n0'], raiseTo: 'high' })) },
    }),
  ],
  [
    'models.tiers.t.agents',
    limits.modelPatternsMax,
    (agents) => ({ models: { tiers: { t: { agents } } } }),
  ],
  [
    'models.overrides',
    limits.modelPatternsMax,
    (ids) => ({ models: { overrides: ids.map((id) => ({ id, principals: ['x'], deny: ['y'] })) } }),
  ],
  [
    'locks',
    limits.locksMax,
    (ids) => ({ locks: ids.map(() => ({ actions: ['n0'], mode: 'exclusive' })) }),
  ],
  [
    'locks[0].actions',
    limits.lockPatternsMax,
    (ids) => ({ locks: [{ actions: ids.map(() => 'n0'), mode: 'exclusive' }] }),
  ],
];

function findingsOf(members: object): readonly string[] {
  const checked = checkPolicy({ format: 1, version: 1, actions: { n0: {} }, ...members });
  return 'findings' in checked ? checked.findings.map(({ code, path }) => `${code} ${path}`) : [];
}

test.each(sections)('%s has at most %i', (path, most, of) => {
  expect(findingsOf(of(numbered(most)))).toEqual([]);
  expect(findingsOf(of(numbered(most + 1)))).toEqual([`too-many ${path}`]);
});

const asking = (approval: object) => ({
  rules: [{ id: 'r', effect: 'require-approval', approval }],
});
const guarded = (terms: object) => ({
  guardrails: { tool: [{ id: 'g', evaluator: 'secrets', ...terms }] },
});
const { ticketTimeoutMsMax, riskPointsMax } = limits;

const numbers: readonly (readonly [
  path: string,
  from: number,
  to: number,
  of: (value: number) => object,
])[] = [
  [
    'actions.n0.runTimeoutMs',
    1,
    limits.runTimeoutMsMax,
    (runTimeoutMs) => ({ actions: { n0: { runTimeoutMs } } }),
  ],
  [
    'operatorHeartbeatMs',
    limits.heartbeatMsMin,
    limits.heartbeatMsMax,
    (operatorHeartbeatMs) => ({ operatorHeartbeatMs }),
  ],
  ['approvals.timeoutMs', 1, ticketTimeoutMsMax, (timeoutMs) => ({ approvals: { timeoutMs } })],
  ['rules[0].approval.timeoutMs', 1, ticketTimeoutMsMax, (timeoutMs) => asking({ timeoutMs })],
  ['approvals.quorum', 1, limits.approvalQuorumMax, (quorum) => ({ approvals: { quorum } })],
  [
    'rules[0].steer.retriesAtMost',
    0,
    limits.steerRetriesMax,
    (retriesAtMost) => ({
      rules: [{ id: 'r', effect: 'steer', steer: { guidance: 'x', retriesAtMost } }],
    }),
  ],
  ['risk.decayPerMinute', 0, riskPointsMax, (decayPerMinute) => ({ risk: { decayPerMinute } })],
  ['risk.points.low', 0, riskPointsMax, (low) => ({ risk: { points: { low } } })],
  ['risk.thresholds.low', 0, riskPointsMax, (low) => ({ risk: { thresholds: { low } } })],
  [
    'guardrails.tool[0].timeoutMs',
    1,
    limits.evaluatorTimeoutMsMax,
    (timeoutMs) => guarded({ timeoutMs }),
  ],
];

test.each(numbers)('%s is from %i to %i', (path, from, to, of) => {
  expect([from, to].map((value) => findingsOf(of(value)))).toEqual([[], []]);
  expect([from - 1, to + 1].map((value) => findingsOf(of(value)))).toEqual([
    [`wrong-type ${path}`],
    [`wrong-type ${path}`],
  ]);
});

/** Beside a ticket's longest time, times within it would be without effect. */
test.each([
  ['remindMs', limits.ticketRemindMsMin, (remindMs: number) => ({ remindMs })],
  ['escalation.afterMs', 1, (afterMs: number) => ({ escalation: { afterMs, roles: ['admin'] } })],
] as const)('approvals.%s is from %i to below the longest time', (path, from, of) => {
  const within = (value: number) =>
    findingsOf({ approvals: { timeoutMs: ticketTimeoutMsMax, ...of(value) } });
  expect([from, ticketTimeoutMsMax - 1].map(within)).toEqual([[], []]);
  expect(within(ticketTimeoutMsMax)).toEqual([`no-effect approvals.${path}`]);
  expect([from - 1, ticketTimeoutMsMax + 1].map(within)).toEqual([
    [`wrong-type approvals.${path}`],
    [`wrong-type approvals.${path}`],
  ]);
});

const when = (condition: object) => ({ rules: [{ id: 'r', effect: 'deny', when: condition }] });
const literal = (value: string) => ({ op: 'value', value });
const comparing = (op: 'equal' | 'in', right: object) =>
  when({ expression: { op, left: { op: 'path', path: ['arguments', 'a'] }, right } });

const lengths: readonly (readonly [
  name: string,
  most: number,
  finding: string,
  of: (length: number) => object,
])[] = [
  ['a name', limits.textLengthMax, 'wrong-type name', (length) => ({ name: 'x'.repeat(length) })],
  [
    'a list of values of a condition',
    limits.conditionListMax,
    'operand-invalid rules[0].when.in',
    (length) => when({ path: 'arguments.a', in: numbered(length) }),
  ],
  [
    'a text of an expression',
    limits.textLengthMax,
    'operand-invalid rules[0].when.expression.right',
    (length) => comparing('equal', literal('x'.repeat(length))),
  ],
  [
    'a list of an expression',
    limits.conditionListMax,
    'condition-too-large rules[0].when.expression.right',
    (length) => comparing('in', { op: 'list', of: numbered(length).map(literal) }),
  ],
];

test.each(lengths)('%s has at most %i', (_, most, finding, of) => {
  expect(findingsOf(of(most))).toEqual([]);
  expect(findingsOf(of(most + 1))).toEqual([finding]);
});
