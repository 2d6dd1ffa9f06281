/**
 * What an agent may do: whether it may work at all, and which calls it is capable of.
 *
 * An agent of the whole installation goes before one of an org with its name.
 */
import { agentKey } from './agent.ts';
import { covers, coversAction, coversPlace, type Place, type ScopedCall } from './call-scope.ts';
import { quoted } from '../name.ts';
import { everyOrg } from '../org.ts';
import type { AgentRecord, StateView } from '../record.ts';
import { reject, type Rejection } from '../rejection.ts';

/** The agent that a name means in an org. */
export function findAgent(view: StateView, org: string, name: string): AgentRecord | undefined {
  return view.get('agent', agentKey(everyOrg, name)) ?? view.get('agent', agentKey(org, name));
}

/** Why an agent may not work, or undefined. */
export function agentRefusal(view: StateView, org: string, name: string): Rejection | undefined {
  const agent = findAgent(view, org, name);
  if (agent === undefined) {
    return reject(
      'agent-unknown',
      `agent ${quoted(name)} is not registered`,
      'register it when the control plane is opened, or with registerAgent',
    );
  }
  const own = view.get('agent', agentKey(org, name));
  if (own !== undefined && own.status !== 'enabled') {
    return reject('agent-disabled', `agent ${quoted(name)} is ${own.status} in its org`);
  }
  if (agent.status === 'enabled') return undefined;
  return reject('agent-disabled', `agent ${quoted(name)} is ${agent.status}`);
}

/** Why an agent cannot do an action at all, whatever the call, or undefined. */
export function incapable(
  view: StateView,
  org: string,
  name: string,
  action: string,
): Rejection | undefined {
  const capabilities = findAgent(view, org, name)?.capabilities ?? [];
  if (capabilities.some((each) => coversAction(each, action))) return undefined;
  return reject(
    'agent-not-capable',
    `agent ${quoted(name)} is not registered for ${quoted(action)}`,
  );
}

/** Why an agent is not capable any more of a call that was decided, as far as that can still be told. */
export function incapableSince(
  view: StateView,
  org: string,
  name: string,
  place: Place,
): Rejection | undefined {
  const capabilities = findAgent(view, org, name)?.capabilities ?? [];
  if (capabilities.some((each) => coversPlace(each, place))) return undefined;
  const message = `agent ${quoted(name)} is not registered for ${quoted(place.action)} any more`;
  return reject('agent-not-capable', message);
}

/** Why exactly this call is outside an agent's capabilities, or undefined. */
export function incapableOf(
  view: StateView,
  name: string,
  call: ScopedCall,
): Rejection | undefined {
  const capabilities = findAgent(view, call.org, name)?.capabilities ?? [];
  if (capabilities.some((each) => covers(each, call))) return undefined;
  return reject(
    'agent-not-capable',
    `agent ${quoted(name)} is registered for ${quoted(call.action)}, but not on ` +
      `${quoted(call.resource)} with these arguments`,
  );
}
