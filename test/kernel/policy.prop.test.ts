/** What every policy promises, whatever it says. */
/* oxlint-disable vitest/no-conditional-expect -- each random case has its own duties */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compilePolicy, evaluatePolicy, type PolicyDocument } from '../../src/kernel/index.ts';
import { type Asked, asked, policies, requests } from './random-policies.ts';
import { assertHolds } from './sampling.ts';
import { Stage } from './stage.ts';

type Request = Asked['request'];
type Rule = NonNullable<PolicyDocument['rules']>[number];

const strictness = ['allow', 'require-approval', 'steer', 'deny'];

/** A fresh copy is compiled each time, since compiled policies are remembered by document. */
function verdictOf(policy: PolicyDocument, request: Request) {
  return evaluatePolicy(compilePolicy({ ...policy }), request);
}

function strict(policy: PolicyDocument, request: Request): number {
  return strictness.indexOf(verdictOf(policy, request).effect);
}

/** The policy with rules added at its front, so that place cannot be what makes them count. */
function withRules(policy: PolicyDocument, ...rules: readonly Rule[]): PolicyDocument {
  return { ...policy, rules: [...rules, ...(policy.rules ?? [])] };
}

/** The policy without tiers, and with actions that touch anything. */
function bare(document: PolicyDocument): PolicyDocument {
  const { tiers: _, ...policy } = document;
  const actions = Object.fromEntries(Object.keys(policy.actions).map((name) => [name, {}]));
  return { ...policy, actions };
}

const denyAll: Rule = { id: 'deny-all', effect: 'deny' };
const allowAll: Rule = { id: 'allow-all', effect: 'allow' };
const broken = { path: 'arguments.never-there', equals: 1 };

test('no match denies', () => {
  assertHolds(asked, 120, ({ policy, request }) => {
    const nothing = verdictOf({ ...bare(policy), rules: [] }, request);
    expect(nothing.effect).toBe('deny');
    expect(['policy-no-match', 'action-unknown']).toContain(nothing.code);
    const elsewhere: Rule = { ...allowAll, match: { agent: 'nobody' } };
    expect(verdictOf({ ...bare(policy), rules: [elsewhere] }, request).effect).toBe('deny');
  });
});

test('deny dominates', () => {
  assertHolds(asked, 240, ({ policy, request }) => {
    expect(verdictOf(withRules(policy, denyAll), request).effect).toBe('deny');
    expect(verdictOf(withRules(policy, denyAll, allowAll), request).effect).toBe('deny');
    expect(verdictOf(withRules(policy, allowAll, denyAll), request).effect).toBe('deny');
    const blocked = { ...policy, tiers: { ...policy.tiers, blocked: ['**'] } };
    expect(verdictOf(withRules(blocked, allowAll), request).effect).toBe('deny');
  });
});

test('an error in a rule that matches denies', () => {
  const effects = fc.constantFrom('deny', 'steer', 'require-approval', 'allow');
  assertHolds(fc.tuple(asked, effects), 240, ([{ policy, request }, effect]) => {
    const erring = { ...allowAll, id: 'erring', effect, when: broken } as Rule;
    expect(verdictOf(withRules(policy, erring, allowAll), request).effect).toBe('deny');
    const open = { ...bare(policy), rules: [allowAll, erring] };
    if (Object.hasOwn(policy.actions, request.action)) {
      expect(verdictOf(open, request)).toMatchObject({ determinedBy: ['rule:erring'] });
    }
  });
});

test('the order and duplicates of rules do not matter', () => {
  assertHolds(fc.tuple(asked, fc.nat(999)), 320, ([{ policy, request }, turn]) => {
    const rules = policy.rules ?? [];
    const first = verdictOf(policy, request);
    const from = rules.length === 0 ? 0 : turn % rules.length;
    const turned = [...rules.slice(from), ...rules.slice(0, from)].toReversed();
    expect(verdictOf({ ...policy, rules: turned }, request)).toEqual(first);
    const copies = rules.map((rule) => ({ ...rule, id: `${rule.id}-again` }));
    const doubled = verdictOf({ ...policy, rules: [...turned, ...copies] }, request);
    expect([doubled.effect, doubled.code]).toEqual([first.effect, first.code]);
    expect(doubled.approval).toEqual(first.approval);
    const lists = Object.entries(policy.tiers ?? {}) as [string, readonly string[]][];
    const tiers = Object.fromEntries(
      lists.map(([name, list]) => [name, [...list, ...list].toReversed()]),
    );
    const repeated: PolicyDocument = { ...policy, tiers };
    expect(verdictOf(repeated, request).effect).toBe(first.effect);
  });
});

test('adding a deny never allows', () => {
  const denies = policies.map(({ rules = [] }) =>
    rules.map((rule): Rule => {
      const { match, when } = rule;
      return {
        id: `more-${rule.id}`,
        effect: 'deny',
        ...(match && { match }),
        ...(when && { when }),
      };
    }),
  );
  assertHolds(fc.tuple(asked, denies), 320, ([{ policy, request }, added]) => {
    const before = strict(policy, request);
    for (const rule of added) {
      expect(strict(withRules(policy, rule), request)).toBeGreaterThanOrEqual(before);
    }
    const blocked = { ...policy, tiers: { ...policy.tiers, blocked: ['pay.send'] } };
    const more = (policy.tiers?.blocked ?? []).length === 0;
    if (more) expect(strict(blocked, request)).toBeGreaterThanOrEqual(before);
  });
});

test('adding a rule that does not allow never makes an answer laxer', () => {
  const effects = fc.constantFrom('deny', 'steer', 'require-approval');
  assertHolds(fc.tuple(asked, effects), 160, ([{ policy, request }, effect]) => {
    const before = verdictOf(policy, request);
    const steer = effect === 'steer' ? { steer: { guidance: 'x' } } : {};
    const added = { id: 'added', effect, ...steer } as Rule;
    const after = verdictOf(withRules(policy, added), request);
    expect(after.effect).not.toBe('allow');
    // What nobody could approve together is denied for want of an approver, whom a steer does not ask for.
    const isForWant = before.message.startsWith('no role satisfies') && after.effect === 'steer';
    if (before.code === 'policy-no-match' || isForWant) return;
    expect(strictness.indexOf(after.effect)).toBeGreaterThanOrEqual(
      strictness.indexOf(before.effect),
    );
  });
});

test('removing an allow that could be evaluated never allows', () => {
  // A rule that cannot be evaluated denies whatever it is for, so that removing one may well allow.
  assertHolds(asked, 300, ({ policy, request }) => {
    const { effect, code } = verdictOf(policy, request);
    if (code === 'policy-error') return;
    const rules = policy.rules ?? [];
    for (const removed of rules.filter((rule) => rule.effect === 'allow')) {
      const fewer = { ...policy, rules: rules.filter((rule) => rule !== removed) };
      expect(strict(fewer, request)).toBeGreaterThanOrEqual(strictness.indexOf(effect));
    }
    const { unrestricted: _, ...tiers } = policy.tiers ?? {};
    expect(strict({ ...policy, tiers }, request)).toBeGreaterThanOrEqual(
      strictness.indexOf(effect),
    );
  });
});

test('the risk is the policy’s, whatever the arguments say', () => {
  assertHolds(asked, 120, ({ policy, request }) => {
    const claimed = { ...request, risk: 'low', arguments: { ...request.arguments, risk: 'low' } };
    const rules = (policy.rules ?? []).filter(
      ({ when }) => !JSON.stringify(when ?? '').includes('arguments"'),
    );
    const plain = { ...policy, rules };
    expect(verdictOf(plain, claimed)).toEqual(verdictOf(plain, request));
  });
});

const breaks: fc.Arbitrary<(policy: PolicyDocument) => object> = fc.constantFrom(
  (policy) => ({ ...policy, extra: true }),
  (policy) => ({ ...policy, format: 2 }),
  (policy) => ({ ...policy, actions: {} }),
  (policy) => ({ ...policy, rules: [...(policy.rules ?? []), { id: 'r', effect: 'permit' }] }),
  (policy) => withRules(policy, denyAll, denyAll),
  (policy) => withRules(policy, { ...denyAll, match: { action: 'no.such' } }),
  (policy) => withRules(policy, { ...denyAll, when: { path: 'argumnets.n', equals: 1 } }),
  (policy) => withRules(policy, { ...denyAll, when: { all: [] } }),
  (policy) => withRules(policy, { ...denyAll, steer: { guidance: 'no' } }),
);

test('a policy that does not check never activates: the one before stays', () => {
  const cases = fc.record({ before: policies, candidate: policies, makeWrong: breaks });
  assertHolds(cases, 120, ({ before, candidate, makeWrong }) => {
    const stage = new Stage();
    stage.policy({ ...before, version: 1 });
    const active = stage.all('policy');
    expect(active).toHaveLength(1);
    expect(stage.policy(makeWrong({ ...candidate, version: 2 }))).toBe('policy-invalid');
    expect(stage.all('policy')).toEqual(active);
    // The next version is still free.
    expect(stage.policy({ ...before, version: 2 })).toBe('done');
  });
});

test('an action that the policy does not declare is denied, whatever its name', () => {
  const names = fc.oneof(fc.string(), fc.constantFrom('File.Read', 'file.read ', '__proto__'));
  assertHolds(fc.tuple(policies, requests, names), 120, ([policy, request, action]) => {
    fc.pre(!Object.hasOwn(policy.actions, action));
    const verdict = verdictOf(withRules(policy, allowAll), {
      ...request,
      action: action as 'file.read',
    });
    expect(verdict).toMatchObject({ effect: 'deny', code: 'action-unknown' });
  });
});
