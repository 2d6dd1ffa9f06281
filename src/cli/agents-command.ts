/** `agents`: list agents, and suspend, reinstate or revoke them. */
import { anyOrgOption } from './org-option.ts';
import type { Command } from 'commander';
import { actingExitCodes, actingHelp, addActingOptions } from './acting-options.ts';
import type { ControlAgentOptions } from './agents/control-agent.ts';
import type { AgentListOptions } from './agents/list-agents.ts';
import { logOption, schemaOption, storeText } from './store-options.ts';

const transitions = {
  suspend: 'Suspend an agent: it opens no session and is allowed nothing, until reinstated.',
  reinstate: 'Reinstate an agent that was suspended.',
  revoke: 'Revoke an agent for ever: its name is not registered again.',
} as const;

export function addAgentsCommand(program: Command): void {
  const agents = program
    .command('agents')
    .description('List agents; suspend, reinstate and revoke them.')
    .addHelpText(
      'after',
      `
Examples:
  $ agent-control-plane agents list control-plane.db
  $ agent-control-plane agents suspend control-plane.db bot --reason 'it was tricked'

Work that runs is stopped with \`kill engage\`.
Each has its own --help and --json.

Exit codes: 0 done, 1 the control plane refused it, 2 it could not be done.`,
    );
  addListCommand(agents);
  for (const transition of ['suspend', 'reinstate', 'revoke'] as const) {
    addControlCommand(agents, transition);
  }
}

function addListCommand(agents: Command): void {
  agents
    .command('list')
    .description('Print the agents of a log, with their state and what they may ask for.')
    .argument('<file>', storeText)
    .addOption(logOption())
    .addOption(schemaOption())
    .option(
      '--org <org>',
      'only those that this org has; `*` for those of the installation',
      anyOrgOption,
    )
    .option('--json', 'one JSON object a line, capabilities in full')
    .addHelpText(
      'after',
      `
An agent of the org \`*\` is one that every org has.

Examples:
  $ agent-control-plane agents list control-plane.db --org acme
  $ agent-control-plane agents list control-plane.db --json | jq .capabilities

Exit codes: 0 printed, 2 the file could not be read.`,
    )
    .action(async (file: string, options: AgentListOptions) => {
      const { listAgents } = await import('./agents/list-agents.ts');
      await listAgents(file, options);
    });
}

function addControlCommand(agents: Command, transition: keyof typeof transitions): void {
  const command = agents
    .command(transition)
    .description(transitions[transition])
    .argument('<file>', storeText)
    .argument('<agent>', 'its name')
    .option('--org <org>', 'whose agent it is; `*` for one that every org has', anyOrgOption, '*')
    .requiredOption('--reason <text>', 'why, for whoever reads the log');
  addActingOptions(command)
    .addHelpText(
      'after',
      `${actingHelp}

Examples:
  $ agent-control-plane agents ${transition} control-plane.db bot --org acme \\
      --reason 'see the incident' --as acme/user:root --as-role admin

${actingExitCodes}`,
    )
    .action(async (file: string, agent: string, options: ControlAgentOptions) => {
      const { controlAgent } = await import('./agents/control-agent.ts');
      await controlAgent(transition, { file, agent }, options);
    });
}
