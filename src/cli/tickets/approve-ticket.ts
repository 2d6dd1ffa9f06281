/** Shows the card of a ticket, asks whoever is there, and approves it. */
import { ControlPlaneError } from '../../engine/index.ts';
import { reject } from '../../kernel/index.ts';
import { acting } from '../acting.ts';
import { isConfirmed } from '../ask.ts';
import { CommandError, exitCodes } from '../exit.ts';
import { terminal } from '../terminal.ts';
import { type DecideOptions, printRuled } from './decide-ticket.ts';
import { cardFor } from './ticket-facts.ts';

export interface ApproveOptions extends DecideOptions {
  readonly full?: true;
  readonly yes?: true;
}

export function approveTicket(
  file: string,
  ticket: string,
  options: ApproveOptions,
): Promise<void> {
  const { reason, full, yes, json } = options;
  return acting(file, options, async (plane, by) => {
    const card = await plane.card(ticket, { full: full === true });
    if (card === undefined) {
      const { code, message } = reject('ticket-unknown');
      throw new ControlPlaneError(code, message, { help: 'see `tickets list`' });
    }
    const { stderr } = terminal();
    stderr.write(`${cardFor(stderr, card)}\n\n`);
    if (!card.approvable) {
      const why = card.obstacles.map(({ message }) => message).join('; ');
      throw new CommandError(
        `it cannot be approved from this card: ${why}`,
        card.isFull ? 'it can be denied' : '`--full` shows everything; denying is always possible',
        { exitCode: exitCodes.bad },
      );
    }
    if (yes !== true && !(await isConfirmed(`approve ticket ${card.ticket}?`))) {
      throw new CommandError('not approved', undefined, { exitCode: exitCodes.bad });
    }
    const order = { ticket, by, ...(reason === undefined ? {} : { reason }) };
    await printRuled(await plane.approve(order), json === true);
  });
}
