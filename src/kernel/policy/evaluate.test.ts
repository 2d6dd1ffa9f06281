/** The decision point: which voice wins, and what is said about it. */
import { expect, test } from 'vitest';
import { compilePolicy } from './compile.ts';
import type { ApprovalDocument, PolicyDocument, RuleDocument, TiersDocument } from './document.ts';
import { evaluatePolicy, type PolicyVerdict } from './evaluate.ts';

function verdictOf(
  more: Partial<PolicyDocument>,
  request: { readonly action?: string; readonly resource?: string; readonly args?: unknown } = {},
): PolicyVerdict {
  const actions = { act: { risk: 'medium', resource: 'thing/*' } } as const;
  return evaluatePolicy(compilePolicy({ format: 1, version: 1, actions, ...more }), {
    arguments: request.args ?? {},
    resource: request.resource ?? 'thing/1',
    action: request.action ?? 'act',
    tool: 'tool',
    agent: 'bot',
    principal: 'ann',
    org: 'acme',
    session: 's-1',
  });
}

const tier = (...names: readonly (keyof TiersDocument)[]): Partial<PolicyDocument> => ({
  tiers: Object.fromEntries(names.map((name) => [name, ['act']])),
});
const rule = (id: string, effect: RuleDocument['effect'], more: Partial<RuleDocument> = {}) => ({
  id,
  effect,
  ...(effect === 'steer' ? { steer: { guidance: 'try another way' } } : {}),
  ...more,
});
const medium = { autoApproveWhen: { riskAtMost: 'medium' } } as const;

test.each<[string, Partial<PolicyDocument>, PolicyVerdict['effect'], string]>([
  ['nothing', {}, 'deny', 'policy-no-match'],
  ['blocked', tier('blocked'), 'deny', 'policy-denied'],
  ['steer', tier('steer'), 'steer', 'policy-steered'],
  ['alwaysApprove', tier('alwaysApprove'), 'require-approval', 'approval-required'],
  ['autoApprove above its ceiling', tier('autoApprove'), 'require-approval', 'approval-required'],
  ['autoApprove within', { ...tier('autoApprove'), ...medium }, 'allow', 'allowed'],
  ['unrestricted', tier('unrestricted'), 'allow', 'allowed'],
  ['blocked, unrestricted', tier('unrestricted', 'blocked'), 'deny', 'policy-denied'],
  ['blocked, steer', tier('steer', 'blocked'), 'deny', 'policy-denied'],
  ['steer, alwaysApprove', tier('alwaysApprove', 'steer'), 'steer', 'policy-steered'],
  [
    'alwaysApprove, autoApprove',
    { ...tier('autoApprove', 'alwaysApprove'), ...medium },
    'require-approval',
    'approval-required',
  ],
  [
    'autoApprove above, unrestricted',
    tier('unrestricted', 'autoApprove'),
    'require-approval',
    'approval-required',
  ],
  [
    'a rule allows what a tier blocks',
    { ...tier('blocked'), rules: [rule('r', 'allow')] },
    'deny',
    'policy-denied',
  ],
  [
    'a rule denies what a tier allows',
    { ...tier('unrestricted'), rules: [rule('r', 'deny')] },
    'deny',
    'policy-denied',
  ],
  [
    'a rule allows what a tier asks for',
    { ...tier('alwaysApprove'), rules: [rule('r', 'allow')] },
    'require-approval',
    'approval-required',
  ],
  [
    'a rule steers what a tier allows',
    { ...tier('unrestricted'), rules: [rule('r', 'steer')] },
    'steer',
    'policy-steered',
  ],
  ['a rule allows alone', { rules: [rule('r', 'allow')] }, 'allow', 'allowed'],
  [
    'a rule for another agent',
    { rules: [rule('r', 'allow', { match: { agent: 'other' } })] },
    'deny',
    'policy-no-match',
  ],
  [
    'a rule for another resource',
    { rules: [rule('r', 'allow', { match: { resource: 'thing/2' } })] },
    'deny',
    'policy-no-match',
  ],
  [
    'a rule for the principal',
    { rules: [rule('r', 'allow', { match: { principal: 'ann' } })] },
    'allow',
    'allowed',
  ],
])('%s: %s', (_, document, effect, code) => {
  expect(verdictOf(document)).toMatchObject({ effect, code });
});

test.each(['allow', 'require-approval', 'steer', 'deny'] as const)(
  'an error in a rule that would %s denies, whatever else allows',
  (effect) => {
    const broken = rule('broken', effect, { when: { path: 'arguments.absent', equals: 1 } });
    const verdict = verdictOf({ ...tier('unrestricted'), rules: [broken] });
    expect(verdict).toMatchObject({
      effect: 'deny',
      code: 'policy-error',
      determinedBy: ['rule:broken'],
    });
    expect(verdict.message).toContain('arguments.absent');
  },
);

test('a risky call that no tier and no rule lets through gets no approver for its risk', () => {
  const effects = (effect: 'deny' | 'require-approval') => ({ risk: { effects: { low: effect } } });
  const ask = effects('require-approval');
  expect(verdictOf(ask)).toMatchObject({ effect: 'deny', code: 'policy-no-match' });
  const tried = rule('r', 'allow', { mode: 'shadow' });
  expect(verdictOf({ ...ask, rules: [tried] })).toMatchObject({
    effect: 'deny',
    code: 'policy-no-match',
    shadow: { effect: 'require-approval', determinedBy: ['risk:low'] },
  });
  for (const spoken of [tier('unrestricted'), { rules: [rule('r', 'allow')] }]) {
    expect(verdictOf({ ...ask, ...spoken })).toMatchObject({
      effect: 'require-approval',
      determinedBy: ['risk:low'],
    });
  }
  expect(verdictOf(effects('deny'))).toMatchObject({ effect: 'deny', code: 'policy-denied' });
});

test('an error in a rule that does not match is no error', () => {
  const when = { path: 'arguments.absent', equals: 1 };
  const elsewhere = rule('r', 'deny', { match: { resource: 'thing/2' }, when });
  expect(verdictOf({ ...tier('unrestricted'), rules: [elsewhere] }).effect).toBe('allow');
});

test('a resource outside the action is denied before any rule speaks', () => {
  const open = { rules: [rule('r', 'allow')] };
  for (const resource of ['other/1', 'thing/1/2', 'Thing/1', '']) {
    expect(verdictOf(open, { resource })).toMatchObject({
      effect: 'deny',
      determinedBy: ['action:act'],
    });
  }
});

test('an action is found by its exact name', () => {
  for (const action of ['Act', 'act ', '\u0430ct', '__proto__', 'constructor', 'toString', '']) {
    expect(verdictOf({ rules: [rule('r', 'allow')] }, { action }).code).toBe('action-unknown');
  }
});

test('the risk in a condition is the policy’s, whatever the request claims', () => {
  const rules = [rule('r', 'allow', { when: { path: 'risk', equals: 'medium' } })];
  const request = {
    arguments: { risk: 'low' },
    resource: 'thing/1',
    action: 'act',
    tool: 't',
    agent: 'b',
    principal: 'ann',
    org: 'acme',
    session: 's',
    risk: 'low',
  };
  const document = { format: 1, version: 1, actions: { act: { risk: 'medium' } }, rules } as const;
  expect(evaluatePolicy(compilePolicy(document), request).effect).toBe('allow');
});

test('several approvals become one that satisfies all, or none', () => {
  const ask = (
    id: string,
    roles: readonly string[],
    timeoutMs: number,
    more: ApprovalDocument = {},
  ) => rule(id, 'require-approval', { approval: { roles, timeoutMs, ...more } });
  const both = verdictOf({
    rules: [
      ask('a', ['admin', 'approver'], 500, { quorum: 2, principals: ['user:*'] }),
      ask('b', ['admin'], 900, { reasonRequired: true, principals: ['user:ann'] }),
    ],
  });
  expect(both.approval).toEqual({
    roles: ['admin'],
    timeoutMs: 500,
    quorum: 2,
    principals: [['user:*'], ['user:ann']],
    reasonRequired: true,
  });
  expect(both.determinedBy).toEqual(['rule:a', 'rule:b']);
  const none = verdictOf({ rules: [ask('a', ['approver'], 500), ask('b', ['admin'], 900)] });
  expect(none).toMatchObject({ effect: 'deny', code: 'policy-error' });
});

test('a steering tier suggests actions that are allowed', () => {
  const document: Partial<PolicyDocument> = {
    actions: { act: {}, good: {}, bad: {} },
    tiers: { steer: ['act'], unrestricted: ['good', 'bad'], blocked: ['bad'] },
  };
  expect(verdictOf(document).steer.suggestions).toEqual(['good']);
});

test('a decision does not take longer with more rules for other actions', () => {
  const actions = Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`a${n}`, {}]));
  const rules = Object.keys(actions).map((action) => rule(action, 'allow', { match: { action } }));
  const policy = compilePolicy({ format: 1, version: 1, actions, rules });
  expect(policy.actions.get('a7')?.rules.map(({ rules: own }) => own.map(({ id }) => id))).toEqual([
    ['a7'],
  ]);
});
