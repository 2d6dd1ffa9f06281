/**
 * The main path: may this agent, in this session, run this tool with these arguments now?
 *
 * The steps run in a fixed order and the first refusal is the answer; `decisionSteps` names them. The
 * verdict, the reservation, the use of an approval and the permit are one event: all hold, or none does.
 */
import type { Reservation } from './budget/account.ts';
import { reserveAll } from './budget/reservation.ts';
import { budgetSubject } from './budget/subject.ts';
import { estimateOf } from './estimate.ts';
import type { Authorize } from './command.ts';
import { actionRefusal, callRefusal, lineRefusal } from './delegation.ts';
import type { Event, EventDataByType, Remembered } from './event.ts';
import { type HandleContext, type HandlerFor, inactiveSession, ownSession } from './handled.ts';
import { killedMessage } from './handle-session.ts';
import { leaseRefusal } from './lease.ts';
import { limits } from './limits.ts';
import { isLocked } from './lock.ts';
import { modelIdOf, type ModelTerms, modelTerms } from './model/model-call.ts';
import { quoted } from './name.ts';
import { compilePolicy } from './policy/compile.ts';
import { evaluatePolicy, type PolicyVerdict } from './policy/evaluate.ts';
import type { EvaluatorFact } from './policy/evaluator-fact.ts';
import { resourceOf } from './resource-of.ts';
import { permitRefusal } from './permit-refusal.ts';
import type { DecisionStep, SessionRecord, StateView, ToolRecord } from './record.ts';
import { reject, type Rejection } from './rejection.ts';
import { permits } from './rights.ts';
import { claimTicket, type TicketUse } from './ticket-use.ts';
import { engagedLatch } from './ticket.ts';

type Decided = EventDataByType['action-decided'];

/** What has been established about a request so far. */
interface Draft {
  readonly command: Authorize;
  readonly session: SessionRecord;
  readonly tool: ToolRecord | undefined;
  /** The catalogue's id of the model that the call names, or its name. */
  readonly model: string | undefined;
  terms: ModelTerms | undefined;
  resource: string;
  policyVersion: number;
  policyHash: string;
  facts: readonly EvaluatorFact[] | undefined;
  verdict: PolicyVerdict | undefined;
  /** Whether an allow takes the lock of the resource. */
  isLocked: boolean;
}

interface Refusal {
  readonly step: DecisionStep;
  readonly rejection: Rejection;
}

export const authorize: HandlerFor<Authorize> = (view, command, context) => {
  if (!permits(view, command.by, 'use-session')) return { rejection: reject('permission-denied') };
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
    isLocked: false,
  };
  const decision = decide(view, draft, context);
  const events = [...decision, ...escalated(draft)];
  return { events, subject: { kind: 'decision', key: command.id } };
};

function decide(view: StateView, draft: Draft, context: HandleContext): readonly Event[] {
  const refusal =
    checkSession(view, draft, context) ??
    checkKill(view, draft) ??
    checkTool(view, draft) ??
    checkModel(view, draft, context) ??
    checkPolicy(view, draft, context);
  if (refusal !== undefined) return [decided(draft, denied(refusal))];
  const { verdict, session, command } = draft;
  if (verdict === undefined || draft.tool === undefined) throw new Error('assertion: no verdict');
  if (verdict.effect === 'steer') return [steered(draft, verdict)];
  const estimate = estimateOf(draft.tool.estimate, command, draft.terms);
  if (estimate === undefined) {
    const rejection = reject('amount-out-of-range', 'the cost cannot be read from the arguments');
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
  const asking = 'refusal' in budgets ? undefined : budgets.ask;
  const effective: PolicyVerdict =
    asking !== undefined && verdict.effect === 'allow'
      ? { ...verdict, effect: 'require-approval', message: asking }
      : verdict;
  const ask = effective.effect === 'require-approval' && session.mode === 'live';
  const use = ask ? claimTicket(view, draft, effective, estimate, context) : undefined;
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

function checkSession(view: StateView, draft: Draft, { now }: HandleContext): Refusal | undefined {
  const { session, command } = draft;
  const step = 'session';
  const inactive = inactiveSession(view, session);
  if (inactive !== undefined) return { step, rejection: inactive };
  const lost = leaseRefusal(view, session, command.fence, now);
  if (lost !== undefined) return { step, rejection: lost };
  const unfit = lineRefusal(view, session, now);
  return unfit === undefined ? undefined : { step, rejection: unfit };
}

function checkKill(view: StateView, draft: Draft): Refusal | undefined {
  const { session, tool, command } = draft;
  const latch = engagedLatch(view, {
    org: session.org,
    principal: session.principal,
    agent: session.agent,
    session: session.id,
    ...(session.ancestors === undefined ? {} : { ancestors: session.ancestors }),
    ...(session.lineage === undefined ? {} : { lineage: session.lineage }),
    tool: command.tool,
    ...(tool === undefined ? {} : { action: tool.action }),
    ...(draft.model === undefined ? {} : { model: draft.model }),
  });
  if (latch === undefined) return undefined;
  return { step: 'kill', rejection: reject('killed', killedMessage(latch)) };
}

function checkTool(view: StateView, draft: Draft): Refusal | undefined {
  const { command, tool, session } = draft;
  const step = 'tool';
  if (tool === undefined) {
    return {
      step,
      rejection: reject('tool-unknown', `tool ${quoted(command.tool)} is not registered`),
    };
  }
  if (tool.definition !== command.definition) {
    const message = `tool ${quoted(tool.name)} differs from its registered definition`;
    return { step, rejection: reject('tool-changed', message) };
  }
  const incapable = actionRefusal(view, session, tool.action);
  if (incapable !== undefined) return { step, rejection: incapable };
  if (tool.hasSchema) {
    const fact = command.schema;
    if (fact === undefined || fact.definition !== tool.definition || !fact.valid) {
      return { step, rejection: reject('arguments-invalid', fact?.problem || undefined) };
    }
  }
  const isModelCall = command.model !== undefined;
  if (isModelCall !== (tool.isModel === true)) {
    const message = isModelCall
      ? `tool ${quoted(tool.name)} is not registered as a model`
      : `tool ${quoted(tool.name)} is a model, and the call does not say which`;
    return { step, rejection: reject('model-missing', message) };
  }
  const resource = resourceOf(tool, command.arguments, draft.model);
  if (resource === undefined) {
    const message = `no resource can be derived with ${quoted(tool.resource)}`;
    return { step, rejection: reject('resource-invalid', message) };
  }
  draft.resource = resource;
  const { action, name } = tool;
  const call = { action, resource, arguments: command.arguments, tool: name, ...whoOf(session) };
  const beyond = callRefusal(view, session, call);
  return beyond === undefined ? undefined : { step, rejection: beyond };
}

/** Who makes a call, in the words of conditions. */
function whoOf({ agent, principal, org }: SessionRecord) {
  return { agent, principal, org };
}

function checkModel(view: StateView, draft: Draft, { now }: HandleContext): Refusal | undefined {
  const { model } = draft.command;
  if (model === undefined) return undefined;
  const policy = view.get('policy', 'active');
  const rules = policy === undefined ? undefined : compilePolicy(policy.document).models;
  const found = modelTerms(view.get('prices', 'active'), rules, model, now);
  if ('rejection' in found) return { step: 'model', rejection: found.rejection };
  draft.terms = found.terms;
  return undefined;
}

function checkPolicy(view: StateView, draft: Draft, { now }: HandleContext): Refusal | undefined {
  const { command, session, tool } = draft;
  const step = 'policy';
  const active = view.get('policy', 'active');
  if (active === undefined) return { step, rejection: reject('policy-missing') };
  draft.policyVersion = active.version;
  draft.policyHash = active.hash;
  draft.isLocked = isLocked(active, tool?.action ?? '');
  const request = {
    arguments: command.arguments,
    resource: draft.resource,
    action: tool?.action ?? '',
    tool: command.tool,
    ...whoOf(session),
    session: session.id,
    ...(draft.terms === undefined ? {} : { model: draft.terms }),
  };
  // Facts about another policy's guardrails are none about this one's.
  if (command.facts?.policyHash === active.hash) draft.facts = command.facts.found;
  const known = { history: session.history, now, facts: draft.facts ?? [] };
  const verdict = evaluatePolicy(compilePolicy(active.document), request, known);
  draft.verdict = verdict;
  if (verdict.effect === 'deny' && verdict.code !== 'allowed') {
    return { step, rejection: reject(verdict.code, verdict.message) };
  }
  return undefined;
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
    data: {
      decision: command.id,
      tool: command.tool,
      action: tool?.action ?? '',
      resource: draft.resource,
      argumentsDigest: command.argumentsDigest,
      definition: command.definition,
      policyVersion: draft.policyVersion,
      policyHash: draft.policyHash,
      policyEffect: verdict?.effect ?? 'none',
      outcome: 'deny',
      step: 'session',
      code: 'policy-no-match',
      message: '',
      help: '',
      determinedBy: verdict?.determinedBy ?? [],
      risk: verdict?.risk ?? 'none',
      guidance: '',
      suggestions: [],
      ticket: '',
      consumed: false,
      permit: 'none',
      reservations: [],
      expiresAt: 0,
      runTimeoutMs: verdict?.runTimeoutMs ?? 0,
      ...(Object.keys(command.estimate).length === 0 ? {} : { estimate: command.estimate }),
      ...(command.fence === undefined ? {} : { fence: command.fence }),
      ...(draft.facts === undefined ? {} : { facts: draft.facts }),
      ...(command.model === undefined ? {} : { model: command.model }),
      ...(draft.terms === undefined ? {} : { modelTerms: draft.terms }),
      ...(verdict?.shadow === undefined ? {} : { shadow: verdict.shadow }),
      ...outcome,
    },
  };
}
