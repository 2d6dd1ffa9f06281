/** Mutants of what risk and guardrails ask for, of what people look at policies with, and of evaluators. */
import type { Mutant } from './mutant.ts';

export const policyToolMutants: readonly Mutant[] = [
  {
    name: 'risk-opens-what-is-shut',
    guards: 'Risk and guardrails ask an approver only for what a tier or a rule lets through.',
    file: 'src/kernel/policy/evaluate.ts',
    find: "const heard = isSpokenFor ? voices : voices.filter((voice) => voice.effect === 'deny');",
    replace: 'const heard = voices;',
    tests: ['src/kernel/policy/evaluate.test.ts', 'test/kernel/policy-differential.test.ts'],
  },
  {
    name: 'replay-hears-another-evaluator',
    guards:
      'A candidate is not given the answers of evaluators that it does not ask, or asks otherwise.',
    file: 'src/engine/verify/replay-policy.ts',
    find: 'return facts.filter(({ guardrail: id }) => then.get(id) === now.get(id));',
    replace: 'return facts;',
    tests: ['test/engine/replay-policy.test.ts'],
  },
  {
    name: 'counted-between-the-steps',
    guards: 'A case of a sequence is not told apart from it by actions that are only counted.',
    file: 'src/policy/policy-request.ts',
    find: 'let history: SessionHistory = { ...emptyHistory, allowed: allowedBefore };',
    replace: 'let history: SessionHistory = { ...emptyHistory, allowed: 0 * allowedBefore };',
    tests: ['test/policy/session-before.test.ts'],
  },
  {
    name: 'half-a-character-is-read',
    guards: 'What no log can hold is refused when the file is read, with its place.',
    file: 'src/policy/yaml-text.ts',
    find: 'if (text.isWellFormed()) return;',
    replace: 'if (text.length > 0) return;',
    tests: ['src/policy/load.test.ts'],
  },
  {
    name: 'unique-without-end',
    guards: 'A schema of a policy lets nobody stop the process with a long list.',
    file: 'src/evaluators/builtin/json-schema.ts',
    find: 'if (!asksForUnique(schema).asks) return;',
    replace: 'if (content !== undefined) return;',
    tests: ['src/evaluators/builtin/built-in.test.ts'],
  },
  {
    name: 'recursion-without-end',
    guards: 'A schema of a policy that leads into itself lets nobody stop the process with depth.',
    file: 'src/evaluators/builtin/json-schema.ts',
    find: `if (!text.includes('"$ref":')) return (content) => validator.validate(content);`,
    replace: "if (text !== '') return (content) => validator.validate(content);",
    tests: ['src/evaluators/builtin/built-in.test.ts'],
  },
  {
    name: 'approvals-of-nobody-are-foreseen',
    guards: 'Whoever looks ahead is told of approvals that nobody can give together.',
    file: 'src/policy/outlook.ts',
    find: "effects.add('deny');",
    replace: '',
    tests: ['test/policy/outlook.prop.test.ts'],
  },
  {
    name: 'risk-waits-for-certain-leave',
    guards: 'Risk and guardrails are foreseen of what only a rule with a condition lets through.',
    file: 'src/policy/outlook.ts',
    find: "const letThrough = withRules(mayHold.filter(({ effect }) => effect === 'allow'));",
    replace: 'const letThrough = certain;',
    tests: ['test/policy/outlook.prop.test.ts'],
  },
  {
    name: 'addresses-without-marks',
    guards: 'An address is taken out whole, in scripts whose letters have marks as well.',
    file: 'src/evaluators/builtin/personal-data.ts',
    find: "String.raw`[\\pL\\pM\\pN._%+'!#$&*=^~-]+@",
    replace: "String.raw`[\\pL\\pN._%+'!#$&*=^~-]+@",
    tests: ['src/evaluators/redact.test.ts'],
  },
];
