/** The built-in evaluators that a policy tells what to look for: `regex`, `list`, `json-schema`. */
import { expect, test } from 'vitest';
import { canonicalJson, frozenFromCanonical } from '../../log/index.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { EvaluatorRegistry } from '../registry.ts';
import { runEvaluators } from '../run-evaluators.ts';

const registry = EvaluatorRegistry.of();

async function ask(evaluator: string, config: unknown, callArguments: unknown): Promise<string> {
  const text = canonicalJson(callArguments);
  const subject = {
    stage: 'tool' as const,
    content: frozenFromCanonical(text),
    text,
    tool: 'send',
    action: 'mail.send',
    resource: 'mail/1',
    agent: 'agent-1',
    principal: 'alice',
    org: 'acme',
    session: 's-1',
  };
  const asked = [
    { id: 'g', kind: 'guardrail' as const, evaluator, config, effect: 'deny' as const },
  ];
  const [fact] = await runEvaluators({ asked, registry, subject, clock: new FakeClock() });
  return fact === undefined || fact.reason === ''
    ? (fact?.outcome ?? '')
    : [fact.outcome, fact.reason].join(': ');
}

const match = { patterns: ['rm -rf', '^DROP '], refuseOn: 'match' };
const noMatch = { patterns: ['^[a-z]+@acme[.]example$', '^postmaster$'], refuseOn: 'no-match' };

test.each<[string, unknown, unknown, string]>([
  ['nothing found', match, { run: 'ls' }, 'pass'],
  [
    'found anywhere',
    match,
    { a: ['x', { b: 'rm -rf /' }] },
    'refuse: pattern `rm -rf` is found in the arguments',
  ],
  ['found in a name', match, { 'rm -rf': 1 }, 'refuse: pattern `rm -rf`'],
  ['anchors are those of the whole text', match, { sql: 'DROP TABLE a' }, 'pass'],
  [
    'found at a path',
    { ...match, path: 'content.sql' },
    { sql: 'DROP TABLE a' },
    'refuse: pattern `^DROP ` is found in `content.sql`',
  ],
  [
    'elsewhere than at the path',
    { ...match, path: 'content.sql' },
    { sql: 'a', x: 'rm -rf' },
    'pass',
  ],
  [
    'in a list at the path',
    { ...match, path: 'content.sql' },
    { sql: ['a', 'DROP b'] },
    'refuse: pattern',
  ],
  [
    'nothing at the path',
    { ...match, path: 'content.sql' },
    {},
    'refuse: there is nothing at `content.sql`',
  ],
  ['an inherited member', { ...match, path: 'content.toString' }, {}, 'refuse: there is nothing'],
  [
    'a member of a list',
    { ...match, path: 'content.a.length' },
    { a: ['x'] },
    'refuse: there is nothing',
  ],
  ['no text at the path', { ...match, path: 'content.sql' }, { sql: 1 }, 'refuse: what is at'],
  [
    'an object in a list',
    { ...match, path: 'content.sql' },
    { sql: ['a', {}] },
    'refuse: what is at',
  ],
  [
    'another root',
    { patterns: ['^mail/'], refuseOn: 'match', path: 'resource' },
    {},
    'refuse: pattern',
  ],
  [
    'one pattern of the wanted',
    { ...noMatch, path: 'content.to' },
    { to: 'bob@acme.example' },
    'pass',
  ],
  [
    'none of the wanted',
    { ...noMatch, path: 'content.to' },
    { to: 'eve@evil.example' },
    'refuse: none of the patterns is found in `content.to`',
  ],
  [
    'one text without',
    { ...noMatch, path: 'content.to' },
    { to: ['postmaster', 'eve'] },
    'refuse: none',
  ],
])('regex: %s', async (_, config, callArguments, answer) => {
  expect(await ask('regex', config, callArguments)).toContain(answer);
});

test('regex: patterns that explode elsewhere take linear time, and too much work is an error', async () => {
  const text = `${'a'.repeat(100_000)}!`;
  for (const pattern of ['(a+)+$', '(a|aa)+$', '(.*a){20}$']) {
    const config = { patterns: [pattern], refuseOn: 'match', path: 'content.a' };
    expect(await ask('regex', config, { a: text })).toBe('pass');
  }
  const large = { patterns: ['a{500}b', 'a{501}b'], refuseOn: 'match' };
  expect(await ask('regex', large, { a: text })).toBe('error: the evaluator threw');
});

test.each<[string, unknown, string]>([
  ['an unclosed group', { ...match, patterns: ['ok', '(a'] }, 'pattern `(a` is not accepted'],
  ['a backreference', { ...match, patterns: [String.raw`(a)\1`] }, 'is not accepted'],
  ['a lookahead', { ...match, patterns: ['(?=a)b'] }, 'is not accepted'],
  [
    'a pattern too large',
    { ...match, patterns: [['a', 'b', 'c', 'd', 'e'].map((each) => `${each}{500}`).join('|')] },
    'compiles to',
  ],
  ['no patterns', { ...match, patterns: [] }, 'minItems'],
  ['no side', { patterns: ['a'] }, 'required'],
  ['an unknown root', { ...match, path: 'sql' }, 'path `sql` must start with one of content'],
  ['a member of a text', { ...match, path: 'action.a' }, 'only `content` has members'],
  ['an empty member', { ...match, path: 'content..a' }, 'has an empty member'],
])('regex: a config with %s is refused', (_, config, problem) => {
  expect(registry.checkConfig('regex', config)).toContain(problem);
});

const allow = { path: 'content.to', allow: ['Ann', 'caf\u00e9'] };
const deny = { path: 'content.to', deny: ['Ann', 'caf\u00e9'] };

test.each<[string, unknown, unknown, string]>([
  ['what is allowed', allow, { to: 'Ann' }, 'pass'],
  ['what is not', allow, { to: 'Bob' }, 'refuse: what is at `content.to` is not in the list'],
  ['another case', allow, { to: 'ann' }, 'refuse'],
  ['another case that may be', { ...allow, caseSensitive: false }, { to: 'aNN' }, 'pass'],
  ['a part', allow, { to: 'An' }, 'refuse'],
  ['a list of the allowed', allow, { to: ['Ann', 'Ann'] }, 'pass'],
  ['one that is not', allow, { to: ['Ann', 'Bob'] }, 'refuse'],
  ['what is denied', deny, { to: 'Ann' }, 'refuse: what is at `content.to` is in the list'],
  ['what is not denied', deny, { to: 'Bob' }, 'pass'],
  ['one that is denied', deny, { to: ['Bob', 'Ann'] }, 'refuse'],
  ['a denied one in another case', { ...deny, caseSensitive: false }, { to: 'ANN' }, 'refuse'],
  ['the decomposed form', deny, { to: 'cafe\u0301' }, 'refuse'],
  ['a number', { ...deny, deny: ['5'] }, { to: 5 }, 'refuse: what is at'],
  ['an object', deny, { to: { name: 'Ann' } }, 'refuse: what is at'],
  ['a list in a list', deny, { to: [['Ann']] }, 'refuse: what is at'],
  ['nothing', deny, {}, 'refuse: there is nothing at'],
])('list: %s', async (_, config, callArguments, answer) => {
  expect(await ask('list', config, callArguments)).toContain(answer);
});

test.each<[string, unknown, string]>([
  ['both lists', { ...allow, deny: ['a'] }, 'exactly one of `allow` and `deny`'],
  ['no list', { path: 'content.to' }, 'exactly one of `allow` and `deny`'],
  ['no path', { allow: ['a'] }, 'required'],
  ['an empty list', { ...allow, allow: [] }, 'minItems'],
  ['a number', { ...allow, allow: [1] }, 'type'],
])('list: a config with %s is refused', (_, config, problem) => {
  expect(registry.checkConfig('list', config)).toContain(problem);
});

const order = {
  schema: {
    type: 'object',
    properties: { lines: { type: 'array', items: { $ref: '#/$defs/line' }, maxItems: 2 } },
    required: ['lines'],
    additionalProperties: false,
    $defs: { line: { type: 'object', properties: { count: { type: 'integer', minimum: 1 } } } },
  },
};

test.each<[string, unknown, string]>([
  ['what fits', { lines: [{ count: 1 }] }, 'pass'],
  ['a missing member', {}, 'refuse: the schema does not fit the arguments: required at #'],
  ['a member deep inside', { lines: [{ count: 0 }] }, 'minimum at #/lines/0/count'],
  ['a member too many', { lines: [], note: 'hunter2' }, 'refuse'],
])('json-schema: %s', async (_, callArguments, answer) => {
  const found = await ask('json-schema', order, callArguments);
  expect(found).toContain(answer);
  expect(found).not.toContain('hunter2');
});

test.each<[string, unknown, string]>([
  ['a misspelt keyword', { requird: ['a'] }, 'keyword `requird`, which is not known'],
  ['a misspelt keyword inside', { properties: { a: { maximun: 1 } } }, '#/properties/a has'],
  ['a pattern', { properties: { a: { pattern: '(a+)+$' } } }, 'use the evaluator `regex`'],
  ['patterns of names', { patternProperties: { a: true } }, 'use the evaluator `regex`'],
  ['a format that is not linear', { format: 'email' }, 'has a format that is not one of'],
  ['a type that does not exist', { type: 'text' }, 'has a `type` that does not exist'],
  ['no type at all', { type: [] }, 'has a `type` that does not exist'],
  ['a text as limit', { minimum: '1' }, 'has a `minimum` that is no number'],
  ['a reference to nothing', { $ref: '#/$defs/a' }, 'has a `$ref`'],
  ['a reference to elsewhere', { $ref: 'https://example.com/a' }, 'has a `$ref`'],
  ['names of one member', { dependentRequired: 'a' }, 'does not hold lists of names'],
  ['a name in place of a list', { dependentRequired: { a: 'b' } }, 'does not hold lists of names'],
  ['a text in place of a truth', { uniqueItems: 'true' }, 'neither true nor false'],
  ['a consequence of nothing', { else: false }, '`else` without `if`, which has no effect'],
  ['a count of nothing', { minContains: 2 }, '`minContains` without `contains`'],
  ['another draft', { $schema: 'http://json-schema.org/draft-07/schema#' }, 'is not of draft'],
  ['a text as schema', { properties: { a: 'string' } }, 'is neither an object nor true or false'],
  ['one schema for a list', { allOf: {} }, '#/allOf does not hold schemas'],
  ['nothing', {}, 'minProperties'],
])('json-schema: a schema with %s is refused', (_, schema, problem) => {
  expect(registry.checkConfig('json-schema', { schema })).toContain(problem);
});

test('json-schema: a schema that leads into itself for ever is an error, not a pass', async () => {
  const found = await ask('json-schema', { schema: { $ref: '#' } }, {});
  expect(found).toBe('error: the evaluator threw');
});

test('json-schema: so many elements that comparing them would take seconds are an error', async () => {
  // Numbers: comparing two thousand objects takes half of the second that a check has at most.
  const list = (length: number) => ({ list: Array.from({ length }, (_, at) => at) });
  const unique = { schema: { properties: { list: { uniqueItems: true } } } };
  expect(await ask('json-schema', unique, list(2_000))).toBe('pass');
  expect(await ask('json-schema', unique, list(2_001))).toBe('error: the evaluator threw');
  const free = { schema: { properties: { list: { maxItems: 9_000, uniqueItems: false } } } };
  expect(await ask('json-schema', free, list(4_000))).toBe('pass');
});

test('json-schema: a schema that leads into itself twice lets no call stop the process', async () => {
  const operation = (op: string) => ({
    properties: { of: { $ref: '#/$defs/term' }, op: { const: op } },
    required: ['of', 'op'],
    type: 'object',
  });
  const $defs = {
    term: { oneOf: [{ type: 'string' }, { $ref: '#/$defs/not' }, { $ref: '#/$defs/minus' }] },
    not: operation('not'),
    minus: operation('minus'),
  };
  const term = (depth: number): unknown =>
    depth === 0 ? 'x' : { of: term(depth - 1), op: 'minus' };
  const config = { schema: { $defs, properties: { term: { $ref: '#/$defs/term' } } } };
  expect(await ask('json-schema', config, { term: term(3) })).toBe('pass');
  expect(await ask('json-schema', config, { term: term(20) })).toBe('error: the evaluator threw');
});
