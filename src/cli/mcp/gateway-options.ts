/** The options by which a gateway is told its servers, its policy and its store. */
import type { Command } from 'commander';
import { agentOption, principalOption } from '../org-option.ts';
import { collected } from '../repeated-options.ts';
import { type LogOptions, logOption, schemaOption, storeText } from '../store-options.ts';

export interface GatewayCliOptions extends LogOptions {
  readonly config?: string;
  readonly policy?: string;
  readonly store?: string;
  readonly agent?: string;
  readonly principal?: string;
  readonly quarantineNew?: true;
  readonly env?: readonly string[];
}

export function addGatewayOptions(command: Command): Command {
  return command
    .option('--policy <path>', 'the policy, in YAML or JSON; goes before the one in --config')
    .option('--config <path>', 'servers, principal and agent, in YAML or JSON')
    .option('--store <store>', `${storeText}; made where it is not there`)
    .addOption(logOption())
    .addOption(schemaOption())
    .option(
      '--agent <name>',
      'without --config: the agent that the client is (mcp-client)',
      agentOption,
    )
    .option(
      '--principal <org/id>',
      'without --config: whom it works for (local/user:local)',
      principalOption,
    )
    .option('--quarantine-new', 'without --config: new tools wait for an operator')
    .option('--env <name>', 'without --config: pass this variable on to the server', collected);
}
