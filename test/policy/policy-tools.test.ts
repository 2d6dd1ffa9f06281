/** Tests of policies, explain and diff: all three only ask the kernel. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PolicyDocument } from '../../src/kernel/index.ts';
import {
  diffPolicies,
  explainPolicy,
  junitReport,
  type PolicyRequest,
  readPolicy,
  readPolicyTests,
  readPolicyText,
  readRequest,
  runPolicyTests,
  starterCases,
  starterPolicy,
} from '../../src/policy/index.ts';
import { verdictOn } from '../../src/policy/policy-request.ts';
import { policies, requests } from '../kernel/random-policies.ts';

function policyOf(text: string): PolicyDocument {
  const read = readPolicyText(text, { file: 'policy.yaml' });
  if ('findings' in read) throw new Error(JSON.stringify(read.findings));
  expect(read.warnings).toEqual([]);
  return read.document;
}

const starter = policyOf(starterPolicy);
const refund: PolicyRequest = {
  action: 'order.refund',
  resource: 'order/o-1',
  arguments: { amount: '20' },
};

describe('tests of a policy', () => {
  test('the starter passes its own', () => {
    const file = readPolicyTests(starterCases('policy.yaml'), { file: 'cases' });
    if ('findings' in file) throw new Error(JSON.stringify(file.findings));
    const results = runPolicyTests(starter, file.cases);
    expect(results.filter(({ passed }) => !passed)).toEqual([]);
    expect(results.map(({ verdict }) => verdict.effect)).toContain('steer');
  });

  test('what is not as expected is said', () => {
    const cases = [
      { name: 'a', given: refund, expect: { effect: 'allow', rules: ['refund-cap'] } as const },
      { name: 'b', given: refund, expect: { effect: 'require-approval', risk: 'low' } as const },
    ];
    expect(runPolicyTests(starter, cases).map(({ differences }) => differences)).toEqual([
      [
        'effect: expected `allow`, got `require-approval`',
        'rules: expected `rule:refund-cap`, got `tier:alwaysApprove`',
      ],
      ['risk: expected `low`, got `high`'],
    ]);
  });

  test('guardrails pass where nothing is said, and refuse where that is given', () => {
    const guardrails = { tool: [{ id: 'pii', evaluator: 'patterns' }] };
    const guarded = { ...starter, guardrails };
    const given = { action: 'order.read', resource: 'order/1' };
    const outcomes = [{}, { guardrails: { pii: 'refuse' } }, { guardrails: { pii: 'error' } }];
    const codes = outcomes.map(
      (more) => verdictOn(guarded, { ...given, ...more } as PolicyRequest).code,
    );
    expect(codes).toEqual(['allowed', 'policy-denied', 'policy-error']);
  });

  test('what is given of a guardrail or classifier that the policy does not ask is told', () => {
    const guardrails = { tool: [{ id: 'pii', evaluator: 'patterns' }] };
    const guarded = { ...starter, guardrails };
    const given = { action: 'order.read', resource: 'order/1' };
    const slips = [{ guardrails: { pij: 'refuse' } }, { classifiers: { payee: 'high' } }] as const;
    const cases = slips.map((slip, at) => {
      return { name: `${at}`, given: { ...given, ...slip }, expect: { effect: 'allow' } as const };
    });
    const told = [
      '`guardrails.pij` is about no tool guardrail that the policy has',
      '`classifiers.payee` is about no classifier that the policy has',
    ];
    const results = runPolicyTests(guarded, cases);
    expect(results.map(({ differences }) => differences)).toEqual(
      told.map((each) => [`given: ${each}`]),
    );
    const read = slips.map((slip) => readRequest({ ...given, ...slip }, guarded));
    expect(read).toMatchObject([{ path: 'guardrails.pij' }, { path: 'classifiers.payee' }]);
    expect(readRequest({ ...given, guardrails: { pii: 'refuse' } }, guarded)).toHaveProperty(
      'request',
    );
  });

  test('an action or guardrail that is called as what every object has is told from it', () => {
    const read = readPolicy({
      format: 1,
      version: 1,
      actions: { valueOf: {} },
      tiers: { unrestricted: ['valueOf'] },
      guardrails: { tool: [{ id: 'constructor', evaluator: 'secrets' }] },
      rules: [{ id: 'twice', effect: 'deny', when: 'countAllowed("valueOf") >= 2' }],
    });
    if (!('document' in read)) throw new Error(JSON.stringify(read));
    const sessions = [
      { before: ['valueOf'] },
      { counts: { valueOf: 1 } },
      { counts: { valueOf: 2 } },
    ];
    const verdicts = sessions.map((session) =>
      verdictOn(read.document, { action: 'valueOf', session, guardrails: {} }),
    );
    expect(verdicts.map(({ code }) => code)).toEqual(['allowed', 'allowed', 'policy-denied']);
  });

  test('what a guardrail found, and what became of an input, are texts and no lists of one', () => {
    const given = { action: 'order.read' };
    const slips = [{ guardrails: { pii: ['pass'] } }, { session: { input: ['pass'] } }];
    const read = slips.map((slip) => readRequest({ ...given, ...slip }));
    expect(read).toMatchObject([{ path: 'guardrails.pii' }, { path: 'session.input' }]);
  });

  test('what a session did before counts, gathers risk and is a step of a sequence', () => {
    const gathered = policyOf(`
format: 1
version: 1
actions: { file.read: {}, file.write: {}, mail.send: {} }
tiers: { unrestricted: ['**'] }
risk:
  thresholds: { high: 3 }
  sequences: [{ id: leak, steps: [file.read, mail.send], withinMs: 1000, raiseTo: critical }]
  effects: { critical: deny, high: require-approval }
rules:
  - { id: few, effect: deny, match: { action: file.write }, when: 'countAllowed("file.write") >= 2' }
`);
    const read = (agoMs: number) => ({ action: 'file.read', agoMs });
    const effects = [
      { action: 'mail.send' },
      { action: 'mail.send', session: { before: ['file.read'] } },
      { action: 'mail.send', session: { before: [read(1_001)] } },
      { action: 'mail.send', session: { before: [read(1_001), read(1_000)] } },
      { action: 'file.write', session: { before: ['file.write', 'file.write'] } },
      { action: 'file.write', session: { counts: { 'file.write': 1 } } },
      { action: 'file.write', session: { counts: { 'file.write': 2 } } },
      { action: 'file.read', session: { before: ['file.read', 'file.read'] } },
      { action: 'file.read', session: { before: ['file.read', 'file.read'], riskScore: 0 } },
    ].map((request) => verdictOn(gathered, request).effect);
    expect(effects).toEqual([
      'allow',
      'deny',
      'allow',
      'deny',
      'deny',
      'allow',
      'deny',
      'require-approval',
      'allow',
    ]);
  });

  test('classifiers say nothing special, and input has passed, where nothing is given', () => {
    const asking = {
      ...starter,
      risk: { classifiers: [{ id: 'c', classifier: 'x' }], effects: { critical: 'deny' } },
      assets: { classifiers: [{ id: 'a', classifier: 'y' }], risk: { secret: 'critical' } },
      guardrails: { input: [{ id: 'in', evaluator: 'z' }] },
    } as unknown as PolicyDocument;
    const given = { action: 'order.read', resource: 'order/1' };
    const codes = [
      {},
      { classifiers: { c: 'critical' } },
      { classifiers: { a: ['secret'] } },
      { session: { input: 'refuse' } },
      { session: { input: 'none' } },
    ].map((more) => verdictOn(asking, { ...given, ...more } as PolicyRequest).code);
    expect(codes).toEqual([
      'allowed',
      'policy-denied',
      'policy-denied',
      'policy-denied',
      'policy-denied',
    ]);
  });

  test('a case of a model call is decided by who may use the model', () => {
    const document = {
      ...starter,
      actions: { 'model.call': { resource: 'model/*' } },
      tiers: { unrestricted: ['model.call'] },
      rules: [],
      models: { tiers: { premium: { agents: ['writer'] } } },
    } as unknown as PolicyDocument;
    const model = { id: 'cloud/large', tier: 'premium' };
    const codes = [{ model }, { model, agent: 'writer' }, { model: { id: 'small' } }, {}].map(
      (more) => verdictOn(document, { action: 'model.call', ...more }).code,
    );
    expect(codes).toEqual(['model-not-allowed', 'allowed', 'allowed', 'policy-denied']);
  });

  test.each([
    ['cases: []', 'case-invalid 1:1'],
    [
      'policy: p\ncases: [{ name: a, given: {action: x, model: {tier: x}}, expect: {effect: deny}}]',
      'case-invalid 2:39',
    ],
    [
      'policy: p\ncases: [{ name: a, given: {action: x, model: {id: x, t: 1}}, expect: {effect: deny}}]',
      'unknown-member 2:54',
    ],
    [
      'policy: p\ncases: [{ name: a, given: { action: x }, expect: { effect: permit } }]',
      'case-invalid 2:60',
    ],
    [
      'policy: p\ncases: [{ name: a, given: { action: x }, expect: { effect: [deny] } }]',
      'case-invalid 2:52',
    ],
    [
      'policy: p\ncases: [{ name: a, given: { act: x }, expect: { effect: deny } }]',
      'unknown-member 2:29',
    ],
    [
      'policy: p\ncases: [{ name: a, given: { action: x }, expects: { effect: deny } }]',
      'unknown-member 2:42',
    ],
    [
      'policy: p\ncases: [{ name: a, given: {action: x, session: {ids: 1}}, expect: {effect: deny}}]',
      'unknown-member 2:49',
    ],
    [
      'policy: p\ncases: [{ name: a, given: {action: x, session: {before: x}}, expect: {effect: deny}}]',
      'case-invalid 2:57',
    ],
    [
      'policy: p\ncases: [{ name: a, given: {action: x, classifiers: {c: 1}}, expect: {effect: deny}}]',
      'case-invalid 2:56',
    ],
  ])('a case that cannot be meant is refused with its place: %s', (text, place) => {
    const file = readPolicyTests(text, { file: 'cases' });
    const findings = 'findings' in file ? file.findings : [];
    const places = findings.map(({ code, line, column }) => `${code} ${line}:${column}`);
    expect(places.join(' ')).toContain(place);
  });

  test('the JUnit report escapes what people wrote', () => {
    const given = { action: 'order.delete' };
    const cases = [{ name: '<a & "b">\u0007\n', given, expect: { effect: 'allow' } as const }];
    const results = runPolicyTests(starter, cases);
    const report = junitReport([{ file: 'x', results }]);
    expect(report).toContain('name="&lt;a &amp; &quot;b&quot;&gt;\\u0007&#10;"');
    expect(report).toContain('tests="1" failures="1"');
  });
});

test.each(['action', 'resource', 'tool', 'agent', 'principal', 'org'])(
  'a request whose `%s` is no text is refused, and not decided without it',
  (name) => {
    const problem = { code: 'case-invalid', path: name, message: 'must be a text' };
    for (const value of [5, null, ['x']]) {
      expect(readRequest({ action: 'order.read', [name]: value })).toEqual(problem);
    }
  },
);

describe('explain', () => {
  test('says which rules spoke, what they read, and what would alter the outcome', () => {
    const { verdict, rules, tiers, changes } = explainPolicy(starter, refund);
    expect(verdict).toMatchObject({ effect: 'require-approval', risk: 'high' });
    expect([tiers, rules]).toEqual([
      ['alwaysApprove'],
      [
        {
          id: 'refund-cap',
          effect: 'deny',
          outcome: 'false',
          shadow: false,
          determined: false,
          values: [{ path: 'arguments.amount', value: '20' }],
        },
      ],
    ]);
    const shown = changes.map(({ path, to, verdict: { code } }) => [path, to, code]);
    expect(shown).toContainEqual(['arguments.amount', { value: '500.01' }, 'policy-denied']);
    expect(shown).toContainEqual(['arguments.amount', { missing: true }, 'policy-error']);
  });

  test('a value that is missing is told from one that is there', () => {
    const { rules } = explainPolicy(starter, { action: 'order.refund', resource: 'order/1' });
    expect(rules[0]).toMatchObject({
      outcome: 'error',
      error: '`arguments.amount` is missing',
      determined: true,
      values: [{ path: 'arguments.amount', missing: true }],
    });
  });

  test('other agents and principals are tried', () => {
    const rule = { id: 'interns', effect: 'deny', match: { agent: 'intern-*' } } as const;
    const document = { ...starter, rules: [rule] };
    const { changes } = explainPolicy(document, refund);
    expect(changes.map(({ path, to }) => [path, to])).toContainEqual([
      'agent',
      { value: 'intern-x' },
    ]);
  });

  test('an argument without its truth, and a label of the session, are tried', () => {
    const document = {
      ...starter,
      rules: [
        { id: 'urgent', effect: 'deny', when: '!arguments.urgent' },
        { id: 'red', effect: 'deny', when: '"red" in session.labels' },
      ],
    };
    const read = readPolicy(document);
    if ('findings' in read) throw new Error('it checks');
    const asked = { ...refund, arguments: { amount: '20', urgent: true } };
    const { changes } = explainPolicy(read.document, asked);
    expect(changes.map(({ path, to }) => [path, to])).toEqual([
      ['resource', { value: 'other' }],
      ['arguments.urgent', { missing: true }],
      ['arguments.urgent', { value: false }],
      ['session.labels', { value: 'red' }],
    ]);
  });

  test('every change that is shown alters the outcome in one place', () => {
    fc.assert(
      fc.property(policies, requests, (document, request) => {
        const { action, resource, agent, principal } = request;
        const asked = { action, resource, agent, principal, arguments: request.arguments };
        const { verdict, changes } = explainPolicy(document, asked);
        for (const { path, to, verdict: after } of changes) {
          expect([after.effect, after.code]).not.toEqual([verdict.effect, verdict.code]);
          expect(path).not.toBe('');
          expect('value' in to || to.missing === true).toBe(true);
        }
      }),
    );
  });
});

describe('diff', () => {
  test('a policy says the same as itself, whatever its version', () => {
    fc.assert(
      fc.property(policies, (document) => {
        const { same, examples } = diffPolicies(document, { ...document, version: 2 });
        expect([same, examples]).toEqual([true, []]);
      }),
    );
  });

  test('what was added, removed and changed is named, with a request that shows it', () => {
    const { alwaysApprove: _, ...tiers } = starter.tiers ?? {};
    const other: PolicyDocument = {
      ...starter,
      version: 2,
      actions: { ...starter.actions, 'mail.send': {} },
      tiers: { ...tiers, unrestricted: ['order.refund'] },
      rules: (starter.rules ?? []).flatMap((rule) => {
        if (rule.id === 'no-secrets') return [];
        if (rule.id !== 'refund-cap') return [rule];
        return [{ ...rule, when: { path: 'arguments.amount', moreThan: '100.00' } }];
      }),
      autoApproveWhen: { riskAtMost: 'low' },
    };
    const difference = diffPolicies(starter, other);
    expect(difference).toMatchObject({
      same: false,
      actions: { added: ['mail.send'], removed: [], changed: [] },
      rules: { added: [], removed: ['no-secrets'], changed: ['refund-cap'] },
      tiers: { added: ['unrestricted: order.refund'], removed: ['alwaysApprove: order.refund'] },
      settings: ['autoApproveWhen'],
    });
    const shown = difference.examples.map(
      ({ request, before, after }) => `${request.action} ${before.effect} ${after.effect}`,
    );
    expect(shown).toContain('order.refund require-approval allow');
    expect(shown).toContain('order.refund require-approval deny');
    expect(shown).toContain('file.read steer allow');
  });

  test('every example is decided differently by the two', () => {
    fc.assert(
      fc.property(policies, policies, (before, after) => {
        for (const { request } of diffPolicies(before, after).examples) {
          const [was, is] = [verdictOn(before, request), verdictOn(after, request)];
          expect([was.effect, was.code]).not.toEqual([is.effect, is.code]);
        }
      }),
    );
  });
});
