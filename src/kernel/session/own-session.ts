/** A session as those see it who may work in it or control it, and whether anything may start in it. */
import { quoted } from '../name.ts';
import { isOwner, type PrincipalReference } from '../principal.ts';
import type { SessionRecord, StateView } from '../record.ts';
import { reject, type Rejection } from '../rejection.ts';
import { permits } from '../rights/rights.ts';
import { isTerminal } from './session.ts';

/** A session as its own principal sees it: somebody else's is as unknown as one that does not exist. */
export function ownSession(
  view: StateView,
  by: PrincipalReference,
  id: string,
): SessionRecord | undefined {
  const session = view.get('session', id);
  return session !== undefined && isOwner(by, session) ? session : undefined;
}

/** Why nothing can start in a session: it is not active, or one that it works on behalf of is not. */
export function inactiveSession(view: StateView, session: SessionRecord): Rejection | undefined {
  for (const id of [session.id, ...(session.ancestors ?? [])]) {
    const status = view.get('session', id)?.status ?? 'unknown';
    if (status === 'active') continue;
    return id === session.id
      ? reject('session-not-active', `the session is ${status}`)
      : stoppedAbove(id, status);
  }
  return undefined;
}

/** Why nothing can be made any more of what is asked for in a session: one that it works for has ended. */
export function endedAbove(
  view: StateView,
  ancestors: readonly string[] = [],
): Rejection | undefined {
  for (const id of ancestors) {
    const status = view.get('session', id)?.status;
    if (status === undefined || !isTerminal(status)) continue;
    return stoppedAbove(id, status);
  }
  return undefined;
}

function stoppedAbove(id: string, status: string): Rejection {
  return reject('session-not-active', `session ${quoted(id)}, that it works for, is ${status}`);
}

/** A session as its own principal or an operator of its org sees it. */
export function controlledSession(
  view: StateView,
  by: PrincipalReference,
  id: string,
): SessionRecord | undefined {
  const session = view.get('session', id);
  if (session === undefined || session.org !== by.org) return undefined;
  return isOwner(by, session) || permits(view, by, 'control-session') ? session : undefined;
}
