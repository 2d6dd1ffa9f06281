/** `tickets approve`: after its card was shown, and only from a card that shows enough. */
import type { Command } from 'commander';
import { actingExitCodes, actingHelp, addActingOptions } from '../acting-options.ts';
import { addGrantOptions } from './grant-options.ts';
import type { ApproveOptions } from './approve-ticket.ts';
import { storeText } from '../store-options.ts';

export function addApproveCommand(tickets: Command): void {
  const command = tickets
    .command('approve')
    .description('Show the card of a ticket, ask, and approve it.')
    .argument('<file>', storeText)
    .argument('<ticket>', 'the id of the ticket')
    .option('--reason <text>', 'why, for whoever reads the log')
    .option('--full', 'show every field, and every text to its end')
    .option('--yes', 'do not ask; needed where the input is no terminal')
    .option('--edit <path>', 'a JSON file with the arguments to call with instead');
  addActingOptions(addGrantOptions(command))
    .addHelpText(
      'after',
      `
The card goes to standard error. Nothing is approved from a card that leaves out
too much: --full shows the rest.

With --edit the call is made with other arguments, decided again from the start.
With --grant-action, --grant-uses and --grant-until, later calls that the grant
covers do not wait: policy, budgets and kill switches decide them as ever.
${actingHelp}

Examples:
  $ agent-control-plane tickets approve control-plane.db 0199…
  $ agent-control-plane tickets approve control-plane.db 0199… --full --yes \\
      --key-file ann.key --reason 'the customer called'
  $ agent-control-plane tickets approve control-plane.db 0199… \\
      --grant-action order.refund --grant-uses 20 --grant-until 8h \\
      --grant-cost usd=500

${actingExitCodes}`,
    )
    .action(async (file: string, ticket: string, options: ApproveOptions) => {
      const { approveTicket } = await import('./approve-ticket.ts');
      await approveTicket(file, ticket, options);
    });
}
