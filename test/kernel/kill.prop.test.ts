/** The kill switch: it latches, covers what comes later, and voids what came before. */
/* oxlint-disable vitest/no-conditional-expect -- each random case has its own duties */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { KillScope } from '../../src/kernel/index.ts';
import { play, steps } from './random-commands.ts';
import { assertHolds } from './sampling.ts';
import { type Call, cast, Stage } from './stage.ts';

interface Subject {
  readonly org: string;
  readonly principal: string;
  readonly agent: string;
  readonly session: string;
  readonly action?: string;
  readonly tool?: string;
  readonly model?: string;
  readonly plans?: readonly string[];
}

/** Whether a scope covers a subject, said the long way. */
function covers(scope: KillScope, subject: Subject): boolean {
  if (scope.kind === 'system') return true;
  if (scope.org !== subject.org) return false;
  switch (scope.kind) {
    case 'org':
      return true;
    case 'principal':
      return scope.id === subject.principal;
    case 'session':
      return scope.id === subject.session;
    case 'agent':
      return scope.name === subject.agent;
    case 'action':
      return scope.name === subject.action;
    case 'tool':
      return scope.name === subject.tool;
    case 'model':
      return scope.name === subject.model;
    case 'budget':
      return subject.plans?.includes(`${scope.org}/${scope.name}`) ?? false;
  }
}

/** Every scope that covers a payment by ann's bot in a session. */
const covering = (session: string): readonly KillScope[] => [
  { kind: 'system' },
  { kind: 'org', org: 'acme' },
  { kind: 'principal', org: 'acme', id: 'ann' },
  { kind: 'agent', org: 'acme', name: 'bot' },
  { kind: 'session', org: 'acme', id: session },
  { kind: 'action', org: 'acme', name: 'pay.send' },
  { kind: 'tool', org: 'acme', name: 'pay' },
];

/** Scopes that look alike and cover nothing of it. */
const elsewhere = (session: string): readonly KillScope[] => [
  { kind: 'org', org: 'zeta' },
  { kind: 'principal', org: 'acme', id: 'bob' },
  { kind: 'principal', org: 'zeta', id: 'ann' },
  { kind: 'agent', org: 'acme', name: 'clerk' },
  { kind: 'agent', org: 'acme', name: 'Bot' },
  { kind: 'session', org: 'acme', id: `${session}0` },
  { kind: 'session', org: 'zeta', id: session },
  { kind: 'action', org: 'acme', name: 'pay' },
  { kind: 'tool', org: 'acme', name: 'pay.send' },
];

const scopeNumber = fc.nat(6);
const small = { to: 'x', amount: '5' };
const large = { to: 'x', amount: '60' };

function adminFor(scope: KillScope): typeof cast.ada {
  return scope.kind !== 'system' && scope.org === 'zeta' ? cast.otherAda : cast.ada;
}

test('a killed scope starts nothing and stays killed until released', () => {
  assertHolds(steps, 120, (sequence) => {
    const killed = new Map<string, KillScope>();
    const stage = Stage.ready();
    stage.watch = ({ event }) => {
      if (event.type === 'kill-engaged') {
        killed.set(JSON.stringify(event.data.scope), event.data.scope);
      } else if (event.type === 'kill-released') {
        killed.delete(JSON.stringify(event.data.scope));
      }
      const permit =
        event.type === 'action-decided' && event.data.outcome !== 'deny'
          ? event.data.decision
          : event.type === 'permit-started'
            ? event.data.permit
            : undefined;
      const subject = stage.get('decision', permit ?? '');
      if (subject === undefined) return;
      expect([...killed.values()].filter((scope) => covers(scope, subject))).toEqual([]);
    };
    play(sequence, stage);
  });
});

test('every scope that covers a call refuses it, and its release lets it through', () => {
  assertHolds(scopeNumber, 20, (number) => {
    const stage = Stage.ready();
    const session = stage.open();
    const scope = covering(session)[number] ?? { kind: 'system' };
    expect(stage.kill(scope)).toBe('done');
    const call: Call = { session, tool: 'pay', args: small };
    expect(stage.authorize(call)).toBe('deny killed');
    stage.now += 1e12;
    expect(stage.authorize(call)).toBe('deny killed');
    expect(stage.release(scope)).toBe('done');
    expect(stage.authorize(call)).toBe('allow');
  });
});

test('a kill elsewhere changes nothing', () => {
  const stage = Stage.ready();
  const session = stage.open();
  for (const scope of elsewhere(session)) {
    expect(stage.kill(scope, adminFor(scope))).toBe('done');
  }
  expect(stage.authorize({ session, tool: 'pay', args: small })).toBe('allow');
});

test('a kill covers sessions that are opened, activated or resumed later', () => {
  const stage = Stage.ready();
  const paused = stage.open();
  stage.transition(paused, 'pause', cast.ann);
  const created = stage.open({ activate: false });
  const before = stage.all('session').length;
  stage.kill({ kind: 'org', org: 'acme' });
  stage.open();
  expect(stage.all('session').length).toBe(before);
  expect(stage.transition(paused, 'resume', cast.olga)).toBe('killed');
  expect(stage.transition(created, 'activate', cast.ann)).toBe('killed');
  expect(stage.transition(paused, 'abort', cast.ann)).toBe('done');
});

test('a kill voids issued permits, even after its release', () => {
  assertHolds(fc.tuple(scopeNumber, fc.boolean()), 20, ([number, release]) => {
    const stage = Stage.ready();
    const session = stage.open();
    const scope = covering(session)[number] ?? { kind: 'system' };
    const permit = stage.ask({ session, tool: 'pay', args: small });
    stage.kill(scope);
    if (release) stage.release(scope);
    expect(stage.start(permit)).toBe('killed');
    expect(stage.void(permit)).toBe('done');
  });
});

test('a kill voids earlier approvals and questions, even after its release', () => {
  assertHolds(fc.tuple(scopeNumber, fc.boolean()), 20, ([number, early]) => {
    const stage = Stage.ready();
    const session = stage.open();
    const scope = covering(session)[number] ?? { kind: 'system' };
    const call: Call = { session, tool: 'pay', args: large };
    const ticket = stage.ask(call);
    if (early) stage.approve(ticket);
    stage.kill(scope);
    if (!early) expect(stage.approve(ticket)).toBe('killed');
    stage.release(scope);
    if (!early) expect(stage.approve(ticket)).toBe('killed');
    expect(stage.authorize(call)).toBe('require-approval');
    expect(stage.get('ticket', ticket)?.status).toBe('cancelled');
  });
});

test('a second kill under a running one voids what the first did not', () => {
  const stage = Stage.ready();
  const session = stage.open();
  const scope: KillScope = { kind: 'tool', org: 'acme', name: 'pay' };
  stage.kill(scope);
  stage.release(scope);
  const permit = stage.ask({ session, tool: 'pay', args: small });
  stage.kill(scope);
  stage.release(scope);
  expect(stage.start(permit)).toBe('killed');
});

test('a started permit can be settled under a kill', () => {
  const stage = Stage.ready();
  const session = stage.open();
  const permit = stage.ask({ session, tool: 'pay', args: small, start: true });
  stage.kill({ kind: 'system' });
  expect(stage.settle(permit)).toBe('done');
});

test('only those whose role permits it kill and release, in their own org, with a reason', () => {
  const org: KillScope = { kind: 'org', org: 'acme' };
  const system: KillScope = { kind: 'system' };
  const stage = Stage.ready();
  for (const by of [cast.ann, cast.pat, cast.vera, cast.otherAda, cast.system]) {
    expect(stage.kill(org, by)).toBe('permission-denied');
  }
  expect(stage.kill(system, cast.olga)).toBe('permission-denied');
  expect(stage.do({ kind: 'engage-kill', by: cast.ada, scope: org })).toBe('reason-missing');
  expect(stage.kill(org, cast.olga)).toBe('done');
  expect(stage.kill(system, cast.ada)).toBe('done');
  for (const by of [cast.ann, cast.otherAda]) {
    expect(stage.release(org, by)).toBe('permission-denied');
  }
  expect(stage.release(system, cast.olga)).toBe('permission-denied');
  expect(stage.do({ kind: 'release-kill', by: cast.ada, scope: org })).toBe('reason-missing');
  expect(stage.release({ kind: 'org', org: 'zeta' }, cast.otherAda)).toBe('latch-not-engaged');
});

test('a kill sent again under its old key kills again, and an old release releases nothing', () => {
  const stage = Stage.ready();
  const session = stage.open();
  const scope: KillScope = { kind: 'agent', org: 'acme', name: 'bot' };
  const commitments = { reason: 'salted' };
  const send = (kind: 'engage-kill' | 'release-kill') =>
    stage.do({ kind, by: cast.ada, scope, commitments, idempotencyKey: 'k' });
  expect([send('engage-kill'), send('release-kill'), send('engage-kill')]).toEqual([
    'done',
    'done',
    'done',
  ]);
  expect(stage.authorize({ session, tool: 'pay', args: small })).toBe('deny killed');
  expect(send('release-kill')).toBe('idempotency-mismatch');
  expect(stage.authorize({ session, tool: 'pay', args: small })).toBe('deny killed');
});
