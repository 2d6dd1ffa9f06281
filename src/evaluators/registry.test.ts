/** Which evaluators exist, and which configs they take. */
import { expect, test } from 'vitest';
import { defineEvaluator, Evaluator, type EvaluatorDefinition } from './evaluator.ts';
import { EvaluatorRegistry } from './registry.ts';

const builtInNames = [
  'regex',
  'list',
  'json-schema',
  'secrets',
  'personal-data',
  'prompt-injection',
];

const pass: EvaluatorDefinition<unknown>['evaluate'] = () => ({ outcome: 'pass' });
const plain = defineEvaluator({ name: 'plain', description: 'passes', evaluate: pass });
const limited = defineEvaluator<{ readonly most: number }>({
  name: 'limited',
  description: 'takes a number',
  configSchema: {
    type: 'object',
    properties: { most: { type: 'integer' } },
    required: ['most'],
    additionalProperties: false,
  },
  checkConfig: ({ most }) => (most > 10 ? '`most` is more than 10' : undefined),
  evaluate: pass,
});

test('built-in evaluators are there, unless they are left out', () => {
  expect(EvaluatorRegistry.of().names).toEqual(builtInNames);
  expect(EvaluatorRegistry.of([plain], { builtIn: false }).names).toEqual(['plain']);
});

test('a name is used once, and built-in names are reserved', () => {
  const other = defineEvaluator({ name: 'plain', description: 'another', evaluate: pass });
  expect(() => EvaluatorRegistry.of([plain, other])).toThrow('`plain` is registered twice');
  expect(() => EvaluatorRegistry.of([plain, plain])).toThrow('`plain` is registered twice');
  for (const name of builtInNames) {
    const mine = defineEvaluator({ name, description: 'mine', evaluate: pass });
    expect(() => EvaluatorRegistry.of([mine])).toThrow(`\`${name}\` is built in`);
    expect(() => EvaluatorRegistry.of([mine], { builtIn: false })).toThrow('is built in');
  }
});

test('nothing stands in for an evaluator', () => {
  const shape = { name: 'shape', description: 'looks like one', evaluate: pass };
  const fakes: readonly unknown[] = [
    shape,
    Object.create(Evaluator.prototype),
    Object.setPrototypeOf({ ...shape }, Evaluator.prototype),
    new Proxy(plain, {}),
    undefined,
    null,
    'plain',
    pass,
  ];
  for (const fake of fakes) {
    expect(() => EvaluatorRegistry.of([fake] as Evaluator[])).toThrow(
      'only what `defineEvaluator`',
    );
  }
});

test('an evaluator is what it was when it was defined', () => {
  const configSchema: Record<string, unknown> = {};
  const definition = { name: 'mine', description: 'mine', configSchema, evaluate: pass };
  const mine = defineEvaluator(definition);
  definition.name = 'other';
  configSchema['not'] = {};
  expect(mine.name).toBe('mine');
  expect(Object.isFrozen(mine)).toBe(true);
  expect(EvaluatorRegistry.of([mine]).checkConfig('mine', { any: 1 })).toBeUndefined();
});

test.each<[string, Readonly<Record<string, unknown>>, string]>([
  ['a name with a space', { name: 'a b' }, 'cannot be called `a b`'],
  ['no description', { description: '' }, 'has no description'],
  ['no function', { evaluate: 'pass' }, 'has no function `evaluate`'],
  ['a check that is no function', { checkConfig: true }, 'a `checkConfig` that is no function'],
  ['a schema that is a list', { configSchema: [] }, 'is no object'],
  ['a check that is misspelt', { chekConfig: pass }, 'an evaluator has no `chekConfig`; known are'],
  [
    'what finds, misspelt',
    { redaction: { find: pass, check: pass } },
    'a redaction has no `check`',
  ],
  ['what is no redaction', { redaction: { fnd: pass } }, 'a `redaction` without a function `find`'],
])('%s is refused', (_, change, message) => {
  const definition = { name: 'a', description: 'a', evaluate: pass, ...change };
  expect(() => defineEvaluator(definition as never)).toThrow(message);
});

test.each<[string, string, unknown, string]>([
  ['unknown', 'absent', undefined, 'evaluator `absent` is not registered; known are regex'],
  ['without schema and config', 'plain', undefined, 'fits'],
  ['without schema, with config', 'plain', {}, 'evaluator `plain` takes no config'],
  ['a config that fits', 'limited', { most: 10 }, 'fits'],
  ['a config that is missing', 'limited', undefined, 'required at `#`'],
  ['a config of another type', 'limited', 'most', 'must be an object'],
  ['null', 'limited', null, 'must be an object'],
  ['a list', 'limited', [10], 'does not fit'],
  ['a member of another type', 'limited', { most: '1' }, 'type at `#/most`'],
  ['a misspelt member', 'limited', { most: 1, mist: 1 }, 'has `#/mist`, which is not known'],
  ['what its own check refuses', 'limited', { most: 11 }, '`most` is more than 10'],
  ['what JSON cannot say', 'limited', { most: 1n }, 'could not be checked'],
])('%s', (_, name, config, message) => {
  const problem = EvaluatorRegistry.of([plain, limited]).checkConfig(name, config);
  expect(problem ?? 'fits').toContain(message);
});

test('a check that throws, or answers with something else, refuses', () => {
  const odd = (name: string, checkConfig: () => unknown): Evaluator =>
    defineEvaluator({
      name,
      description: 'odd',
      configSchema: {},
      checkConfig: checkConfig as () => undefined,
      evaluate: pass,
    });
  const thrower = (): never => {
    throw new Error('broken');
  };
  const registry = EvaluatorRegistry.of([odd('throws', thrower), odd('answers', () => true)]);
  expect(registry.checkConfig('throws')).toContain('could not be checked');
  expect(registry.checkConfig('answers')).toContain('is refused');
});

test('an evaluator gets a frozen copy of its config, which later changes do not reach', () => {
  const registry = EvaluatorRegistry.of([limited]);
  const config = { most: 1 };
  const first = registry.resolve('limited', config);
  config.most = 11;
  const second = registry.resolve('limited', config);
  expect(second).toBe(first);
  const got = 'config' in first ? first.config : undefined;
  expect(got).toEqual({ most: 1 });
  expect(Object.isFrozen(got)).toBe(true);
});
