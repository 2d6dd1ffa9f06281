/** Sessions: opening, and every transition of the table in `session.ts`. */
import type { OpenSession, TransitionSession } from '../command.ts';
import { isOwner } from '../principal.ts';
import type { Event } from '../event.ts';
import type { Amounts } from '../amount.ts';
import { agentRefusal } from '../rights/agent-rights.ts';
import { budgetKey } from '../budget/account.ts';
import { delegationRefusal, lineOf, lineRefusal } from '../rights/delegation.ts';
import { delegationProblem, type DelegationTerms } from '../rights/delegation-terms.ts';
import { acceptedHandoff } from './handle-handoff.ts';
import type { HandlerFor } from '../handled.ts';
import { controlledSession, inactiveSession, ownSession } from './own-session.ts';
import { leaseEnded } from './handle-lease.ts';
import { limits } from '../limits.ts';
import { quoted } from '../name.ts';
import type { Lineage } from './session.ts';
import type { SessionRecord, StateView } from '../record.ts';
import { compareText, sortedEntries } from '../order.ts';
import { reject, type Rejection } from '../rejection.ts';
import { notPermitted, permits } from '../rights/rights.ts';
import { isTerminal, nextStatus, putsToWork } from './session.ts';
import { engagedAfter, engagedLatch, killedMessage } from '../kill/engaged-latch.ts';

export const openSession: HandlerFor<OpenSession> = (view, command, { now }) => {
  const { by, agent } = command;
  if (!permits(view, by, 'open-session'))
    return { rejection: notPermitted(view, by, 'open-session') };
  if (view.get('session', command.session) !== undefined) {
    return { rejection: reject('session-exists') };
  }
  const unfit = agentRefusal(view, by.org, agent);
  if (unfit !== undefined) return { rejection: unfit };
  const origin = originOf(view, command, now);
  if ('rejection' in origin) return origin;
  const { line, delegation, slice } = origin;
  const above = abovesOf(line);
  const latch = engagedLatch(view, {
    org: by.org,
    principal: by.id,
    agent,
    session: command.session,
    ...above,
  });
  if (latch !== undefined) return { rejection: reject('killed', killedMessage(latch)) };
  const refusal = lineProblem(view, command, line, now);
  if (refusal !== undefined) return { rejection: refusal };
  const budget = clipped(view, command.budget, slice, above.ancestors ?? []);
  return {
    events: [
      {
        type: 'session-opened',
        session: command.session,
        data: {
          session: command.session,
          agent,
          mode: command.mode,
          budget,
          active: command.activate,
          ...above,
          ...(delegation === undefined ? {} : { delegation }),
          ...(command.handoff === undefined ? {} : { handoff: command.handoff }),
        },
      },
    ],
    subject: { kind: 'session', key: command.session },
  };
};

/** On whose behalf a new session works, and what of theirs it is given. */
interface Origin {
  /** Sessions above, the nearest first; none for one that works for itself. */
  readonly line: readonly SessionRecord[];
  readonly delegation?: DelegationTerms | undefined;
  /** The most that it may spend, by unit. */
  readonly slice: Amounts;
}

function originOf(
  view: StateView,
  command: OpenSession,
  now: number,
): Origin | { readonly rejection: Rejection } {
  const { by, parent, handoff, delegation } = command;
  if (handoff !== undefined) {
    if (parent !== undefined || delegation !== undefined) {
      const message = 'a session that takes up a hand-off has its parent and its terms from there';
      return { rejection: reject('delegation-invalid', message) };
    }
    const accepted = acceptedHandoff(view, command, handoff, now);
    if ('rejection' in accepted) return accepted;
    const session = view.get('session', accepted.session);
    if (session === undefined) return { rejection: reject('handoff-unknown') };
    const { delegation: terms, budget: slice, offeredIndex } = accepted;
    const latch = engagedAfter(view, offeredIndex, { ...session, session: session.id });
    if (latch !== undefined) {
      const message = `the kill switch ${quoted(latch)} was engaged since the hand-off was offered`;
      return {
        rejection: reject('killed', message, 'ask for another hand-off once it is released'),
      };
    }
    return { line: lineOf(view, session), delegation: terms, slice };
  }
  if (parent === undefined) {
    if (delegation === undefined) return { line: [], slice: {} };
    const message = 'only a session that works on behalf of another is delegated anything';
    return { rejection: reject('delegation-invalid', message) };
  }
  const session = ownSession(view, by, parent);
  if (session === undefined) return { rejection: reject('session-unknown') };
  const problem = delegation === undefined ? undefined : delegationProblem(delegation, now);
  if (problem !== undefined) return { rejection: reject('delegation-invalid', problem) };
  return { line: lineOf(view, session), delegation, slice: {} };
}

/** What of the sessions above goes into the new one's record. */
function abovesOf(line: readonly SessionRecord[]): {
  readonly ancestors?: readonly string[];
  readonly lineage?: Lineage;
} {
  if (line.length === 0) return {};
  const distinct = (names: readonly string[]) => [...new Set(names)].toSorted(compareText);
  return {
    ancestors: line.map(({ id }) => id),
    lineage: {
      agents: distinct(line.map(({ agent }) => agent)),
      principals: distinct(line.map(({ principal }) => principal)),
    },
  };
}

/** Why no session can be opened below a line. */
function lineProblem(
  view: StateView,
  { agent, mode }: OpenSession,
  line: readonly SessionRecord[],
  now: number,
): Rejection | undefined {
  const [parent] = line;
  if (parent === undefined) return undefined;
  const inactive = inactiveSession(view, parent) ?? lineRefusal(view, parent, now);
  if (inactive !== undefined) return inactive;
  if (parent.mode !== 'live' && mode !== parent.mode) {
    const message = `a session on behalf of a ${parent.mode} session is one too`;
    return reject('transition-illegal', message);
  }
  if (line.length > limits.sessionDepthMax) {
    const message = `sessions are nested more than ${limits.sessionDepthMax} deep`;
    return reject('sessions-nested-limit', message);
  }
  return delegationRefusal(line, agent);
}

/** The budget that was asked for, no more than the slice, and in each unit no more than any above has. */
function clipped(
  view: StateView,
  asked: Amounts,
  slice: Amounts,
  ancestors: readonly string[],
): Amounts {
  const limitsAbove = (unit: string): readonly number[] =>
    ancestors.flatMap((id) => {
      if (view.get('session', id)?.units.includes(unit) !== true) return [];
      const budget = view.get('budget', budgetKey(`session:${id}`, unit));
      return budget === undefined ? [] : [budget.limit];
    });
  // Units are names that whoever asks made up: only own members count.
  const slices = new Map(Object.entries(slice));
  const wanted = new Map(slices);
  for (const [unit, limit] of Object.entries(asked)) {
    wanted.set(unit, Math.min(limit, slices.get(unit) ?? limit));
  }
  const clippedLimits = Object.fromEntries(
    [...wanted].map(([unit, limit]) => [unit, Math.min(limit, ...limitsAbove(unit))]),
  );
  return Object.fromEntries(sortedEntries(clippedLimits));
}

export const transitionSession: HandlerFor<TransitionSession> = (view, command) => {
  const { by, transition } = command;
  const session = controlledSession(view, by, command.session);
  if (session === undefined) return { rejection: reject('session-unknown') };
  // Only an operator resumes: an agent that was paused must not be able to put itself back to work.
  const byRight =
    permits(view, by, 'control-session') ||
    (isOwner(by, session) && permits(view, by, 'use-session') && transition !== 'resume');
  if (!byRight) return { rejection: notPermitted(view, by, 'control-session') };
  const status = nextStatus(session.status, transition);
  if (status === undefined) {
    const message = `a session that is ${session.status} cannot ${transition}`;
    return { rejection: reject('transition-illegal', message) };
  }
  if (putsToWork(transition)) {
    const latch = engagedLatch(view, { ...session, session: session.id });
    if (latch !== undefined) return { rejection: reject('killed', killedMessage(latch)) };
  }
  const cancelled: Event[] = (isTerminal(status) ? session.pendingTickets : []).map((ticket) => ({
    type: 'ticket-cancelled',
    session: session.id,
    data: { ticket },
  }));
  return {
    events: [
      { type: 'session-transitioned', session: session.id, data: { transition } },
      ...cancelled,
      ...(isTerminal(status) ? leaseEnded(view, session) : []),
    ],
    subject: { kind: 'session', key: session.id },
  };
};
