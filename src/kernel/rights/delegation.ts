/**
 * Delegation: a session that works on behalf of another has at most what that one has.
 *
 * Nothing is copied and clipped when the session is opened, since what is above may shrink later: each call
 * is held against the whole line, every session's terms and every agent's capabilities, when it is made.
 */
import { agentRefusal, incapable, incapableOf, incapableSince } from './agent-rights.ts';
import { type CallScope, covers, coversAction, type Place, type ScopedCall } from './call-scope.ts';
import type { DelegationTerms } from './delegation-terms.ts';
import { quoted } from '../name.ts';
import type { SessionRecord, StateView } from '../record.ts';
import { reject, type Rejection } from '../rejection.ts';

/** A session and those that it works on behalf of, the nearest first. */
export function lineOf(view: StateView, session: SessionRecord): readonly SessionRecord[] {
  const line = [session];
  for (const id of session.ancestors ?? []) {
    const above = view.get('session', id);
    if (above !== undefined) line.push(above);
  }
  return line;
}

/** Why one of the agents of a line may not work, or one of its delegations has ended. */
export function lineRefusal(
  view: StateView,
  session: SessionRecord,
  now: number,
): Rejection | undefined {
  for (const each of lineOf(view, session)) {
    const refusal = agentRefusal(view, each.org, each.agent);
    if (refusal !== undefined) return refusal;
    const { expiresAt } = each.delegation ?? {};
    if (expiresAt !== undefined && now >= expiresAt) return reject('delegation-expired');
  }
  return undefined;
}

/** Why the line cannot do an action at all, whatever the call. */
export function actionRefusal(
  view: StateView,
  session: SessionRecord,
  action: string,
): Rejection | undefined {
  for (const each of lineOf(view, session)) {
    const refusal = incapable(view, each.org, each.agent, action);
    if (refusal !== undefined) return refusal;
    if (!coversAction(scopeOf(each), action)) {
      return reject('delegation-exceeded', `${quoted(action)} was not delegated`);
    }
  }
  return undefined;
}

/** Why exactly this call is more than one of the line has. */
export function callRefusal(
  view: StateView,
  session: SessionRecord,
  call: ScopedCall,
): Rejection | undefined {
  for (const each of lineOf(view, session)) {
    const refusal = incapableOf(view, each.agent, call);
    if (refusal !== undefined) return refusal;
    if (!covers(scopeOf(each), call)) {
      const message = `${quoted(call.action)} on ${quoted(call.resource)} was not delegated`;
      return reject('delegation-exceeded', message);
    }
  }
  return undefined;
}

/**
 * Why a call that was decided cannot start: an agent of the line was registered for less since. Terms of a
 * delegation do not change.
 */
export function startRefusal(
  view: StateView,
  session: SessionRecord,
  place: Place,
): Rejection | undefined {
  for (const { org, agent } of lineOf(view, session)) {
    const refusal = incapableSince(view, org, agent, place);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** One object for each session's terms, since compiled scopes are found by it. */
const scopes = new WeakMap<DelegationTerms, CallScope>();
const everything: CallScope = Object.freeze({ actions: Object.freeze(['**']) });

function scopeOf({ delegation }: SessionRecord): CallScope {
  if (delegation === undefined) return everything;
  const known = scopes.get(delegation);
  if (known !== undefined) return known;
  const { actions = ['**'], resources, when } = delegation;
  const scope = {
    actions,
    ...(resources === undefined ? {} : { resources }),
    ...(when === undefined ? {} : { when }),
  };
  scopes.set(delegation, scope);
  return scope;
}

/** Why a new session cannot work on behalf of a line, for an agent. */
export function delegationRefusal(
  line: readonly SessionRecord[],
  agent: string,
): Rejection | undefined {
  const [parent] = line;
  if (parent?.agent === agent) {
    return reject('delegation-cycle', `agent ${quoted(agent)} cannot delegate to itself`);
  }
  if (line.some((each) => each.agent === agent)) {
    return reject('delegation-cycle', `agent ${quoted(agent)} delegated this itself`);
  }
  for (const [distance, { delegation }] of line.entries()) {
    if (delegation?.depth !== undefined && distance >= delegation.depth) {
      const message = `it may be delegated ${delegation.depth} sessions deep at most`;
      return reject('delegation-exceeded', message);
    }
  }
  return undefined;
}
