/**
 * Whether any call of a tool could be allowed in a session, as things are: for lists of tools that show an
 * agent only what it could use. It may say yes where every call turns out to be refused, never the reverse.
 */
import { agentRefusal, incapable } from '../rights/agent-rights.ts';
import { actionRefusal, lineRefusal } from '../rights/delegation.ts';
import { quoted } from '../name.ts';
import { compilePolicy } from '../policy/compile.ts';
import type { CompiledRule, RuleGroup } from '../policy/compile-rules.ts';
import type { SessionRecord, StateView, ToolRecord } from '../record.ts';
import { reject, type Rejection } from '../rejection.ts';
import { originOf } from '../session/origin.ts';
import { inactiveSession } from '../session/own-session.ts';
import type { Origin } from '../session/session.ts';
import { engagedLatch } from '../kill/engaged-latch.ts';
import { absenceRefusal } from '../kill/heartbeat.ts';
import { quarantineRefusal } from './quarantine.ts';

/** Why nothing at all may go on in a session, whatever is asked for, or undefined. */
export function sessionRefusal(
  view: StateView,
  session: SessionRecord,
  now: number,
): Rejection | undefined {
  const refusal = inactiveSession(view, session) ?? lineRefusal(view, session, now);
  if (refusal !== undefined) return refusal;
  if (engagedLatch(view, originOf(session)) !== undefined) return reject('killed');
  return absenceRefusal(view, session.org, now);
}

/** Why no call of the tool can be allowed, or undefined. */
export function toolRefusal(
  view: StateView,
  session: SessionRecord,
  tool: ToolRecord,
  now: number,
): Rejection | undefined {
  const refusal = sessionRefusal(view, session, now);
  if (refusal !== undefined) return refusal;
  return (
    stoppedTool(view, originOf(session), tool) ??
    actionRefusal(view, session, tool.action) ??
    policyRefusal(view, session, tool.action)
  );
}

/**
 * Why an agent can call a tool in no session of its own, whatever the policy says, or undefined: before any
 * session is there. A principal that is not known is an empty text.
 */
export function agentRefusalOf(
  view: StateView,
  who: Pick<SessionRecord, 'org' | 'agent' | 'principal'>,
  tool: ToolRecord,
): Rejection | undefined {
  return (
    agentRefusal(view, who.org, who.agent) ??
    stoppedTool(view, { ...who, session: '' }, tool) ??
    incapable(view, who.org, who.agent, tool.action)
  );
}

/** Why nothing of the tool runs for a subject, whatever it is capable of, or undefined. */
function stoppedTool(view: StateView, who: Origin, tool: ToolRecord): Rejection | undefined {
  const subject = { ...who, tool: tool.name, action: tool.action };
  if (engagedLatch(view, subject) !== undefined) return reject('killed');
  if (tool.quarantine !== undefined) return quarantineRefusal(tool);
  return undefined;
}

/** Why the active policy allows no call of an action to an agent of a principal. */
function policyRefusal(
  view: StateView,
  { agent, principal }: SessionRecord,
  name: string,
): Rejection | undefined {
  const active = view.get('policy', 'active');
  if (active === undefined) return reject('policy-missing');
  const policy = compilePolicy(active.document);
  if (!policy.enforced) return undefined;
  const action = policy.actions.get(name);
  if (action === undefined)
    return reject('action-unknown', `action ${quoted(name)} is not declared`);
  const groups = action.rules.filter(
    (group) => !group.isOfEveryCall || group.matches({ agent, principal, resource: '' }),
  );
  const enforced = (group: RuleGroup) => group.rules.filter((rule) => rule.enforced);
  const isNever = ({ effect }: CompiledRule) => effect === 'deny' || effect === 'steer';
  const refused = groups
    .filter((group) => group.isOfEveryCall)
    .flatMap(enforced)
    .find(isNever);
  if (refused !== undefined) return reject('policy-denied', `\`rule:${refused.id}\``);
  const tier = action.tiers.find((each) => each === 'blocked' || each === 'steer');
  if (tier !== undefined) return reject('policy-denied', `\`tier:${tier}\``);
  const speaks = action.tiers.length > 0 || groups.flatMap(enforced).some((rule) => !isNever(rule));
  return speaks ? undefined : reject('policy-no-match');
}
