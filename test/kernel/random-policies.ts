/** Random policies that check, and requests that meet their rules more often than not. */
import * as fc from 'fast-check';
import type { PolicyDocument } from '../../src/kernel/index.ts';

type Rule = NonNullable<PolicyDocument['rules']>[number];

const actionNames = ['file.read', 'file.write', 'pay.send'] as const;
const actionPatterns = fc.constantFrom('**', 'file.*', 'pay.?end', '*.read', ...actionNames);
const resources = ['a', 'a/b', 'secret', 'x.y'] as const;
const argumentNames = ['n', 'text', 'flag', 'gone', '__proto__', 'constructor'] as const;
const decimals = ['0', '5', '5.0', '5.000000000000000001', '-1', '100', 'ten', '1e3'] as const;
const exact = decimals.slice(0, 6);
const texts = ['', 'ab', 'abc', 'AB', 'caf\u00e9'] as const;

const comparison = fc.oneof(
  fc.record({ equals: fc.constantFrom<unknown>(5, '5', true, null, 'ab') }),
  fc.record({ notEquals: fc.constantFrom<unknown>(5, '5', false, 'abc') }),
  fc.record({ in: fc.constantFrom([5, 'ab'], ['5', true], [null]) }),
  fc.record({ notIn: fc.constantFrom([5, 'ab'], ['5', true], [null]) }),
  fc.record({ lessThan: fc.constantFrom<unknown>(5, ...exact) }),
  fc.record({ atMost: fc.constantFrom<unknown>(5, ...exact) }),
  fc.record({ moreThan: fc.constantFrom<unknown>(5, ...exact) }),
  fc.record({ atLeast: fc.constantFrom<unknown>(5, ...exact) }),
  fc.record({ startsWith: fc.constantFrom('a', 'ab', 'A') }),
  fc.record({ endsWith: fc.constantFrom('c', 'b') }),
  fc.record({ contains: fc.constantFrom('b', 'f') }),
  fc.record({ matches: fc.constantFrom('a*', '?b', '**') }),
  fc.record({ exists: fc.boolean() }),
);

/** What `risk` has not: a word is in no order. */
const ordered = ['lessThan', 'atMost', 'moreThan', 'atLeast'] as const;

const leaf = fc
  .tuple(
    fc.oneof(
      fc.constantFrom(...argumentNames).map((name) => `arguments.${name}`),
      fc.constantFrom('arguments', 'arguments.deep.n', 'resource', 'risk', 'agent', 'principal'),
    ),
    comparison,
  )
  .map(([path, operator]) => ({ path, ...operator }))
  .filter((each) => each.path !== 'risk' || !ordered.some((name) => name in each));

const { condition } = fc.letrec<{ condition: unknown }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'condition' },
    { weight: 4, arbitrary: leaf },
    { weight: 1, arbitrary: fc.record({ not: tie('condition') }) },
    {
      weight: 1,
      arbitrary: fc.record({ all: fc.array(tie('condition'), { minLength: 1, maxLength: 3 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ any: fc.array(tie('condition'), { minLength: 1, maxLength: 3 }) }),
    },
  ),
}));

const oneOrMore = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | T[]> =>
  fc.oneof(arbitrary, fc.array(arbitrary, { minLength: 1, maxLength: 2 }));

const matching = fc
  .record(
    {
      action: oneOrMore(actionPatterns),
      resource: oneOrMore(fc.constantFrom('*', '**', 'a', 'a/*', 'sec*', 'x.y', '?')),
      agent: oneOrMore(fc.constantFrom('bot', 'b*', 'clerk')),
      principal: fc.constantFrom('ann', 'a*', 'bob'),
    },
    { requiredKeys: [] },
  )
  .filter((match) => Object.keys(match).length > 0);

const roles = fc.constantFrom(['approver'], ['admin'], ['approver', 'admin']);
const approval = fc.record(
  {
    roles,
    timeoutMs: fc.constantFrom(100_000, 200_000, 300_000),
    quorum: fc.constantFrom(1, 2, 3),
    principals: fc.constantFrom(['user:*'], ['user:ann', '**']),
    reasonRequired: fc.boolean(),
    remindMs: fc.constantFrom(60_000, 90_000),
    escalation: fc.record(
      {
        afterMs: fc.constantFrom(5, 15),
        roles: fc.constantFrom(['approver'], ['admin']),
        principals: fc.constantFrom(['user:kim'], ['**']),
      },
      { requiredKeys: ['afterMs', 'roles'] },
    ),
  },
  { requiredKeys: [] },
);

/** A rule without its id, which its place gives. */
const rule = fc
  .record({
    effect: fc.constantFrom('deny', 'steer', 'require-approval', 'allow', 'allow', 'allow'),
    match: fc.option(matching, { nil: undefined }),
    when: fc.option(condition, { nil: undefined }),
    approval: fc.option(approval, { nil: undefined }),
  })
  .map(({ effect, match, when, approval: terms }) => ({
    effect,
    ...(match === undefined ? {} : { match }),
    ...(when === undefined ? {} : { when }),
    ...(effect === 'require-approval' && terms !== undefined ? { approval: terms } : {}),
    ...(effect === 'steer' ? { steer: { guidance: 'another way' } } : {}),
  }));

const rules: fc.Arbitrary<readonly Rule[]> = fc
  .array(rule, { maxLength: 5, size: 'max' })
  .map(
    (list) => list.map((each, position) => ({ id: `r${position}`, ...each })) as unknown as Rule[],
  );

const twoOf = (name: string) =>
  fc
    .constantFrom(...exact, 'ab')
    .map((operand) => ({ path: `arguments.${name}`, equals: operand }));

/** Conditions of few shapes, so that many of them differ in nothing but what they compare with. */
const fewShapes = fc.oneof(
  fc.constantFrom(...exact).map((operand) => ({ path: 'arguments.n', moreThan: operand })),
  fc.record({ all: fc.tuple(twoOf('n'), twoOf('text')) }),
  fc.record({ any: fc.tuple(twoOf('text'), fc.record({ not: twoOf('n') })) }),
);

/** Many rules for the same calls. */
const alike: fc.Arbitrary<readonly Rule[]> = fc
  .array(
    fc.record(
      {
        effect: fc.constantFrom('deny', 'allow'),
        match: fc.constantFrom({ agent: 'bot' }, { agent: 'b*' }),
        when: fewShapes,
      },
      { requiredKeys: ['effect', 'when'] },
    ),
    { minLength: 2, maxLength: 8, size: 'max' },
  )
  .map(
    (list) => list.map((each, position) => ({ id: `r${position}`, ...each })) as unknown as Rule[],
  );

const risk = fc.constantFrom('low', 'medium', 'high', 'critical');
const tier = fc.option(fc.array(actionPatterns, { minLength: 1, maxLength: 2 }), {
  nil: undefined,
  freq: 1,
});
const action = fc.record(
  { risk, resource: fc.constantFrom('**', '*', 'a*') },
  { requiredKeys: [] },
);

export const policies: fc.Arbitrary<PolicyDocument> = fc
  .record({
    actions: fc.tuple(action, action, action),
    tiers: fc.record({
      blocked: tier,
      steer: tier,
      alwaysApprove: tier,
      autoApprove: tier,
      unrestricted: tier,
    }),
    present: fc.nat(4),
    ceiling: fc.option(risk, { nil: undefined }),
    rules,
    approvals: fc.option(approval, { nil: undefined }),
  })
  .map(({ actions, tiers, present, ceiling, rules: list, approvals }) => {
    const named = Object.entries(tiers).filter(([, patterns]) => patterns !== undefined);
    // One or two tiers at a time: with all five nearly everything would be denied.
    const kept = named.filter((_, position) => (position + present) % 3 === 0);
    return {
      format: 1,
      version: 1,
      actions: Object.fromEntries(actionNames.map((name, n) => [name, actions[n] ?? {}])),
      ...(kept.length === 0 ? {} : { tiers: Object.fromEntries(kept) }),
      ...(ceiling === undefined ? {} : { autoApproveWhen: { riskAtMost: ceiling } }),
      rules: list,
      ...(approvals === undefined ? {} : { approvals }),
    };
  });

/** Policies whose rules are much alike, without tiers. */
export const alikePolicies: fc.Arbitrary<PolicyDocument> = alike.map((list) => ({
  format: 1,
  version: 1,
  actions: Object.fromEntries(actionNames.map((name) => [name, {}])),
  rules: list,
}));

const value = fc.constantFrom<unknown>(5, 7.25, true, null, ...decimals, ...texts, ['a']);

export const requests = fc.record({
  arguments: fc.record(
    { n: value, text: value, flag: value, deep: fc.record({ n: value }) },
    { requiredKeys: [] },
  ),
  resource: fc.constantFrom(...resources),
  action: fc.constantFrom(...actionNames, ...actionNames, 'pay.sent', 'constructor'),
  tool: fc.constant('tool'),
  agent: fc.constantFrom('bot', 'bot', 'clerk'),
  principal: fc.constantFrom('ann', 'bob'),
  org: fc.constant('acme'),
  session: fc.constant('s-1'),
});

export interface Asked {
  readonly policy: PolicyDocument;
  readonly request: typeof requests extends fc.Arbitrary<infer T> ? T : never;
}

export const asked: fc.Arbitrary<Asked> = fc.record({ policy: policies, request: requests });
