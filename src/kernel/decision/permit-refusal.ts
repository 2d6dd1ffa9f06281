/** What speaks against one permit more, before an approval is used up or anybody is asked for one. */
import { limits } from '../limits.ts';
import { lockRefusal } from './lock.ts';
import { quoted } from '../name.ts';
import { openPermitsOf } from '../session/principal-record.ts';
import type { SessionRecord, StateView } from '../record.ts';
import { reject, type Rejection } from '../rejection.ts';

interface Wanted {
  readonly session: SessionRecord;
  readonly resource: string;
  /** Whether the permit has to take the lock of the resource. */
  readonly isLocked: boolean;
}

export function permitRefusal(view: StateView, wanted: Wanted): Rejection | undefined {
  const { session, resource, isLocked } = wanted;
  if (session.openPermits >= limits.permitsOpenMax) return reject('permits-open-limit');
  if (openPermitsOf(view, session) >= limits.permitsOpenPerPrincipalMax) {
    const whose = `principal ${quoted(session.principal)}`;
    return reject('permits-open-limit', `${whose} has too many open permits in its sessions`);
  }
  return isLocked ? lockRefusal(view, { org: session.org, resource }) : undefined;
}
