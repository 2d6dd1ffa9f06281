/** What a principal does in its own sessions: hand-offs, screening and sessions below them, and who may not. */
import { expect, test } from 'vitest';
import type { Command, PrincipalReference } from '../../src/kernel/index.ts';
import { limits } from '../../src/kernel/index.ts';
import { agents, cast, policyDocument, Stage } from './stage.ts';

type Of<K extends Command['kind']> = Extract<Command, { readonly kind: K }>;

const token = 'a'.repeat(64);

function staged() {
  const stage = Stage.ready();
  const session = stage.open();
  const offer = (change: Partial<Of<'issue-handoff'>> = {}): string =>
    stage.do({
      kind: 'issue-handoff',
      by: cast.ann,
      session,
      handoff: token,
      agent: 'clerk',
      delegation: {},
      budget: {},
      expiresAt: stage.now + 1_000,
      ...change,
    });
  const below = (change: Partial<Of<'open-session'>>): string =>
    stage.do({
      kind: 'open-session',
      by: cast.ann,
      session: 'below',
      agent: 'clerk',
      mode: 'live',
      budget: {},
      activate: true,
      ...change,
    });
  const screen = (by: PrincipalReference, facts?: Of<'screen-input'>['facts']): string =>
    stage.do({ kind: 'screen-input', by, session, ...(facts === undefined ? {} : { facts }) });
  return { stage, session, offer, below, screen };
}

test('whose roles no longer let work do nothing in the sessions that they opened before', () => {
  const { stage, session, offer, screen } = staged();
  const by = { ...cast.ann, roles: ['auditor'] };
  expect(offer({ by })).toBe('permission-denied');
  expect(screen(by)).toBe('permission-denied');
  for (const transition of ['pause', 'complete', 'abort'] as const) {
    expect(stage.transition(session, transition, by)).toBe('permission-denied');
  }
});

test('nothing comes into a session that is not there, is somebody else’s, or is not active', () => {
  const { stage, session, screen } = staged();
  expect(stage.do({ kind: 'screen-input', by: cast.ann, session: 'other' })).toBe(
    'session-unknown',
  );
  expect(screen({ ...cast.ann, id: 'user:bob' })).toBe('session-unknown');
  stage.transition(session, 'pause', cast.ann);
  expect(screen(cast.ann)).toBe('session-not-active');
});

test('whoever cannot go on is told which of the sessions that it works for has stopped', () => {
  const { stage, session, below } = staged();
  below({ parent: session });
  const refused = (of: string) => {
    const command = { kind: 'screen-input', by: cast.ann, session: of } as const;
    const { answer } = stage.submit({ ...command, id: stage.nextId() });
    return answer.status === 'rejected' ? answer.rejection.message : '';
  };
  stage.transition(session, 'pause', cast.ann);
  expect(refused('below')).toBe(`session \`${session}\`, that it works for, is paused`);
  expect(refused(session)).toBe('the session is paused');
});

test('an agent that is registered again as it is appends nothing', () => {
  const { stage } = staged();
  const register = (agent: (typeof agents)['clerk']) => {
    const command = { kind: 'register-agent', by: cast.ada, agent } as const;
    return stage.submit({ ...command, id: stage.nextId() }).events.length;
  };
  expect(register(agents.clerk)).toBe(0);
  stage.controlAgent(agents.clerk.name, 'suspend');
  expect(register({ ...agents.clerk })).toBe(0);
});

test('a session is not put to work while a kill switch covers whoever it works for', () => {
  const { stage, session, below } = staged();
  below({ parent: session });
  stage.transition('below', 'pause', cast.ann);
  const scope = { kind: 'agent', org: 'acme', name: 'bot' } as const;
  stage.kill(scope);
  expect(stage.transition('below', 'resume', cast.olga)).toBe('killed');
  stage.release(scope);
  expect(stage.transition('below', 'resume', cast.olga)).toBe('done');
});

test('a budget is no larger than that of any session above, also where the nearest has none', () => {
  const { stage, session, below } = staged();
  below({ session: 'between', parent: session });
  stage.do({ kind: 'register-agent', by: cast.ada, agent: { ...agents.clerk, name: 'third' } });
  below({ parent: 'between', agent: 'third', budget: { usd: 900_000_000 } });
  expect(stage.get('budget', 'session:below|usd')).toMatchObject({ limit: 100_000_000 });
});

test('a session that is not active hands nothing off', () => {
  const { stage, session, offer } = staged();
  stage.transition(session, 'pause', cast.ann);
  expect(offer()).toBe('session-not-active');
});

test.each<readonly [string, Partial<Of<'issue-handoff'>>]>([
  ['for an agent without a name', { agent: '' }],
  ['for an agent with a slash in its name', { agent: 'acme/clerk' }],
  ['for a principal without a name', { principal: '' }],
  ['for a principal with a space in its name', { principal: 'user:b ob' }],
  ['without a token', { handoff: '' }],
  ['with a longer token', { handoff: `${token}a` }],
  ['that has ended', { expiresAt: 0 }],
])('a hand-off %s is refused', (_, change) => {
  expect(staged().offer(change)).toBe('delegation-invalid');
});

test('a hand-off ends within the limit', () => {
  const { stage, offer } = staged();
  const expiresAt = stage.now + limits.handoffMsMax;
  expect(offer({ expiresAt: expiresAt + 1 })).toBe('delegation-invalid');
  expect(offer({ expiresAt })).toBe('done');
});

test('a token is offered once', () => {
  const { offer } = staged();
  expect(offer()).toBe('done');
  expect(offer({ agent: 'bot' })).toBe('delegation-invalid');
});

test('whoever takes up a hand-off states neither a parent nor terms of its own', () => {
  const { session, offer, below } = staged();
  offer();
  const own = { handoff: token, delegation: { actions: ['**'] } };
  expect(below(own)).toBe('delegation-invalid');
  expect(below({ handoff: token, parent: session })).toBe('delegation-invalid');
  expect(below({ handoff: token })).toBe('done');
});

test('whoever takes up a hand-off and asks for no budget has the one that was offered', () => {
  const { stage, offer, below } = staged();
  offer({ budget: { usd: 5_000_000 } });
  expect(below({ handoff: token, budget: { tokens: 10 } })).toBe('done');
  expect(stage.get('budget', 'session:below|usd')).toMatchObject({ limit: 5_000_000 });
  expect(stage.get('budget', 'session:below|tokens')).toMatchObject({ limit: 10 });
});

test.each([
  ['dry-run', 'replay'],
  ['dry-run', 'live'],
  ['replay', 'dry-run'],
  ['replay', 'live'],
] as const)('below a session in %s there is none in %s', (above, mode) => {
  const { stage, below } = staged();
  const parent = stage.open({ mode: above, id: 'above' });
  expect(below({ parent, mode })).toBe('transition-illegal');
  expect(below({ parent, mode: above })).toBe('done');
});

test('what guardrails of another policy found is nothing that was found of an input', () => {
  const { stage, session, screen } = staged();
  const found = [
    { guardrail: 'in', evaluator: 'word', outcome: 'pass', reason: '', durationMs: 0 },
  ] as const;
  const guardrails = { input: [{ id: 'in', evaluator: 'word' }] };
  stage.policy(policyDocument(2, { guardrails }));
  const outcome = () => stage.get('session', session)?.history.input?.outcome;
  expect([screen(cast.ann, { policyHash: 'other', found }), outcome()]).toEqual(['done', 'refuse']);
  const policyHash = stage.get('policy', 'active')?.hash ?? '';
  expect([screen(cast.ann, { policyHash, found }), outcome()]).toEqual(['done', 'pass']);
});
