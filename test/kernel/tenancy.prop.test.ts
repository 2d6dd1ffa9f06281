/** Tenants and principals: what is another's is as unknown as what does not exist. */
/* oxlint-disable vitest/no-conditional-expect -- each random case has its own duties */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Command, PrincipalReference } from '../../src/kernel/index.ts';
import { commandOf, play, type Step, steps } from './random-commands.ts';
import { assertHolds } from './sampling.ts';
import { agents, cast, policyDocument, Stage, tools } from './stage.ts';

/** Everything a principal can try on a session, its permits and its tickets. */
function attempts(session: string, permit: string, ticket: string, by: PrincipalReference) {
  const transitions = ['activate', 'pause', 'resume', 'complete', 'abort'] as const;
  const args = { name: 'a' };
  const call = { session, tool: 'read', args, by };
  return [
    (stage: Stage) => stage.authorize(call),
    (stage: Stage) => stage.start(permit, by),
    (stage: Stage) => stage.settle(permit, { usd: 1 }, by),
    (stage: Stage) => stage.void(permit, by),
    (stage: Stage) => stage.approve(ticket, by),
    (stage: Stage) => stage.deny(ticket, by),
    (stage: Stage) => stage.do({ kind: 'cancel-ticket', by, ticket }),
    ...transitions.map((each) => (stage: Stage) => stage.transition(session, each, by)),
  ];
}

const strangers: readonly PrincipalReference[] = [
  cast.bob,
  cast.otherAnn,
  cast.otherAda,
  { ...cast.otherAda, id: 'pat', roles: ['approver'] },
  { ...cast.otherAda, id: 'olga', roles: ['operator'] },
];

test('sessions of another org or principal cannot be seen, used, approved or transitioned', () => {
  assertHolds(fc.tuple(fc.constantFrom(...strangers), fc.nat(99)), 40, ([by, number]) => {
    const stage = Stage.ready();
    const session = stage.open();
    const permit = stage.ask({
      session,
      tool: 'read',
      args: { name: 'a' },
      start: number % 2 === 0,
    });
    const ticket = stage.ask({ session, tool: 'restart', args: { host: 'h' } });
    const kinds = ['session', 'decision', 'ticket', 'budget', 'binding'] as const;
    const before = kinds.map((kind) => stage.all(kind));
    const real = attempts(session, permit, ticket, by);
    const absent = attempts('nowhere', 'none', 'none', by);
    for (const [position, attempt] of real.entries()) {
      const word = attempt(stage);
      expect(word).toBe(absent[position]?.(stage));
      expect(word).toMatch(/-unknown$|^permission-denied$/);
    }
    expect(kinds.map((kind) => stage.all(kind))).toEqual(before);
  });
});

test('the refusal says nothing that depends on whether the thing exists', () => {
  const stage = Stage.ready();
  const session = stage.open();
  const rejectionOf = (id: string): unknown => {
    const command = { kind: 'transition-session', by: cast.otherAda, transition: 'abort' } as const;
    const { answer } = stage.submit({ ...command, session: id, id: stage.nextId() });
    return answer.status === 'rejected' ? answer.rejection : undefined;
  };
  expect(rejectionOf(session)).toEqual(rejectionOf('nowhere'));
});

/** What one org can see of the answers to its own commands. */
function observed(sequence: readonly Command[], org: string): readonly string[] {
  const stage = Stage.ready();
  const words: string[] = [];
  for (const command of sequence) {
    const word = stage.wordFor(stage.submit(command));
    if (command.by.org === org) words.push(`${command.id} ${word}`);
  }
  return words;
}

test('another org’s commands change no answer of this one', () => {
  // Agents, tools and policies are the installation's, and the system's kill is everybody's.
  const shared = new Set(['policy', 'tool', 'agent', 'tick']);
  assertHolds(steps, 60, (sequence) => {
    const stage = Stage.ready();
    const commands: Command[] = [];
    for (const step of sequence.filter(([kind]: Step) => !shared.has(kind))) {
      const command = commandOf(step, stage);
      if (typeof command === 'number') continue;
      // A platform admin may stop other orgs, too, and is told how it stands with them.
      const scope = 'scope' in command ? command.scope : undefined;
      if (scope?.kind === 'system' || (scope?.org ?? command.by.org) !== command.by.org) continue;
      // The engine makes session ids at random, so that nobody can open one that another has.
      if (command.kind === 'open-session' && stage.get('session', command.session)) continue;
      stage.submit(command);
      commands.push(command);
    }
    const alone = commands.filter(({ by }) => by.org === 'acme');
    expect(observed(alone, 'acme')).toEqual(observed(commands, 'acme'));
  });
});

test('an admin of another org kills nothing here', () => {
  const stage = Stage.ready();
  const session = stage.open();
  const scope = { kind: 'session', org: 'acme', id: session } as const;
  expect(stage.kill(scope, cast.otherAda)).toBe('permission-denied');
  expect(stage.kill({ ...scope, org: 'zeta' }, cast.otherAda)).toBe('done');
  expect(stage.authorize({ session, tool: 'read', args: { name: 'a' } })).toBe('allow');
});

test('every event of a session is caused by its own principal or one with a right over it', () => {
  assertHolds(steps, 60, (sequence) => {
    const stage = Stage.ready();
    stage.watch = ({ event, by }) => {
      if (event.session === undefined) return;
      const session = stage.get('session', event.session);
      const owner = by.id === session?.principal && by.org === session.org;
      const rights = new Set(['operator', 'approver', 'admin']);
      const entitled = by.org === session?.org && by.roles.some((role) => rights.has(role));
      expect(owner || entitled || by.roles.includes('system')).toBe(true);
    };
    play(sequence, stage);
  });
});

test('nobody but an admin registers agents and tools or activates policies', () => {
  const { ada: _, otherAda: __, ...others } = cast;
  for (const by of Object.values(others)) {
    const stage = Stage.ready();
    const before = stage.snapshot();
    const agent = { ...agents.retired, version: '2' };
    const words = [
      stage.policy(policyDocument(2), by),
      stage.do({ kind: 'register-agent', by, agent }),
      stage.do({ kind: 'register-tool', by, tool: { ...tools.pay, estimate: {} }, replace: true }),
    ];
    expect(words).toEqual(words.map(() => 'permission-denied'));
    expect(stage.snapshot()).toEqual(before);
  }
});

test('nobody but an agent, an operator or an admin opens or uses a session', () => {
  for (const by of [cast.pat, cast.vera, cast.system]) {
    const stage = Stage.ready();
    const session = stage.open({ by });
    expect(stage.get('session', session)).toBeUndefined();
    const own = stage.open({ by: { ...by, roles: ['agent'] } });
    const call = { session: own, tool: 'read', args: { name: 'a' }, by };
    expect(stage.authorize(call)).toBe('permission-denied');
  }
});

test('a role permits what it lists and nothing else', () => {
  const admin = new Set(['register-agent', 'control-agent', 'register-tool', 'activate-policy']);
  assertHolds(steps, 40, (sequence) => {
    play(sequence, Stage.ready(), (command, word) => {
      if (word !== 'done') return;
      const { roles } = command.by;
      if (admin.has(command.kind)) expect(roles).toContain('platform-admin');
      if (command.kind.startsWith('expire-')) expect(roles).toContain('system');
      expect(roles).not.toContain('auditor');
    });
  });
});
