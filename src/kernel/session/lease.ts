/**
 * Cycle leases: which worker drives a session's agent loop, and until when.
 *
 *   (none) ──acquire──► active ──renew──► active
 *                        │  ▲ └─release, session ends─► released ──acquire──► active
 *                        └──┴─time─► expired ──acquire──► active
 *
 * Each acquisition gets the next fence of its session. What starts work carries the fence, so that a worker
 * whose lease was taken over while it slept cannot act: the fencing token of distributed locks.
 */
import { limits } from '../limits.ts';
import { quoted } from '../name.ts';
import type { PolicyDocument } from '../policy/document.ts';
import type { LeaseRecord } from './lease-record.ts';
import type { SessionRecord, StateView } from '../record.ts';
import { reject, type Rejection } from '../rejection.ts';

export type LeaseMove = 'acquire' | 'renew' | 'release' | 'expire';

/** What each move leads to; a session without a lease is `none`. */
export const leaseStates: Readonly<
  Record<
    LeaseRecord['status'] | 'none',
    Readonly<Partial<Record<LeaseMove, LeaseRecord['status']>>>
  >
> = {
  none: { acquire: 'active' },
  active: { acquire: 'active', renew: 'active', release: 'released', expire: 'expired' },
  released: { acquire: 'active' },
  expired: { acquire: 'active' },
};

/** Whether somebody holds it at a log time: one whose time is over is not held, recorded or not. */
export function isHeld(lease: LeaseRecord | undefined, now: number): lease is LeaseRecord {
  return lease?.status === 'active' && now < lease.expiresAt;
}

/**
 * Why whoever sends this fence cannot start work in the session. A session that never had a lease, or whose
 * lease was released, takes commands without a fence; one whose lease ran out takes none before the next.
 */
export function leaseRefusal(
  view: StateView,
  session: SessionRecord,
  fence: number | undefined,
  now: number,
): Rejection | undefined {
  const lease = session.hadLease === true ? view.get('lease', session.id) : undefined;
  if (isHeld(lease, now) ? fence === lease.fence : isFree(lease) && fence === undefined) {
    return undefined;
  }
  const help = 'stop this worker, or acquire the lease of the session';
  if (isHeld(lease, now)) {
    const message = `${quoted(lease.holder)} holds the lease of the session, under another fence`;
    return reject('lease-lost', message, help);
  }
  const message = isFree(lease) ? 'the lease was released' : 'the lease of the session ran out';
  return reject('lease-lost', message, help);
}

function isFree(lease: LeaseRecord | undefined): boolean {
  return lease === undefined || lease.status === 'released';
}

/** How long a lease lasts, ms: what was asked for, and no longer than the policy says. */
export function leaseTermMs(policy: PolicyDocument | undefined, asked: number | undefined): number {
  const said = policy?.leases?.termMs;
  const wanted = asked ?? said ?? limits.leaseTermMs;
  return Math.max(limits.leaseTermMsMin, Math.min(wanted, said ?? limits.leaseTermMsMax));
}
