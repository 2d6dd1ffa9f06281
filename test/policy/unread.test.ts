/** What code gives to the tools of policies without having it read is refused, and not in part ignored. */
import { describe, expect, test } from 'vitest';
import {
  diffPolicies,
  explainPolicy,
  type PolicyCase,
  readPolicyText,
  runPolicyTests,
  starterPolicy,
} from '../../src/policy/index.ts';

const read = readPolicyText(starterPolicy, { file: 'policy.yaml' });
if ('findings' in read) throw new Error('the starter is refused');
const { document } = read;
const given = { action: 'order.read', resource: 'order/o-1' };
const expected = { name: 'n', given, expect: { effect: 'allow' } } as const;

describe.each<[string, object, string]>([
  ['a misspelt member', { rule: [] }, '`rule` of the policy is not known here'],
  [
    'CEL',
    { rules: [{ id: 'r', effect: 'deny', when: 'true' }] },
    '`rules[0].when` of the policy is',
  ],
])('a policy with %s', (_, more, message) => {
  const unread = { ...document, ...more } as never;
  test.each<[string, () => unknown]>([
    ['runPolicyTests', () => runPolicyTests(unread, [expected])],
    ['explainPolicy', () => explainPolicy(unread, given)],
    ['diffPolicies, before', () => diffPolicies(unread, document)],
    ['diffPolicies, after', () => diffPolicies(document, unread)],
  ])('%s', (_name, look) => {
    expect(look).toThrow(message);
  });
});

test.each<[object, string]>([
  [{ given: { ...given, argument: {} } }, '`cases[0].given.argument` is not known'],
  [
    { given: { ...given, session: { lables: [] } } },
    '`cases[0].given.session.lables` is not known',
  ],
  [{ given: { action: 5 } }, '`cases[0].given.action` must be a text'],
  [{ expect: { effect: 'allow', rule: ['x'] } }, '`cases[0].expect.rule` is not known'],
  [{ expect: { effect: 'permit' } }, '`cases[0].expect.effect` must be one of'],
  [{ expects: {} }, '`cases[0].expects` is not known'],
])('a case with %j', (more, message) => {
  const unread = { ...expected, ...more } as PolicyCase;
  expect(() => runPolicyTests(document, [unread])).toThrow(message);
});

test('a request with what would be ignored is not explained', () => {
  const argument = { ...given, argument: {} };
  expect(() => explainPolicy(document, argument)).toThrow('`argument` of the request is not known');
  const guardrails = { ...given, guardrails: { none: 'pass' } } as const;
  expect(() => explainPolicy(document, guardrails)).toThrow('`guardrails.none` of the request');
});

test('what was read is looked at, and no cases are no mistake', () => {
  expect(runPolicyTests(document, [expected])).toMatchObject([{ passed: true }]);
  expect(runPolicyTests(document, [])).toEqual([]);
  expect(explainPolicy(document, given).verdict.effect).toBe('allow');
  expect(diffPolicies(document, document).same).toBe(true);
});
