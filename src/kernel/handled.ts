/** What handling a command gives, and the pieces that several handlers need. */
import type { Command } from './command.ts';
import type { Event } from './event.ts';
import { samePrincipal, type PrincipalReference } from './principal.ts';
import type { RecordKind, SessionRecord, StateView, StoredAnswer } from './record.ts';
import { quoted } from './name.ts';
import { reject, type Rejection } from './rejection.ts';
import { permits } from './rights.ts';

/** When and where the first event of a command will stand. */
export interface HandleContext {
  /** Log time, ms. */
  readonly now: number;
  /** Index of the next entry. */
  readonly index: number;
}

export interface Handled {
  readonly events: readonly Event[];
  readonly answer: StoredAnswer;
  /** Whether the answer is an earlier one, given again. */
  readonly replayed: boolean;
}

/** What a handler returns: events and the record that is the answer, or why not. */
export type HandlerResult =
  | {
      readonly events: readonly Event[];
      readonly subject: { readonly kind: RecordKind; readonly key: string };
      readonly replayed?: boolean;
    }
  | {
      readonly rejection: Rejection;
      /** Events that are true whatever the refusal, such as an expiry that was found. */
      readonly events?: readonly Event[];
    };

export type HandlerFor<C extends Command> = (
  view: StateView,
  command: C,
  context: HandleContext,
) => HandlerResult;

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
    const which = id === session.id ? 'the session' : `session ${quoted(id)}, that it works for,`;
    return reject('session-not-active', `${which} is ${status}`);
  }
  return undefined;
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

export function isOwner(
  by: PrincipalReference,
  record: { readonly org: string; readonly principal: string },
): boolean {
  return samePrincipal(by, { org: record.org, id: record.principal });
}
