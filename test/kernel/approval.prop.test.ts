/** Approvals: exact, single-use, by somebody else, and void as soon as anything is different. */
/* oxlint-disable vitest/no-conditional-expect -- each random case has its own duties */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PrincipalReference } from '../../src/kernel/index.ts';
import { play, steps } from './random-commands.ts';
import { assertHolds } from './sampling.ts';
import { type Call, cast, policyDocument, Stage, tools } from './stage.ts';

const args = { to: 'x', amount: '60' };

/** A stage with one call that an approver has approved. */
function approved(): { readonly stage: Stage; readonly call: Call; readonly ticket: string } {
  const stage = Stage.ready();
  const session = stage.open({ budget: { usd: 1_000_000_000 } });
  const call: Call = { session, tool: 'pay', args };
  const ticket = stage.ask(call);
  expect(stage.approve(ticket)).toBe('done');
  return { stage, call, ticket };
}

function redefine(stage: Stage): string {
  const tool = { ...tools.pay, definition: 'another definition' };
  stage.do({ kind: 'register-tool', by: cast.ada, tool, replace: true });
  return tool.definition;
}

/** Everything a call can differ in from the one that was approved. */
const differences: Readonly<Record<string, (stage: Stage, call: Call) => Call>> = {
  'the amount': (_, call) => ({ ...call, args: { ...args, amount: '60.000001' } }),
  'the spelling of the amount': (_, call) => ({ ...call, args: { ...args, amount: '60.0' } }),
  'the receiver': (_, call) => ({ ...call, args: { ...args, to: 'y' } }),
  'an argument more': (_, call) => ({ ...call, args: { ...args, memo: '' } }),
  'a higher estimate': (_, call) => ({ ...call, estimate: { usd: 70_000_000 } }),
  'an estimate in another unit': (_, call) => ({ ...call, estimate: { tokens: 1 } }),
  'the tool': (_, call) => ({ ...call, tool: 'restart', args: { host: 'h' } }),
  'the tool’s definition': (stage, call) => ({ ...call, definition: redefine(stage) }),
  'the policy’s version': (stage, call) => {
    stage.policy(policyDocument(2));
    return call;
  },
  'the session': (stage, call) => ({ ...call, session: stage.open() }),
  'the agent': (stage, call) => ({ ...call, session: stage.open({ agent: 'clerk' }) }),
  'the principal': (stage, call) => {
    const session = stage.open({ by: cast.bob });
    return { ...call, session, by: cast.bob };
  },
};

test('the same call is allowed by its approval, once', () => {
  const { stage, call, ticket } = approved();
  expect(stage.authorize(call)).toBe('allow');
  expect(stage.get('ticket', ticket)?.status).toBe('consumed');
  expect(stage.authorize(call)).toBe('require-approval');
});

test.each(Object.entries(differences))(
  'what was approved is what runs: not where %s differs',
  (_, differ) => {
    const { stage, call, ticket } = approved();
    expect(stage.authorize(differ(stage, call))).toBe('require-approval');
    expect(stage.get('ticket', ticket)?.status).not.toBe('consumed');
  },
);

test.each([
  [-1, 'allow'],
  [0, 'require-approval'],
  [1, 'require-approval'],
])('%i ms after the end of its ticket an approved call is answered by %s', (afterMs, outcome) => {
  const { stage, call, ticket } = approved();
  stage.now = (stage.get('ticket', ticket)?.expiresAt ?? Number.NaN) + afterMs;
  expect(stage.authorize(call)).toBe(outcome);
});

test.each([
  [-1, 'done', 'not-due'],
  [0, 'ticket-expired', 'done'],
  [1, 'ticket-expired', 'done'],
])('%i ms after its end a ticket’s approval is %s, its expiry %s', (afterMs, approval, expiry) => {
  for (const move of ['approve', 'expire'] as const) {
    const stage = Stage.ready();
    const session = stage.open({ budget: { usd: 1_000_000_000 } });
    const ticket = stage.ask({ session, tool: 'pay', args });
    stage.now = (stage.get('ticket', ticket)?.expiresAt ?? Number.NaN) + afterMs;
    const expire = { kind: 'expire-ticket', by: cast.system, ticket } as const;
    const word = move === 'approve' ? stage.approve(ticket) : stage.do(expire);
    expect([move, word]).toEqual([move, move === 'approve' ? approval : expiry]);
  }
});

test('a call whose definition is not the registered one is refused, approved or not', () => {
  const { stage, call } = approved();
  expect(stage.authorize({ ...call, definition: 'forged' })).toBe('deny tool-changed');
  redefine(stage);
  expect(stage.authorize(call)).toBe('deny tool-changed');
});

test('an approval is used only where everything it was given for is the same', () => {
  assertHolds(steps, 120, (sequence) => {
    const stage = Stage.ready();
    stage.watch = ({ event, command }) => {
      if (event.type !== 'action-decided' || !event.data.consumed) return;
      const ticket = stage.get('ticket', event.data.ticket);
      const decision = stage.get('decision', event.data.decision);
      if (ticket === undefined || decision === undefined) throw new Error('no such ticket');
      const { session, agent, principal, org, tool, action, resource } = ticket;
      const { argumentsDigest, definition, policyVersion } = ticket;
      expect(decision).toMatchObject({ session, agent, principal, org, tool, action, resource });
      expect(decision).toMatchObject({ argumentsDigest, definition, policyVersion });
      for (const { unit, amount } of decision.reservations) {
        expect(amount).toBe(ticket.estimate[unit] ?? 0);
      }
      expect(command).toMatchObject({ session, tool, argumentsDigest, definition });
      expect(stage.now).toBeLessThan(ticket.expiresAt);
    };
    play(sequence, stage);
  });
});

test('approvals are single-use', () => {
  assertHolds(steps, 80, (sequence) => {
    const used = new Set<string>();
    const stage = Stage.ready();
    stage.watch = ({ event }) => {
      if (event.type !== 'action-decided' || !event.data.consumed) return;
      expect(used).not.toContain(event.data.ticket);
      used.add(event.data.ticket);
    };
    play(sequence, stage);
  });
});

test('the requester never approves, and only those whom the policy names do', () => {
  assertHolds(steps, 80, (sequence) => {
    const stage = Stage.ready();
    stage.watch = ({ event, by }) => {
      if (event.type !== 'ticket-approved' && event.type !== 'ticket-denied') return;
      const ticket = stage.get('ticket', event.data.ticket);
      expect(by.org).toBe(ticket?.org);
      expect(by.id).not.toBe(ticket?.principal);
      expect(by.roles.some((role) => ticket?.approverRoles.includes(role))).toBe(true);
      expect(ticket?.decidedBy).toBe(by.id);
    };
    play(sequence, stage);
  });
});

test.each<[string, PrincipalReference, string]>([
  ['an approver', cast.pat, 'done'],
  ['an admin', cast.ada, 'done'],
  ['an approver who also is an agent, for another', cast.sam, 'done'],
  ['an operator', cast.olga, 'permission-denied'],
  ['the requester', cast.ann, 'self-approval'],
  ['another agent', cast.bob, 'ticket-unknown'],
  ['an auditor', cast.vera, 'ticket-unknown'],
  ['an admin of another org', cast.otherAda, 'ticket-unknown'],
  ['the requester’s namesake in another org', cast.otherAnn, 'ticket-unknown'],
  ['the control plane', cast.system, 'permission-denied'],
])('approval by %s', (_, by, word) => {
  const stage = Stage.ready();
  const ticket = stage.ask({ session: stage.open(), tool: 'pay', args });
  expect(stage.approve(ticket, by)).toBe(word);
  expect(stage.get('ticket', ticket)?.status).toBe(word === 'done' ? 'approved' : 'pending');
});

test('whoever may approve others’ calls may not approve their own', () => {
  for (const by of [cast.sam, cast.ada]) {
    const stage = Stage.ready();
    const ticket = stage.ask({ session: stage.open({ by }), tool: 'pay', args, by });
    expect(stage.approve(ticket, by)).toBe('self-approval');
    expect(stage.deny(ticket, by)).toBe('self-approval');
    expect(stage.get('ticket', ticket)?.status).toBe('pending');
  }
});

test('a ticket is decided once', () => {
  const words = ['approve-ticket', 'deny-ticket', 'cancel-ticket'] as const;
  const deciders = fc.constantFrom(cast.pat, cast.ada);
  const decisions = fc.array(fc.tuple(fc.constantFrom(...words), deciders), { minLength: 2 });
  assertHolds(decisions, 60, (sequence) => {
    const stage = Stage.ready();
    const ticket = stage.ask({ session: stage.open(), tool: 'pay', args });
    let status = 'pending';
    for (const [kind, by] of sequence) {
      const word = stage.do({ kind, by, ticket });
      const now = stage.get('ticket', ticket)?.status ?? '';
      // An approval that was not used yet can still be withdrawn, and nothing else changes.
      const may = status === 'pending' || (status === 'approved' && kind === 'cancel-ticket');
      if (may) expect(['done', 'permission-denied']).toContain(word);
      else {
        expect(['ticket-not-pending', 'permission-denied']).toContain(word);
        expect(now).toBe(status);
      }
      status = now;
    }
  });
});

test('a denied call stays denied while its ticket would have stood', () => {
  const stage = Stage.ready();
  const call: Call = { session: stage.open(), tool: 'pay', args };
  stage.deny(stage.ask(call));
  expect(stage.authorize(call)).toBe('deny approval-denied');
  stage.now += 100_000;
  expect(stage.authorize(call)).toBe('require-approval');
});

test('a call that waits is asked about once', () => {
  const stage = Stage.ready();
  const call: Call = { session: stage.open(), tool: 'pay', args };
  for (let time = 0; time < 5; time += 1) {
    expect(stage.authorize(call)).toBe('require-approval');
  }
  expect(stage.all('ticket').length).toBe(1);
});

test('nobody is asked in vain: no ticket for a call that the budget refuses', () => {
  const stage = Stage.ready();
  const session = stage.open({ budget: { usd: 59_999_999 } });
  expect(stage.authorize({ session, tool: 'pay', args })).toBe('deny budget-exceeded');
  expect(stage.all('ticket')).toEqual([]);
});

test('an approval that the budget refuses is not used up', () => {
  const stage = Stage.ready();
  const session = stage.open({ budget: { usd: 100_000_000 } });
  const call: Call = { session, tool: 'pay', args };
  const ticket = stage.ask(call);
  stage.approve(ticket);
  const other = stage.ask({ session, tool: 'pay', args: { to: 'x', amount: '50' } });
  expect(stage.authorize(call)).toBe('deny budget-exceeded');
  expect(stage.get('ticket', ticket)?.status).toBe('approved');
  stage.void(other);
  expect(stage.authorize(call)).toBe('allow');
});

test('no approval survives the end of its session or its agent’s registration', () => {
  const ended = approved();
  ended.stage.transition(ended.call.session, 'complete', cast.ann);
  expect(ended.stage.authorize(ended.call)).toBe('deny session-not-active');
  const { stage, call } = approved();
  stage.controlAgent('bot', 'revoke');
  expect(stage.authorize(call)).toBe('deny agent-disabled');
});
