/** `sessions list`: who works on what, in which state, and what is left of the budgets. */
import { type Command, Option } from 'commander';
import type { SessionsOptions } from './list-sessions.ts';
import { logOption, schemaOption, storeText } from '../store-options.ts';

const statuses = ['created', 'active', 'paused', 'completed', 'aborted'];

export function addListSessionsCommand(sessions: Command): void {
  sessions
    .command('list')
    .description('Print the sessions of a log with their state, budgets and pending tickets.')
    .argument('<file>', storeText)
    .addOption(logOption())
    .addOption(schemaOption())
    .addOption(new Option('--status <status>', 'only sessions in this state').choices(statuses))
    .option('--json', 'one JSON object a line, amounts as exact decimal texts')
    .addHelpText(
      'after',
      `
A budget is shown as used/limit by unit; what open permits hold counts as used.
The tables are read as they stand: \`agent-control-plane verify\` tells whether
they are what the log says.

Examples:
  $ agent-control-plane sessions list control-plane.db
  $ agent-control-plane sessions list control-plane.db --status active
  $ agent-control-plane sessions list control-plane.db --json | jq 'select(.pendingTickets > 0)'

Exit codes: 0 printed, 2 the file could not be read.`,
    )
    .action(async (file: string, options: SessionsOptions) => {
      const { listSessions } = await import('./list-sessions.ts');
      await listSessions(file, options);
    });
}
