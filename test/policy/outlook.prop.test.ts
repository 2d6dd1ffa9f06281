/** That no call comes to anything that the outlook of its policy did not foresee, on random policies. */
/* oxlint-disable vitest/no-conditional-expect -- each random case has its own duties */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  checkPolicy,
  compilePolicy,
  evaluatePolicy,
  type PolicyDocument,
  type PolicyVerdict,
} from '../../src/kernel/index.ts';
import { policyOutlook } from '../../src/policy/index.ts';
import { evaluatedCalls } from '../kernel/random-evaluated.ts';
import { asked } from '../kernel/random-policies.ts';
import { assertHolds, runs } from '../kernel/sampling.ts';

const unknown = fc.record({ resource: fc.boolean(), principal: fc.boolean() });

type Hidden = typeof unknown extends fc.Arbitrary<infer T> ? T : never;

function outlookOn(
  policy: PolicyDocument,
  request: Omit<Parameters<typeof policyOutlook>[1], 'resource' | 'principal'> & {
    readonly resource: string;
    readonly principal: string;
  },
  hidden: Hidden,
) {
  const { action, tool, agent, org } = request;
  return policyOutlook(policy, {
    action,
    tool,
    agent,
    org,
    resource: hidden.resource ? undefined : request.resource,
    principal: hidden.principal ? undefined : request.principal,
  });
}

/** Something could not be evaluated; that nobody can give all the approvals asked for is foreseen. */
function isUnreadable({ code, message }: PolicyVerdict): boolean {
  return code === 'policy-error' && !message.startsWith('no role satisfies');
}

test('the effect of a call is one of those foreseen, unless something could not be evaluated', () => {
  let settled = 0;
  assertHolds(fc.tuple(asked, unknown), 800, ([{ policy, request }, hidden]) => {
    const { effects, verdict, dependsOn } = outlookOn(policy, request, hidden);
    const answer = evaluatePolicy(compilePolicy(policy), request);
    const { effect } = answer;
    expect(dependsOn.length === 0).toBe(effects.length === 1);
    expect(effects).toContain(verdict.effect);
    if (isUnreadable(answer)) return;
    expect(effects).toContain(effect);
    if (effects.length === 1) settled += 1;
  });
  expect(settled).toBeGreaterThan(runs(800) / 5);
});

test('so it is with guardrails, classifiers, input and what a session did before', () => {
  assertHolds(fc.tuple(evaluatedCalls, unknown), 800, ([each, hidden]) => {
    const { policy, request, facts, screened, history } = each;
    fc.pre(!('findings' in checkPolicy(policy)) && !('model' in request));
    const { under } = compilePolicy(policy).input;
    const outcome = screened === 'refuse' ? 'refuse' : 'pass';
    const input = { outcome, effective: outcome, determinedBy: [], message: '', under } as const;
    const past = screened === 'none' ? history : { ...history, input };
    const context = { history: past, now: 0, facts };
    const { effects } = outlookOn(policy, request, hidden);
    const answer = evaluatePolicy(compilePolicy(policy), request, context);
    if (!isUnreadable(answer)) expect(effects).toContain(answer.effect);
  });
});

test('approvals that nobody can give together are a denial that is foreseen', () => {
  const ask = (id: string, role: string) => ({
    id,
    effect: 'require-approval' as const,
    match: { action: 'pay' },
    when: { path: `arguments.${id}`, exists: true },
    approval: { roles: [role] },
  });
  const outlook = (...roles: readonly string[]) => {
    const policy: PolicyDocument = {
      format: 1,
      version: 1,
      actions: { pay: {} },
      tiers: { unrestricted: ['pay'] },
      rules: roles.map((role, at) => ask(`r${at}`, role)),
    };
    const subject = { action: 'pay', tool: 'pay', agent: 'bot', org: 'acme', resource: 'pay' };
    return policyOutlook(policy, { ...subject, principal: 'user:ada' });
  };
  expect(outlook('admin', 'admin').effects).toEqual(['allow', 'require-approval']);
  expect(outlook('admin', 'approver')).toMatchObject({
    effects: ['allow', 'require-approval', 'deny'],
    dependsOn: ['rule:r0', 'rule:r1'],
  });
});

test('what depends on nothing is said with what it is by', () => {
  const policy: PolicyDocument = {
    format: 1,
    version: 1,
    actions: { read: {}, pay: {}, drop: {} },
    tiers: { autoApprove: ['read'], alwaysApprove: ['pay'], blocked: ['drop'] },
    rules: [
      {
        id: 'large',
        effect: 'deny',
        match: { action: 'pay' },
        when: { path: 'arguments.amount', moreThan: '100' },
      },
      { id: 'not-bob', effect: 'deny', match: { action: 'read', principal: 'user:bob' } },
    ],
  };
  const about = (action: string, principal?: string) => {
    const subject = { action, tool: action, agent: 'bot', org: 'acme', resource: action };
    const { verdict, effects, dependsOn } = policyOutlook(policy, { ...subject, principal });
    return [effects, verdict.determinedBy, dependsOn];
  };
  expect(about('read', 'user:ada')).toEqual([['allow'], ['tier:autoApprove'], []]);
  expect(about('read', 'user:bob')).toEqual([['deny'], ['rule:not-bob'], []]);
  expect(about('read')).toEqual([['allow', 'deny'], ['tier:autoApprove'], ['rule:not-bob']]);
  expect(about('pay')).toEqual([
    ['require-approval', 'deny'],
    ['tier:alwaysApprove'],
    ['rule:large'],
  ]);
  expect(about('drop')).toEqual([['deny'], ['tier:blocked'], []]);
  expect(about('other')).toEqual([['deny'], [], []]);
});

test('a pattern that takes in everything makes no difference, whoever asks', () => {
  const match = { action: 'read', principal: ['user:bob', '**'] };
  const policy: PolicyDocument = {
    format: 1,
    version: 1,
    actions: { read: { resource: '**' } },
    tiers: { autoApprove: ['read'] },
    rules: [{ id: 'nobody', effect: 'deny', match }],
  };
  const anyone = { resource: undefined, principal: undefined };
  const subject = { action: 'read', tool: 'read', agent: 'bot', org: 'acme', ...anyone };
  const { effects, dependsOn } = policyOutlook(policy, subject);
  expect([effects, dependsOn]).toEqual([['deny'], []]);
});
