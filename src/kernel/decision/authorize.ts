/**
 * The main path: may this agent, in this session, run this tool with these arguments now?
 *
 * The steps run in a fixed order and the first refusal is the answer; `decisionSteps` names them. The
 * verdict, the reservation, the use of an approval and the permit are one event: all hold, or none does.
 */
import type { Reservation } from '../budget/account.ts';
import { reserveAll } from '../budget/reservation.ts';
import { budgetSubject } from '../budget/subject.ts';
import { estimateOf, unreadableEstimate } from '../budget/estimate.ts';
import type { Authorize } from '../command.ts';
import type { Event, EventDataByType, Remembered } from '../event.ts';
import type { HandleContext, HandlerFor } from '../handled.ts';
import { ownSession } from '../session/own-session.ts';
import { limits } from '../limits.ts';
import { modelIdOf } from '../model/model-call.ts';
import { quoted } from '../name.ts';
import { type PolicyVerdict } from '../policy/evaluate.ts';
import { permitRefusal } from './permit-refusal.ts';
import type { SessionRecord, StateView } from '../record.ts';
import { reject } from '../rejection.ts';
import { notPermitted, permits } from '../rights/rights.ts';
import {
  checkKill,
  checkModel,
  checkPolicy,
  checkSession,
  checkTool,
  type Draft,
  type Refusal,
  supervision,
} from './authorize-steps.ts';
import { claimTicket, type TicketUse } from '../approval/ticket-use.ts';

type Decided = EventDataByType['action-decided'];

export const authorize: HandlerFor<Authorize> = (view, command, context) => {
  if (!permits(view, command.by, 'use-session'))
    return { rejection: notPermitted(view, command.by, 'use-session') };
  const session = ownSession(view, command.by, command.session);
  if (session === undefined) return { rejection: reject('session-unknown') };
  const tool = view.get('tool', command.tool);
  const draft: Draft = {
    command,
    session,
    tool,
    model:
      command.model === undefined
        ? undefined
        : modelIdOf(view.get('prices', 'active'), command.model.name),
    terms: undefined,
    resource: '',
    policyVersion: 0,
    policyHash: '',
    facts: undefined,
    verdict: undefined,
    plans: [],
    latches: [],
    isLocked: false,
  };
  const decision = decide(view, draft, context);
  const events = [...decision, ...escalated(draft)];
  return { events, subject: { kind: 'decision', key: command.id } };
};

function decide(view: StateView, draft: Draft, context: HandleContext): readonly Event[] {
  const refusal =
    checkSession(view, draft, context) ??
    checkKill(view, draft, context) ??
    checkTool(view, draft) ??
    checkModel(view, draft, context) ??
    checkPolicy(view, draft, context);
  if (refusal !== undefined) return [decided(draft, denied(refusal))];
  const { verdict, session, command } = draft;
  if (verdict === undefined || draft.tool === undefined) throw new Error('assertion: no verdict');
  if (verdict.effect === 'steer') return [steered(draft, verdict)];
  const estimate = estimateOf(draft.tool.estimate, command, draft.terms);
  if (estimate === undefined) {
    const rejection = unreadableEstimate(draft.tool.estimate, command);
    return [decided(draft, denied({ step: 'budget', rejection }))];
  }
  const budgets = reserveAll(view, {
    session,
    subject: budgetSubject(command, session, draft.tool, draft.model),
    estimate,
    runTimeoutMs: verdict.runTimeoutMs,
    decision: command.id,
    at: context.now,
  });
  const asked = 'refusal' in budgets ? undefined : budgets.ask;
  const asking = supervision(view, draft) ?? asked;
  const effective: PolicyVerdict =
    asking !== undefined && verdict.effect === 'allow'
      ? { ...verdict, effect: 'require-approval', message: asking }
      : verdict;
  const ask = effective.effect === 'require-approval' && session.mode === 'live';
  const question = { ...draft, isGrantable: asking === undefined };
  const use = ask ? claimTicket(view, question, effective, estimate, context) : undefined;
  if (use?.refusal !== undefined) {
    const refused = { ...denied({ step: 'approval', rejection: use.refusal }), ticket: use.ticket };
    return [decided(draft, refused), ...use.events];
  }
  // A session that only rehearses neither warns nor exhausts anything.
  const notices = session.mode === 'live' ? budgets.events : [];
  if ('refusal' in budgets) {
    const refused = decided(draft, denied({ step: 'budget', rejection: budgets.refusal }));
    return [refused, ...notices];
  }
  if (budgets.downgrade !== undefined) return [downgraded(draft, budgets.downgrade)];
  const blocked = permitRefusal(view, draft);
  if (blocked !== undefined) {
    return [decided(draft, denied({ step: 'permit', rejection: blocked }))];
  }
  const waived = use?.consumed === true || use?.grant !== undefined;
  if (effective.effect === 'require-approval' && !waived) return awaiting(draft, effective, use);
  const approval = use === undefined ? {} : approvalOf(use);
  const done = allowed(draft, effective, budgets.reservations, approval, context);
  return [done, ...(use?.events ?? []), ...notices];
}

function denied(refusal: Refusal): Partial<Decided> {
  const { code, message, help } = refusal.rejection;
  return { outcome: 'deny', step: refusal.step, code, message, help: help ?? '' };
}

function steered(draft: Draft, verdict: PolicyVerdict): Event {
  const action = draft.tool?.action ?? '';
  const { steers } = draft.session;
  const before = Object.hasOwn(steers, action) ? (steers[action] ?? 0) : 0;
  if (before > verdict.steer.retriesAtMost) {
    const message = `${quoted(action)} came back ${before} times after being steered`;
    const rejection = reject('steer-retries-exhausted', message);
    return decided(draft, denied({ step: 'policy', rejection }));
  }
  return decided(draft, {
    outcome: 'steer',
    step: 'policy',
    code: 'policy-steered',
    message: verdict.message,
    guidance: verdict.steer.guidance,
    suggestions: verdict.steer.suggestions,
  });
}

/** Whoever made the call can make it again with the model that is asked for. */
function downgraded(
  draft: Draft,
  { to, message }: { readonly to: string; readonly message: string },
): Event {
  return decided(draft, {
    outcome: 'steer',
    step: 'budget',
    code: 'model-downgraded',
    message,
    guidance: `call model ${quoted(to)} instead: ${message}`,
    suggestions: [to],
  });
}

function awaiting(
  draft: Draft,
  verdict: PolicyVerdict,
  use: TicketUse | undefined,
): readonly Event[] {
  const event = decided(draft, {
    outcome: 'require-approval',
    step: 'approval',
    code: 'approval-required',
    message: verdict.message,
    ticket: use?.ticket ?? '',
  });
  return [event, ...(use?.events ?? [])];
}

function allowed(
  draft: Draft,
  verdict: PolicyVerdict,
  reservations: readonly Reservation[],
  approval: Partial<Decided>,
  context: HandleContext,
): Event {
  const { command, session } = draft;
  const runs = session.mode === 'live';
  const startedNow = runs && command.start;
  const waitMs = startedNow ? verdict.runTimeoutMs : limits.permitStartMs;
  return decided(draft, {
    outcome: 'allow',
    step: 'permit',
    code: 'allowed',
    message: verdict.message,
    ...approval,
    permit: runs ? (startedNow ? 'started' : 'issued') : 'none',
    reservations: runs ? reservations : [],
    expiresAt: runs ? context.now + waitMs : 0,
    ...(runs && draft.isLocked ? { lock: true } : {}),
    ...remembers(verdict, session),
  });
}

/** What stood for the approver's yes. */
function approvalOf({ ticket, consumed, grant }: TicketUse): Partial<Decided> {
  return { ticket, consumed, ...(grant === undefined ? {} : { grant }) };
}

/** What the session keeps of an action it was allowed; nothing new of one that has no risk. */
function remembers(
  { assessment, labels }: PolicyVerdict,
  { history }: SessionRecord,
): { readonly remembers?: Remembered } {
  if (assessment === undefined) return {};
  const { score, runs } = assessment;
  const fresh = labels.filter((label) => !history.labels.includes(label));
  return {
    remembers: {
      score,
      ...(fresh.length === 0 ? {} : { labels: fresh }),
      ...(Object.keys(runs).length === 0 ? {} : { runs }),
    },
  };
}

/** A risk that was raised is an event of its own, whatever became of the call. */
function escalated({ command, session, tool, verdict }: Draft): readonly Event[] {
  const { risk: to, assessment } = verdict ?? {};
  if (assessment === undefined || to === undefined || assessment.escalations.length === 0) {
    return [];
  }
  const { base: from, escalations } = assessment;
  const data = { decision: command.id, action: tool?.action ?? '', from, to, escalations };
  return [{ type: 'risk-escalated', session: session.id, data }];
}

function decided(draft: Draft, outcome: Partial<Decided>): Event {
  const { command, session, tool, verdict } = draft;
  return {
    type: 'action-decided',
    session: session.id,
    // Nearly in canonical order, which saves the log's writer its sort.
    data: {
      action: tool?.action ?? '',
      argumentsDigest: command.argumentsDigest,
      code: 'policy-no-match',
      consumed: false,
      decision: command.id,
      definition: command.definition,
      determinedBy: verdict?.determinedBy ?? [],
      ...(Object.keys(command.estimate).length === 0 ? {} : { estimate: command.estimate }),
      expiresAt: 0,
      ...(draft.facts === undefined ? {} : { facts: draft.facts }),
      ...(command.fence === undefined ? {} : { fence: command.fence }),
      guidance: '',
      help: '',
      message: '',
      ...(command.model === undefined ? {} : { model: command.model }),
      ...(draft.terms === undefined ? {} : { modelTerms: draft.terms }),
      outcome: 'deny',
      permit: 'none',
      ...(draft.plans.length === 0 ? {} : { plans: draft.plans }),
      policyEffect: verdict?.effect ?? 'none',
      policyHash: draft.policyHash,
      policyVersion: draft.policyVersion,
      reservations: [],
      resource: draft.resource,
      risk: verdict?.risk ?? 'none',
      runTimeoutMs: verdict?.runTimeoutMs ?? 0,
      ...(verdict?.shadow === undefined ? {} : { shadow: verdict.shadow }),
      step: 'session',
      suggestions: [],
      ticket: '',
      tool: command.tool,
      ...outcome,
    },
  };
}
