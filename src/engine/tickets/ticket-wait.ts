/** Waiting until somebody decides a ticket: on any surface, in any process. */
import { endsSession, isTerminal, reject, type TicketRecord } from '../../kernel/index.ts';
import { stayAlive } from '../clock.ts';
import type { Core } from '../core/core.ts';
import { fault, rejected } from '../error.ts';
import { assertMembers } from '../known-members.ts';
import type { PlacedEvent } from '../store/placed-event.ts';
import { storedSession, storedTicket } from '../store/store-read.ts';

/** How long somebody waits for a ticket. */
export interface TicketWait {
  /** Ends the wait, not the ticket. */
  readonly signal?: AbortSignal | undefined;
}

type Ruling = 'approved' | 'refused';

/** Of a ticket that waits no more. What was used had been approved; what has ended since is of no use. */
function rulingOf({ status }: TicketRecord): Ruling {
  return status === 'approved' || status === 'consumed' ? 'approved' : 'refused';
}

/**
 * Waits until a ticket is decided by anyone, on any surface, a kill switch covers it, or a session ends that
 * its own works for. Throws `ticket-unknown` where there is none. Rejects with `closed` when the control
 * plane closes: the ticket stays and can be used after a restart. Rejects with the signal's reason when that
 * is aborted, and then waits for nothing any more.
 */
export async function ticketDecided(
  core: Core,
  ticket: string,
  wait: TicketWait = {},
): Promise<Ruling> {
  assertMembers('the options of waiting for a ticket', wait, ['signal']);
  const { signal } = wait;
  const known = await knownTicket(core, ticket);
  signal?.throwIfAborted();
  return known.status === 'pending' ? decidedOf(core, ticket, signal) : rulingOf(known);
}

/**
 * How a ticket ended that nobody decided; undefined where it was decided, or its call would now be refused
 * for something else, such as a kill switch. Asking again would only open another one.
 */
export async function ticketLapsed(
  core: Core,
  ticket: string,
): Promise<'expired' | 'cancelled' | undefined> {
  const record = await knownTicket(core, ticket);
  const { status, session, ancestors = [] } = record;
  if (status !== 'expired' && status !== 'cancelled') return undefined;
  if (core.isKilled(record)) return undefined;
  return (await hasEnded(core, [session, ...ancestors])) ? undefined : status;
}

/** As this process knows it, which may have to look first; one that is over, as the store does. */
async function knownTicket(core: Core, id: string): Promise<TicketRecord> {
  const { storage, replica } = core.options;
  const inMemory = () => replica.cache.peek('ticket', id);
  const here = inMemory();
  if (here !== undefined) return here;
  const stored = await storedTicket(storage, id);
  if (stored === undefined) throw rejected(reject('ticket-unknown'));
  // Another process may have opened it since this one last looked: it is heard of before it is waited for.
  if (stored.status === 'pending') await core.follow();
  return inMemory() ?? stored;
}

function decidedOf(core: Core, ticket: string, signal: AbortSignal | undefined): Promise<Ruling> {
  const { cache } = core.options.replica;
  return new Promise((resolve, fail) => {
    const answer = (): Ruling | undefined => {
      const record = cache.peek('ticket', ticket);
      // Nothing leaves memory while it is pending.
      if (record === undefined) return 'refused';
      const isOpen = record.status === 'pending' && !core.isKilled(record);
      return isOpen ? undefined : rulingOf(record);
    };
    const known = answer();
    if (known !== undefined) return resolve(known);
    const rest = stayAlive();
    let stop = (): void => {};
    const waitNoMore = (): void => {
      stop();
      rest();
      signal?.removeEventListener('abort', onAbort);
    };
    const rule = (ruling: Ruling | undefined): void => {
      if (ruling === undefined) return;
      waitNoMore();
      resolve(ruling);
    };
    const refuse = (failure: unknown): void => {
      waitNoMore();
      fail(failure);
    };
    const onAbort = (): void => refuse(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    const { ancestors = [] } = cache.peek('ticket', ticket) ?? {};
    stop = core.listen(
      (events) => {
        const isOver = events.some((each) => ends(each, ancestors));
        const decided = events.some((each) => concerns(each, ticket)) ? answer() : undefined;
        rule(decided ?? (isOver ? 'refused' : undefined));
      },
      () => refuse(fault('closed')),
    );
    // What ends from now on is heard of; what has ended before is looked for, also where it is not in memory.
    void hasEnded(core, ancestors)
      .then((isOver) => rule(isOver ? 'refused' : undefined))
      .catch(refuse);
  });
}

/** Whether a session has ended that a call is made in or on behalf of: no ruling can have it made. */
async function hasEnded({ options }: Core, sessions: readonly string[]): Promise<boolean> {
  const { replica, storage } = options;
  for (const id of sessions) {
    // A process that has not worked in it does not have it in memory, however long it goes on.
    const record = replica.cache.peek('session', id) ?? (await storedSession(storage, id));
    if (record === undefined || isTerminal(record.status)) return true;
  }
  return false;
}

function ends({ event }: PlacedEvent, sessions: readonly string[]): boolean {
  if (event.type !== 'session-transitioned' || !endsSession(event.data.transition)) return false;
  return sessions.includes(event.session ?? '');
}

function concerns({ event }: PlacedEvent, ticket: string): boolean {
  if (event.type === 'kill-engaged') return true;
  return event.type.startsWith('ticket-') && 'ticket' in event.data && event.data.ticket === ticket;
}
