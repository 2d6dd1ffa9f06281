/**
 * The compiled policy against a naive reading of the same document, on random documents, calls, facts and
 * histories. Cases that once told the two apart, or a mutant from the kernel, are kept as vectors.
 */
/* oxlint-disable vitest/no-conditional-expect -- each random case has its own duties */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  checkPolicy,
  compilePolicy,
  emptyHistory,
  type EvaluatorFact,
  evaluatePolicy,
  type PolicyCall,
  type PolicyDocument,
  type SessionHistory,
} from '../../src/kernel/index.ts';
import { naiveVerdict } from './naive-policy.ts';
import { evaluatedCalls, modelCalls } from './random-evaluated.ts';
import { alikePolicies, asked, requests } from './random-policies.ts';
import { assertHolds, runs } from './sampling.ts';

interface Case {
  readonly policy: PolicyDocument;
  readonly request: PolicyCall;
  readonly facts?: readonly EvaluatorFact[];
  readonly history?: SessionHistory;
}

/** The code that both come to. */
function agreed({ policy, request, facts = [], history = emptyHistory }: Case): string {
  const known = { history, now: 0, facts };
  const { effect, code, approval } = evaluatePolicy(compilePolicy(policy), request, known);
  const naive = naiveVerdict(policy, { ...request }, known);
  expect(`${effect} ${code}`).toBe(`${naive.effect} ${naive.code}`);
  // Which list of principals is asked first, or asked twice, means nothing.
  const { principals, escalation, ...terms } = approval;
  const lists = (all: typeof principals) => [...new Set(all.map(String))].toSorted();
  if (effect === 'require-approval') {
    expect(naive).toMatchObject(terms);
    expect(lists(principals)).toEqual(lists(naive.principals));
    expect(escalation?.afterMs).toBe(naive.escalation?.afterMs);
    expect(escalation?.roles.toSorted()).toEqual(naive.escalation?.roles.toSorted());
    expect(lists(escalation?.principals ?? [])).toEqual(lists(naive.escalation?.principals ?? []));
  }
  return code;
}

function findingsOf(policy: unknown): readonly unknown[] {
  const checked = checkPolicy(policy);
  return 'findings' in checked ? checked.findings : [];
}

test('the compiled policy decides as a naive reading of the document does', () => {
  const seen = new Map<string, number>();
  assertHolds(asked, 2_500, (each) => {
    expect(findingsOf(each.policy)).toEqual([]);
    const code = agreed(each);
    seen.set(code, (seen.get(code) ?? 0) + 1);
  });
  // The sample has to reach every kind of answer.
  if (runs(100) >= 100) expect(seen.size).toBe(7);
});

test('so it does where rules differ in little but what they compare with', () => {
  const seen = new Map<string, number>();
  assertHolds(fc.record({ policy: alikePolicies, request: requests }), 2_500, (each) => {
    expect(findingsOf(each.policy)).toEqual([]);
    const code = agreed(each);
    seen.set(code, (seen.get(code) ?? 0) + 1);
  });
  for (const code of ['allowed', 'policy-denied', 'policy-no-match', 'policy-error']) {
    expect(seen.get(code)).toBeGreaterThan(runs(2_500) / 40);
  }
});

test('so it does with expressions, guardrails, classifiers, models, input and what a session did', () => {
  const seen = new Map<string, number>();
  assertHolds(evaluatedCalls, 2_500, ({ screened, history, ...each }) => {
    // What does not check is never evaluated.
    fc.pre(findingsOf(each.policy).length === 0);
    const { under } = compilePolicy(each.policy).input;
    const outcome = screened === 'refuse' ? 'refuse' : 'pass';
    const judged = { outcome, effective: outcome, determinedBy: [], message: '', under } as const;
    const input = screened === 'stale' ? { ...judged, under: 'other' } : judged;
    const code = agreed({
      ...each,
      history: screened === 'none' ? history : { ...history, input },
    });
    seen.set(code, (seen.get(code) ?? 0) + 1);
  });
  if (runs(100) >= 100) expect(seen.size).toBe(8);
});

test('so it does about who may use which model', () => {
  const seen = new Map<string, number>();
  assertHolds(modelCalls, 2_000, (each) => {
    fc.pre(findingsOf(each.policy).length === 0);
    const code = agreed(each);
    seen.set(code, (seen.get(code) ?? 0) + 1);
  });
  for (const code of ['allowed', 'model-not-allowed']) {
    expect(seen.get(code)).toBeGreaterThan(runs(2_000) / 5);
  }
});

interface Vector extends Case {
  readonly name: string;
  readonly code: string;
}

const path = join(import.meta.dirname, '..', 'vectors', 'policy-verdicts.json');
const vectors = JSON.parse(readFileSync(path, 'utf8')) as readonly Vector[];

test.each(vectors.map((vector) => [vector.name, vector] as const))('vector: %s', (_, vector) => {
  expect(findingsOf(vector.policy)).toEqual([]);
  expect(agreed(vector)).toBe(vector.code);
});
