/** `kill`: engage and release kill switches, and list those that are engaged. */
import { orgOption } from './org-option.ts';
import type { Command } from 'commander';
import { actingExitCodes, actingHelp, addActingOptions } from './acting-options.ts';
import type { KillListOptions } from './kill/list-kills.ts';
import type { KillOptions } from './kill/switch-kills.ts';
import { logOption, schemaOption, storeText } from './store-options.ts';

const scopesHelp = `
Scopes: system, org:<org>, and principal, agent, session, action, tool, model or
budget (a plan) as <kind>:<org>/<name>. Each is tried, whatever becomes of the
others, and the command ends with 1 where one failed.`;

const unknownHelp = `
A name that nothing in the log bears is engaged too, with a warning; with
--json, its line has "known": false.`;

export function addKillCommand(program: Command): void {
  const kill = program
    .command('kill')
    .description('Engage and release kill switches: what is in their scope does not start.')
    .addHelpText(
      'after',
      `
Examples:
  $ agent-control-plane kill list control-plane.db
  $ agent-control-plane kill engage control-plane.db org:acme --reason 'an incident'
  $ agent-control-plane kill release control-plane.db org:acme --reason 'it is over'

Each has its own --help and --json.

Exit codes: 0 done, 1 the control plane refused a scope, 2 it could not be done.`,
    );
  addSwitchCommand(kill, 'engage');
  addSwitchCommand(kill, 'release');
  addListCommand(kill);
}

function addSwitchCommand(kill: Command, name: 'engage' | 'release'): void {
  const description =
    name === 'engage'
      ? 'Engage the kill switch of scopes: nothing in them starts until it is released.'
      : 'Release the kill switch of scopes: new work may start; old permits stay void.';
  const command = kill
    .command(name)
    .description(description)
    .argument('<file>', storeText)
    .argument('<scope...>', 'scopes, such as `agent:acme/refund-bot`')
    .requiredOption('--reason <text>', 'why, for whoever reads the log');
  if (name === 'release') {
    const text = 'on probation: approvers decide what it covers until it is released without this';
    command.option('--supervised', text);
  }
  addActingOptions(command)
    .addHelpText(
      'after',
      `${scopesHelp}${name === 'engage' ? unknownHelp : ''}
${actingHelp}

Examples:
  $ agent-control-plane kill ${name} control-plane.db system --reason 'a drill'
  $ agent-control-plane kill ${name} control-plane.db agent:acme/bot tool:acme/refund \\
      --reason 'refunds went wrong' --as acme/user:olga --as-role operator

${actingExitCodes}`,
    )
    .action(async (file: string, scopes: readonly string[], options: KillOptions) => {
      const { switchKills } = await import('./kill/switch-kills.ts');
      await switchKills(name, { file, scopes }, options);
    });
}

function addListCommand(kill: Command): void {
  kill
    .command('list')
    .description('Print the kill switches that are engaged or on probation, and since when.')
    .argument('<file>', storeText)
    .addOption(logOption())
    .addOption(schemaOption())
    .option('--org <org>', 'only those that cover something of this org', orgOption)
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
\`entry\` is the index of the entry that engaged it, which has the reason.

Examples:
  $ agent-control-plane kill list control-plane.db
  $ agent-control-plane events control-plane.db --type kill-engaged --contents

Exit codes: 0 printed, 2 the file could not be read.`,
    )
    .action(async (file: string, options: KillListOptions) => {
      const { listKills } = await import('./kill/list-kills.ts');
      await listKills(file, options);
    });
}
