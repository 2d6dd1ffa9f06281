/** `tickets`: what waits for an approver, the card of each, and deciding them. */
import type { Command } from 'commander';
import { addApproveCommand } from './tickets/approve-command.ts';
import { addDecideCommands } from './tickets/decide-commands.ts';
import { addListTicketsCommand } from './tickets/list-command.ts';
import { addShowTicketCommand } from './tickets/show-command.ts';

export function addTicketsCommand(program: Command): void {
  const tickets = program
    .command('tickets')
    .description('List and show tickets; approve, deny and cancel them.')
    .addHelpText(
      'after',
      `
Examples:
  $ agent-control-plane tickets list control-plane.db
  $ agent-control-plane tickets show control-plane.db 0199…
  $ agent-control-plane tickets approve control-plane.db 0199…
  $ agent-control-plane tickets deny control-plane.db 0199… --reason 'not this customer'

Each has its own --help and --json.

Exit codes: 0 done, 1 the control plane refused it, 2 it could not be done.`,
    );
  addListTicketsCommand(tickets);
  addShowTicketCommand(tickets);
  addApproveCommand(tickets);
  addDecideCommands(tickets);
}
