/** The session's own record under each of its events: its sequence, status, counters and pending tickets. */
import type { Event, EventPosition } from './event.ts';
import type { RecordChange, SessionRecord, StateView } from './record.ts';
import { nextStatus } from './session.ts';

/** The change of the session's record that any of its events makes. */
export function applySession(view: StateView, event: Event, position: EventPosition): RecordChange {
  const value =
    event.type === 'session-opened'
      ? opened(event, position)
      : advanced(sessionOf(view, event.session), event);
  return { kind: 'session', key: value.id, value };
}

export function sessionOf(view: StateView, id: string | undefined): SessionRecord {
  const session = id === undefined ? undefined : view.get('session', id);
  if (session === undefined) throw new Error(`assertion: session ${id} is missing`);
  return session;
}

function opened(
  event: Extract<Event, { readonly type: 'session-opened' }>,
  position: EventPosition,
): SessionRecord {
  const { session, agent, mode, budget, active } = event.data;
  return {
    id: session,
    org: position.by.org,
    principal: position.by.id,
    agent,
    mode,
    status: active ? 'active' : 'created',
    sequence: 1,
    openedAt: position.at,
    openedIndex: position.index,
    units: Object.keys(budget),
    pendingTickets: [],
    hadTickets: false,
    openPermits: 0,
    steers: {},
  };
}

function advanced(session: SessionRecord, event: Event): SessionRecord {
  const next = { ...session, sequence: session.sequence + 1 };
  switch (event.type) {
    case 'session-transitioned': {
      const status = nextStatus(session.status, event.data.transition);
      if (status === undefined) throw new Error('assertion: an illegal transition was recorded');
      return { ...next, status };
    }
    case 'action-decided':
      return decidedIn(next, event);
    case 'permit-settled':
    case 'permit-voided':
    case 'permit-expired':
      return { ...next, openPermits: session.openPermits - 1 };
    case 'ticket-requested':
      return {
        ...next,
        hadTickets: true,
        pendingTickets: [...session.pendingTickets, event.data.ticket],
      };
    case 'ticket-approved':
    case 'ticket-denied':
    case 'ticket-cancelled':
    case 'ticket-expired': {
      const { ticket } = event.data;
      return { ...next, pendingTickets: session.pendingTickets.filter((each) => each !== ticket) };
    }
    default:
      return next;
  }
}

function decidedIn(
  next: SessionRecord,
  event: Extract<Event, { readonly type: 'action-decided' }>,
): SessionRecord {
  const { outcome, action, permit } = event.data;
  if (permit !== 'none') return { ...next, openPermits: next.openPermits + 1 };
  if (outcome !== 'steer') return next;
  const before = Object.hasOwn(next.steers, action) ? (next.steers[action] ?? 0) : 0;
  return { ...next, steers: { ...next.steers, [action]: before + 1 } };
}
