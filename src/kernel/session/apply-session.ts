/** The session's own record under each of its events: its sequence, status, counters and pending tickets. */
import type { Event, EventDataByType, EventPosition } from '../event.ts';
import { compareText } from '../order.ts';
import { emptyHistory, type SessionHistory } from '../policy/session-risk.ts';
import type { RecordChange, SessionRecord, StateView } from '../record.ts';
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
  const { session, agent, mode, budget, active, ancestors, lineage, delegation } = event.data;
  return {
    id: session,
    org: position.by.org,
    principal: position.by.id,
    agent,
    ...(ancestors === undefined ? {} : { ancestors }),
    ...(lineage === undefined ? {} : { lineage }),
    ...(delegation === undefined ? {} : { delegation }),
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
    history: emptyHistory,
  };
}

function advanced(session: SessionRecord, event: Event): SessionRecord {
  const sequence = session.sequence + 1;
  switch (event.type) {
    case 'session-transitioned': {
      const status = nextStatus(session.status, event.data.transition);
      if (status === undefined) throw new Error('assertion: an illegal transition was recorded');
      return { ...session, sequence, status };
    }
    case 'action-decided':
      return { ...session, sequence, ...decidedIn(session, event) };
    case 'input-screened': {
      const { outcome, effective, determinedBy, message, under } = event.data;
      const input = { outcome, effective, determinedBy, message, under };
      return { ...session, sequence, history: { ...session.history, input } };
    }
    case 'permit-settled':
    case 'permit-voided':
    case 'permit-expired':
      return { ...session, sequence, openPermits: session.openPermits - 1 };
    case 'lease-acquired':
      return { ...session, sequence, hadLease: true };
    case 'ticket-requested': {
      const pendingTickets = [...session.pendingTickets, event.data.ticket];
      return { ...session, sequence, hadTickets: true, pendingTickets };
    }
    case 'ticket-approved':
    case 'ticket-denied':
    case 'ticket-cancelled':
    case 'ticket-expired': {
      const { ticket } = event.data;
      const pendingTickets = session.pendingTickets.filter((each) => each !== ticket);
      return { ...session, sequence, pendingTickets };
    }
    default:
      return { ...session, sequence };
  }
}

/** What a decision changes of its session, apart from the sequence. */
function decidedIn(
  session: SessionRecord,
  event: Extract<Event, { readonly type: 'action-decided' }>,
): Partial<SessionRecord> {
  const { outcome, action, permit, step } = event.data;
  const { history, steers } = session;
  switch (outcome) {
    case 'allow':
      return {
        openPermits: session.openPermits + (permit === 'none' ? 0 : 1),
        history: remembered(history, event.data),
      };
    case 'deny':
      return { history: { ...history, denied: history.denied + 1 } };
    case 'steer':
      // Only the policy counts how often an agent comes back.
      if (step !== 'policy') return {};
      return { steers: { ...steers, [action]: countOf(steers, action) + 1 } };
    case 'require-approval':
      return {};
  }
}

/** The history with an allowed action added. */
function remembered(
  history: SessionHistory,
  { action, remembers }: EventDataByType['action-decided'],
): SessionHistory {
  const counted = {
    ...history,
    allowed: history.allowed + 1,
    counts: { ...history.counts, [action]: countOf(history.counts, action) + 1 },
  };
  if (remembers === undefined) return counted;
  const { labels = [], score, runs = {} } = remembers;
  const known = labels.length === 0 ? history.labels : union(history.labels, labels);
  return { ...counted, labels: known, score, runs };
}

function countOf(counts: Readonly<Record<string, number>>, name: string): number {
  return Object.hasOwn(counts, name) ? (counts[name] ?? 0) : 0;
}

function union(left: readonly string[], right: readonly string[]): readonly string[] {
  return [...new Set([...left, ...right])].toSorted(compareText);
}
