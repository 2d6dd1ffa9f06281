/** Shows the card of a ticket, asks whoever is there, and approves it. */
import type { ApprovalCard } from '../../approvals/index.ts';
import type { GrantOrder } from '../../engine/index.ts';
import { ControlPlaneError } from '../../engine/error.ts';
import { reject } from '../../kernel/index.ts';
import { acting } from '../acting.ts';
import { isConfirmed } from '../ask.ts';
import { CommandError, exitCodes } from '../exit.ts';
import { readJsonFile } from '../json-file.ts';
import { shown, terminal } from '../terminal.ts';
import { type DecideOptions, printRuled } from './decide-ticket.ts';
import { type GrantOptions, grantOf } from './grant-options.ts';
import { cardFor } from './ticket-facts.ts';

export interface ApproveOptions extends DecideOptions, GrantOptions {
  readonly edit?: string;
  readonly full?: true;
  readonly yes?: true;
}

export function approveTicket(
  file: string,
  ticket: string,
  options: ApproveOptions,
): Promise<void> {
  const { reason, full, yes, json } = options;
  const grant = grantOf(options);
  const edit = options.edit === undefined ? undefined : { edit: readJsonFile(options.edit) };
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
      throw new CommandError(`it cannot be approved from this card: ${why}`, helpOf(card), {
        exitCode: exitCodes.bad,
      });
    }
    if (edit !== undefined) stderr.write(`${shown(editText(edit.edit))}\n`);
    if (grant !== undefined) stderr.write(`${shown(grantText(grant))}\n`);
    if (yes !== true && !(await isConfirmed(`approve ticket ${card.ticket}?`))) {
      throw new CommandError('not approved', undefined, { exitCode: exitCodes.bad });
    }
    const order = {
      ticket,
      by,
      ...(reason === undefined ? {} : { reason }),
      ...(grant === undefined ? {} : { grant }),
      ...edit,
    };
    await printRuled(await plane.approve(order), json === true);
  });
}

/** What would help. A ticket that is over cannot be denied either, and shows no more in full. */
function helpOf({ obstacles, isFull }: ApprovalCard): string | undefined {
  if (obstacles.some(({ code }) => code === 'not-pending' || code === 'expired')) return undefined;
  const isShort = obstacles.every(({ code }) => code === 'fields-left-out' || code === 'text-cut');
  return isShort && !isFull
    ? '`--full` shows everything; it can be denied, too'
    : 'it can be denied';
}

/** What the approver adds is theirs to check too. */
function editText(edit: unknown): string {
  return `The call is to be made with these arguments instead: ${JSON.stringify(edit)}`;
}

function grantText({ actions, resources, uses, expiresAt, cost }: GrantOrder): string {
  const on = resources === undefined ? '' : ` on ${resources.join(' ')}`;
  const most = Object.entries(cost ?? {}).map(([unit, amount]) => `${amount} ${unit}`);
  const within = most.length === 0 ? '' : `, for ${most.join(' and ')} at most`;
  return (
    `Up to ${uses} later calls of ${actions.join(' ')}${on} are approved with it, ` +
    `until ${expiresAt.toISOString()}${within}`
  );
}
