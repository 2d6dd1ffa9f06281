/** The record of a session's lease under each of its events. */
import type { Event } from './event.ts';
import type { LeaseRecord } from './lease-record.ts';
import type { RecordChange, StateView } from './record.ts';

type Of<T extends Event['type']> = Extract<Event, { readonly type: T }>;
type LeaseEvent = Of<'lease-acquired' | 'lease-renewed' | 'lease-released' | 'lease-expired'>;

export function applyLease(view: StateView, event: LeaseEvent): RecordChange {
  const session = event.session ?? '';
  const value = leaseAfter(view.get('lease', session), event, session);
  return { kind: 'lease', key: session, value };
}

function leaseAfter(
  before: LeaseRecord | undefined,
  event: LeaseEvent,
  session: string,
): LeaseRecord {
  if (event.type === 'lease-acquired') {
    const { holder, owner, fence, termMs, expiresAt } = event.data;
    if (fence <= (before?.fence ?? 0)) throw new Error('assertion: a fence did not grow');
    return { session, holder, owner, fence, termMs, expiresAt, status: 'active' };
  }
  if (before?.status !== 'active' || before.fence !== event.data.fence) {
    throw new Error(`assertion: the lease of session ${session} is not active under this fence`);
  }
  switch (event.type) {
    case 'lease-renewed':
      return { ...before, expiresAt: event.data.expiresAt };
    case 'lease-released':
      return { ...before, status: 'released' };
    case 'lease-expired':
      return { ...before, status: 'expired' };
  }
}
