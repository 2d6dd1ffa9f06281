/** What comes into a session, and what its tools give back, held against the policy's guardrails. */
import type { ScreenInput } from '../command.ts';
import type { HandlerFor } from '../handled.ts';
import { originOf } from './origin.ts';
import { inactiveSession, ownSession } from './own-session.ts';
import { compilePolicy } from '../policy/compile.ts';
import type { EvaluatorFacts, StageVerdict } from '../policy/evaluator-fact.ts';
import type { MatchSubject } from '../policy/compile-evaluators.ts';
import { judgeStage } from '../policy/hear-evaluators.ts';
import type { PolicyRecord, SessionRecord, StateView } from '../record.ts';
import { reject } from '../rejection.ts';
import { notPermitted, permits } from '../rights/rights.ts';
import { engagedLatch, killedMessage } from '../kill/engaged-latch.ts';

const nothingAsked: StageVerdict = Object.freeze({
  outcome: 'pass',
  effective: 'pass',
  determinedBy: [],
  message: '',
});

export const screenInput: HandlerFor<ScreenInput> = (view, command) => {
  if (!permits(view, command.by, 'use-session'))
    return { rejection: notPermitted(view, command.by, 'use-session') };
  const session = ownSession(view, command.by, command.session);
  if (session === undefined) return { rejection: reject('session-unknown') };
  const inactive = inactiveSession(view, session);
  if (inactive !== undefined) return { rejection: inactive };
  const { principal, agent, id } = session;
  const latch = engagedLatch(view, originOf(session));
  if (latch !== undefined) return { rejection: reject('killed', killedMessage(latch)) };
  const active = view.get('policy', 'active');
  if (active === undefined) return { rejection: reject('policy-missing') };
  const { input, enforced } = compilePolicy(active.document);
  const facts = factsUnder(active, command.facts);
  const verdict = judgeStage(input.calls, { agent, principal, resource: '' }, facts, enforced);
  return {
    events: [
      {
        type: 'input-screened',
        session: id,
        data: {
          ...(verdict ?? nothingAsked),
          screening: command.id,
          policyVersion: active.version,
          policyHash: active.hash,
          under: input.under,
          facts,
        },
      },
    ],
    subject: { kind: 'session', key: id },
  };
};

/** Whether a call waits for its start in a session into which came what its input guardrails refused. */
export function isInputRefused(
  view: StateView,
  { history }: SessionRecord,
  call: MatchSubject,
): boolean {
  const active = view.get('policy', 'active');
  if (active === undefined || history.input?.effective !== 'refuse') return false;
  const { calls, under } = compilePolicy(active.document).input;
  return history.input.under === under && calls.some(({ matches }) => matches(call));
}

/** What the active policy's output guardrails say of a result; undefined where it asks for none. */
export function judgeOutput(
  view: StateView,
  call: MatchSubject & { readonly action: string },
  facts: EvaluatorFacts | undefined,
): StageVerdict | undefined {
  const active = view.get('policy', 'active');
  if (active === undefined) return undefined;
  const { actions, enforced } = compilePolicy(active.document);
  const calls = actions.get(call.action)?.output ?? [];
  return judgeStage(calls, call, factsUnder(active, facts), enforced);
}

/** Facts about another policy's guardrails are none about this one's. */
function factsUnder(
  active: PolicyRecord,
  facts: EvaluatorFacts | undefined,
): EvaluatorFacts['found'] {
  return facts?.policyHash === active.hash ? facts.found : [];
}
