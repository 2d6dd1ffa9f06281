/** The published schema against the checks: an editor that shows no error and a load that fails would mislead. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Validator } from '@cfworker/json-schema';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkPolicy } from '../../src/kernel/index.ts';
import { readPolicyText, starterPolicy } from '../../src/policy/index.ts';
import { operators } from '../../src/kernel/policy/document.ts';
import { readYaml } from '../../src/policy/yaml-text.ts';
import { policies } from '../kernel/random-policies.ts';

type Schema = ConstructorParameters<typeof Validator>[0];
const path = join(import.meta.dirname, '../../schema/policy.schema.json');
const schema = JSON.parse(readFileSync(path, 'utf8')) as Schema & Record<string, unknown>;
const validator = new Validator(schema, '2020-12', false);

function refusals(value: unknown): readonly string[] {
  const { valid, errors } = validator.validate(value);
  return valid ? [] : errors.map(({ instanceLocation, error }) => `${instanceLocation} ${error}`);
}

const good = {
  format: 1,
  version: 1,
  actions: { a: { risk: 'low', resource: 'x/*', runTimeoutMs: 5 }, b: {} },
  rules: [
    { id: 'r', effect: 'steer', steer: { guidance: 'no', suggest: ['b'] }, match: { action: 'a' } },
    { id: 's', effect: 'require-approval', approval: { roles: ['admin'] }, labels: ['seen'] },
    { id: 't', effect: 'deny', when: { path: 'guardrails.h', equals: 'refuse' } },
  ],
  risk: {
    points: { low: 2 },
    thresholds: { high: 10 },
    sequences: [{ id: 'q', steps: ['a', 'b'], raiseTo: 'high' }],
    effects: { critical: 'deny' },
    classifiers: [{ id: 'rc', classifier: 'payees', timeoutMs: 5 }],
  },
  assets: { classifiers: [{ id: 'ac', classifier: 'inventory' }], risk: { personal: 'high' } },
  guardrails: {
    input: [{ id: 'i', evaluator: 'regex', match: { agent: 'a*' } }],
    tool: [
      { id: 'g', evaluator: 'regex', config: { any: ['thing'] } },
      { id: 'h', evaluator: 'secrets', effect: 'inform' },
    ],
    output: [
      { id: 'o', evaluator: 'secrets', match: { action: 'a' }, reason: 'no', effect: 'redact' },
      { id: 'p', evaluator: 'secrets', effect: 'withhold' },
    ],
  },
  mode: 'shadow',
};

test('documents that check are valid under the schema', () => {
  fc.assert(
    fc.property(policies, (document) => {
      expect('findings' in checkPolicy(document) && checkPolicy(document)).toBe(false);
      expect(refusals(document)).toEqual([]);
    }),
  );
});

test('the starter, and a document with every section, are valid', () => {
  const yaml = readYaml(starterPolicy, { file: 'starter' });
  expect('value' in yaml && refusals(yaml.value)).toEqual([]);
  expect(checkPolicy(good)).toHaveProperty('document');
  expect(refusals({ $schema: './policy.schema.json', ...good })).toEqual([]);
});

test('what people write and the kernel does not see is valid: CEL', () => {
  const cel = { cel: 'arguments.amount > 5' };
  const rules = [
    { id: 'a', effect: 'deny', when: 'arguments.amount > 5' },
    { id: 'b', effect: 'deny', when: { all: [cel, { not: cel }] } },
  ];
  expect(refusals({ ...good, rules })).toEqual([]);
});

describe('what is not right is refused by both', () => {
  const rule = (members: object): object => ({
    ...good,
    rules: [{ id: 'r', effect: 'deny', ...members }],
  });
  const rows: readonly (readonly [what: string, document: unknown])[] = [
    ['no object', []],
    ['no format', { ...good, format: undefined }],
    ['another format', { ...good, format: 2 }],
    ['a version that is no whole number', { ...good, version: 1.5 }],
    ['an unknown member', { ...good, ruels: [] }],
    ['no actions', { ...good, actions: {} }],
    ['an action name with a space', { ...good, actions: { a: {}, b: {}, 'a b': {} } }],
    ['an unknown risk', { ...good, actions: { a: { risk: 'huge' }, b: {} } }],
    ['an unknown tier', { ...good, tiers: { block: ['a'] } }],
    ['an empty tier', { ...good, tiers: { blocked: [] } }],
    ['a rule without an id', rule({ id: undefined })],
    ['an unknown effect', rule({ effect: 'permit' })],
    ['an empty match', rule({ match: {} })],
    ['an empty list in a match', rule({ match: { agent: [] } })],
    ['a misspelt member of a match', rule({ match: { actions: 'a' } })],
    ['steering without guidance', rule({ effect: 'steer', steer: {} })],
    ['steering that is not said', rule({ effect: 'steer' })],
    ['steering on a rule that denies', rule({ steer: { guidance: 'x' } })],
    ['an approval on a rule that denies', rule({ approval: { roles: ['admin'] } })],
    ['labels on a rule that denies', rule({ labels: ['x'] })],
    ['a role that decides nothing', { ...good, approvals: { roles: ['agent'] } }],
    ['an empty conjunction', rule({ when: { all: [] } })],
    ['a condition with two kinds', rule({ when: { all: [], not: {} } })],
    ['a path without an operator', rule({ when: { path: 'arguments.x' } })],
    ['two operators', rule({ when: { path: 'risk', equals: 'low', in: ['low'] } })],
    ['an unknown operator', rule({ when: { path: 'risk', is: 'low' } })],
    ['an unknown root', rule({ when: { path: 'argument.x', equals: 1 } })],
    ['a member of a text', rule({ when: { path: 'agent.name', equals: 'x' } })],
    ['an order with no decimal', rule({ when: { path: 'arguments.x', atMost: 'five' } })],
    ['an empty list of values', rule({ when: { path: 'risk', in: [] } })],
    ['existence that is no truth value', rule({ when: { path: 'arguments.x', exists: 'yes' } })],
    ['a sequence of one step', { ...good, risk: { sequences: [{ id: 'q', steps: ['a'] }] } }],
    ['an unknown mode', { ...good, mode: 'off' }],
    [
      'an effect of an output that is one of calls',
      { ...good, guardrails: { output: [{ id: 'g', evaluator: 'e', effect: 'deny' }] } },
    ],
    ['a guardrail without an evaluator', { ...good, guardrails: { tool: [{ id: 'g' }] } }],
  ];
  test.each(rows)('%s', (_, document) => {
    const value: unknown = JSON.parse(JSON.stringify(document));
    expect(checkPolicy(value)).toHaveProperty('findings');
    expect(readPolicyText(JSON.stringify(value), { file: 'p' })).toHaveProperty('findings');
    expect(refusals(value)).not.toEqual([]);
  });
});

test('every member has a description, so that editors can help', () => {
  const missing: string[] = [];
  const visit = (node: unknown, where: string): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [name, value] of Object.entries(node)) visit(value, `${where}/${name}`);
    if (!('properties' in node) || /allOf/.test(where)) return;
    for (const [name, property] of Object.entries(node.properties as object)) {
      const { description, $ref } = property as { description?: string; $ref?: string };
      const named = /^#\/\$defs\/(.+)$/.exec($ref ?? '')?.[1] ?? '';
      const definitions = schema['$defs'] as Record<string, { description?: string }>;
      if ((description ?? definitions[named]?.description) === undefined) {
        missing.push(`${where}/${name}`);
      }
    }
  };
  visit(schema, '#');
  expect(missing).toEqual([]);
  expect(JSON.stringify(schema)).toContain(`"${operators.at(-1)}"`);
});

test('the schema knows exactly the operators that there are', () => {
  const { comparison } = schema['$defs'] as { comparison: { properties: object } };
  expect(Object.keys(comparison.properties)).toEqual(['path', ...operators]);
});
