/** Documents that must not load: each has one thing wrong, and the finding says where. */
import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { checkPolicy } from './check.ts';

const rule = { id: 'r', effect: 'allow' } as const;
const good = {
  format: 1,
  version: 1,
  name: 'good',
  actions: { read: { risk: 'low', resource: 'file/*', runTimeoutMs: 5 }, 'pay.send': {} },
  tiers: { unrestricted: ['read'], alwaysApprove: ['pay.*'] },
  autoApproveWhen: { riskAtMost: 'medium' },
  rules: [
    { ...rule, match: { action: ['read'], agent: 'bot*' }, reason: 'why' },
    { id: 's', effect: 'steer', steer: { guidance: 'do', suggest: ['read'], retriesAtMost: 0 } },
    { id: 'a', effect: 'require-approval', approval: { roles: ['admin'], timeoutMs: 1 } },
  ],
  approvals: { roles: ['approver'], timeoutMs: 60_000 },
};

function findingsOf(document: unknown): readonly string[] {
  const checked = checkPolicy(document);
  return 'findings' in checked ? checked.findings.map(({ path }) => path) : [];
}

const withRule = (more: object): unknown => ({ ...good, rules: [{ ...rule, ...more }] });
const when = (condition: unknown): unknown => withRule({ when: condition });
const leaf = { path: 'arguments.a', equals: 1 };
const nested = (depth: number): unknown => (depth === 1 ? leaf : { not: nested(depth - 1) });
const parsed = (text: string): unknown => ({ ...good, ...(JSON.parse(text) as object) });
const steer = { id: 's', effect: 'steer' };

test('a good document checks, and so does the least one', () => {
  expect(findingsOf(good)).toEqual([]);
  expect(findingsOf({ format: 1, version: 1, actions: { read: {} } })).toEqual([]);
});

test.each<[string, unknown, string]>([
  ['no object', null, ''],
  ['a list', [], ''],
  ['a text', 'policy', ''],
  ['an unknown member', { ...good, tier: {} }, 'tier'],
  ['another format', { ...good, format: 2 }, 'format'],
  ['a format as text', { ...good, format: '1' }, 'format'],
  ['version NaN', { ...good, version: Number.NaN }, 'version'],
  ['version 0', { ...good, version: 0 }, 'version'],
  ['version 1.5', { ...good, version: 1.5 }, 'version'],
  ['version as text', { ...good, version: '2' }, 'version'],
  ['version past counting', { ...good, version: 2 ** 53 }, 'version'],
  ['no version', { ...good, version: undefined }, 'version'],
  ['an empty name', { ...good, name: '' }, 'name'],
  ['no actions', { ...good, actions: undefined }, 'actions'],
  ['empty actions', { format: 1, version: 1, actions: {} }, 'actions'],
  ['actions as a list', { format: 1, version: 1, actions: ['read'] }, 'actions'],
  [
    'a Cyrillic action',
    { format: 1, version: 1, actions: { 'r\u0435ad': {} } },
    'actions.r\u0435ad',
  ],
  [
    'a __proto__ action',
    parsed('{"actions":{"__proto__":{},"read":{},"pay.x":{}}}'),
    'actions.__proto__',
  ],
  ['an action that is null', { format: 1, version: 1, actions: { a: null } }, 'actions.a'],
  [
    'an unknown risk',
    { format: 1, version: 1, actions: { a: { risk: 'none' } } },
    'actions.a.risk',
  ],
  [
    'a misspelt member',
    { format: 1, version: 1, actions: { a: { riks: 'low' } } },
    'actions.a.riks',
  ],
  [
    'a resource with a space',
    { format: 1, version: 1, actions: { a: { resource: 'a b' } } },
    'actions.a.resource',
  ],
  [
    'a run timeout of 0',
    { format: 1, version: 1, actions: { a: { runTimeoutMs: 0 } } },
    'actions.a.runTimeoutMs',
  ],
  ['a misspelt tier', { ...good, tiers: { blockd: ['read'] } }, 'tiers.blockd'],
  ['a tier with a misspelt action', { ...good, tiers: { blocked: ['raed'] } }, 'tiers.blocked[0]'],
  ['a tier in another case', { ...good, tiers: { blocked: ['Read'] } }, 'tiers.blocked[0]'],
  [
    'a tier pattern that matches nothing',
    { ...good, tiers: { blocked: ['x.*'] } },
    'tiers.blocked[0]',
  ],
  ['an empty tier', { ...good, tiers: { blocked: [] } }, 'tiers.blocked'],
  ['a tier that is a text', { ...good, tiers: { blocked: 'read' } }, 'tiers.blocked'],
  ['a tier with a number', { ...good, tiers: { blocked: [5] } }, 'tiers.blocked[0]'],
  [
    'autoApproveWhen without a level',
    { ...good, autoApproveWhen: {} },
    'autoApproveWhen.riskAtMost',
  ],
  [
    'autoApproveWhen with another level',
    { ...good, autoApproveWhen: { riskAtMost: 'max' } },
    'autoApproveWhen.riskAtMost',
  ],
  ['approvals by nobody', { ...good, approvals: { roles: [] } }, 'approvals.roles'],
  [
    'approvals by a role that decides no tickets',
    { ...good, approvals: { roles: ['operator'] } },
    'approvals.roles[0]',
  ],
  [
    'approvals by an unknown role',
    { ...good, approvals: { roles: ['cfo'] } },
    'approvals.roles[0]',
  ],
  [
    'approvals by the control plane',
    { ...good, approvals: { roles: ['system'] } },
    'approvals.roles[0]',
  ],
  ['approvals without time', { ...good, approvals: { timeoutMs: 0 } }, 'approvals.timeoutMs'],
  ['approvals for ever', { ...good, approvals: { timeoutMs: 1e12 } }, 'approvals.timeoutMs'],
  [
    'a sequence with no room for its steps',
    {
      ...good,
      risk: {
        sequences: [{ id: 'q', steps: ['read', 'pay.x'], withinActions: 1, raiseTo: 'high' }],
      },
    },
    'risk.sequences[0].withinActions',
  ],
  ['rules as an object', { ...good, rules: {} }, 'rules'],
  ['a rule that is a text', { ...good, rules: ['deny'] }, 'rules[0]'],
  ['an unknown rule member', withRule({ unless: leaf }), 'rules[0].unless'],
  ['a rule without an id', { ...good, rules: [{ effect: 'deny' }] }, 'rules[0].id'],
  ['two rules of one id', { ...good, rules: [rule, rule] }, 'rules[1].id'],
  ['an unknown effect', withRule({ effect: 'permit' }), 'rules[0].effect'],
  ['an effect in another case', withRule({ effect: 'Deny' }), 'rules[0].effect'],
  ['an empty reason', withRule({ reason: '' }), 'rules[0].reason'],
  ['an empty match', withRule({ match: {} }), 'rules[0].match'],
  ['a misspelt match', withRule({ match: { actions: 'read' } }), 'rules[0].match.actions'],
  [
    'a match of a misspelt action',
    withRule({ match: { action: 'raed' } }),
    'rules[0].match.action',
  ],
  ['a match of no patterns', withRule({ match: { agent: [] } }), 'rules[0].match.agent'],
  ['a match that is null', withRule({ match: { agent: null } }), 'rules[0].match.agent'],
  ['an approval that has no effect', withRule({ approval: {} }), 'rules[0].approval'],
  ['a steer that has no effect', withRule({ steer: { guidance: 'x' } }), 'rules[0].steer'],
  ['a steer without guidance', { ...good, rules: [steer] }, 'rules[0].steer.guidance'],
  [
    'a suggestion that is unknown',
    { ...good, rules: [{ ...steer, steer: { guidance: 'x', suggest: ['raed'] } }] },
    'rules[0].steer.suggest',
  ],
  [
    'no suggestions',
    { ...good, rules: [{ ...steer, steer: { guidance: 'x', suggest: [] } }] },
    'rules[0].steer.suggest',
  ],
  [
    'retries below 0',
    { ...good, rules: [{ ...steer, steer: { guidance: 'x', retriesAtMost: -1 } }] },
    'rules[0].steer.retriesAtMost',
  ],
  ['a condition that is true', when(true), 'rules[0].when'],
  ['a condition that is null', when(null), 'rules[0].when'],
  ['an empty condition', when({}), 'rules[0].when'],
  ['an empty all', when({ all: [] }), 'rules[0].when.all'],
  ['an empty any', when({ any: [] }), 'rules[0].when.any'],
  ['an empty all inside', when({ any: [leaf, { all: [] }] }), 'rules[0].when.any[1].all'],
  ['an all that is no list', when({ all: leaf }), 'rules[0].when.all'],
  ['all beside any', when({ all: [leaf], any: [leaf] }), 'rules[0].when'],
  ['not beside a comparison', when({ not: leaf, ...leaf }), 'rules[0].when'],
  ['no path', when({ equals: 1 }), 'rules[0].when'],
  ['no operator', when({ path: 'arguments.a' }), 'rules[0].when'],
  ['two operators', when({ ...leaf, atMost: 2 }), 'rules[0].when'],
  ['a misspelt operator', when({ path: 'arguments.a', equal: 1 }), 'rules[0].when.equal'],
  ['a misspelt root', when({ path: 'argument.a', equals: 1 }), 'rules[0].when.path'],
  ['a root in another case', when({ path: 'Risk', equals: 'low' }), 'rules[0].when.path'],
  ['a member of a text', when({ path: 'risk.level', equals: 'low' }), 'rules[0].when.path'],
  ['an empty segment', when({ path: 'arguments..a', equals: 1 }), 'rules[0].when.path'],
  ['equals an object', when({ path: 'arguments.a', equals: {} }), 'rules[0].when.equals'],
  ['in nothing', when({ path: 'arguments.a', in: [] }), 'rules[0].when.in'],
  ['in a text', when({ path: 'arguments.a', in: 'abc' }), 'rules[0].when.in'],
  ['in a list of lists', when({ path: 'arguments.a', in: [[1]] }), 'rules[0].when.in'],
  ['at most a word', when({ path: 'arguments.a', atMost: 'ten' }), 'rules[0].when.atMost'],
  ['at most NaN', when({ path: 'arguments.a', atMost: Number.NaN }), 'rules[0].when.atMost'],
  ['matches a list', when({ path: 'resource', matches: ['*'] }), 'rules[0].when.matches'],
  ['inside no folder', when({ path: 'resource', inside: '' }), 'rules[0].when.inside'],
  [
    'inside an ambiguous folder',
    when({ path: 'resource', inside: '/a/%2e%2e' }),
    'rules[0].when.inside',
  ],
  ['outside a number', when({ path: 'resource', outside: 5 }), 'rules[0].when.outside'],
  ['exists as text', when({ path: 'arguments.a', exists: 'true' }), 'rules[0].when.exists'],
  ['risk above a number', when({ path: 'risk', moreThan: 1 }), 'rules[0].when.moreThan'],
  ['risk below a number', when({ path: 'risk', lessThan: 1 }), 'rules[0].when.lessThan'],
  ['risk of at most a number', when({ path: 'risk', atMost: 1 }), 'rules[0].when.atMost'],
  ['risk of at least a number', when({ path: 'risk', atLeast: '1' }), 'rules[0].when.atLeast'],
  [
    'a guardrail above a number',
    when({ path: 'guardrails.g', moreThan: 1 }),
    'rules[0].when.moreThan',
  ],
  ['contains nothing', when({ path: 'resource', contains: '' }), 'rules[0].when.contains'],
])('%s', (_, document, path) => {
  expect(findingsOf(document)).toContain(path);
});

const guard = { id: 'g', evaluator: 'secrets' };
const classify = { id: 'c', classifier: 'payees' };
const reads = (id: string): object => ({
  rules: [{ ...rule, when: { path: `guardrails.${id}`, equals: 'refuse' } }],
});

test.each<[string, object, string[]]>([
  ['no stage', { guardrails: {} }, ['guardrails']],
  ['an unknown stage', { guardrails: { model: [guard] } }, ['guardrails.model']],
  ['a stage that is no list', { guardrails: { input: guard } }, ['guardrails.input']],
  ['an empty stage', { guardrails: { output: [] } }, ['guardrails.output']],
  [
    'an effect on input',
    { guardrails: { input: [{ ...guard, effect: 'deny' }] } },
    ['guardrails.input[0].effect'],
  ],
  [
    'an effect on output',
    { guardrails: { output: [{ ...guard, effect: 'require-approval' }] } },
    ['guardrails.output[0].effect'],
  ],
  [
    'an effect in a list, as a slip in YAML makes it',
    { guardrails: { tool: [{ ...guard, effect: ['deny'] }] } },
    ['guardrails.tool[0].effect'],
  ],
  [
    'an effect on output in a list',
    { guardrails: { output: [{ ...guard, effect: ['redact'] }] } },
    ['guardrails.output[0].effect'],
  ],
  [
    'an action of an input',
    { guardrails: { input: [{ ...guard, match: { action: '*' } }] } },
    ['guardrails.input[0].match.action'],
  ],
  [
    'one id at two stages',
    { guardrails: { input: [guard], output: [guard] } },
    ['guardrails.output[0].id'],
  ],
  [
    'one id for a guardrail and a classifier',
    { guardrails: { tool: [guard] }, risk: { classifiers: [{ ...classify, id: 'g' }] } },
    ['risk.classifiers[0].id'],
  ],
  [
    'a classifier without its name',
    { risk: { classifiers: [{ id: 'c', evaluator: 'x' }] } },
    ['risk.classifiers[0].evaluator', 'risk.classifiers[0].classifier'],
  ],
  ['assets without classifiers', { assets: { risk: { a: 'low' } } }, ['assets']],
  [
    'an unknown risk of a class',
    { assets: { classifiers: [classify], risk: { a: 'huge' } } },
    ['assets.risk.a'],
  ],
  [
    'a guardrail that informs nobody',
    { guardrails: { tool: [{ ...guard, effect: 'inform' }] } },
    ['guardrails.tool[0]'],
  ],
  ['a condition on no guardrail', reads('g'), ['rules[0].when']],
  [
    'a condition on a guardrail that denies',
    { ...reads('g'), guardrails: { tool: [guard] } },
    ['rules[0].when'],
  ],
  [
    'a condition on a guardrail’s member',
    { ...reads('g.outcome'), guardrails: { tool: [{ ...guard, effect: 'inform' }] } },
    ['rules[0].when.path'],
  ],
  [
    'classes in a tree',
    { rules: [{ ...rule, when: { path: 'assetClasses', contains: 'a' } }] },
    ['rules[0].when.path'],
  ],
])('evaluators: %s', (_, members, paths) => {
  expect(findingsOf({ ...good, ...members })).toEqual(paths);
});

test('a guardrail that informs is read by trees, by expressions, and by index', () => {
  const at = (path: readonly string[]): object => ({ op: 'path', path });
  const value = (text: string): object => ({ op: 'value', value: text });
  const equal = (left: object): object => ({
    expression: { op: 'equal', left, right: value('refuse') },
  });
  const index = { op: 'index', of: at(['guardrails']), at: value('g') };
  const conditions = [
    { path: 'guardrails.g', equals: 'refuse' },
    { not: { any: [equal(at(['guardrails', 'g']))] } },
    equal(index),
  ];
  for (const condition of conditions) {
    const guardrails = { tool: [{ ...guard, effect: 'inform' }] };
    const rules = [{ ...rule, when: condition }];
    expect(findingsOf({ ...good, guardrails, rules })).toEqual([]);
  }
});

test('conditions may be as deep and as large as the limits say, and no more', () => {
  const list = (length: number): unknown => ({ all: Array.from({ length }, () => leaf) });
  expect(findingsOf(when(nested(limits.conditionDepthMax)))).toEqual([]);
  expect(findingsOf(when(nested(limits.conditionDepthMax + 1)))).not.toEqual([]);
  expect(findingsOf(when(nested(5_000)))).not.toEqual([]);
  expect(findingsOf(when(list(limits.conditionNodesMax - 1)))).toEqual([]);
  expect(findingsOf(when(list(limits.conditionNodesMax)))).not.toEqual([]);
});

test('a document may have as many rules as the limit says, and no more', () => {
  const rules = (length: number): unknown => ({
    ...good,
    rules: Array.from({ length }, (_, n) => ({ ...rule, id: `r${n}` })),
  });
  expect(findingsOf(rules(limits.policyRulesMax))).toEqual([]);
  expect(findingsOf(rules(limits.policyRulesMax + 1))).toEqual(['rules']);
});

test('a document costs no more to check than wildcards times actions may', () => {
  const actions = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`act.n${n}`, {}]));
  const rules = Array.from({ length: 201 }, (_, n) => ({
    ...rule,
    id: `r${n}`,
    match: { action: `act.n${n}*` },
  }));
  expect(findingsOf({ format: 1, version: 1, actions, rules })).toEqual(['rules']);
});

test.each([
  ['unknown-member', { ...good, tier: {} }],
  ['wrong-type', { ...good, format: 2 }],
  ['empty-list', { ...good, tiers: { blocked: [] } }],
  ['unknown-action', { ...good, tiers: { blocked: ['gone'] } }],
  ['empty-match', withRule({ match: {} })],
  ['duplicate-id', { ...good, rules: [rule, rule] }],
  ['no-effect', withRule({ steer: { guidance: 'x' } })],
  ['operand-invalid', when({ path: 'arguments.a', atMost: 'ten' })],
  ['condition-unknown-name', when({ path: 'argument.a', equals: 1 })],
])('the code is stable: %s', (code, document) => {
  const checked = checkPolicy(document);
  expect('findings' in checked && checked.findings.map((each) => each.code)).toEqual([code]);
});
