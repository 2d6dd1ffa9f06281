/** What looks like a pattern of agents or principals, and could match none, is refused wherever it stands. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { isName } from '../name.ts';
import { checkPolicy } from './check.ts';
import { compileGlob } from './glob.ts';
import { canMatch, isAgentPattern, isPrincipalPattern } from './subject-pattern.ts';

function findingsOf(members: object): readonly string[] {
  const checked = checkPolicy({ format: 1, version: 1, actions: { act: {} }, ...members });
  return 'findings' in checked ? checked.findings.map(({ code, path }) => `${code} ${path}`) : [];
}

const rule = (members: object) => ({
  rules: [{ id: 'r', effect: 'require-approval', ...members }],
});
const own = ['a,b'];

test.each<[object, string]>([
  [rule({ match: { agent: 'a,b' } }), 'invalid-pattern rules[0].match.agent'],
  [rule({ match: { agent: ['a', '{a,b}'] } }), 'invalid-pattern rules[0].match.agent'],
  [rule({ match: { agent: 'team/bot' } }), 'invalid-pattern rules[0].match.agent'],
  [rule({ match: { agent: '!bot' } }), 'invalid-pattern rules[0].match.agent'],
  [rule({ match: { principal: 'user:.*$' } }), 'invalid-pattern rules[0].match.principal'],
  [rule({ approval: { principals: own } }), 'wrong-type rules[0].approval.principals[0]'],
  [{ approvals: { principals: own } }, 'wrong-type approvals.principals[0]'],
  [
    { approvals: { escalation: { afterMs: 1, principals: own } } },
    'wrong-type approvals.escalation.principals[0]',
  ],
  [
    { guardrails: { input: [{ id: 'g', evaluator: 'secrets', match: { agent: '[ab]' } }] } },
    'invalid-pattern guardrails.input[0].match.agent',
  ],
])('%j is refused', (members, finding) => {
  expect(findingsOf(members)).toEqual([finding]);
});

test('what a name can match is a pattern', () => {
  const good = ['**', '*', 'bot', 'bot-*', '*.v2', '?', 'a?c*', `*${'b'.repeat(127)}`];
  expect(good.filter((each) => !isAgentPattern(each))).toEqual([]);
  expect(isPrincipalPattern('user:**@acme.example/x')).toBe(true);
  const bad = ['', '.bot', 'a b', `?${'b'.repeat(limits.nameLengthMax)}`, `*.${'b'.repeat(127)}`];
  expect(bad.filter(isAgentPattern)).toEqual([]);
});

const pieces = (...of: readonly string[]) =>
  fc.array(fc.constantFrom(...of), { minLength: 1, maxLength: 5 }).map((each) => each.join(''));

test('a pattern that is refused matches no name', () => {
  fc.assert(
    fc.property(
      pieces('*', '**', '?', 'a', '.', '/', ','),
      pieces('a', 'b', '.', '-'),
      (pattern, name) => {
        if (!isName(name) || !compileGlob(pattern)(name)) return;
        expect(canMatch(pattern, isName)).toBe(true);
      },
    ),
    { numRuns: 2_000 },
  );
});
