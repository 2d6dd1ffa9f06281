/** Whose call it is: whoever it is made on behalf of, or whose agent makes it, does not approve it. */
import { findAgent } from '../rights/agent-rights.ts';
import type { StateView } from '../record.ts';

/** What tells whose a call is; a ticket has it, and so has the call itself. */
export interface OwnedCall {
  readonly org: string;
  readonly agent: string;
  /** Who answered for the agent when a ticket was asked for. */
  readonly agentOwner?: string;
  /** Who works above the session. */
  readonly lineage?: { readonly agents: readonly string[]; readonly principals: readonly string[] };
}

/** Whether one of the sessions on whose behalf it is made is theirs. */
export function worksFor(principal: string, { lineage }: OwnedCall): boolean {
  return lineage?.principals.includes(principal) ?? false;
}

/** Whether one of their own agents makes it, or works above: as it was registered then, or as it is now. */
export function answersFor(view: StateView, principal: string, call: OwnedCall): boolean {
  const { org, agent, agentOwner, lineage } = call;
  const agents = [agent, ...(lineage?.agents ?? [])];
  if (principal === agentOwner) return true;
  return agents.some((each) => principal === findAgent(view, org, each)?.owner);
}
