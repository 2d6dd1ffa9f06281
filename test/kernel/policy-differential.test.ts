/**
 * The compiled policy against a naive reading of the same document, on random documents and
 * requests.
 */
/* oxlint-disable vitest/no-conditional-expect -- each random case has its own duties */
import { expect, test } from 'vitest';
import { checkPolicy, compilePolicy, evaluatePolicy } from '../../src/kernel/index.ts';
import { naiveVerdict } from './naive-policy.ts';
import { asked } from './random-policies.ts';
import { assertHolds, runs } from './sampling.ts';

test('the compiled policy decides as a naive reading of the document does', () => {
  const seen = new Map<string, number>();
  assertHolds(asked, 2_500, ({ policy, request }) => {
    const checked = checkPolicy(policy);
    expect('findings' in checked ? checked.findings : []).toEqual([]);
    const { effect, code, approval } = evaluatePolicy(compilePolicy(policy), request);
    const naive = naiveVerdict(policy, request);
    expect(`${effect} ${code}`).toBe(`${naive.effect} ${naive.code}`);
    if (effect === 'require-approval') {
      expect(approval).toEqual({ roles: naive.roles, timeoutMs: naive.timeoutMs });
    }
    seen.set(code, (seen.get(code) ?? 0) + 1);
  });
  // The sample has to reach every kind of answer.
  if (runs(100) >= 100) expect(seen.size).toBe(7);
});
