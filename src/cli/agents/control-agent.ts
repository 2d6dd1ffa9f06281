/** Suspends, reinstates or revokes an agent. */
import type { AgentTransition } from '../../kernel/index.ts';
import { acting } from '../acting.ts';
import type { ActingOptions } from '../acting-options.ts';
import { jsonLine, print, shown } from '../terminal.ts';
import { agentName } from './list-agents.ts';

export interface ControlAgentOptions extends ActingOptions {
  readonly org: string;
  readonly reason: string;
}

export function controlAgent(
  transition: AgentTransition,
  { file, agent }: { readonly file: string; readonly agent: string },
  options: ControlAgentOptions,
): Promise<void> {
  const { org, reason, json } = options;
  return acting(file, options, async (plane, by) => {
    const record = await plane.controlAgent({ agent, org, transition, by, reason });
    if (json === true) return print(jsonLine(record));
    await print(shown(`agent ${agentName(record)} is ${record.status}`));
  });
}
