/**
 * Hand-offs: a session offers a part of what it has to an agent that may work in another process.
 *
 *   offered ─take up─► used
 *      └──time──► expired
 *
 * The offer is a token that is in the log only as its hash: bound to an agent and, where it says so, to a
 * principal, good for one session, and for as long as it says.
 */
import type { IssueHandoff, OpenSession } from '../command.ts';
import { delegationProblem } from '../rights/delegation-terms.ts';
import type { HandlerFor } from '../handled.ts';
import { inactiveSession, ownSession } from './own-session.ts';
import { limits } from '../limits.ts';
import { isName, isQualifiedName } from '../name.ts';
import type { HandoffRecord, StateView } from '../record.ts';
import { reject, type Rejection } from '../rejection.ts';
import type { PrincipalReference } from '../principal.ts';
import { isKeyRevoked, notPermitted, permits } from '../rights/rights.ts';

export const issueHandoff: HandlerFor<IssueHandoff> = (view, command, { now }) => {
  const { by, handoff, agent, principal, delegation, budget, expiresAt } = command;
  if (!permits(view, by, 'use-session'))
    return { rejection: notPermitted(view, by, 'use-session') };
  const session = ownSession(view, by, command.session);
  if (session === undefined) return { rejection: reject('session-unknown') };
  const inactive = inactiveSession(view, session);
  if (inactive !== undefined) return { rejection: inactive };
  const problem = handoffProblem(command, now) ?? delegationProblem(delegation, now);
  if (problem !== undefined) return { rejection: reject('delegation-invalid', problem) };
  if (view.get('handoff', handoff) !== undefined) {
    return { rejection: reject('delegation-invalid', 'a hand-off with this token exists') };
  }
  const audience = principal === undefined ? { agent } : { agent, principal };
  return {
    events: [
      {
        type: 'handoff-issued',
        session: session.id,
        data: { handoff, ...audience, ...credentialOf(by), delegation, budget, expiresAt },
      },
    ],
    subject: { kind: 'handoff', key: handoff },
  };
};

function credentialOf({ credential }: PrincipalReference): { readonly credential?: string } {
  return credential === undefined ? {} : { credential };
}

function handoffProblem(
  { handoff, agent, principal, expiresAt }: IssueHandoff,
  now: number,
): string | undefined {
  if (!/^[0-9a-f]{64}$/.test(handoff)) return 'its token is not valid';
  if (!isName(agent)) return 'the agent that it is for is not valid';
  if (principal !== undefined && !isQualifiedName(principal)) {
    return 'the principal that it is for is not valid';
  }
  const isTime = Number.isSafeInteger(expiresAt) && expiresAt > now;
  if (isTime && expiresAt - now <= limits.handoffMsMax) return undefined;
  return `it must end within ${limits.handoffMsMax} ms`;
}

/** The hand-off that a new session takes up, or why it cannot. Whom it is not for does not learn of it. */
export function acceptedHandoff(
  view: StateView,
  { by, agent }: OpenSession,
  key: string,
  now: number,
): HandoffRecord | { readonly rejection: Rejection } {
  const handoff = view.get('handoff', key);
  const isTheirs =
    handoff !== undefined &&
    handoff.org === by.org &&
    handoff.agent === agent &&
    (handoff.principal === undefined || handoff.principal === by.id) &&
    !isKeyRevoked(view, handoff.credential);
  if (!isTheirs) return { rejection: reject('handoff-unknown') };
  const status = handoffStatus(handoff, now);
  if (status !== 'offered') return { rejection: reject(`handoff-${status}`) };
  // A session that could do nothing would use it up.
  const { expiresAt: termsEnd = Number.POSITIVE_INFINITY } = handoff.delegation;
  return now < termsEnd ? handoff : { rejection: reject('delegation-expired') };
}

export type HandoffStatus = 'offered' | 'used' | 'expired';

export function handoffStatus({ used, expiresAt }: HandoffRecord, now: number): HandoffStatus {
  if (used) return 'used';
  return now < expiresAt ? 'offered' : 'expired';
}
