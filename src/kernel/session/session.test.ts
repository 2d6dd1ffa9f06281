/** The session's transition table, every cell of it. */
import { expect, test } from 'vitest';
import { isTerminal, nextStatus, type SessionStatus, type SessionTransition } from './session.ts';

const transitions = ['activate', 'pause', 'resume', 'complete', 'abort'] as const;

/** Rows are states, columns the transitions above; a dash is an illegal one. */
const table: Readonly<Record<SessionStatus, readonly (SessionStatus | '-')[]>> = {
  created: ['active', '-', '-', '-', 'aborted'],
  active: ['-', 'paused', '-', 'completed', 'aborted'],
  paused: ['-', '-', 'active', 'completed', 'aborted'],
  completed: ['-', '-', '-', '-', '-'],
  aborted: ['-', '-', '-', '-', '-'],
};

const cells = Object.entries(table).flatMap(([from, row]) =>
  transitions.map((transition, column) => ({ from, transition, to: row[column] })),
) as { from: SessionStatus; transition: SessionTransition; to: SessionStatus | '-' }[];

test.each(cells)('$from, $transition: $to', ({ from, transition, to }) => {
  expect(nextStatus(from, transition) ?? '-').toBe(to);
});

test('only completed and aborted are terminal, and nothing leads out of them', () => {
  const terminal = (Object.keys(table) as SessionStatus[]).filter(isTerminal);
  expect(terminal).toEqual(['completed', 'aborted']);
});
