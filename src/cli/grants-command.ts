/** `grants`: list what approvers granted beside single calls, and revoke it. */
import { orgOption } from './org-option.ts';
import type { Command } from 'commander';
import { actingExitCodes, actingHelp, addActingOptions } from './acting-options.ts';
import type { GrantListOptions } from './grants/list-grants.ts';
import type { RevokeGrantOptions } from './grants/revoke-grant.ts';
import { logOption, schemaOption, storeText } from './store-options.ts';

export function addGrantsCommand(program: Command): void {
  const grants = program
    .command('grants')
    .description('List and revoke grants: approvals that stand for later calls.')
    .addHelpText(
      'after',
      `
Grants are given with an approval: see \`tickets approve --help\`.

Examples:
  $ agent-control-plane grants list control-plane.db --org acme
  $ agent-control-plane grants revoke control-plane.db 0199… --reason 'the campaign is over'

Each has its own --help and --json.

Exit codes: 0 done, 1 the control plane refused it, 2 it could not be done.`,
    );
  addListCommand(grants);
  addRevokeCommand(grants);
}

function addListCommand(grants: Command): void {
  grants
    .command('list')
    .description('Print the grants that still cover something, and what is used of them.')
    .argument('<file>', storeText)
    .addOption(logOption())
    .addOption(schemaOption())
    .option('--org <org>', 'only those of this org', orgOption)
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
Examples:
  $ agent-control-plane grants list control-plane.db
  $ agent-control-plane grants list control-plane.db --json | jq .terms

Exit codes: 0 printed, 2 the file could not be read.`,
    )
    .action(async (file: string, options: GrantListOptions) => {
      const { listGrants } = await import('./grants/list-grants.ts');
      await listGrants(file, options);
    });
}

function addRevokeCommand(grants: Command): void {
  const command = grants
    .command('revoke')
    .description('Revoke a grant: from the next decision on it stands in for nobody.')
    .argument('<file>', storeText)
    .argument('<grant>', 'the id of the grant, as `grants list` has it')
    .option('--reason <text>', 'why, for whoever reads the log');
  addActingOptions(command)
    .addHelpText(
      'after',
      `${actingHelp}

Examples:
  $ agent-control-plane grants revoke control-plane.db 0199… --reason 'the campaign is over'

${actingExitCodes}`,
    )
    .action(async (file: string, grant: string, options: RevokeGrantOptions) => {
      const { revokeGrant } = await import('./grants/revoke-grant.ts');
      await revokeGrant(file, grant, options);
    });
}
