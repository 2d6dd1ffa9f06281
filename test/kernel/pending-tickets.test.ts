/** How many questions one agent may leave with people, over all of its sessions. */
import { expect, test } from 'vitest';
import { limits } from '../../src/kernel/index.ts';
import { cast, Stage } from './stage.ts';

const perSession = 90;

/** Asks for a restart of so many hosts in each of some sessions; how often it was asked, and what came last. */
function askIn(stage: Stage, sessions: readonly string[]): readonly string[] {
  return sessions.flatMap((session) =>
    Array.from({ length: perSession }, (_, host) =>
      stage.authorize({ session, tool: 'restart', args: { host: `${session}-${host}` } }),
    ),
  );
}

test('an agent leaves no more tickets pending than its limit, however many sessions it has', () => {
  const stage = Stage.ready();
  const sessions = Array.from({ length: 6 }, () => stage.open());
  const words = askIn(stage, sessions);
  const most = limits.ticketsPendingPerAgentMax;
  expect(words.slice(0, most).every((word) => word === 'require-approval')).toBe(true);
  expect(words.slice(most).every((word) => word === 'deny tickets-pending-limit')).toBe(true);
  const [first = ''] = stage.all('ticket').map(({ id }) => id);
  stage.deny(first);
  const [session = ''] = sessions.slice(-1);
  const again = { session, tool: 'restart', args: { host: 'one more' } };
  expect(stage.authorize(again)).toBe('require-approval');
  stage.transition(sessions[0] ?? '', 'abort', cast.ann);
  stage.assertFoldsToItself();
  const counted = stage.get('principal', 'acme/ann')?.pendingTickets['bot'];
  const pending = stage.all('ticket').filter(({ status }) => status === 'pending');
  expect(counted).toBe(pending.length);
});

test('a session leaves no more tickets pending than its own limit, and one that is decided makes room', () => {
  const stage = Stage.ready();
  const session = stage.open();
  const ask = (host: number) =>
    stage.authorize({ session, tool: 'restart', args: { host: `h-${host}` } });
  const most = limits.ticketsPendingMax;
  const words = Array.from({ length: most + 1 }, (_, host) => ask(host));
  expect(words.slice(0, most).every((word) => word === 'require-approval')).toBe(true);
  expect(words.at(-1)).toBe('deny tickets-pending-limit');
  const [first = ''] = stage.all('ticket').map(({ id }) => id);
  stage.deny(first);
  expect(ask(most + 1)).toBe('require-approval');
});

test('another agent, and another principal, ask as before', () => {
  const stage = Stage.ready();
  askIn(
    stage,
    Array.from({ length: 6 }, () => stage.open()),
  );
  const other = stage.open({ by: cast.bob });
  const call = { session: other, tool: 'restart', args: { host: 'a' }, by: cast.bob };
  expect(stage.authorize(call)).toBe('require-approval');
});

test('an approval that a dearer call has outgrown is withdrawn, though there is no room to ask again', () => {
  const stage = Stage.ready();
  const session = stage.open();
  const call = { session, tool: 'restart', args: { host: 'approved' } };
  const approved = stage.ask(call);
  stage.approve(approved);
  for (let host = 0; host < limits.ticketsPendingMax; host += 1) {
    stage.authorize({ session, tool: 'restart', args: { host: `h-${host}` } });
  }
  const dearer = { ...call, estimate: { usd: 9_000_000 } };
  expect(stage.authorize(dearer)).toBe('deny tickets-pending-limit');
  expect(stage.get('ticket', approved)?.status).toBe('cancelled');
});
