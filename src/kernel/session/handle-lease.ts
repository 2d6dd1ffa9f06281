/**
 * Leases of sessions: acquire, renew, release, expire.
 *
 * The owner proves itself with a token of its own. Commands carry the token's SHA-256 only, and so does the
 * record: who reads the log learns no token.
 */
import type { AcquireLease, ExpireLease, ReleaseLease, RenewLease } from '../command.ts';
import type { Event } from '../event.ts';
import type { HandlerFor, HandlerResult } from '../handled.ts';
import { inactiveSession, ownSession } from './own-session.ts';
import { isHeld, leaseStates, leaseTermMs } from './lease.ts';
import { quoted } from '../name.ts';
import { isSystem } from '../principal.ts';
import type { LeaseRecord } from './lease-record.ts';
import type { SessionRecord, StateView } from '../record.ts';
import { reject } from '../rejection.ts';
import { notPermitted, permits } from '../rights/rights.ts';
import { isTerminal, nextStatus } from './session.ts';

export const acquireLease: HandlerFor<AcquireLease> = (view, command, { now }) => {
  if (!permits(view, command.by, 'use-session'))
    return { rejection: notPermitted(view, command.by, 'use-session') };
  const session = ownSession(view, command.by, command.session);
  if (session === undefined) return { rejection: reject('session-unknown') };
  const inactive = inactiveSession(view, session);
  if (inactive !== undefined) return { rejection: inactive };
  const before = view.get('lease', session.id);
  if (isHeld(before, now) && before.owner !== command.owner) {
    const message = `${quoted(before.holder)} holds the lease of the session`;
    return { rejection: reject('lease-held', message, 'wait until it is released or runs out') };
  }
  const termMs = leaseTermMs(view.get('policy', 'active')?.document, command.termMs);
  const acquired: Event = {
    type: 'lease-acquired',
    session: session.id,
    data: {
      holder: command.holder,
      owner: command.owner,
      fence: (before?.fence ?? 0) + 1,
      termMs,
      expiresAt: now + termMs,
    },
  };
  return { events: [acquired], subject: { kind: 'lease', key: session.id } };
};

/**
 * A heartbeat. What comes within a quarter of the term after the last writes nothing, so that a worker that
 * renews in a loop does not fill the log; the engine renews at each third of the term.
 */
export const renewLease: HandlerFor<RenewLease> = (view, command, { now }) => {
  const found = ownLease(view, command, now);
  if ('rejection' in found) return found;
  const { lease } = found;
  const subject = { kind: 'lease', key: lease.session } as const;
  const renewedAt = lease.expiresAt - lease.termMs;
  if (now - renewedAt < lease.termMs / 4) return { events: [], subject, replayed: true };
  const data = { fence: lease.fence, expiresAt: now + lease.termMs };
  return { events: [{ type: 'lease-renewed', session: lease.session, data }], subject };
};

export const releaseLease: HandlerFor<ReleaseLease> = (view, command, { now }) => {
  const found = ownLease(view, command, now);
  if ('rejection' in found) return found;
  const { lease } = found;
  return { events: [released(lease)], subject: { kind: 'lease', key: lease.session } };
};

/** The lease, of the owner who proves to hold it now. */
function ownLease(
  view: StateView,
  command: RenewLease | ReleaseLease,
  now: number,
): { readonly lease: LeaseRecord } | Extract<HandlerResult, { readonly rejection: unknown }> {
  if (!permits(view, command.by, 'use-session'))
    return { rejection: notPermitted(view, command.by, 'use-session') };
  const session = ownSession(view, command.by, command.session);
  if (session === undefined) return { rejection: reject('session-unknown') };
  const lease = view.get('lease', session.id);
  const isOwn = lease?.owner === command.owner && lease.fence === command.fence;
  if (!isOwn || !isHeld(lease, now)) return { rejection: reject('lease-lost') };
  return { lease };
}

function released({ session, fence }: LeaseRecord): Event {
  return { type: 'lease-released', session, data: { fence } };
}

/** What the end of a session does to its lease: nobody has to come and expire it. */
export function leaseEnded(view: StateView, session: SessionRecord): readonly Event[] {
  const lease = session.hadLease === true ? view.get('lease', session.id) : undefined;
  if (lease === undefined || leaseStates[lease.status].release === undefined) return [];
  return [released(lease)];
}

/** Recovery: acts on a lease whose time is over, and on no other; what follows is the policy's to say. */
export const expireLease: HandlerFor<ExpireLease> = (view, command, { now }) => {
  if (!isSystem(command.by)) return { rejection: reject('permission-denied') };
  const lease = view.get('lease', command.session);
  const session = view.get('session', command.session);
  if (lease === undefined || session === undefined) {
    return { rejection: reject('session-unknown') };
  }
  const canExpire = leaseStates[lease.status].expire !== undefined;
  if (!canExpire || isHeld(lease, now)) return { rejection: reject('not-due') };
  const onStuck = view.get('policy', 'active')?.document.leases?.onStuck ?? 'pause';
  const { fence, holder } = lease;
  const expired: Event = {
    type: 'lease-expired',
    session: session.id,
    data: { fence, holder, onStuck },
  };
  const subject = { kind: 'lease', key: session.id } as const;
  return { events: [expired, ...escalated(session, onStuck)], subject };
};

function escalated(
  session: SessionRecord,
  transition: 'abort' | 'pause' | 'alert',
): readonly Event[] {
  if (transition === 'alert') return [];
  const status = nextStatus(session.status, transition);
  // What is paused already stays as it is.
  if (status === undefined) return [];
  const cancelled: Event[] = (isTerminal(status) ? session.pendingTickets : []).map((ticket) => ({
    type: 'ticket-cancelled',
    session: session.id,
    data: { ticket },
  }));
  const moved: Event = {
    type: 'session-transitioned',
    session: session.id,
    data: { transition },
  };
  return [moved, ...cancelled];
}
