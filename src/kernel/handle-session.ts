/** Sessions: opening, and every transition of the table in `session.ts`. */
import type { OpenSession, TransitionSession } from './command.ts';
import type { Event } from './event.ts';
import type { Amounts } from './amount.ts';
import { budgetKey } from './budget/account.ts';
import {
  controlledSession,
  type HandlerFor,
  inactiveSession,
  isOwner,
  ownSession,
} from './handled.ts';
import { leaseEnded } from './handle-lease.ts';
import { limits } from './limits.ts';
import type { StateView } from './record.ts';
import { sortedEntries } from './order.ts';
import { permits } from './principal.ts';
import { reject, type Rejection } from './rejection.ts';
import { isTerminal, nextStatus, putsToWork } from './session.ts';
import { engagedLatch } from './ticket.ts';
import { quoted } from './name.ts';

export const openSession: HandlerFor<OpenSession> = (view, command) => {
  if (!permits(command.by, 'open-session')) return { rejection: reject('permission-denied') };
  if (view.get('session', command.session) !== undefined) {
    return { rejection: reject('session-exists') };
  }
  const agent = view.get('agent', command.agent);
  if (agent === undefined) {
    return {
      rejection: reject(
        'agent-unknown',
        `agent ${quoted(command.agent)} is not registered`,
        'register it when the control plane is opened, or with registerAgent',
      ),
    };
  }
  if (!agent.enabled) return { rejection: reject('agent-disabled') };
  const latch = engagedLatch(view, {
    org: command.by.org,
    principal: command.by.id,
    agent: command.agent,
    session: command.session,
    ...(command.parent === undefined ? {} : { ancestors: lineOf(view, command.parent) }),
  });
  if (latch !== undefined) return { rejection: reject('killed', killedMessage(latch)) };
  const parent = parentSession(view, command);
  if ('rejection' in parent) return parent;
  const { ancestors } = parent;
  const budget = clipped(view, command.budget, ancestors);
  return {
    events: [
      {
        type: 'session-opened',
        session: command.session,
        data: {
          session: command.session,
          agent: command.agent,
          mode: command.mode,
          budget,
          active: command.activate,
          ...(ancestors.length === 0 ? {} : { ancestors }),
        },
      },
    ],
    subject: { kind: 'session', key: command.session },
  };
};

/** A session with the sessions that it works on behalf of, the nearest first. */
function lineOf(view: StateView, id: string): readonly string[] {
  return [id, ...(view.get('session', id)?.ancestors ?? [])];
}

/** The sessions that a new one works on behalf of; none without a parent. */
function parentSession(
  view: StateView,
  { by, parent, mode }: OpenSession,
): { readonly ancestors: readonly string[] } | { readonly rejection: Rejection } {
  if (parent === undefined) return { ancestors: [] };
  const session = ownSession(view, by, parent);
  if (session === undefined) return { rejection: reject('session-unknown') };
  const inactive = inactiveSession(view, session);
  if (inactive !== undefined) return { rejection: inactive };
  if (session.mode !== 'live' && mode !== session.mode) {
    const message = `a session on behalf of a ${session.mode} session is one too`;
    return { rejection: reject('transition-illegal', message) };
  }
  const ancestors = lineOf(view, parent);
  if (ancestors.length > limits.sessionDepthMax) {
    const message = `sessions are nested more than ${limits.sessionDepthMax} deep`;
    return { rejection: reject('sessions-nested-limit', message) };
  }
  return { ancestors };
}

/** The budget that was asked for, and in each unit no more than any session above has. */
function clipped(view: StateView, asked: Amounts, ancestors: readonly string[]): Amounts {
  const limitsAbove = (unit: string): readonly number[] =>
    ancestors.flatMap((id) => {
      if (view.get('session', id)?.units.includes(unit) !== true) return [];
      const budget = view.get('budget', budgetKey(`session:${id}`, unit));
      return budget === undefined ? [] : [budget.limit];
    });
  return Object.fromEntries(
    sortedEntries(asked).map(([unit, limit]) => [unit, Math.min(limit, ...limitsAbove(unit))]),
  );
}

export const transitionSession: HandlerFor<TransitionSession> = (view, command) => {
  const { by, transition } = command;
  const session = controlledSession(view, by, command.session);
  if (session === undefined) return { rejection: reject('session-unknown') };
  // Only an operator resumes: an agent that was paused must not be able to put itself back to work.
  const byRight =
    permits(by, 'control-session') ||
    (isOwner(by, session) && permits(by, 'use-session') && transition !== 'resume');
  if (!byRight) return { rejection: reject('permission-denied') };
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

export function killedMessage(latch: string): string {
  return `the kill switch ${quoted(latch)} is engaged`;
}
