/**
 * The life of an agent: one transition table. What is not in it is refused.
 *
 *   enabled ◄─reinstate─ suspended
 *      │  └──suspend──────► │
 *      └──revoke──► revoked ◄┘
 *
 * `revoked` is terminal: a name that was revoked is not registered again.
 */
import { everyOrg } from '../org.ts';

export type AgentStatus = 'enabled' | 'suspended' | 'revoked';
export type AgentTransition = 'suspend' | 'reinstate' | 'revoke';

export const agentStates: Readonly<
  Record<AgentStatus, Readonly<Partial<Record<AgentTransition, AgentStatus>>>>
> = {
  enabled: { suspend: 'suspended', revoke: 'revoked' },
  suspended: { reinstate: 'enabled', revoke: 'revoked' },
  revoked: {},
};

/** The state that `transition` leads to from `status`, or undefined where it is illegal. */
export function nextAgentStatus(
  status: AgentStatus,
  transition: AgentTransition,
): AgentStatus | undefined {
  // From outside it may be any text: only own members count.
  const next = agentStates[status];
  return Object.hasOwn(next, transition) ? next[transition] : undefined;
}

/** An org is a name, and no name has a `/`: keys cannot collide. */
export function agentKey(org: string, name: string): string {
  return org === everyOrg ? name : `${org}/${name}`;
}
