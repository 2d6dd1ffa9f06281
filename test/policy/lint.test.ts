import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePolicy, evaluatePolicy, type PolicyDocument } from '../../src/kernel/index.ts';
import { globs } from '../kernel/naive-condition.ts';
import { policies, requests } from '../kernel/random-policies.ts';
import { assertHolds, runs } from '../kernel/sampling.ts';
import { lintPolicy } from '../../src/policy/lint.ts';

/** A document whose lists can be changed. */
type Lists = { rules: { match: Record<string, string[]> }[] };
type Compiled = ReturnType<typeof compilePolicy>;
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

const names = {
  action: Object.keys(actions),
  resource: ['order/1', 'order/2', 'order/3', 'else'],
  agent: ['bot', 'clerk', 'else'],
};
type Member = keyof typeof names;
const members = Object.keys(names) as Member[];
const someOf = (...of: readonly string[]) =>
  fc.oneof(
    fc.constantFrom(...of),
    fc.uniqueArray(fc.constantFrom(...of), { minLength: 1, maxLength: 3 }),
  );

/** Rules without a condition; beyond what they name there is always something else. */
const listed: fc.Arbitrary<readonly Rule[]> = fc
  .array(
    fc.record({
      effect: fc.constantFrom('allow', 'deny'),
      match: fc.record(
        {
          action: someOf(...names.action, 'order.*', '**'),
          resource: someOf('order/1', 'order/2', 'order/*'),
          agent: someOf('bot', 'clerk', '**'),
        },
        { requiredKeys: ['action'] },
      ),
    }),
    { minLength: 2, maxLength: 4, size: 'max' },
  )
  .map((list) => list.map((each, n) => ({ id: `r${n}`, ...each })) as unknown as Rule[]);

/** The calls that a rule is about, by action: every combination of names is tried. */
function callsOf({ match }: Rule): ReadonlyMap<string, readonly string[]> {
  const named = members.map((member) =>
    names[member].filter((name) => match?.[member] === undefined || globs(match[member], name)),
  );
  const [ofAction = [], resources = [], agents = []] = named;
  const calls = resources.flatMap((resource) => agents.map((agent) => `${resource} ${agent}`));
  return new Map(ofAction.map((action) => [action, calls]));
}

/** Paths of what is named in a list, and whose calls are all denied, each action's by one rule. */
function takenAway(rules: readonly Rule[]): readonly string[] {
  const denials = rules.filter(({ effect }) => effect === 'deny').map(callsOf);
  const isDenied = (rule: Rule): boolean =>
    [...callsOf(rule)].every(([action, calls]) =>
      denials.some((denied) => calls.every((call) => denied.get(action)?.includes(call))),
    );
  return rules.flatMap((rule, n) =>
    rule.effect === 'deny' || isDenied(rule)
      ? []
      : members.flatMap((member) => {
          const list = [rule.match?.[member] ?? []].flat();
          const parts = list.map((each) => ({ ...rule, match: { ...rule.match, [member]: each } }));
          const isList = Array.isArray(rule.match?.[member]) && list.length > 1;
          return parts.flatMap((part, position) =>
            isList && isDenied(part) ? [`rules[${n}].match.${member}[${position}]`] : [],
          );
        }),
  );
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

  test.each(['Order/*', '/order/*', 'order/*/x', 'order//*', 'customer/**', '?'])(
    'a denial of a pattern that no resource of its actions matches: %s',
    (resource) => {
      const outside = { ...deny, match: { action: 'order.read', resource } };
      expect(lint([outside])).toEqual(['error unreachable-rule rules[0].match.resource']);
      const list = { action: 'order.read', resource: ['order/1', resource] };
      expect(lint([{ ...deny, match: list }])).toEqual([
        'error unreachable-rule rules[0].match.resource[1]',
      ]);
      expect(lint([{ ...deny, match: { action: 'order.*', resource } }])).toEqual([]);
      expect(lint([{ ...deny, match: { resource } }])).toEqual([]);
    },
  );

  test('a denial without an action is for actions to come, an allow is not', () => {
    const only = { 'order.read': actions['order.read'] };
    const document = (effect: 'allow' | 'deny'): PolicyDocument => {
      const rules = [{ id: 'r', effect, match: { resource: 'Order/*' } }];
      return { format: 1, version: 1, actions: only, tiers: { unrestricted: ['**'] }, rules };
    };
    expect(lintPolicy(document('deny'))).toEqual([]);
    expect(lintPolicy(document('allow'))).toHaveLength(1);
  });

  test('a sequence that raises nothing', () => {
    const found = (last: string, raiseTo: 'medium' | 'high' | 'critical') =>
      lintPolicy({
        format: 1,
        version: 1,
        actions: { read: {}, 'mail.send': { risk: 'high' }, 'mail.note': { risk: 'medium' } },
        tiers: { unrestricted: ['**'] },
        risk: { sequences: [{ id: 's', steps: ['read', last], raiseTo }] },
      }).map(({ severity, code, path }) => `${severity} ${code} ${path}`);
    const refused = ['error no-effect risk.sequences[0].raiseTo'];
    expect(found('mail.send', 'high')).toEqual(refused);
    expect(found('mail.*', 'medium')).toEqual(refused);
    expect(found('mail.send', 'critical')).toEqual([]);
    expect(found('mail.*', 'high')).toEqual([]);
    expect(found('read', 'medium')).toEqual([]);
  });

  test('a check that never runs', () => {
    const match = { action: 'order.read', resource: 'Order/*' };
    const check = { id: 'c', evaluator: 'secrets', match };
    const classifier = { id: 'c', classifier: 'c', match };
    const found = (document: Partial<PolicyDocument>): readonly string[] =>
      lintPolicy({
        format: 1,
        version: 1,
        actions,
        tiers: { unrestricted: ['**'] },
        ...document,
      }).map(({ code, path }) => `${code} ${path}`);
    const path = 'unreachable-rule guardrails';
    expect(found({ guardrails: { tool: [check] } })).toEqual([`${path}.tool[0].match.resource`]);
    expect(found({ guardrails: { output: [check] } })).toEqual([
      `${path}.output[0].match.resource`,
    ]);
    expect(found({ risk: { classifiers: [classifier] } })).toHaveLength(1);
    expect(found({ assets: { classifiers: [classifier] } })).toHaveLength(1);
    const wide = { ...check, match: { resource: 'Order/*' } };
    expect(found({ guardrails: { tool: [wide] } })).toEqual([]);
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

  test('an action that only a rule in shadow mode allows', () => {
    const base = { format: 1, version: 1, actions: { read: {} } } as const;
    const found = (mode: 'enforce' | 'shadow') =>
      lintPolicy({ ...base, rules: [{ id: 'r', effect: 'allow', mode }] }).map(({ code }) => code);
    expect([found('enforce'), found('shadow')]).toEqual([[], ['never-allowed']]);
  });

  test('a pattern of a tier all of whose actions are in a stricter one', () => {
    const tiers = { blocked: ['order.*'], autoApprove: ['order.read', 'mail.send'] };
    expect(lint([], tiers)).toEqual([
      'warning tier-overridden tiers.autoApprove[0]',
      // Everything is in a stricter tier than the last one.
      'warning tier-overridden tiers.unrestricted[0]',
    ]);
  });

  test('a bound of the tier autoApprove, where there is none', () => {
    const autoApproveWhen = { riskAtMost: 'medium' } as const;
    const base = { format: 1, version: 1, actions: { read: {} }, autoApproveWhen } as const;
    const found = (tiers: NonNullable<PolicyDocument['tiers']>) =>
      lintPolicy({ ...base, tiers }).map(({ severity, code, path }) => [severity, code, path]);
    expect(found({ unrestricted: ['read'] })).toEqual([['error', 'no-effect', 'autoApproveWhen']]);
    expect(found({ autoApprove: ['read'] })).toEqual([]);
  });
});

describe('a rule that names what a deny takes away whole is wider than the deny', () => {
  const both: Rule = { ...allow, match: { action: ['order.read', 'order.refund'] } };
  const refunds: Rule = { id: 'stop', effect: 'deny', match: { action: 'order.refund' } };
  const found = 'warning wider-than-deny rules[0].match';

  test.each([
    ['an action', both, refunds, 'action[1]'],
    [
      'a pattern of actions',
      { ...both, match: { action: ['mail.*', 'order.*'] } },
      deny,
      'action[1]',
    ],
    [
      'an agent',
      { ...allow, match: { agent: ['a', 'b'] } },
      { ...deny, match: { agent: 'b' } },
      'agent[1]',
    ],
    [
      'resources',
      { ...allow, match: { resource: ['a/*', 'b'] } },
      { ...deny, match: { resource: 'a/**' } },
      'resource[0]',
    ],
    ['with the same condition', { ...both, when }, { ...refunds, when }, 'action[1]'],
    ['a rule that asks', { ...both, effect: 'require-approval' }, refunds, 'action[1]'],
  ] as const)('%s', (_, rule, denial, path) => {
    expect(lint([rule, denial])).toEqual([`${found}.${path}`]);
  });

  test('an action of the tier `blocked`, or that several rules deny', () => {
    const blocked = { blocked: ['order.refund'], unrestricted: ['mail.send'] };
    expect(lint([both], blocked)).toEqual([`${found}.action[1]`]);
    const [reads, all] = [
      { ...refunds, id: 'reads', match: { action: 'order.read' } },
      { ...both, match: { action: ['mail.send', 'order.*'] } },
    ];
    expect(lint([all, refunds, reads])).toEqual([`${found}.action[1]`]);
  });

  test('an exception to a pattern, or for some, or under a condition of its own, is not reported', () => {
    const wide = { ...both, match: { action: ['mail.*', 'order.*'] } };
    expect(lint([wide, refunds])).toEqual([]);
    expect(
      lint([both, { ...refunds, match: { action: 'order.refund', agent: 'intern' } }]),
    ).toEqual([]);
    expect(lint([both, { ...refunds, when }])).toEqual([]);
    expect(lint([both, { ...refunds, mode: 'shadow' }])).toEqual([]);
  });
});

test('what is reported is all that a deny takes away whole of a rule that grants more, and nothing else', () => {
  let reported = 0;
  assertHolds(listed, 1_000, (rules) => {
    const found = lint(rules, { unrestricted: [] }).filter((line) =>
      line.includes('wider-than-deny'),
    );
    const paths = found.map((line) => line.split(' ')[2]);
    expect(paths).toEqual(takenAway(rules));
    reported += paths.length;
  });
  expect(reported).toBeGreaterThan(runs(1_000) / 20);
});

test('what lint says has no effect in a list can be taken out: no request is decided differently', () => {
  let removed = 0;
  const asked = fc.record({
    document: policies,
    calls: fc.array(requests, { minLength: 30, maxLength: 30 }),
  });
  assertHolds(asked, 300, ({ document, calls }) => {
    for (const { code, path } of lintPolicy(document)) {
      if (code !== 'wider-than-deny') continue;
      const [, rule, member = '', position] =
        /^rules\[(\d+)\]\.match\.(\w+)\[(\d+)\]$/.exec(path) ?? [];
      const shorter = structuredClone(document) as unknown as Lists;
      shorter.rules[Number(rule)]?.match[member]?.splice(Number(position), 1);
      const [before, after] = [document, shorter as unknown as PolicyDocument].map(
        compilePolicy,
      ) as [Compiled, Compiled];
      removed += 1;
      for (const call of calls) {
        expect(evaluatePolicy(after, call).effect).toBe(evaluatePolicy(before, call).effect);
      }
    }
  });
  expect(removed).toBeGreaterThan(0);
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
        const paths = new Set(found.map(({ path }) => path));
        const isIdle = (n: number, rule: Rule): boolean =>
          paths.has(`rules[${n}].match.resource`) ||
          // A rule whose condition could be an error has an effect: it denies.
          (paths.has(`rules[${n}]`) && rule.when === undefined);
        const rest = (document.rules ?? []).flatMap((rule, n) => {
          const { resource, ...match } = rule.match ?? {};
          if (isIdle(n, rule)) return [];
          if (!Array.isArray(resource)) return [rule];
          const left = resource.filter((_, at) => !paths.has(`rules[${n}].match.resource[${at}]`));
          return [{ ...rule, match: { ...match, resource: left } }];
        });
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

test('actions and labels are gathered once, however many conditions are on them', () => {
  let gathered = 0;
  const counted = new Proxy<PolicyDocument['actions']>(actions, {
    ownKeys: (target) => {
      gathered += 1;
      return Reflect.ownKeys(target);
    },
  });
  const gatheredFor = (length: number): number => {
    const rules = Array.from({ length }, (_, n): Rule => {
      return { id: `r${n}`, effect: 'allow', when: { path: 'action', equals: 'mail.send' } };
    });
    gathered = 0;
    lintPolicy({ format: 1, version: 1, actions: counted, rules });
    return gathered;
  };
  expect(gatheredFor(100)).toBe(gatheredFor(1));
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
