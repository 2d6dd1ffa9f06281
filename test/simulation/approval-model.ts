/**
 * The auditor's model of approvals, by the log alone: who decided what, how many had to, what a call was
 * edited to, and what each grant was used for. It shares no code with the kernel.
 */
import { callKeys, lineKeys, scopeKey } from './covering-latches.ts';
import { covered } from './naive-scope.ts';
import { isControlPlane, type RawEntry, type RawGrantTerms } from './raw-entry.ts';
import type { RightsModel } from './rights-model.ts';

interface TicketModel {
  readonly asked: RawEntry;
  /** What the ticket stands for: as it was asked, or as it was edited. */
  digest: string;
  approvals: readonly string[];
}

interface GrantModel {
  readonly asked: RawEntry;
  readonly holder: string;
  readonly givers: readonly string[];
  readonly terms: RawGrantTerms;
  readonly index: number;
  used: number;
  readonly spent: Record<string, number>;
  isRevoked: boolean;
}

const risks = ['low', 'medium', 'high', 'critical'];

export class ApprovalModel {
  readonly #rights: RightsModel;
  readonly #tickets = new Map<string, TicketModel>();
  readonly #grants = new Map<string, GrantModel>();
  /** The grant that each permit has from. */
  readonly #grantOf = new Map<string, GrantModel>();
  readonly #kills: { readonly key: string; readonly index: number }[] = [];
  readonly #toolChanged = new Map<string, number>();

  /** Objections go to the model of rights, which MUST be given each entry first. */
  constructor(rights: RightsModel) {
    this.#rights = rights;
  }

  add(entry: RawEntry, callArguments?: unknown): void {
    const { data, type, index } = entry;
    switch (type) {
      case 'kill-engaged': {
        this.#kills.push({ key: scopeKey(data.scope), index });
        return;
      }
      case 'tool-registered':
        this.#toolChanged.set(data.name, index);
        return;
      case 'ticket-requested':
        this.#tickets.set(data.ticket, {
          asked: entry,
          digest: data.argumentsDigest,
          approvals: [],
        });
        return;
      case 'ticket-endorsed':
      case 'ticket-approved':
      case 'ticket-denied':
      case 'ticket-edited':
        return this.#decided(entry);
      case 'grant-revoked':
        return this.#revoked(entry);
      case 'action-decided':
        if (data.outcome === 'allow') this.#allowed(entry, callArguments);
        return;
      case 'permit-started': {
        const grant = this.#grantOf.get(data.permit);
        return this.#demand(grant?.isRevoked !== true, entry, 'starts under a revoked grant');
      }
    }
  }

  #decided(entry: RawEntry): void {
    const { data, type, by } = entry;
    const ticket = this.#tickets.get(data.ticket);
    if (ticket === undefined) return this.#rights.object(entry, 'decides no ticket');
    const askers = this.#rights.line(ticket.asked.session).map(({ by: { id } }) => id);
    this.#demand(!askers.includes(by.id), entry, 'is decided by who asks');
    this.#demand(ticket.asked.data.agentOwner !== by.id, entry, 'is decided by the agent’s owner');
    this.#demand(ticket.asked.by.org === by.org, entry, 'is decided by another org');
    this.#rights.count(type);
    if (type === 'ticket-denied') return;
    if (type === 'ticket-edited') {
      ticket.digest = data.argumentsDigest;
      ticket.approvals = [];
      return;
    }
    this.#demand(!ticket.approvals.includes(by.id), entry, 'counts somebody twice');
    ticket.approvals = [...ticket.approvals, by.id];
    const enough = ticket.approvals.length >= (ticket.asked.data.quorum ?? 1);
    const isLast = type === 'ticket-approved';
    this.#demand(enough === isLast, entry, `is approval ${ticket.approvals.length} of its ticket`);
    const given = data.grant as { holder: string; terms: RawGrantTerms } | undefined;
    if (!isLast || given === undefined) return;
    const { asked, approvals: givers } = ticket;
    const base = { asked, givers, ...given, index: entry.index, isRevoked: false };
    this.#grants.set(data.ticket, { ...base, used: 0, spent: {} });
    this.#rights.count('grant given');
  }

  #revoked(entry: RawEntry): void {
    const grant = this.#grants.get(String(entry.data.grant));
    if (grant === undefined) return this.#rights.object(entry, 'revokes no grant');
    this.#demand(!grant.isRevoked, entry, 'revokes a grant again');
    if (isControlPlane(entry)) {
      const [org, agent, id] = grant.holder.split('|');
      const whole = ['system', `org|${org}`, `agent|${org}|${agent}`, `principal|${org}|${id}`];
      if (grant.terms.sessionOnly === true) whole.push(`session|${org}|${grant.asked.session}`);
      const since = this.#kills.some(
        (kill) => kill.index > grant.index && whole.includes(kill.key),
      );
      this.#demand(since, entry, 'revokes a grant that no kill switch covers');
    }
    grant.isRevoked = true;
    this.#rights.count(entry.type);
  }

  #allowed(entry: RawEntry, callArguments: unknown): void {
    const { data } = entry;
    if (data.consumed) {
      const ticket = this.#tickets.get(data.ticket);
      this.#demand(ticket?.digest === data.argumentsDigest, entry, 'is not what was approved');
      const { credential } = ticket?.asked.data ?? {};
      this.#demand(!this.#rights.isRevoked(credential), entry, 'was asked for with a revoked key');
    }
    const used = data.grant as { id: string; cost: Readonly<Record<string, number>> } | undefined;
    if (used === undefined) return;
    const grant = this.#grants.get(used.id);
    if (grant === undefined) return this.#rights.object(entry, 'uses no grant');
    this.#grantOf.set(data.decision, grant);
    this.#covers(entry, grant, callArguments);
    this.#counts(entry, grant, used.cost);
    this.#rights.count('grant used');
  }

  #covers(entry: RawEntry, grant: GrantModel, known: unknown): void {
    const { asked, holder, givers, terms, index, isRevoked } = grant;
    const { data } = entry;
    const line = this.#rights.line(entry.session);
    const [own] = line;
    const theirs = `${own?.by.org}|${own?.data.agent}|${own?.by.id}`;
    this.#demand(holder === theirs, entry, 'uses another’s grant');
    const isOwn = line.some(({ by }) => givers.includes(by.id));
    this.#demand(!isOwn, entry, 'uses a grant for who gave it');
    this.#demand(!isRevoked, entry, 'uses a revoked grant');
    this.#demand(entry.at < terms.expiresAt, entry, 'uses a grant that is over');
    this.#demand(covered(terms, data, known), entry, 'uses a grant for something else');
    const elsewhere = terms.sessionOnly === true && asked.session !== entry.session;
    this.#demand(!elsewhere, entry, 'uses another session’s grant');
    const isWithin = risks.indexOf(data.risk) <= risks.indexOf(asked.data.risk);
    this.#demand(isWithin, entry, 'uses a grant for something riskier');
    const { credential } = asked.data;
    this.#demand(!this.#rights.isRevoked(credential), entry, 'uses a grant of a revoked key');
    const changed = this.#toolChanged.get(data.tool) ?? Infinity;
    this.#demand(changed < index, entry, 'uses a grant for a tool that changed');
    const keys = new Set([...lineKeys(line), ...callKeys(data, line[0]?.by.org ?? '')]);
    const since = this.#kills.filter((kill) => kill.index > index && keys.has(kill.key));
    this.#demand(since.length === 0, entry, `uses a grant that ${since[0]?.key} voided`);
  }

  #counts(entry: RawEntry, grant: GrantModel, cost: Readonly<Record<string, number>>): void {
    const { terms, spent } = grant;
    grant.used += 1;
    this.#demand(grant.used <= terms.uses, entry, `is use ${grant.used} of ${terms.uses}`);
    for (const { unit, amount } of entry.data.reservations) {
      const told = cost[unit] ?? amount;
      this.#demand(told === amount, entry, `counts less ${unit} than it reserves`);
    }
    for (const [unit, amount] of Object.entries(cost)) spent[unit] = (spent[unit] ?? 0) + amount;
    for (const [unit, most] of Object.entries(terms.cost)) {
      this.#demand((spent[unit] ?? 0) <= most, entry, `takes its grant beyond ${most} ${unit}`);
    }
  }

  #demand(holds: boolean, entry: RawEntry, problem: string): void {
    this.#rights.demand(holds, entry, problem);
  }
}
