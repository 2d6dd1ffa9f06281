/** Mutants of the policy engine. */
import type { Mutant } from './mutant.ts';

const policy = (file: string) => `src/kernel/policy/${file}.ts`;
const policyTests = ['test/kernel/policy.prop.test.ts'];

export const policyMutants: readonly Mutant[] = [
  {
    name: 'deny-does-not-dominate',
    guards: 'Deny wins over every other effect.',
    file: policy('evaluate'),
    find: "['allow', 'require-approval', 'steer', 'deny']",
    replace: "['deny', 'allow', 'require-approval', 'steer']",
    tests: policyTests,
  },
  {
    name: 'error-is-skipped',
    guards: 'A rule that matches and cannot be evaluated denies.',
    file: policy('evaluate'),
    find: 'if (errors.length > 0) {',
    replace: 'if (errors.length > 99) {',
    tests: policyTests,
  },
  {
    name: 'error-is-false',
    guards: 'An error in an operand is not taken for false.',
    file: policy('condition'),
    find: 'return error ?? !absorbing;',
    replace: 'return !absorbing;',
    tests: ['test/kernel/policy-differential.test.ts'],
  },
  {
    name: 'no-match-allows',
    guards: 'What no rule and no tier allows is denied.',
    file: policy('evaluate'),
    find: "return settled('deny', 'policy-no-match', message, []);",
    replace: "return settled('allow', 'allowed', message, []);",
    tests: policyTests,
  },
  {
    name: 'inherited-members-are-seen',
    guards: 'A condition sees only an object’s own members.',
    file: policy('condition'),
    find: '!Object.hasOwn(value, segment)',
    replace: '!(segment in value)',
    tests: ['src/kernel/policy/condition.test.ts'],
  },
  {
    name: 'resource-outside-the-action',
    guards: 'An action touches only the resources its pattern names.',
    file: policy('evaluate'),
    find: 'if (!action.resource(request.resource)) {',
    replace: 'if (false) {',
    tests: ['src/kernel/policy/evaluate.test.ts'],
  },
  {
    name: 'prefix-instead-of-folder',
    guards: 'A folder holds what is below it, not what begins like it.',
    file: policy('path'),
    find: 'return outer.every((segment, position) => inner[position] === segment);',
    replace: "return inner.join('/').startsWith(outer.join('/'));",
    tests: ['src/kernel/policy/path.test.ts'],
  },
  {
    name: 'unchecked-policy-loads',
    guards: 'A policy that does not check never becomes active.',
    file: policy('check'),
    find: 'return findings.list.length === 0',
    replace: 'return findings.list.length >= 0',
    tests: ['test/kernel/idempotency.prop.test.ts'],
  },
];
