/** Prints the card of a ticket. */
import { ticketCard } from '../../engine/tickets/card.ts';
import { quoted } from '../../kernel/index.ts';
import { CommandError } from '../exit.ts';
import { withLogFile } from '../log-file.ts';
import { jsonLine, print, terminal } from '../terminal.ts';
import { cardFor } from './ticket-facts.ts';
import type { LogOptions } from '../store-options.ts';

export interface ShowTicketOptions extends LogOptions {
  readonly full?: true;
  readonly json?: true;
}

export function showTicket(
  file: string,
  ticket: string,
  options: ShowTicketOptions,
): Promise<void> {
  const { full, json } = options;
  return withLogFile(file, options, async ({ storage, head }) => {
    // As the next command would have it: the log's time never goes back.
    const now = Math.max(head.at, Date.now());
    const card = await ticketCard(storage, { ticket, full: full === true, now });
    if (card === undefined) {
      throw new CommandError(`there is no ticket ${quoted(ticket)}`, 'see `tickets list`');
    }
    await print(json === true ? jsonLine(card) : cardFor(terminal().stdout, card));
  });
}
