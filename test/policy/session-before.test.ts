/** What a request says of its session's past is read as the control plane would have come to it, or refused. */
import { expect, test } from 'vitest';
import {
  type PolicyRequest,
  readPolicy,
  readRequest,
  runPolicyTests,
} from '../../src/policy/index.ts';
import { verdictOn } from '../../src/policy/policy-request.ts';

function policyWith(risk: object) {
  const actions = { 'file.read': {}, 'mail.send': {}, 'text.count': {} };
  const tiers = { unrestricted: ['**'] };
  const read = readPolicy({ format: 1, version: 1, actions, tiers, risk });
  if (!('document' in read)) throw new Error(JSON.stringify(read));
  return read.document;
}

const send = { action: 'mail.send' };

test('what is only counted came before: it is not between the steps of a sequence', () => {
  const leak = {
    id: 'leak',
    steps: ['file.read', 'mail.send'],
    withinActions: 2,
    raiseTo: 'critical',
  };
  const policy = policyWith({ sequences: [leak], effects: { critical: 'deny' } });
  const effectOf = (session: PolicyRequest['session'] & object) =>
    verdictOn(policy, { ...send, session }).effect;
  const before = ['file.read'];
  expect(effectOf({ before })).toBe('deny');
  expect(effectOf({ before, counts: { 'text.count': 5 } })).toBe('deny');
  expect(effectOf({ before, allowed: 6 })).toBe('deny');
  expect(effectOf({ before: ['file.read', 'text.count'] })).toBe('allow');
});

test('what was allowed is all that is said, each once', () => {
  const base = policyWith({});
  const rules = [{ id: 'r', effect: 'deny', when: 'session.allowed >= 4' }];
  const read = readPolicy({ ...base, rules });
  if (!('document' in read)) throw new Error(JSON.stringify(read));
  const sessions = [
    { before: ['file.read'], counts: { 'text.count': 2 } },
    { before: ['file.read'], counts: { 'text.count': 3 } },
    { before: ['file.read'], counts: { 'text.count': 1 }, allowed: 3 },
    { before: ['file.read'], counts: { 'text.count': 1 }, allowed: 4 },
  ];
  const effects = sessions.map((session) => verdictOn(read.document, { ...send, session }).effect);
  expect(effects).toEqual(['allow', 'deny', 'allow', 'deny']);
});

test('a past that goes back in time, or in which an action was allowed less than never, is refused', () => {
  const at = (agoMs: number) => ({ action: 'file.read', agoMs });
  const problemOf = (session: object) => readRequest({ ...send, session });
  expect(problemOf({ before: [at(2), at(2), at(0), 'file.read'] })).toHaveProperty('request');
  for (const before of [
    [at(1), at(2)],
    ['file.read', at(2)],
  ]) {
    expect(problemOf({ before })).toMatchObject({ path: 'session.before' });
  }
  expect(problemOf({ counts: { 'file.read': -3 } })).toMatchObject({ path: 'session.counts' });
});

test('what no risk classifier answers is told, and not taken for a denial', () => {
  const policy = policyWith({
    classifiers: [{ id: 'payee', classifier: 'known' }],
    effects: { critical: 'deny' },
  });
  const told = 'must be a risk level: low, medium, high, critical';
  for (const payee of ['critcal', ['low', 'high'], ['critical']]) {
    const given = { ...send, classifiers: { payee } };
    expect(readRequest(given, policy)).toMatchObject({ path: 'classifiers.payee', message: told });
    const [result] = runPolicyTests(policy, [{ name: 'n', given, expect: { effect: 'deny' } }]);
    expect(result?.differences).toContain(`given: \`classifiers.payee\` ${told}`);
  }
  const given = { ...send, classifiers: { payee: 'critical' } };
  expect(readRequest(given, policy)).toHaveProperty('request');
});

test('fewer allowed calls than are told of are refused: the number would count for nothing', () => {
  const past = { before: ['file.read'], counts: { 'text.count': 2 } };
  const problemOf = (allowed: unknown) => readRequest({ ...send, session: { ...past, allowed } });
  expect(problemOf(3)).toHaveProperty('request');
  const message = 'is less than the 3 of `before` and `counts`';
  expect(problemOf(2)).toMatchObject({ path: 'session.allowed', message });
  expect(problemOf(3.5)).toMatchObject({ message: 'must be a whole number from 0 up' });
});

test('what came in is told of only where the policy has an input guardrail', () => {
  const given = { ...send, session: { input: 'refuse' as const } };
  const problem = 'is about no input guardrail that the policy has';
  const open = policyWith({});
  expect(readRequest(given, open)).toMatchObject({ path: 'session.input', message: problem });
  const [result] = runPolicyTests(open, [{ name: 'n', given, expect: { effect: 'allow' } }]);
  expect(result?.differences).toEqual([`given: \`session.input\` ${problem}`]);
  const guardrails = { input: [{ id: 'i', evaluator: 'prompt-injection' }] };
  expect(readRequest(given, { ...open, guardrails })).toHaveProperty('request');
});

test.each([
  ['agent', 'intern 1'],
  ['agent', 'intern/1'],
  ['org', 'acme, globex'],
  ['tool', 'refund*'],
  ['principal', 'user ann'],
  ['session', { id: '' }],
  ['session', { id: 's 1' }],
  ['session', { labels: null }],
  ['session', { before: [{ action: 'file.read' }] }],
])('who could be nobody is refused, and what could be no past: %s %j', (member, value) => {
  expect(readRequest({ ...send, [member]: value })).toMatchObject({
    path: expect.stringContaining(member) as unknown,
    message: expect.stringMatching(/can be no name|must be/) as unknown,
  });
  const usual = { agent: 'a-1', org: 'o', tool: 't_1', principal: 'idp:ann@x/y' };
  expect(readRequest({ ...send, ...usual, session: { id: 's:1' } })).toHaveProperty('request');
});
