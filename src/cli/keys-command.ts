/** `keys`: issue, list and revoke API keys. */
import { orgOption } from './org-option.ts';
import { collected } from './repeated-options.ts';
import type { Command } from 'commander';
import { actingExitCodes, actingHelp, addActingOptions } from './acting-options.ts';
import { expiryOption } from './expiry-option.ts';
import type { KeyListOptions } from './keys/list-keys.ts';
import type { IssueOptions } from './keys/issue-key.ts';
import type { RevokeOptions } from './keys/revoke-key.ts';
import { logOption, schemaOption, storeText } from './store-options.ts';

export function addKeysCommand(program: Command): void {
  const keys = program
    .command('keys')
    .description('Issue, list and revoke API keys.')
    .addHelpText(
      'after',
      `
Examples:
  $ agent-control-plane keys issue control-plane.db --principal user:ann --role approver
  $ agent-control-plane keys list control-plane.db --org acme
  $ agent-control-plane keys revoke control-plane.db 0199… --reason 'it was in a commit'

Each has its own --help and --json.

Exit codes: 0 done, 1 the control plane refused it, 2 it could not be done.`,
    );
  addIssueCommand(keys);
  addListCommand(keys);
  addRevokeCommand(keys);
}

function addIssueCommand(keys: Command): void {
  const command = keys
    .command('issue')
    .description('Issue an API key. It is printed this once, and kept nowhere.')
    .argument('<file>', storeText)
    .requiredOption('--principal <id>', 'whom the key stands for, such as `service:billing`')
    .requiredOption('--role <role>', 'a role; may be given several times', collected)
    .option('--team <team>', 'a team; may be given several times', collected)
    .option(
      '--org <org>',
      'the org of the principal; by default that of whoever issues it',
      orgOption,
    )
    .option('--expires <time>', 'when it ends, such as 30d or 2026-12-31', expiryOption)
    .option('--reason <text>', 'why, for whoever reads the log');
  addActingOptions(command)
    .addHelpText(
      'after',
      `
The key alone goes to standard output, so that it can be sent to a file or to a
secret store; what is to be said of it goes to standard error. Nobody gives a
key a role that permits what they may not do.
${actingHelp}

Examples:
  $ agent-control-plane keys issue control-plane.db --principal service:billing \\
      --role agent --expires 30d > billing.key
  $ agent-control-plane keys issue control-plane.db --principal user:ann \\
      --role approver --as acme/user:root --as-role admin

${actingExitCodes}`,
    )
    .action(async (file: string, options: IssueOptions) => {
      const { issueKey } = await import('./keys/issue-key.ts');
      await issueKey(file, options);
    });
}

function addListCommand(keys: Command): void {
  keys
    .command('list')
    .description('Print the API keys of a log, those revoked too, without what is secret.')
    .argument('<file>', storeText)
    .addOption(logOption())
    .addOption(schemaOption())
    .option('--org <org>', 'only those of this org', orgOption)
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
Examples:
  $ agent-control-plane keys list control-plane.db
  $ agent-control-plane keys list control-plane.db --json | jq 'select(.status == "good")'

Exit codes: 0 printed, 2 the file could not be read.`,
    )
    .action(async (file: string, options: KeyListOptions) => {
      const { listKeys } = await import('./keys/list-keys.ts');
      await listKeys(file, options);
    });
}

function addRevokeCommand(keys: Command): void {
  const command = keys
    .command('revoke')
    .description('Revoke an API key: from the next command on it stands for nobody.')
    .argument('<file>', storeText)
    .argument('<id>', 'the id of the key, as `keys list` has it; not the key itself')
    .option('--reason <text>', 'why, for whoever reads the log');
  addActingOptions(command)
    .addHelpText(
      'after',
      `${actingHelp}

Examples:
  $ agent-control-plane keys revoke control-plane.db 0199… --reason 'it was in a commit'

${actingExitCodes}`,
    )
    .action(async (file: string, id: string, options: RevokeOptions) => {
      const { revokeKey } = await import('./keys/revoke-key.ts');
      await revokeKey(file, id, options);
    });
}
