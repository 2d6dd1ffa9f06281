/**
 * Rights, over random sequences: held entry by entry against the auditor's models, which know the log alone
 * and share no code with the kernel. And that a credential is looked at, whoever shows it.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PrincipalReference } from '../../src/kernel/index.ts';
import { rightsCommand, rightsSteps } from './random-rights.ts';
import { audited, entriesOf, played } from './rights-audit.ts';
import { rightsStage } from './rights-stage.ts';
import { assertHolds } from './sampling.ts';
import { cast, Stage } from './stage.ts';

test('nobody does what their key, agent, delegation, hand-off, approval or grant does not let them', () => {
  assertHolds(rightsSteps, 250, (sequence) => {
    const stage = played(sequence);
    expect(audited(entriesOf(stage)).problems).toEqual([]);
  });
});

test('the log alone gives every record of keys, grants, hand-offs and proposals', () => {
  assertHolds(rightsSteps, 40, (sequence) => played(sequence).assertFoldsToItself());
});

test('a command that is refused changes no record', () => {
  assertHolds(rightsSteps, 60, (sequence) => {
    const stage = rightsStage();
    for (const step of sequence) {
      const command = rightsCommand(step, stage);
      if (typeof command === 'number') {
        stage.now += command;
        continue;
      }
      const before = stage.snapshot();
      const { events } = stage.submit(command);
      const isRefusal = events.every(({ type }) => type === 'command-rejected');
      expect(isRefusal && !isSame(before, stage.snapshot())).toBe(false);
    }
  });
});

function isSame(
  left: ReturnType<Stage['snapshot']>,
  right: ReturnType<Stage['snapshot']>,
): boolean {
  return [...left].every(([kind, table]) => {
    const other = right.get(kind);
    return (
      other?.size === table.size && [...table].every(([key, value]) => other.get(key) === value)
    );
  });
}

test('the sequences meet what they are about', () => {
  const met = new Map<string, number>();
  for (const sequence of fc.sample(rightsSteps, { numRuns: 120, seed: 7 })) {
    for (const [what, count] of audited(entriesOf(played(sequence))).met) {
      met.set(what, (met.get(what) ?? 0) + count);
    }
  }
  for (const what of [
    'by a key',
    'key-revoked',
    'credential-revoked',
    'credential-expired',
    'session below',
    'allowed below',
    'delegation-cycle',
    'delegation-exceeded',
    'hand-off taken up',
    'handoff-used',
    'handoff-unknown',
    'agent suspend',
    'agent reinstate',
    'agent revoke',
    'ticket-endorsed',
    'ticket-approved',
    'ticket-edited',
    'self-approval',
    'grant given',
    'grant used',
    'grant-revoked',
    'change confirmed',
    'second-principal-needed',
  ]) {
    expect([...met.keys()]).toContain(what);
  }
});

const forgeries: readonly (readonly [string, Partial<PrincipalReference>, string])[] = [
  ['a key that nobody issued', { credential: 'k-none' }, 'credential-revoked'],
  ['the key of another principal', { credential: 'k-bob' }, 'credential-revoked'],
  ['the key of a namesake in another org', { credential: 'k-zeta' }, 'credential-revoked'],
  ['a key that was revoked', { credential: 'k-revoked' }, 'credential-revoked'],
  ['a key that is over', { credential: 'k-over' }, 'credential-expired'],
  ['a token that is over', { expiresAt: 1_000_200 }, 'credential-expired'],
  ['a key that is good', { credential: 'k-ann' }, 'done'],
];

test.each(forgeries)('with %s', (_, more, word) => {
  const stage = Stage.ready();
  const session = stage.open();
  const issue = (id: string, principal: string, org = 'acme', expiresAt?: number) => {
    const key = { id, org, principal, roles: ['agent'], secretHash: 'a'.repeat(64) };
    const ends = expiresAt === undefined ? {} : { expiresAt };
    expect(stage.do({ kind: 'issue-key', by: cast.ada, key: { ...key, ...ends } })).toBe('done');
  };
  issue('k-ann', 'ann');
  issue('k-bob', 'bob');
  issue('k-zeta', 'ann', 'zeta');
  issue('k-revoked', 'ann');
  issue('k-over', 'ann', 'acme', 1_000_200);
  stage.do({ kind: 'revoke-key', by: cast.ada, key: 'k-revoked' });
  const call = { session, tool: 'read', args: { name: 'a' } };
  const [issued, started] = [stage.ask(call), stage.ask({ ...call, start: true })];
  stage.now = 1_000_200;
  const by = { ...cast.ann, ...more };
  expect(stage.start(issued, by)).toBe(word);
  expect(stage.authorize({ ...call, by })).toBe(word === 'done' ? 'allow' : word);
  expect(stage.transition(session, 'pause', by)).toBe(word);
  // What was done already is told by whoever was allowed to do it.
  expect(stage.settle(started, 'reserved', by)).toBe('done');
});
