/** `tickets list`: what waits for an approver, or was decided. */
import { orgOption } from '../org-option.ts';
import { type Command, Option } from 'commander';
import { addActorOptions } from '../acting-options.ts';
import type { TicketListOptions } from './list-tickets.ts';
import { logOption, schemaOption, storeText } from '../store-options.ts';

const statuses = ['pending', 'approved', 'denied', 'cancelled', 'expired', 'consumed', 'all'];

export function addListTicketsCommand(tickets: Command): void {
  const command = tickets
    .command('list')
    .description('Print the tickets of a log, oldest first; those that are pending by default.')
    .argument('<file>', storeText)
    .addOption(logOption())
    .addOption(schemaOption())
    .option('--org <org>', 'only tickets of this org', orgOption)
    .addOption(
      new Option('--status <status>', 'only tickets in this state')
        .choices(statuses)
        .default('pending'),
    )
    .option('--each', 'a line for each ticket, equal ones too');
  addActorOptions(command)
    .option('--json', 'one JSON object a line, one for each ticket')
    .addHelpText(
      'after',
      `
Pending tickets of the same agent, tool, action and resource are one line with a
count and the oldest one's id; their arguments may differ, and each is decided
by itself. Nobody has to say who they are to read. Whoever does, with an API key
or --as, is told how many tickets they decided in the last hour: the more, the
less was each one read.

Examples:
  $ agent-control-plane tickets list control-plane.db --org acme
  $ agent-control-plane tickets list control-plane.db --status all --json
  $ agent-control-plane tickets list control-plane.db --as acme/user:ann --as-role approver

Exit codes: 0 printed, 2 the file could not be read.`,
    )
    .action(async (file: string, options: TicketListOptions) => {
      const { printTickets } = await import('./list-tickets.ts');
      await printTickets(file, options);
    });
}
