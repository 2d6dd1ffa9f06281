/** The steps of the main path that can only refuse: session, kill switch, tool, model, policy. */
import { plansCounting } from '../budget/plan-account.ts';
import { budgetSubject } from '../budget/subject.ts';
import type { Authorize } from '../command.ts';
import { actionRefusal, callRefusal, lineRefusal } from '../rights/delegation.ts';
import type { HandleContext } from '../handled.ts';
import { originOf } from '../session/origin.ts';
import { inactiveSession } from '../session/own-session.ts';
import { absenceRefusal } from '../kill/heartbeat.ts';
import { coveringLatchKeys, type KillSubject } from '../kill/latch.ts';
import { leaseRefusal } from '../session/lease.ts';
import { isLocked } from './lock.ts';
import { type ModelTerms, modelTerms } from '../model/model-call.ts';
import { quoted } from '../name.ts';
import { everyOrg } from '../org.ts';
import { compilePolicy } from '../policy/compile.ts';
import { evaluatePolicy, type PolicyVerdict } from '../policy/evaluate.ts';
import type { EvaluatorFact } from '../policy/evaluator-fact.ts';
import type { SessionRecord, StateView, ToolRecord } from '../record.ts';
import type { DecisionStep } from './decision-record.ts';
import { reject, type Rejection } from '../rejection.ts';
import { resourceOf } from '../tool/resource-of.ts';
import { engagedAmong, killedMessage, supervisedAmong } from '../kill/engaged-latch.ts';
import { quarantineRefusal } from '../tool/quarantine.ts';

/** What has been established about a request so far. */
export interface Draft {
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
  /** The budget plans that count the call, as `org/id`. */
  plans: readonly string[];
  /** Keys of the latches that cover it, widest first. */
  latches: readonly string[];
  /** Whether an allow takes the lock of the resource. */
  isLocked: boolean;
}

export interface Refusal {
  readonly step: DecisionStep;
  readonly rejection: Rejection;
}

export function checkSession(
  view: StateView,
  draft: Draft,
  { now }: HandleContext,
): Refusal | undefined {
  const { session, command } = draft;
  const step = 'session';
  const inactive = inactiveSession(view, session);
  if (inactive !== undefined) return { step, rejection: inactive };
  const lost = leaseRefusal(view, session, command.fence, now);
  if (lost !== undefined) return { step, rejection: lost };
  const unfit = lineRefusal(view, session, now);
  return unfit === undefined ? undefined : { step, rejection: unfit };
}

export function checkKill(
  view: StateView,
  draft: Draft,
  { now }: HandleContext,
): Refusal | undefined {
  const { session, command, tool, model } = draft;
  const records = [view.get('plans', session.org), view.get('plans', everyOrg)];
  draft.plans = plansCounting(records, budgetSubject(command, session, tool, model));
  draft.latches = coveringLatchKeys(subjectOf(draft));
  const latch = engagedAmong(view, draft.latches);
  if (latch !== undefined)
    return { step: 'kill', rejection: reject('killed', killedMessage(latch)) };
  const absent = absenceRefusal(view, draft.session.org, now);
  return absent === undefined ? undefined : { step: 'kill', rejection: absent };
}

/** Why an approver has to look at a call that the policy would allow: a kill switch is on probation. */
export function supervision(view: StateView, draft: Draft): string | undefined {
  const latch = supervisedAmong(view, draft.latches);
  if (latch === undefined) return undefined;
  return `the kill switch ${quoted(latch)} was released under supervision`;
}

/** What the kill switches of a call are found by. */
function subjectOf({ session, tool, command, model, plans }: Draft): KillSubject {
  return {
    ...originOf(session),
    tool: command.tool,
    ...(tool === undefined ? {} : { action: tool.action }),
    ...(model === undefined ? {} : { model }),
    ...(plans.length === 0 ? {} : { plans }),
  };
}

export function checkTool(view: StateView, draft: Draft): Refusal | undefined {
  const { command, tool, session } = draft;
  const step = 'tool';
  if (tool === undefined) {
    return {
      step,
      rejection: reject('tool-unknown', `tool ${quoted(command.tool)} is not registered`),
    };
  }
  if (tool.quarantine !== undefined) {
    return { step, rejection: quarantineRefusal(tool) };
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

export function checkModel(
  view: StateView,
  draft: Draft,
  { now }: HandleContext,
): Refusal | undefined {
  const { model } = draft.command;
  if (model === undefined) return undefined;
  const policy = view.get('policy', 'active');
  const rules = policy === undefined ? undefined : compilePolicy(policy.document).models;
  const found = modelTerms(view.get('prices', 'active'), rules?.unknown, model, now);
  if ('rejection' in found) return { step: 'model', rejection: found.rejection };
  draft.terms = found.terms;
  return undefined;
}

export function checkPolicy(
  view: StateView,
  draft: Draft,
  { now }: HandleContext,
): Refusal | undefined {
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
