/** Sessions: opening, and every transition of the table in `session.ts`. */
import type { OpenSession, TransitionSession } from './command.ts';
import type { Event } from './event.ts';
import { controlledSession, type HandlerFor, isOwner } from './handled.ts';
import { sortedEntries } from './order.ts';
import { permits } from './principal.ts';
import { reject } from './rejection.ts';
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
  });
  if (latch !== undefined) return { rejection: reject('killed', killedMessage(latch)) };
  const budget = Object.fromEntries(sortedEntries(command.budget));
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
        },
      },
    ],
    subject: { kind: 'session', key: command.session },
  };
};

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
    ],
    subject: { kind: 'session', key: session.id },
  };
};

export function killedMessage(latch: string): string {
  return `the kill switch ${quoted(latch)} is engaged`;
}
