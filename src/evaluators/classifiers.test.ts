/** Classifiers: their answers are read exactly, and one of the wrong kind is never asked. */
import { expect, test } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import {
  defineAssetClassifier,
  defineEvaluator,
  defineRiskClassifier,
  type Evaluator,
  type EvaluatorSubject,
} from './evaluator.ts';
import { EvaluatorRegistry } from './registry.ts';
import { type Asked, runEvaluators } from './run-evaluators.ts';

const subject: EvaluatorSubject = {
  stage: 'tool',
  content: {},
  text: '{}',
  tool: 'send',
  action: 'mail.send',
  resource: 'mail/1',
  agent: 'bot',
  principal: 'ann',
  org: 'acme',
  session: 's-1',
};

const named = { name: 'classify', description: 'for tests' };
const risk = (answer: unknown): Evaluator =>
  defineRiskClassifier({ ...named, classify: () => answer as never });
const assets = (answer: unknown): Evaluator =>
  defineAssetClassifier({ ...named, classify: () => answer as never });

async function factOf(kind: Asked['kind'], evaluator: Evaluator) {
  const [fact] = await runEvaluators({
    asked: [{ id: 'c', kind, evaluator: 'classify', effect: 'inform' }],
    registry: EvaluatorRegistry.of([evaluator]),
    subject,
    clock: new FakeClock(),
  });
  return fact;
}

test('a risk classifier answers with one level and a reason', async () => {
  const fact = await factOf('risk-classifier', risk({ level: 'high', reason: 'new payee' }));
  expect(fact).toMatchObject({ outcome: 'answered', answer: ['high'], reason: 'new payee' });
});

test('an asset classifier answers with names of classes, sorted and each once', async () => {
  const fact = await factOf('asset-classifier', assets({ classes: ['pii', 'eu', 'pii'] }));
  expect(fact).toMatchObject({ outcome: 'answered', answer: ['eu', 'pii'] });
});

test.each<[string, Asked['kind'], Evaluator]>([
  ['a level that is none', 'risk-classifier', risk({ level: 'extreme', reason: '' })],
  ['a level in a list', 'risk-classifier', risk({ level: ['high'], reason: '' })],
  ['no reason', 'risk-classifier', risk({ level: 'low' })],
  ['a member too many', 'risk-classifier', risk({ level: 'low', reason: '', score: 1 })],
  ['a verdict', 'risk-classifier', risk({ outcome: 'pass' })],
  ['classes that are no list', 'asset-classifier', assets({ classes: 'pii' })],
  ['a class that is no name', 'asset-classifier', assets({ classes: ['pii', ''] })],
  ['nothing among the classes', 'asset-classifier', assets({ classes: [undefined, 'pii'] })],
  ['too many classes', 'asset-classifier', assets({ classes: Array(101).fill('a') })],
  ['a reason beside the classes', 'asset-classifier', assets({ classes: [], reason: '' })],
  ['a risk class', 'asset-classifier', assets({ level: 'low', reason: '' })],
  ['nothing', 'asset-classifier', assets(undefined)],
])('%s is no classification, and an error', async (_, kind, evaluator) => {
  const fact = await factOf(kind, evaluator);
  expect(fact?.outcome).toBe('error');
  expect(fact).not.toHaveProperty('answer');
});

test('code of one kind is not asked for an answer of another', async () => {
  const evaluator = defineEvaluator({ ...named, evaluate: () => ({ outcome: 'pass' }) });
  const low = risk({ level: 'low', reason: '' });
  const wrong = [
    await factOf('risk-classifier', evaluator),
    await factOf('guardrail', low),
    await factOf('asset-classifier', low),
  ];
  expect(wrong.map((fact) => fact?.reason)).toEqual([
    '`classify` is an evaluator, and a risk classifier is needed',
    '`classify` is a risk classifier, and an evaluator is needed',
    '`classify` is a risk classifier, and an asset classifier is needed',
  ]);
});

test('a classifier has no redaction: nothing of what it looks at is taken out', () => {
  const redaction = { find: () => [] };
  const classify = () => ({ level: 'low', reason: '' }) as const;
  const definition = { ...named, classify, redaction };
  expect(() => defineRiskClassifier(definition)).toThrow('a classifier has no `redaction`');
});
