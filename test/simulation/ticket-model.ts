/**
 * The auditor's model of tickets, by the log alone: who may decide one and until when, who is told of it, and
 * what an approval is used for.
 */
import type { LogModel } from './log-model.ts';
import { isControlPlane, type RawEntry } from './raw-entry.ts';

/** What an approval is bound to. */
const boundMembers = [
  'tool',
  'argumentsDigest',
  'definition',
  'policyVersion',
  'resource',
] as const;

interface Ticket {
  readonly entry: RawEntry;
  /** What it stands for: as it was asked, or as it was edited. */
  bound: Readonly<Record<string, unknown>>;
  state: string;
  expiresAt: number;
  isEscalated: boolean;
  remindedAt: number;
}

export class TicketModel {
  readonly #log: LogModel;
  readonly #tickets = new Map<string, Ticket>();

  constructor(log: LogModel) {
    this.#log = log;
  }

  /** Whether a ticket of a session waits for a decision. */
  isPendingIn(session: string): boolean {
    return [...this.#tickets.values()].some(
      ({ entry, state }) => entry.session === session && state === 'pending',
    );
  }

  stateOf(ticket: string): string | undefined {
    return this.#tickets.get(ticket)?.state;
  }

  add(entry: RawEntry): void {
    const { data, type } = entry;
    if (type === 'ticket-requested') return this.#requested(entry);
    const ticket = this.#tickets.get(data.ticket);
    if (ticket === undefined) return this.#log.object(entry, 'decides no ticket');
    switch (type) {
      case 'ticket-escalated':
      case 'ticket-reminded':
        return this.#told(entry, ticket);
      case 'ticket-expired':
        this.#demand(isOpen(ticket), entry, `expires a ticket that is ${ticket.state}`);
        this.#demand(entry.at >= ticket.expiresAt, entry, 'expires a ticket before its time');
        break;
      case 'ticket-cancelled':
        this.#cancelled(entry, ticket);
        break;
      default:
        this.#decided(entry, ticket);
    }
    if (type === 'ticket-endorsed') return;
    if (type === 'ticket-edited') {
      const { argumentsDigest, resource } = data;
      ticket.bound = { ...ticket.bound, argumentsDigest, resource };
      return;
    }
    ticket.state = type.slice('ticket-'.length);
    if (type === 'ticket-approved') ticket.expiresAt = data.expiresAt;
  }

  /** A call uses its approval up. */
  consume(entry: RawEntry): void {
    const { data } = entry;
    const ticket = this.#tickets.get(data.ticket);
    if (ticket === undefined) return this.#log.object(entry, 'uses no ticket');
    this.#demand(ticket.state === 'approved', entry, `uses a ticket that is ${ticket.state}`);
    this.#demand(entry.at < ticket.expiresAt, entry, 'uses an approval that is over');
    for (const member of boundMembers) {
      const same = ticket.bound[member] === data[member];
      this.#demand(same, entry, `uses an approval for another ${member}`);
    }
    this.#demand(ticket.entry.session === entry.session, entry, 'uses another session’s approval');
    const since = this.#log.killsOver(entry, ticket.entry.index, entry.index);
    this.#demand(since.length === 0, entry, `uses an approval that was killed: ${since.join()}`);
    ticket.state = 'consumed';
  }

  #requested(entry: RawEntry): void {
    const { ticket, expiresAt } = entry.data;
    this.#demand(!this.#tickets.has(ticket), entry, 'requests a ticket twice');
    const bound = { ...entry.data };
    const told = { isEscalated: false, remindedAt: entry.at };
    this.#tickets.set(ticket, { entry, bound, state: 'pending', expiresAt, ...told });
  }

  /** That others may decide, and that nobody has: the control plane says so, and each of them once. */
  #told(entry: RawEntry, ticket: Ticket): void {
    const { remindMs = Infinity, escalation } = ticket.entry.data;
    this.#demand(isControlPlane(entry), entry, 'is said by somebody');
    this.#demand(ticket.state === 'pending', entry, `is said of a ticket that is ${ticket.state}`);
    if (entry.type === 'ticket-reminded') {
      const isDue = entry.at >= ticket.remindedAt + remindMs;
      this.#demand(isDue, entry, 'reminds of a ticket before its time');
      ticket.remindedAt = entry.at;
      return;
    }
    const isDue = entry.at >= (escalation?.at ?? Infinity);
    this.#demand(isDue, entry, 'escalates a ticket before its time');
    this.#demand(!ticket.isEscalated, entry, 'escalates a ticket twice');
    ticket.isEscalated = true;
  }

  /** By the control plane only what is void: a kill switch covered it, or its session was aborted. */
  #cancelled(entry: RawEntry, ticket: Ticket): void {
    this.#demand(isOpen(ticket), entry, `cancels a ticket that is ${ticket.state}`);
    if (!isControlPlane(entry)) return;
    const kills = this.#log.killsOver(ticket.entry, ticket.entry.index, entry.index);
    const isAborted = this.#log.sessions.get(entry.session ?? '')?.status === 'aborted';
    this.#demand(kills.length > 0 || isAborted, entry, 'is cancelled though nothing made it void');
  }

  #decided(entry: RawEntry, ticket: Ticket): void {
    const { by, data } = entry;
    const asker = ticket.entry.by;
    this.#demand(ticket.state === 'pending', entry, `decides a ticket that is ${ticket.state}`);
    this.#demand(by.org === asker.org, entry, 'decides for another org');
    this.#demand(by.id !== asker.id, entry, 'decides its own ticket');
    const { approverRoles, escalation } = ticket.entry.data;
    const has = (roles: readonly string[]): boolean =>
      by.roles.some((role) => roles.includes(role));
    const isLate = escalation !== undefined && entry.at >= escalation.at;
    const may = has(approverRoles) || (isLate && has(escalation.roles));
    this.#demand(may, entry, 'decides without the role');
    this.#demand(entry.at < ticket.expiresAt, entry, 'decides a ticket that is over');
    const grants = data.grant !== undefined;
    this.#demand(!grants || has(approverRoles), entry, 'grants what it was only handed');
  }

  #demand(holds: boolean, entry: RawEntry, problem: string): void {
    this.#log.demand(holds, entry, problem);
  }
}

function isOpen({ state }: Ticket): boolean {
  return state === 'pending' || state === 'approved';
}
