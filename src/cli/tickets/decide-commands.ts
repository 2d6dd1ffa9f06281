/** `tickets deny | cancel`: both are always possible, whatever a card leaves out. */
import type { Command } from 'commander';
import { actingExitCodes, actingHelp, addActingOptions } from '../acting-options.ts';
import type { DecideOptions } from './decide-ticket.ts';
import { storeText } from '../store-options.ts';

const descriptions = {
  deny: 'Deny a ticket: the call is refused.',
  cancel: 'Cancel a ticket, approved or not: the call has to be asked for again.',
} as const;

export function addDecideCommands(tickets: Command): void {
  for (const ruling of ['deny', 'cancel'] as const) {
    const command = tickets
      .command(ruling)
      .description(descriptions[ruling])
      .argument('<file>', storeText)
      .argument('<ticket>', 'the id of the ticket')
      .option('--reason <text>', 'why, for whoever reads the log');
    addActingOptions(command)
      .addHelpText(
        'after',
        `${actingHelp}

Examples:
  $ agent-control-plane tickets ${ruling} control-plane.db 0199… --reason 'a duplicate'

${actingExitCodes}`,
      )
      .action(async (file: string, ticket: string, options: DecideOptions) => {
        const { decideTicket } = await import('./decide-ticket.ts');
        await decideTicket(ruling, { file, ticket }, options);
      });
  }
}
