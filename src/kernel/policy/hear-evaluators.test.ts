/** What guardrails and classifiers are heard to say, and what is taken for silence. */
import { expect, test } from 'vitest';
import type { EvaluatorCall } from './compile-evaluators.ts';
import type { EvaluatorFact } from './evaluator-fact.ts';
import { hearEvaluators } from './hear-evaluators.ts';

const subject = { resource: 'r', agent: 'bot', principal: 'user:ann' };

function call(id: string, more: Partial<EvaluatorCall> = {}): EvaluatorCall {
  const usual = { kind: 'guardrail', evaluator: 'e', effect: 'deny', matches: () => true } as const;
  return { id, ...usual, ...more };
}

function fact(guardrail: string, more: Partial<EvaluatorFact>): EvaluatorFact {
  return { guardrail, evaluator: 'e', outcome: 'pass', reason: '', durationMs: 0, ...more };
}

test('a guardrail that was stopped by the refusal of another refuses as well', () => {
  const facts = [fact('a', { outcome: 'refuse', reason: 'no' }), fact('b', { outcome: 'skipped' })];
  const { refusals, silences } = hearEvaluators([call('a'), call('b')], subject, facts);
  expect(refusals.map(({ source }) => source)).toEqual(['guardrail:a', 'guardrail:b']);
  expect(silences).toEqual([]);
});

test('one that says it was stopped, and nobody refused, has not spoken', () => {
  const facts = [fact('a', {}), fact('b', { outcome: 'skipped' })];
  const { refusals, silences } = hearEvaluators([call('a'), call('b')], subject, facts);
  expect(refusals).toEqual([]);
  expect(silences.map(({ source }) => source)).toEqual(['guardrail:b']);
});

test.each([[['none']], [['low', 'high']], [[]]])(
  'a risk classifier whose answer is %j has not spoken',
  (answer) => {
    const risk = call('r', { kind: 'risk-classifier', effect: 'inform' });
    const heard = hearEvaluators([risk], subject, [fact('r', { outcome: 'answered', answer })]);
    expect(heard).toMatchObject({ levels: [], silences: [{ source: 'risk-classifier:r' }] });
  },
);
