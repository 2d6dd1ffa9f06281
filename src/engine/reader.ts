/**
 * What a principal may read: what is its org's where a role says so, and otherwise its own. What it may not
 * is as if it were not there.
 */
import type { ApprovalCard } from '../approvals/index.ts';
import type { Principal } from '../identity/principal.ts';
import {
  compareText,
  everyOrg,
  permits,
  type PrincipalReference,
  type RecordsByKind,
  type SessionRecord,
  type TicketRecord,
} from '../kernel/index.ts';
import { type BudgetUsage, budgetUsage } from './budgets/report.ts';
import type { Core } from './core/core.ts';
import { type EventQuery, type LogEvent, limitOf, readEvents } from './store/feed.ts';
import { type KeyListed, keyListed } from './access/keys.ts';
import { orgOf } from './notifying/notification.ts';
import { reading, storedSession, storedTicket } from './store/store-read.ts';
import { assertCardOptions, type CardOptions, ticketCard } from './tickets/card.ts';
import { assertTicketQuery, listTickets, type TicketQuery } from './tickets/ticket-list.ts';
import { type GrantListed, listGrants } from './tickets/tickets.ts';

interface Owned {
  readonly org: string;
  readonly principal: string;
}

export class Reader {
  readonly #core: Core;
  readonly #principal: Principal;

  /** Use `ControlPlane.readAs`. */
  constructor(core: Core, principal: Principal) {
    this.#core = core;
    this.#principal = principal;
  }

  /** Whoever reads, as long as the credential is good. Throws as the kernel would refuse a command. */
  #by(): PrincipalReference {
    return this.#core.readerOf(this.#principal);
  }

  #readsOrg(by: PrincipalReference): boolean {
    return permits(this.#core.options.replica.cache, by, 'read-org');
  }

  #sees(by: PrincipalReference, { org, principal }: Owned): boolean {
    return org === by.org && (principal === by.id || this.#readsOrg(by));
  }

  async session(id: string): Promise<SessionRecord | undefined> {
    const by = this.#by();
    const session = await storedSession(this.#core.options.storage, id);
    return session !== undefined && this.#sees(by, session) ? session : undefined;
  }

  /** Tickets in any state or in one, oldest first. */
  async tickets(query: TicketQuery = {}): Promise<readonly TicketRecord[]> {
    const by = this.#by();
    assertTicketQuery(query);
    const { storage } = this.#core.options;
    const tickets = await reading(listTickets(storage, { ...query, org: by.org }));
    return tickets.filter((ticket) => this.#sees(by, ticket));
  }

  async ticket(id: string): Promise<TicketRecord | undefined> {
    const by = this.#by();
    const ticket = await storedTicket(this.#core.options.storage, id);
    return ticket !== undefined && this.#sees(by, ticket) ? ticket : undefined;
  }

  /** The approval card of a ticket. */
  async card(ticket: string, options: CardOptions = {}): Promise<ApprovalCard | undefined> {
    assertCardOptions(options);
    if ((await this.ticket(ticket)) === undefined) return undefined;
    const { now, options: core } = this.#core;
    return reading(ticketCard(core.storage, { ...options, ticket, now }));
  }

  grants(): readonly GrantListed[] {
    const by = this.#by();
    return listGrants(this.#core, by.org).filter((grant) => this.#sees(by, grant));
  }

  /** API keys: of the org, or the principal's own. */
  keys(): readonly KeyListed[] {
    const by = this.#by();
    return [...this.#core.options.replica.cache.live('key')]
      .filter((key) => this.#sees(by, key))
      .toSorted((left, right) => left.issuedAt - right.issuedAt || compareText(left.id, right.id))
      .map(keyListed);
  }

  /** Agents of the org and of the installation. */
  agents(): readonly RecordsByKind['agent'][] {
    const { org } = this.#by();
    return [...this.#core.options.replica.cache.live('agent')]
      .filter((agent) => agent.org === org || agent.org === everyOrg)
      .toSorted((left, right) => compareText(left.name, right.name));
  }

  /** The org's budget plans with what is used of them; nothing without the right to read the org. */
  async budgets(): Promise<readonly BudgetUsage[]> {
    const by = this.#by();
    if (!this.#readsOrg(by)) return [];
    const { now, options } = this.#core;
    return reading(budgetUsage(options.storage, by.org, now));
  }

  /** The log's entries that are the org's, or the principal's own, and those that concern every org. */
  async *events(query: EventQuery = {}): AsyncGenerator<LogEvent, void, undefined> {
    const by = this.#by();
    const { limit: _, ...rest } = query;
    let left = limitOf(query);
    for await (const event of readEvents(this.#core.options.storage, rest)) {
      if (left <= 0) return;
      if (!(await this.#seesEvent(by, event))) continue;
      yield event;
      left -= 1;
    }
  }

  async #seesEvent(by: PrincipalReference, event: LogEvent): Promise<boolean> {
    if (event.session !== undefined) {
      const session = await this.#sessionOf(event.session);
      return session !== undefined && this.#sees(by, session);
    }
    const isOwn = event.by.org === by.org && event.by.id === by.id;
    if (isOwn || installationEvents.has(event.type)) return true;
    if (!this.#readsOrg(by)) return false;
    const org = await orgOf(this.#core.options, placed(event));
    return org === by.org || (org === everyOrg && sharedEvents.has(event.type));
  }

  /** In memory where it is live: a log is long, and has few sessions at a time. */
  async #sessionOf(id: string): Promise<SessionRecord | undefined> {
    const { replica, storage } = this.#core.options;
    return replica.cache.peek('session', id) ?? (await storedSession(storage, id));
  }
}

/** What concerns every org alike. */
const installationEvents: ReadonlySet<string> = new Set([
  'tool-registered',
  'tool-quarantined',
  'tool-approved',
  'policy-activated',
  'prices-activated',
]);

/** What concerns every org where it names none; what the installation spends is the host's alone. */
const sharedEvents: ReadonlySet<string> = new Set([
  'agent-registered',
  'agent-transitioned',
  'change-proposed',
  'kill-engaged',
  'kill-released',
]);

function placed({ index, at, command, by, sequence, type, session, data }: LogEvent) {
  const event = { type, data, ...(session === undefined ? {} : { session }) };
  return { index, at, command, by, sequence, event } as Parameters<typeof orgOf>[1];
}
