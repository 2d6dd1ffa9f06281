/** The record of a session's lease under each of its events. */
import type { Event } from '../event.ts';
import { type LeaseMove, leaseStates } from './lease.ts';
import type { LeaseRecord } from './lease-record.ts';
import type { RecordChange, StateView } from '../record.ts';

type Of<T extends Event['type']> = Extract<Event, { readonly type: T }>;
type LeaseEvent = Of<'lease-acquired' | 'lease-renewed' | 'lease-released' | 'lease-expired'>;

export function applyLease(view: StateView, event: LeaseEvent): RecordChange {
  const session = event.session ?? '';
  const value = leaseAfter(view.get('lease', session), event, session);
  return { kind: 'lease', key: session, value };
}

const moves: Readonly<Record<LeaseEvent['type'], LeaseMove>> = {
  'lease-acquired': 'acquire',
  'lease-renewed': 'renew',
  'lease-released': 'release',
  'lease-expired': 'expire',
};

function leaseAfter(
  before: LeaseRecord | undefined,
  event: LeaseEvent,
  session: string,
): LeaseRecord {
  const status = leaseStates[before?.status ?? 'none'][moves[event.type]];
  if (status === undefined) throw new Error(`assertion: no such move of the lease of ${session}`);
  if (event.type === 'lease-acquired') {
    const { holder, owner, fence, termMs, expiresAt } = event.data;
    if (fence <= (before?.fence ?? 0)) throw new Error('assertion: a fence did not grow');
    return { session, holder, owner, fence, termMs, expiresAt, status };
  }
  if (before?.fence !== event.data.fence) {
    throw new Error(`assertion: the lease of session ${session} is under another fence`);
  }
  const ends = event.type === 'lease-renewed' ? { expiresAt: event.data.expiresAt } : {};
  return { ...before, ...ends, status };
}
