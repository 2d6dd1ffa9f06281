/** `tickets show`: the approval card of one ticket. */
import type { Command } from 'commander';
import type { ShowTicketOptions } from './show-ticket.ts';
import { logOption, schemaOption, storeText } from '../store-options.ts';

export function addShowTicketCommand(tickets: Command): void {
  tickets
    .command('show')
    .description('Print the card of a ticket: what an approver sees before deciding.')
    .argument('<file>', storeText)
    .argument('<ticket>', 'the id of the ticket')
    .addOption(logOption())
    .addOption(schemaOption())
    .option('--full', 'every field, and every text to its end')
    .option('--json', 'the card as one JSON object')
    .addHelpText(
      'after',
      `
Lines that begin with | were written by the agent, and no others. What could
disturb a terminal or mislead a reader is escaped and marked.

Examples:
  $ agent-control-plane tickets show control-plane.db 0199…
  $ agent-control-plane tickets show control-plane.db 0199… --json | jq .approvable

Exit codes: 0 printed, 2 no such ticket, or the file could not be read.`,
    )
    .action(async (file: string, ticket: string, options: ShowTicketOptions) => {
      const { showTicket } = await import('./show-ticket.ts');
      await showTicket(file, ticket, options);
    });
}
