import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePolicy, evaluatePolicy, type PolicyDocument } from '../../src/kernel/index.ts';
import { policies, requests } from '../kernel/random-policies.ts';
import { lintPolicy } from '../../src/policy/lint.ts';

type Rule = NonNullable<PolicyDocument['rules']>[number];

const actions = { 'order.read': { resource: 'order/*' }, 'order.refund': {}, 'mail.send': {} };
const when = { path: 'arguments.amount', moreThan: 5 };

function lint(rules: readonly Rule[], tiers: PolicyDocument['tiers'] = {}): readonly string[] {
  const open = { unrestricted: ['**'] };
  const document: PolicyDocument = {
    format: 1,
    version: 1,
    actions,
    tiers: { ...open, ...tiers },
    rules,
  };
  return lintPolicy(document).map(({ code, path, severity }) => `${severity} ${code} ${path}`);
}

const allow: Rule = { id: 'let', effect: 'allow', match: { action: 'order.refund' } };
const deny: Rule = { id: 'stop', effect: 'deny', match: { action: 'order.*' } };

describe('rules without an effect are errors', () => {
  test('a rule that an unconditional deny covers', () => {
    expect(lint([allow, deny])).toEqual(['error shadowed-by-deny rules[0]']);
    expect(lint([{ ...allow, match: { action: 'order.read', agent: 'a' } }, deny])).toHaveLength(1);
  });

  test('a rule all of whose actions are denied, by a tier or by several rules', () => {
    const both: Rule = { ...allow, match: { action: ['order.read', 'mail.send'] } };
    const mail: Rule = { ...deny, id: 'mail', match: { action: 'mail.send' } };
    expect(lint([both, deny, mail])).toEqual(['error unreachable-rule rules[0]']);
    const blocked = { blocked: ['order.refund'] };
    expect(lint([allow], blocked)).toEqual(['error unreachable-rule rules[0]']);
  });

  test('a rule whose resources lie outside of its actions', () => {
    const outside: Rule = { ...allow, match: { action: 'order.read', resource: 'customer/1' } };
    expect(lint([outside])).toEqual(['error unreachable-rule rules[0].match.resource']);
    expect(lint([{ ...outside, match: { action: 'order.read', resource: 'order/1' } }])).toEqual(
      [],
    );
  });

  test('a rule that says the opposite of a deny with the same condition', () => {
    expect(
      lint([
        { ...allow, when },
        { ...deny, when },
      ]),
    ).toEqual(['error contradicts-deny rules[0]']);
  });

  test('a condition that reads nothing', () => {
    const value = (of: unknown): unknown => ({ op: 'value', value: of });
    const path = { op: 'path', path: ['arguments', 'x'] };
    const constant = { op: 'less', left: value(1), right: value(2) };
    const half = { op: 'or', of: [{ op: 'less', left: path, right: value(2) }, value(true)] };
    const whole = { op: 'less', left: path, right: value(2) };
    const rule = (expression: unknown): Rule =>
      ({ ...allow, when: { not: { expression } } }) as unknown as Rule;
    expect(lint([rule(constant)])).toEqual(['error constant-condition rules[0].when.not']);
    expect(lint([rule(half)])).toEqual(['error constant-condition rules[0].when.not']);
    expect(lint([rule(whole)])).toEqual([]);
  });
});

describe('what has an effect is not reported', () => {
  const rows: readonly (readonly [what: string, rules: readonly Rule[]])[] = [
    ['an allow wider than a deny with a condition', [allow, { ...deny, when }]],
    ['an allow wider than a deny', [{ ...allow, match: { action: '**' } }, deny]],
    ['a deny for another agent', [allow, { ...deny, match: { agent: 'intern-*' } }]],
    ['a deny in shadow mode', [allow, { ...deny, mode: 'shadow' }]],
    [
      'two conditions that differ',
      [
        { ...allow, when: { path: 'risk', equals: 'low' } },
        { ...deny, when },
      ],
    ],
  ];
  test.each(rows)('%s', (_, rules) => {
    expect(lint(rules)).toEqual([]);
  });
});

describe('what is idle but harmless is a warning', () => {
  test('rules that say the same', () => {
    const twin = { ...allow, id: 'twin', reason: 'again' };
    expect(lint([allow, twin])).toEqual(['warning duplicate-rule rules[1]']);
  });

  test('an action that nothing is said about', () => {
    const document: PolicyDocument = { format: 1, version: 1, actions, rules: [{ ...deny, when }] };
    const found = lintPolicy(document).map(({ code, path }) => `${code} ${path}`);
    expect(found).toEqual([
      'never-allowed actions.order.read',
      'never-allowed actions.order.refund',
      'never-allowed actions.mail.send',
    ]);
  });

  test('a pattern of a tier all of whose actions are in a stricter one', () => {
    const tiers = { blocked: ['order.*'], autoApprove: ['order.read', 'mail.send'] };
    expect(lint([], tiers)).toEqual([
      'warning tier-overridden tiers.autoApprove[0]',
      // Everything is in a stricter tier than the last one.
      'warning tier-overridden tiers.unrestricted[0]',
    ]);
  });
});

test('a rule that lint calls idle can be taken away: no request is decided differently', () => {
  const idle = new Set(['unreachable-rule', 'shadowed-by-deny']);
  fc.assert(
    fc.property(
      policies,
      fc.array(requests, { minLength: 30, maxLength: 30 }),
      (document, asked) => {
        const found = lintPolicy(document).filter(({ code }) => idle.has(code));
        fc.pre(found.length > 0);
        const gone = new Set(found.map(({ path }) => Number(/\d+/.exec(path)?.[0])));
        const rest = (document.rules ?? []).filter(
          // A rule whose condition could be an error has an effect: it denies.
          (rule, position) => !gone.has(position) || rule.when !== undefined,
        );
        const [before, after] = [document, { ...document, rules: rest }].map(compilePolicy);
        if (before === undefined || after === undefined) return;
        for (const request of asked) {
          const effects = [before, after].map((policy) => evaluatePolicy(policy, request).effect);
          expect(effects[0]).toBe(effects[1]);
        }
      },
    ),
  );
});

test('ten thousand rules are looked through, or lint says that they were not', () => {
  const rules = Array.from({ length: 10_000 }, (_, n): Rule => ({
    id: `r${n}`,
    effect: n % 2 === 0 ? 'deny' : 'allow',
    match: { agent: `agent-${n}` },
  }));
  const found = lint(rules).map((line) => line.split(' ')[1]);
  expect([...new Set(found)]).toEqual(['lint-incomplete']);
});
