/** Conditions against the schemas of tools: what is found, and that nothing is found that is not certain. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  argumentFindings,
  type DeclaredTool,
  type PolicyFinding,
  readDeclaredTools,
  readPolicy,
  readPolicyText,
} from '../../src/policy/index.ts';

const action = 'order.refund';

function tool(inputSchema: object | undefined, name = 'refund'): DeclaredTool {
  return { name, action, inputSchema };
}

function policyOf(when: unknown, match: object = { action }): object {
  const actions = { [action]: {}, 'mail.send': {} };
  const rules = [{ id: 'rule', effect: 'deny', match, when }];
  return { format: 1, version: 1, actions, tiers: { autoApprove: ['**'] }, rules };
}

function findingsOf(
  when: unknown,
  tools: readonly DeclaredTool[],
  match?: object,
): readonly PolicyFinding[] {
  const read = readPolicy(policyOf(when, match), { tools });
  return 'findings' in read ? read.findings : read.warnings;
}

/** What is found about a condition on calls of one tool whose arguments have these properties. */
function found(when: unknown, properties: object, more: object = {}): readonly string[] {
  const schema = { type: 'object', properties, additionalProperties: false, ...more };
  return findingsOf(when, [tool(schema)]).map(({ code }) => code);
}

const text = { type: 'string' };
const number = { type: 'number' };
const currency = { enum: ['EUR', 'USD'] };
const listOf = (items: object): object => ({ type: 'array', items });
const objectOf = (properties: object, more: object = {}): object => ({
  type: 'object',
  properties,
  ...more,
});
const closed = { additionalProperties: false };

const properties = {
  amount: { type: 'integer' },
  note: text,
  currency,
  flag: { type: 'boolean' },
  none: { type: 'null' },
  tags: listOf(text),
  customer: objectOf({ id: text }, closed),
  lines: listOf(objectOf({ sum: number, code: currency }, closed)),
  loose: objectOf({ id: text }),
  either: { type: ['string', 'number'] },
};

describe('an argument that no call has is an error', () => {
  test.each([
    'arguments.amout > 5',
    'has(arguments.amout)',
    '"amout" in arguments',
    'arguments["amout"] == 5',
    'arguments.customer.name == "x"',
    'has(arguments.customer.name)',
    'arguments.note.length == 5',
    'arguments.tags.first == "x"',
    'arguments.lines[0].price > 5',
    'has(arguments.lines[0].price)',
    'arguments.lines.exists(line, line.price > 5)',
    'arguments.lines.filter(line, line.sum > 5)[0].price > 5',
    'arguments.flag && true == (arguments.amout > 5)',
  ])('%s', (when) => {
    expect(found(when, properties)).toEqual(['argument-unknown']);
  });

  test.each([
    { path: 'arguments.amout', moreThan: 5 },
    { path: 'arguments.amout', exists: false },
    { path: 'arguments.customer.name', equals: 'x' },
    { path: 'arguments.tags.first', equals: 'x' },
    { path: 'arguments.lines.0.price', moreThan: 5 },
    { not: { path: 'arguments.amout', moreThan: 5 } },
  ])('%j', (when) => {
    expect(found(when, properties)).toEqual(['argument-unknown']);
  });
});

describe('an argument that no schema names, and none forbids, is a warning', () => {
  const open = { additionalProperties: undefined };
  test.each([
    'arguments.amout > 5',
    'arguments.loose.name == "x"',
    'arguments.lines[0].code == arguments.loose.name',
  ])('%s', (when) => {
    const findings = findingsOf(when, [tool(objectOf(properties))]);
    expect(findings.map(({ code, severity }) => `${severity} ${code}`)).toEqual([
      'warning argument-undeclared',
    ]);
  });

  test.each([
    ['it is only asked whether it is there', 'has(arguments.amout)', {}],
    [
      'the schema says what further ones are',
      'arguments.amout == "x"',
      { additionalProperties: text },
    ],
    ['names have a pattern', 'arguments.amout > 5', { patternProperties: { '^a': number } }],
    ['a part that is not followed may name it', 'arguments.amout > 5', { if: true, else: {} }],
    ['it is required', 'arguments.amout > 5', { required: ['amout'] }],
    [
      'a schema beside it names it',
      'arguments.amout > 5',
      { allOf: [objectOf({ amout: number })] },
    ],
    [
      'one of several names it',
      'arguments.amout > 5',
      { anyOf: [objectOf({ amout: number }), {}] },
    ],
    ['it is in what something unknown has', 'arguments.amout.of > 5', { required: ['amout'] }],
    ['no properties are declared', 'arguments.amout > 5', { properties: undefined }],
  ])('but not where %s', (_, when, more) => {
    expect(found(when, properties, { ...open, ...more })).toEqual([]);
  });
});

describe('what can never work on an argument is an error', () => {
  test.each([
    'arguments.amount.startsWith("5")',
    'arguments.amount == "5"',
    'arguments.amount == null',
    'arguments.note > 5',
    'arguments.note + 1 == 5',
    'arguments.tags < 5',
    'arguments.tags == "x"',
    'arguments.currency == "GBP"',
    'arguments.currency != "GBP"',
    '"GBP" == arguments.currency',
    'arguments.currency in ["GBP", "CHF"]',
    'arguments.amount in ["5", "6"]',
    '5 in arguments.tags',
    'arguments.amount in arguments.tags',
    '"x" in arguments.note',
    'arguments.note',
    '!arguments.note',
    '-arguments.note == 5',
    'arguments.flag && arguments.note',
    'size(arguments.amount) == 5',
    'decimal(arguments.flag) > 5',
    'arguments.tags["x"] == "x"',
    'arguments.customer[0] == "x"',
    'arguments.tags.all(tag, tag > 5)',
    'arguments.lines.exists(line, line.sum == "x")',
    'arguments.lines.filter(line, line.sum > 5)[0].code == "GBP"',
    'arguments.customer.all(name, name > 5)',
    'arguments.either.all(x, true)',
    'arguments.either == true',
    'arguments.none == 5',
  ])('%s', (when) => {
    expect(found(when, properties)).toEqual(['argument-type']);
  });

  test.each([
    { path: 'arguments.tags', moreThan: 5 },
    { path: 'arguments.flag', atMost: 5 },
    { path: 'arguments.amount', startsWith: '5' },
    { path: 'arguments.amount', matches: '5*' },
    { path: 'arguments.customer', equals: 'x' },
    { path: 'arguments.amount', equals: '5' },
    { path: 'arguments.currency', notEquals: 'GBP' },
    { path: 'arguments.currency', in: ['GBP', 'CHF'] },
    { path: 'arguments.currency', notIn: ['GBP'] },
    { path: 'arguments.tags.0', equals: 5 },
    { path: 'arguments.tags.length', equals: 'x' },
    {
      any: [
        { path: 'agent', equals: 'a' },
        { path: 'arguments.amount', endsWith: '5' },
      ],
    },
  ])('%j', (when) => {
    expect(found(when, properties)).toEqual(['argument-type']);
  });

  test.each([
    'arguments.amount > 5 && arguments.currency == "EUR" && "a" in arguments.tags',
    'arguments.currency in ["GBP", "EUR"]',
    'arguments.either > 5 || arguments.either.startsWith("x")',
    'arguments.lines.exists(line, line.sum > 5 && line.code != "EUR")',
    'has(arguments.customer.id) && arguments.customer.id.startsWith("c-")',
    'has(arguments.flag) ? arguments.flag : arguments.amount > 5',
    'decimal(arguments.note) > 5 && size(arguments.tags) < 5',
    'arguments.customer.all(name, name == "id") && arguments[agent] == 5',
    'resource in ["a", "b"] && agent != "GBP"',
    'arguments.tags[session.allowed] == "x" && arguments.tags.map(tag, tag) == arguments.tags',
  ])('but %s may work', (when) => {
    expect(found(when, properties)).toEqual([]);
  });
});

describe('keywords', () => {
  const sum = (schema: object, more: object = {}): readonly string[] =>
    found('arguments.sum > 5', { sum: schema }, more);
  const wrong = ['argument-type'];

  test.each<[what: string, schema: object, more?: object]>([
    ['type', text],
    ['types', { type: ['string', 'null'] }],
    ['enum', { enum: ['a', true] }],
    ['const', { const: 'a' }],
    ['a reference', { $ref: '#/$defs/text' }, { $defs: { text } }],
    ['a reference with escapes', { $ref: '#/$defs/a~1b~0c' }, { $defs: { 'a/b~c': text } }],
    [
      'a reference through references',
      { $ref: '#/$defs/a' },
      { $defs: { a: { $ref: '#/$defs/b' }, b: text } },
    ],
    ['anyOf', { anyOf: [text, { type: 'null' }] }],
    ['oneOf', { oneOf: [text, { type: 'boolean' }] }],
    ['allOf', { allOf: [{ type: ['string', 'number'] }, { type: ['string', 'null'] }] }],
    ['types beside anyOf', { type: 'string', anyOf: [{ minLength: 1 }, { maxLength: 5 }] }],
    ['types beside a reference', { type: 'string', $ref: '#/$defs/any' }, { $defs: { any: {} } }],
    ['a union without an impossible part', { anyOf: [text, false] }],
  ])('%s', (_, schema, more) => {
    expect(sum(schema, more)).toEqual(wrong);
  });

  test.each<[what: string, schema: object | boolean, more?: object]>([
    ['nothing', {}],
    ['true', true],
    ['a type that there is not', { type: 'money' }],
    ['one type of several', { type: ['string', 'integer'] }],
    ['enum with a number', { enum: ['a', 5] }],
    ['anyOf with a number', { anyOf: [text, number] }],
    ['anyOf with anything', { anyOf: [text, {}] }],
    ['a reference to elsewhere', { $ref: 'https://example.com/schema' }],
    [
      'a reference to an anchor',
      { $ref: '#text' },
      { $defs: { text: { $anchor: 'text', ...text } } },
    ],
    ['a reference to nothing', { $ref: '#/$defs/text' }],
    ['a reference to itself', { $ref: '#/$defs/a' }, { $defs: { a: { $ref: '#/$defs/a' } } }],
    [
      'a reference within another resource',
      { $ref: '#/$defs/a/$defs/b' },
      { $defs: { a: { $id: 'https://a.example/', $defs: { b: text } } } },
    ],
    ['another resource', { $id: 'https://a.example/', $ref: '#/$defs/text' }, { $defs: { text } }],
    ['what is not', { not: text }],
    ['only a format', { format: 'email', minLength: 5 }],
  ])('%s is not known', (_, schema, more) => {
    expect(found('arguments.sum > 5', { sum: schema }, more)).toEqual([]);
  });

  test('a schema that refers to itself is followed as deep as the condition goes', () => {
    const node = objectOf({ value: number, next: { $ref: '#/$defs/node' } }, closed);
    const more = { $defs: { node } };
    const root = { list: { $ref: '#/$defs/node' } };
    expect(found('arguments.list.next.next.value == "x"', root, more)).toEqual(['argument-type']);
    expect(found('arguments.list.next.next.valu == 5', root, more)).toEqual(['argument-unknown']);
    expect(found('arguments.list.next.next.value == 5', root, more)).toEqual([]);
  });

  test('elements by place, and the rest', () => {
    const pair = { pair: { type: 'array', prefixItems: [text, number], items: false } };
    expect(found('arguments.pair[0] > 5', pair)).toEqual(['argument-type']);
    expect(found('arguments.pair[1] > 5', pair)).toEqual([]);
    expect(found('arguments.pair[2] > 5', pair)).toEqual(['argument-unknown']);
    expect(found('arguments.pair[0.5] == true', pair)).toEqual(['argument-type']);
    expect(found('arguments.pair.exists(x, x > 5)', pair)).toEqual([]);
    expect(found('arguments.pair.exists(x, x == true)', pair)).toEqual(['argument-type']);
    expect(found({ path: 'arguments.pair.0', moreThan: true }, pair)).toEqual(['operand-invalid']);
    expect(found({ path: 'arguments.pair.1', endsWith: 'x' }, pair)).toEqual(['argument-type']);
    const open = { pair: { type: 'array', prefixItems: [text, number] } };
    expect(found('arguments.pair[0] > 5', open)).toEqual(['argument-type']);
    expect(found('arguments.pair[2] > 5', open)).toEqual([]);
    const old = { pair: { type: 'array', items: [text, number] } };
    expect(found('arguments.pair[0] > 5', old)).toEqual([]);
  });

  test('members by a union and by an intersection', () => {
    const cat = objectOf({ kind: { const: 'cat' }, lives: number }, closed);
    const dog = objectOf({ kind: { const: 'dog' }, tail: text }, closed);
    const pet = { pet: { oneOf: [cat, dog, { type: 'null' }] } };
    expect(found('arguments.pet.kind == "cow"', pet)).toEqual(['argument-type']);
    expect(found('arguments.pet.kind == "dog" && arguments.pet.lives > 5', pet)).toEqual([]);
    expect(found('arguments.pet.tail > 5', pet)).toEqual(['argument-type']);
    expect(found('arguments.pet.wings > 5', pet)).toEqual(['argument-unknown']);
    const both = { both: { allOf: [objectOf({ a: number }, closed), objectOf({ b: text })] } };
    expect(found('arguments.both.b == "x"', both)).toEqual(['argument-unknown']);
    const narrow = { a: { allOf: [currency, { enum: ['USD', 'GBP'] }] } };
    expect(found('arguments.a == "EUR"', narrow)).toEqual(['argument-type']);
    expect(found('arguments.a == "USD"', narrow)).toEqual([]);
  });

  test('what can be a list as well has the places of one', () => {
    const both = { both: { properties: { a: text }, items: text } };
    expect(found({ path: 'arguments.both.a', equals: 5 }, both)).toEqual(['argument-type']);
    expect(found({ path: 'arguments.both.0', equals: 5 }, both)).toEqual([]);
    expect(found({ path: 'arguments.both.length', equals: 'x' }, both)).toEqual([]);
  });

  test('names of prototypes are names', () => {
    expect(found('arguments.constructor == 5', { amount: number })).toEqual(['argument-unknown']);
    const own: unknown = JSON.parse('{"__proto__": {"type": "string"}}');
    expect(found({ path: 'arguments.__proto__', equals: 5 }, own as object)).toEqual([
      'argument-type',
    ]);
  });
});

describe('several tools', () => {
  const texts = tool(objectOf({ amount: text, only: text }, closed), 'texts');
  const numbers = tool(objectOf({ amount: number }, closed), 'numbers');
  const codes = (when: string, tools: readonly DeclaredTool[], match?: object): readonly string[] =>
    findingsOf(when, tools, match).map(({ code }) => code);

  test('what one of them allows is no finding', () => {
    expect(codes('arguments.amount > 5', [texts])).toEqual(['argument-type']);
    expect(codes('arguments.amount > 5', [texts, numbers])).toEqual([]);
    expect(codes('arguments.only == "x"', [texts, numbers])).toEqual([]);
    expect(codes('arguments.only == "x"', [numbers])).toEqual(['argument-unknown']);
    expect(codes('arguments.amount == true', [texts, numbers])).toEqual(['argument-type']);
    const open = tool(objectOf({ amount: text }), 'open');
    expect(codes('arguments.sum > 5', [texts, open])).toEqual(['argument-undeclared']);
    expect(codes('arguments.sum > 5', [open, tool({ type: 'object' }, 'any')])).toEqual([]);
  });

  test('a tool without a schema, or an action without a tool, leaves it open', () => {
    expect(codes('arguments.amount == true', [texts, tool(undefined, 'free')])).toEqual([]);
    expect(codes('arguments.amount == true', [])).toEqual([]);
    for (const match of [undefined, { action: '**' }, { action: [action, 'mail.send'] }]) {
      const rule = policyOf('arguments.amount == true', match);
      const read = readPolicy(match === undefined ? withoutMatch(rule) : rule, { tools: [texts] });
      expect('warnings' in read && read.warnings).toEqual([]);
    }
    const mail = { name: 'mail', action: 'mail.send', inputSchema: objectOf({ amount: number }) };
    expect(codes('arguments.amount == true', [texts, mail], { action: '**' })).toEqual([
      'argument-type',
    ]);
  });

  test('schemas that no arguments fit say nothing', () => {
    expect(codes('arguments.amount == true', [tool({ allOf: [false] })])).toEqual([]);
  });
});

function withoutMatch(policy: object): object {
  return JSON.parse(JSON.stringify(policy), (name, value: unknown) =>
    name === 'match' ? undefined : value,
  ) as object;
}

test('schemas that are too large together are said to be, and end', () => {
  const half = (name: string): object => ({
    anyOf: [{ $ref: `#/$defs/${name}` }, { $ref: `#/$defs/${name}` }],
  });
  const steps = Array.from({ length: 40 }, (_, at) => [`a${at}`, half(`a${at + 1}`)] as const);
  const schema = objectOf(
    { a: { $ref: '#/$defs/a0' } },
    { ...closed, $defs: { ...Object.fromEntries(steps), a40: text } },
  );
  const [finding, ...others] = findingsOf('arguments.a > 5', [tool(schema)]);
  expect([finding?.code, finding?.severity, others]).toEqual(['lint-incomplete', 'warning', []]);
});

test('an error refuses the policy, a warning does not, and both have their place', () => {
  const file = 'policy.yaml';
  const written = `format: 1
version: 1
actions: { order.refund: {} }
tiers: { autoApprove: [order.refund] }
rules:
  - id: a
    effect: deny
    when: { any: [{ path: arguments.sum, moreThan: 5 }, { cel: "arguments.note > 5 && arguments.note < 9" }] }
`;
  const read = readPolicyText(written, { file, tools: [tool(objectOf({ note: text }))] });
  const findings = 'findings' in read ? read.findings : [];
  expect(
    findings.map(({ code, path, line, column }) => ({ code, path, at: `${line}:${column}` })),
  ).toEqual([
    { code: 'argument-undeclared', path: 'rules[0].when.any[0].path', at: '8:27' },
    { code: 'argument-type', path: 'rules[0].when.any[1]', at: '8:57' },
  ]);
  const open = readPolicyText(written, { file, tools: [tool(objectOf({ note: number }))] });
  expect('warnings' in open && open.warnings.map(({ code }) => code)).toEqual([
    'argument-undeclared',
  ]);
  expect('warnings' in readPolicyText(written, { file })).toBe(true);
});

test('a document that was read can be held against tools later', () => {
  const read = readPolicy(policyOf('arguments.note > 5'));
  if ('findings' in read) throw new Error('the policy is refused');
  const findings = argumentFindings(read.document, [tool(objectOf({ note: text }))]);
  const [finding, ...others] = findings;
  expect(others).toEqual([]);
  expect(finding).toMatchObject({
    code: 'argument-type',
    path: 'rules[0].when.expression.left',
    severity: 'error',
    fix: 'ask for what the schemas allow, or correct a schema',
  });
  expect(finding?.message).toContain('`arguments.note` is a text, and must be a number');
});

describe('files of declarations', () => {
  const readTools = (written: string): unknown => {
    const read = readDeclaredTools(written, { file: 'tools.yaml' });
    return 'tools' in read ? read.tools : read.findings.map(({ code, line }) => `${code} ${line}`);
  };

  test('a list is read, with what else hosts declare', () => {
    expect(
      readTools(
        '- { name: a, action: b, description: c }\n- { name: d, action: b, inputSchema: {} }\n',
      ),
    ).toEqual([
      { name: 'a', action: 'b' },
      { name: 'd', action: 'b', inputSchema: {} },
    ]);
  });

  test.each([
    ['an unknown member', '- { name: a, action: b, schema: {} }', 'unknown-member 1'],
    ['no name', '- { action: b }', 'invalid-name 1'],
    ['no action', '- { name: a }', 'invalid-name 1'],
    ['a name twice', '- { name: a, action: b }\n- { name: a, action: b }', 'duplicate-id 2'],
    ['a schema that is none', '- { name: a, action: b, inputSchema: [] }', 'wrong-type 1'],
    ['no schema', '- { name: a, action: b, inputSchema: null }', 'wrong-type 1'],
    ['no list', 'name: a', 'wrong-type 1'],
    ['an empty list', '[]', 'wrong-type 1'],
    ['no object', '- a', 'wrong-type 1'],
    ['no YAML', '- { name: a', 'text-syntax 2'],
  ])('%s is refused', (_, written, finding) => {
    expect(readTools(`${written}\n`)).toContain(finding);
  });
});

test('the page on tools shows a file of declarations that is read', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/policy-tools.md'), 'utf8');
  const [, example = ''] = /```yaml\n(- name: [^]*?)```/.exec(page) ?? [];
  expect('tools' in readDeclaredTools(example, { file: 'tools.yaml' })).toBe(true);
});

test('a tool of an action that the policy does not declare is told of, and does not refuse it', () => {
  const misspelt = { ...tool(objectOf({ note: text })), action: 'order.refnd' };
  const written = JSON.stringify(policyOf('arguments.note > 5'), undefined, 1);
  const read = readPolicyText(written, { file: 'p', tools: [misspelt] });
  const [warning, ...others] = 'warnings' in read ? read.warnings : [];
  expect(others).toEqual([]);
  expect(warning).toMatchObject({
    code: 'tool-of-no-action',
    message: 'declares no `order.refnd`, which the tool `refund` is: nothing is held against it',
    line: 4,
  });
  const constructor = { ...misspelt, action: 'constructor' };
  expect(findingsOf('true', [constructor]).map(({ code }) => code)).toContain('tool-of-no-action');
});
