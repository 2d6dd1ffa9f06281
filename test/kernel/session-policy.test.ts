/** What a policy says over a whole session: gathered risk, labels, guardrails' facts, shadow mode. */
import { expect, test } from 'vitest';
import type { EvaluatorFact, PolicyDocument } from '../../src/kernel/index.ts';
import { cast, digestOf, policyDocument, Stage, tools } from './stage.ts';

const read = { tool: 'read', args: { name: 'a' } } as const;
const fetch = { tool: 'fetch', args: { host: 'example' } } as const;

function staged(more: Partial<PolicyDocument>): {
  readonly stage: Stage;
  readonly session: string;
} {
  const stage = Stage.ready(policyDocument(1, more));
  return { stage, session: stage.open() };
}

test('risk that a session gathers changes the outcome of the very action that crosses the line', () => {
  const risk = { thresholds: { high: 3 }, effects: { high: 'deny' } } as const;
  const { stage, session } = staged({ risk });
  const words = [read, read, read, read].map((call) => stage.authorize({ ...call, session }));
  expect(words).toEqual(['allow', 'allow', 'deny policy-denied', 'deny policy-denied']);
  const other = stage.open();
  expect(stage.authorize({ ...read, session: other })).toBe('allow');
});

test('an escalation is an event of its own, and says why', () => {
  const risk = { thresholds: { high: 1 } } as const;
  const { stage, session } = staged({ risk });
  const id = stage.ask({ ...read, session });
  expect(stage.log.at(-1)?.event).toMatchObject({
    type: 'risk-escalated',
    session,
    data: { decision: id, from: 'low', to: 'high', escalations: [{ cause: 'score' }] },
  });
  expect(stage.get('decision', id)).toMatchObject({ outcome: 'allow', risk: 'high' });
});

test('what was refused adds nothing to the score', () => {
  const risk = { thresholds: { high: 2 }, effects: { high: 'deny' } } as const;
  const { stage, session } = staged({ risk });
  const words = [
    { tool: 'read', args: { name: 'secret' } },
    { tool: 'read', args: { name: 'secret' } },
    read,
  ].map((call) => stage.authorize({ ...call, session }));
  expect(words.at(-1)).toBe('allow');
  expect(stage.get('session', session)?.history).toMatchObject({ allowed: 1, denied: 2 });
});

test('a sequence raises the action that completes it, and an approval lets it through once', () => {
  const sequences = [{ id: 'leak', steps: ['file.read', 'web.get'], raiseTo: 'high' }] as const;
  const risk = { sequences, effects: { high: 'require-approval' } } as const;
  const { stage, session } = staged({ risk });
  expect(stage.authorize({ ...fetch, session })).toBe('allow');
  expect(stage.authorize({ ...read, session })).toBe('allow');
  const asked = stage.ask({ ...fetch, session });
  const ticket = stage.get('decision', asked)?.ticket ?? '';
  expect(stage.get('decision', asked)).toMatchObject({
    outcome: 'require-approval',
    determinedBy: ['risk:high'],
  });
  expect(stage.approve(ticket)).toBe('done');
  expect(stage.authorize({ ...fetch, session })).toBe('allow');
  expect(stage.authorize({ ...fetch, session })).toBe('allow');
});

test('labels that a rule sets stay with the session, and only an allowed call sets them', () => {
  const rules = [
    {
      id: 'customer-files',
      effect: 'allow',
      match: { action: 'file.read', resource: 'file/customer*' },
      labels: ['personal', 'internal'],
    },
    { id: 'no-archive', effect: 'deny', match: { resource: 'file/customer-archive' } },
  ] as const;
  const { stage, session } = staged({ rules });
  const labels = () => stage.get('session', session)?.history.labels;
  stage.authorize({ tool: 'read', args: { name: 'customer-archive' }, session });
  expect(labels()).toEqual([]);
  stage.authorize({ tool: 'read', args: { name: 'customer' }, session });
  stage.authorize({ ...read, session });
  expect(labels()).toEqual(['internal', 'personal']);
});

const guardrails = {
  tool: [{ id: 'no-secrets', evaluator: 'secrets', match: { action: 'web.get' } }],
};

function fact(outcome: EvaluatorFact['outcome']): EvaluatorFact {
  const reason = `it said ${outcome}`;
  return { guardrail: 'no-secrets', evaluator: 'secrets', outcome, reason, durationMs: 3 };
}

function fetchWith(
  stage: Stage,
  session: string,
  found: readonly EvaluatorFact[] | undefined,
  policyHash = stage.get('policy', 'active')?.hash ?? '',
): string {
  return stage.do({
    kind: 'authorize',
    by: cast.ann,
    session,
    tool: 'fetch',
    definition: tools.fetch.definition,
    arguments: fetch.args,
    argumentsDigest: digestOf(fetch.args),
    estimate: {},
    start: false,
    ...(found === undefined ? {} : { facts: { policyHash, found } }),
  });
}

test.each<[string, readonly EvaluatorFact[] | undefined, string]>([
  ['passed', [fact('pass')], 'allow'],
  ['refused', [fact('refuse')], 'deny policy-denied'],
  ['failed', [fact('error')], 'deny policy-error'],
  ['was skipped though nothing refused', [fact('skipped')], 'deny policy-error'],
  ['has no fact', [], 'deny policy-error'],
  ['was not asked', undefined, 'deny policy-error'],
])('a guardrail that %s: %s is %s', (_, found, word) => {
  const { stage, session } = staged({ guardrails });
  expect(fetchWith(stage, session, found)).toBe(word);
});

test('facts about another policy’s guardrails count for nothing', () => {
  const { stage, session } = staged({ guardrails });
  expect(fetchWith(stage, session, [fact('pass')], 'another hash')).toBe('deny policy-error');
});

test('facts are in the log, and a guardrail speaks only where it matches', () => {
  const { stage, session } = staged({ guardrails });
  fetchWith(stage, session, [fact('refuse')]);
  expect(stage.log.at(-1)?.event.data).toMatchObject({ facts: [{ outcome: 'refuse' }] });
  expect(stage.authorize({ ...read, session })).toBe('allow');
});

test('a guardrail that asks for approval opens a ticket', () => {
  const [tool] = guardrails.tool.map((each) => ({ ...each, effect: 'require-approval' as const }));
  const { stage, session } = staged({ guardrails: { tool: tool === undefined ? [] : [tool] } });
  expect(fetchWith(stage, session, [fact('refuse')])).toBe('require-approval');
});

test('a rule in shadow mode changes nothing and says what it would change', () => {
  const rules = [{ id: 'quiet', effect: 'deny', mode: 'shadow' }] as const;
  const { stage, session } = staged({ rules });
  const id = stage.ask({ ...read, session });
  expect(stage.get('decision', id)).toMatchObject({
    outcome: 'allow',
    determinedBy: ['tier:unrestricted'],
    shadow: { effect: 'deny', determinedBy: ['rule:quiet'] },
  });
});

test('an allow in shadow mode allows nothing', () => {
  const rules = [{ id: 'quiet', effect: 'allow', mode: 'shadow' }] as const;
  const { stage, session } = staged({ rules, tiers: {} });
  expect(stage.authorize({ ...read, session })).toBe('deny policy-no-match');
});

test('an error in a rule in shadow mode denies only in the shadow', () => {
  const when = { path: 'arguments.never-there', equals: 1 };
  const rules = [{ id: 'quiet', effect: 'allow', mode: 'shadow', when }] as const;
  const { stage, session } = staged({ rules });
  const id = stage.ask({ ...read, session });
  expect(stage.get('decision', id)).toMatchObject({
    outcome: 'allow',
    shadow: { effect: 'deny', code: 'policy-error' },
  });
});

test('a policy in shadow mode lets through what only it would refuse', () => {
  const { stage, session } = staged({ mode: 'shadow' });
  const secret = { tool: 'read', args: { name: 'secret' } };
  const id = stage.ask({ ...secret, session });
  expect(stage.get('decision', id)).toMatchObject({
    outcome: 'allow',
    determinedBy: ['policy:shadow'],
    shadow: { effect: 'deny', determinedBy: ['rule:no-secrets'] },
  });
  expect(stage.authorize({ tool: 'unheard-of', session })).toBe('deny tool-unknown');
  stage.kill({ kind: 'org', org: 'acme' });
  expect(stage.authorize({ ...secret, session })).toBe('deny killed');
});

test('an undeclared action under a policy in shadow mode may run as long as any other', () => {
  const { stage, session } = staged({ mode: 'shadow' });
  const id = stage.ask({ tool: 'stray', session, start: true });
  const decision = stage.get('decision', id);
  expect(decision).toMatchObject({ outcome: 'allow', permit: 'started', runTimeoutMs: 300_000 });
  expect((decision?.expiresAt ?? 0) - (decision?.decidedAt ?? 0)).toBe(300_000);
});

test('an action that the policy does not know takes nothing from what a session gathered', () => {
  const sequences = [{ id: 'leak', steps: ['file.read', 'web.get'], raiseTo: 'high' }] as const;
  const { stage, session } = staged({ mode: 'shadow', risk: { sequences } });
  stage.authorize({ ...read, session });
  const before = stage.get('session', session)?.history;
  expect(before?.score.milli).toBeGreaterThan(0);
  stage.authorize({ tool: 'stray', session });
  const after = stage.get('session', session)?.history;
  expect(after).toMatchObject({ allowed: 2, score: before?.score, runs: before?.runs });
});

test('a decision names the policy by version and hash', () => {
  const { stage, session } = staged({});
  const id = stage.ask({ ...read, session });
  const { hash = '' } = stage.get('policy', 'active') ?? {};
  expect(hash).not.toBe('');
  expect(stage.get('decision', id)).toMatchObject({ policyVersion: 1, policyHash: hash });
});

test.each<[string, Partial<PolicyDocument>]>([
  ['a threshold below the one before', { risk: { thresholds: { medium: 5, high: 5 } } }],
  [
    'a sequence of one step',
    { risk: { sequences: [{ id: 's', steps: ['file.read'], raiseTo: 'high' }] } },
  ],
  [
    'a step that no action is',
    { risk: { sequences: [{ id: 's', steps: ['file.read', 'x'], raiseTo: 'high' }] } },
  ],
  [
    'a sequence that raises to low',
    { risk: { sequences: [{ id: 's', steps: ['*', '*'], raiseTo: 'low' }] } },
  ],
  ['an effect that is none', { risk: { effects: { high: 'allow' as 'deny' } } }],
  ['labels on a rule that denies', { rules: [{ id: 'r', effect: 'deny', labels: ['x'] }] }],
  ['an unknown mode', { mode: 'off' as 'shadow' }],
  ['a guardrail without an evaluator', { guardrails: { tool: [{ id: 'g', evaluator: '' }] } }],
  ['guardrails of an unknown stage', { guardrails: { model: [] } as object }],
  ['an empty list of guardrails', { guardrails: { tool: [] } }],
])('a policy with %s does not activate', (_, more) => {
  const stage = Stage.ready();
  expect(stage.policy(policyDocument(2, more))).toBe('policy-invalid');
  expect(stage.get('policy', 'active')?.version).toBe(1);
});
