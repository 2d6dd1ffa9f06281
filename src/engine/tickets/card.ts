/**
 * The approval card of a ticket, put together from what the store has: the ticket, the arguments that were
 * recorded beside its decision, and the last approval to compare with.
 *
 * Arguments are shown only where they are those that the ticket was opened for, which its digest says under
 * the session's secret. Whoever changes the text beside the log shows nobody another call than the approved
 * one.
 */
import { approvalCard, type ApprovalCard, type PreviousApproval } from '../../approvals/index.ts';
import type { TicketRecord } from '../../kernel/index.ts';
import { digestKey, keyedDigest } from '../../log/index.ts';
import type { Storage } from '../../storage/storage.ts';
import { fault } from '../error.ts';
import { assertMembers, assertTruth } from '../known-members.ts';
import { scanAll } from '../store/scan.ts';
import { contentText, storedRecord, storedTicket } from '../store/store-read.ts';

export interface CardOptions {
  /** Show every field and every text to its end. */
  readonly full?: boolean;
}

interface CardQuery extends CardOptions {
  readonly ticket: string;
  /** Log time in ms. */
  readonly now: number;
}

/** What an approver asks to see whole, and does not get so for a misspelt word, is approved unread. */
export function assertCardOptions(options: CardOptions): void {
  assertMembers('the options of a card', options, ['full']);
  assertTruth('full', options.full);
}

/**
 * The card of a ticket, or undefined where there is none. Throws `log-inconsistent` where the recorded
 * arguments are not those that the ticket was opened for.
 */
export async function ticketCard(
  storage: Storage,
  { ticket: id, full = false, now }: CardQuery,
): Promise<ApprovalCard | undefined> {
  const ticket = await storedTicket(storage, id);
  if (ticket === undefined) return undefined;
  const { text, isTheirs } = await argumentsOf(storage, ticket);
  if (!isTheirs) {
    throw fault(
      'log-inconsistent',
      `the arguments beside the log are not those that ticket ${ticket.id} was opened for`,
    );
  }
  const previous = await previousApproval(storage, ticket);
  return approvalCard({
    ticket,
    arguments: text,
    now,
    full,
    ...(previous === undefined ? {} : { previous }),
  });
}

/** The approval that was given last to a call of the same tool by the same agent in the same org. */
async function previousApproval(
  storage: Storage,
  { id, org, agent, tool }: TicketRecord,
): Promise<PreviousApproval | undefined> {
  let last: TicketRecord | undefined;
  for await (const { value } of scanAll(storage, { kind: 'ticket' })) {
    const other = JSON.parse(value) as TicketRecord;
    const isApproved = other.status === 'approved' || other.status === 'consumed';
    const isSimilar = other.org === org && other.agent === agent && other.tool === tool;
    if (!isApproved || !isSimilar || other.id === id) continue;
    const isLater =
      last === undefined ||
      other.decidedAt > last.decidedAt ||
      (other.decidedAt === last.decidedAt && other.requestedIndex > last.requestedIndex);
    if (isLater) last = other;
  }
  if (last === undefined) return undefined;
  const { text, isTheirs } = await argumentsOf(storage, last);
  // Nothing is compared with what was not approved; that must not keep anybody from deciding this one.
  return { ticket: last, arguments: isTheirs ? text : undefined };
}

interface RecordedArguments {
  /** Undefined where they, or the secret that they could be checked with, were erased. */
  readonly text: string | undefined;
  readonly isTheirs: boolean;
}

/** The arguments beside a ticket's decision, which has the ticket's id, or beside its edit. */
async function argumentsOf(storage: Storage, ticket: TicketRecord): Promise<RecordedArguments> {
  const decision = await storedRecord(storage, 'decision', ticket.id);
  const session = await storedRecord(storage, 'session', ticket.session);
  if (decision === undefined || session === undefined) {
    throw fault('log-inconsistent', `ticket ${ticket.id} has no decision or no session`);
  }
  // Of an edited call the arguments are beside the entry that edited it.
  const index = ticket.edited?.index ?? decision.index;
  const text = await contentText(storage, index, 'arguments');
  const secret = await contentText(storage, session.openedIndex, 'secret');
  if (text === undefined || secret === undefined) return { text: undefined, isTheirs: true };
  const digest = keyedDigest(digestKey(secret), 'arguments', text);
  return { text, isTheirs: digest === ticket.argumentsDigest };
}
