/** The transition tables that the documents print are those that the code goes by. */
import { expect, test } from 'vitest';
import { agentStates } from '../../src/kernel/rights/agent.ts';
import { handoffStatus } from '../../src/kernel/session/handle-handoff.ts';
import { grantStatus } from '../../src/kernel/approval/grant.ts';
import { proposalStatus } from '../../src/kernel/registry/four-eyes.ts';
import { heartbeatStates } from '../../src/kernel/kill/heartbeat.ts';
import { latchStates } from '../../src/kernel/kill/latch-states.ts';
import { leaseStates } from '../../src/kernel/session/lease.ts';
import { permitStates } from '../../src/kernel/decision/permit-states.ts';
import { sessionStates } from '../../src/kernel/session/session.ts';
import { ticketStates } from '../../src/kernel/approval/ticket-states.ts';
import { toolStates } from '../../src/kernel/tool/states.ts';
import { codeWords, prose } from './documents.ts';

/** From a state, by a move, to states. */
type States = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

/** The table with these columns, as states; a move that leads nowhere is left out. */
function printed(path: string, columns: readonly string[]): States {
  const rows = prose(path)
    .split('\n')
    .map((line) => line.split('|').slice(1, -1));
  const isHead = (row: readonly string[]): boolean =>
    row.map((cell) => cell.replaceAll('`', '').trim()).join() === ['from', ...columns].join();
  const start = rows.findIndex(isHead);
  expect(start).toBeGreaterThan(-1);
  const body = rows.slice(start + 2);
  const end = body.findIndex((row) => row.length === 0);
  return Object.fromEntries(
    body.slice(0, end === -1 ? undefined : end).flatMap(([from = '', ...cells]) => {
      const moves = cells.flatMap((cell, column) => {
        const to = codeWords(cell);
        return to.length === 0 ? [] : [[columns[column] ?? '', to]];
      });
      return codeWords(from).map((state) => [state, Object.fromEntries(moves)]);
    }),
  );
}

/** The same of a table of the source, with the documents' words for moves that nobody asks for. */
function told(states: object, words: Readonly<Record<string, string>> = {}): States {
  return Object.fromEntries(
    Object.entries(states as States).map(([from, moves]) => [
      from,
      Object.fromEntries(
        Object.entries(moves).map(([move, to]) => [words[move] ?? move, [to].flat()]),
      ),
    ]),
  );
}

test('agents', () => {
  const columns = ['suspend', 'reinstate', 'revoke'];
  expect(printed('docs/agents.md', columns)).toEqual(told(agentStates));
});

test('tools', () => {
  expect(printed('docs/mcp.md', ['register', 'quarantine', 'approve'])).toEqual(told(toolStates));
});

test('sessions', () => {
  const columns = ['activate', 'pause', 'resume', 'complete', 'abort'];
  expect(printed('ARCHITECTURE.md', columns)).toEqual(told(sessionStates));
});

test('permits', () => {
  const columns = ['start', 'settle', 'void', 'time'];
  expect(printed('ARCHITECTURE.md', columns)).toEqual(told(permitStates, { expire: 'time' }));
});

test('tickets', () => {
  const columns = ['approve', 'deny', 'cancel', 'time', 'use'];
  expect(printed('docs/approvals.md', columns)).toEqual(told(ticketStates, { expire: 'time' }));
});

const terms = { actions: ['**'], cost: {}, uses: 2, expiresAt: 100 };
const grant = {
  id: '',
  session: '',
  terms,
  approvers: { approverRoles: [] },
  risk: 'low',
  index: 0,
  givenBy: '',
  givenAt: 0,
  revoked: false,
  used: 0,
  spent: {},
} as const;

test('grants', () => {
  expect(printed('docs/approvals.md', ['used up', 'revoke', 'time'])).toEqual({
    [grantStatus(grant, 99)]: {
      'used up': [grantStatus({ ...grant, used: 2 }, 99)],
      revoke: [grantStatus({ ...grant, revoked: true }, 99)],
      time: [grantStatus(grant, 100)],
    },
  });
});

test('hand-offs', () => {
  const whose = { session: '', org: '', agent: '', offeredIndex: 0 };
  const offer = { ...whose, delegation: {}, budget: {}, expiresAt: 100 };
  expect(printed('docs/agents.md', ['taken up', 'time'])).toEqual({
    [handoffStatus({ ...offer, used: false }, 99)]: {
      'taken up': [handoffStatus({ ...offer, used: true }, 99)],
      time: [handoffStatus({ ...offer, used: false }, 100)],
    },
  });
});

test('proposals', () => {
  const proposal = {
    change: '',
    org: '',
    proposedBy: '',
    proposedAt: 0,
    expiresAt: 100,
    open: true,
  };
  expect(printed('docs/identity.md', ['confirmed', 'time'])).toEqual({
    [proposalStatus(proposal, 99)]: {
      confirmed: [proposalStatus({ ...proposal, open: false }, 99)],
      time: [proposalStatus(proposal, 100)],
    },
  });
});

test('kill switches', () => {
  const columns = ['kill', 'supervise', 'release'];
  expect(printed('docs/kill-switch.md', columns)).toEqual(told(latchStates));
});

test('heartbeats', () => {
  expect(printed('docs/kill-switch.md', ['heartbeat', 'time'])).toEqual(told(heartbeatStates));
});

test('leases', () => {
  const columns = ['acquire', 'renew', 'release', 'time'];
  const states = told(leaseStates, { expire: 'time' });
  expect(printed('docs/leases-and-locks.md', columns)).toEqual(states);
});
