/**
 * Four eyes: where the policy says so, a change that loosens what holds takes two principals.
 *
 *   (none) ─propose─► open ─confirm, by another─► done
 *                      └──time──► (none)
 *
 * There is no way to confirm but to ask for exactly the same change: whoever confirms has seen all of it, and
 * has to have the right to do it alone where the policy does not ask for two.
 */
import { hash } from 'node:crypto';
import type { Command } from '../command.ts';
import type { Event } from '../event.ts';
import type { HandleContext, HandlerResult } from '../handled.ts';
import { fingerprintOf } from '../idempotency.ts';
import { latchKey } from '../kill/latch.ts';
import { limits } from '../limits.ts';
import { quoted } from '../name.ts';
import { compilePolicy } from '../policy/compile.ts';
import type { FourEyesSubject } from '../policy/document.ts';
import { samePrincipal } from '../principal.ts';
import type { ProposalRecord, StateView } from '../record.ts';
import { reject } from '../rejection.ts';
import { isKeyRevoked } from '../rights/rights.ts';

/** What a handler allowed, or that a second principal has to ask for it as well. */
export function withFourEyes(
  view: StateView,
  command: Command,
  result: HandlerResult,
  { now }: HandleContext,
): HandlerResult {
  if ('rejection' in result) return result;
  const subject = result.events.map(subjectOf).find((each) => each !== undefined);
  const policy = view.get('policy', 'active');
  if (subject === undefined || policy === undefined) return result;
  if (!compilePolicy(policy.document).fourEyes.has(subject)) return result;
  const id = proposalId(view, command);
  const proposal = view.get('proposal', id);
  // What was proposed with a key that was revoked since was proposed by nobody knows whom.
  const stands = proposal !== undefined && !isKeyRevoked(view, proposal.credential);
  if (!stands || proposalStatus(proposal, now) !== 'open') {
    const { credential } = command.by;
    const asked = credential === undefined ? {} : { credential };
    const expiresAt = now + limits.proposalMs;
    const data = { proposal: id, change: command.kind, ...asked, expiresAt };
    return {
      rejection: reject('second-principal-needed'),
      events: [{ type: 'change-proposed', data }],
    };
  }
  if (samePrincipal(command.by, { org: proposal.org, id: proposal.proposedBy })) {
    const message = `${quoted(proposal.proposedBy)} proposed it, and another principal has to confirm`;
    return { rejection: reject('second-principal-needed', message) };
  }
  const confirmed: Event = { type: 'change-confirmed', data: { proposal: id } };
  return { ...result, events: [...result.events, confirmed] };
}

export type ProposalStatus = 'open' | 'done' | 'expired';

export function proposalStatus({ open, expiresAt }: ProposalRecord, now: number): ProposalStatus {
  if (!open) return 'done';
  return now < expiresAt ? 'open' : 'expired';
}

/**
 * The same change has the same id, whoever asks for it. The release of a kill switch is one of what engaged
 * it last: who proposed it before that has not heard of the new reason.
 */
function proposalId(view: StateView, command: Command): string {
  const fingerprint = fingerprintOf(command);
  if (command.kind !== 'release-kill') return fingerprint;
  const { engagedIndex = 0 } = view.get('latch', latchKey(command.scope)) ?? {};
  return hash('sha256', `${fingerprint}|${engagedIndex}`, 'hex');
}

/** What of the changes that may take two an event is. A budget is raised by whatever lets more be spent. */
function subjectOf(event: Event): FourEyesSubject | undefined {
  switch (event.type) {
    case 'policy-activated':
      return 'activate-policy';
    case 'kill-released':
      return 'release-kill';
    case 'budget-closed':
      return 'raise-budget';
    case 'budget-set': {
      const { before, plan } = event.data;
      if (before === null) return undefined;
      const sameTerms =
        JSON.stringify({ ...before, limit: 0 }) === JSON.stringify({ ...plan, limit: 0 });
      return sameTerms && plan.limit <= before.limit ? undefined : 'raise-budget';
    }
    default:
      return undefined;
  }
}
