/**
 * The auditor's model of a log: what must hold at every prefix, by arithmetic of its own. It shares
 * no code with the kernel: it reads the raw entries and objects to what cannot be.
 */
import type { RawEntry } from './raw-entry.ts';

/** What an approval is bound to. */
const boundMembers = [
  'tool',
  'argumentsDigest',
  'definition',
  'policyVersion',
  'resource',
] as const;

interface Account {
  readonly limit: number;
  reserved: number;
  posted: number;
  overrun: number;
  frozen: boolean;
}

interface PermitModel {
  readonly entry: RawEntry;
  readonly held: Map<string, number>;
  state: 'issued' | 'started' | 'resolved';
  startedIndex: number;
  resolvedIndex: number;
  expiresAt: number;
  usage: Readonly<Record<string, number>>;
}

interface TicketModel {
  readonly entry: RawEntry;
  state: string;
  expiresAt: number;
}

export interface SessionModel {
  readonly opened: RawEntry;
  status: string;
  sequence: number;
  abortedIndex: number;
}

export class LogModel {
  readonly problems: string[] = [];
  readonly entries: RawEntry[] = [];
  readonly accounts = new Map<string, Account>();
  readonly permits = new Map<string, PermitModel>();
  readonly tickets = new Map<string, TicketModel>();
  readonly sessions = new Map<string, SessionModel>();
  /** Every engagement of a latch, with the index of its release. */
  readonly kills: { readonly key: string; readonly index: number; releasedAt: number }[] = [];
  /** Entries that keep the answer for an idempotency key. */
  readonly answers = new Map<string, RawEntry[]>();
  readonly rejections: RawEntry[] = [];
  #version = 0;

  add(entry: RawEntry): void {
    const before = this.entries.at(-1);
    this.#demand(entry.index === this.entries.length, entry, 'stands at the wrong index');
    this.#demand(before === undefined || entry.at >= before.at, entry, 'is older than the last');
    this.entries.push(entry);
    if (entry.session !== undefined && entry.type !== 'session-opened') this.#inSession(entry);
    const key = entry.data.idempotency?.key;
    if (key !== undefined) this.#answer(key, entry);
    this.#byType(entry);
  }

  /** The kills in force, or engaged after `since`, that cover a permit at `index`. */
  killsOver(permit: RawEntry, since: number, until: number): readonly string[] {
    const keys = new Set(this.#latchKeys(permit));
    return this.kills
      .filter(({ key, index }) => keys.has(key) && index > since && index < until)
      .map(({ key }) => key);
  }

  #byType(entry: RawEntry): void {
    const { data, index } = entry;
    switch (entry.type) {
      case 'session-opened':
        return this.#open(entry);
      case 'session-transitioned':
        return this.#transition(entry);
      case 'policy-activated':
        this.#demand(data.document.version > this.#version, entry, 'goes back to an old policy');
        this.#version = data.document.version;
        return;
      case 'action-decided':
        return this.#decide(entry);
      case 'permit-started':
        return this.#start(entry);
      case 'permit-settled':
      case 'permit-voided':
      case 'permit-expired':
        return this.#resolve(entry);
      case 'kill-engaged':
        this.kills.push({ key: scopeKey(data.scope), index, releasedAt: Infinity });
        return;
      case 'kill-released':
        for (const kill of this.kills) {
          if (kill.key === scopeKey(data.scope)) kill.releasedAt = Math.min(kill.releasedAt, index);
        }
        return;
      case 'command-rejected':
        this.rejections.push(entry);
        return;
      case 'budget-frozen': {
        const account = this.accounts.get(data.budget as string);
        this.#demand(account?.frozen === true, entry, 'freezes a budget without an overrun');
        return;
      }
      default:
        if (entry.type.startsWith('ticket-')) this.#ticket(entry);
    }
  }

  #inSession(entry: RawEntry): void {
    const session = this.sessions.get(entry.session ?? '');
    if (session === undefined) return this.#object(entry, 'belongs to no session');
    session.sequence += 1;
    this.#demand(entry.sequence === session.sequence, entry, 'breaks its session’s sequence');
  }

  #answer(key: string, entry: RawEntry): void {
    const earlier = this.answers.get(key) ?? [];
    this.answers.set(key, [...earlier, entry]);
    const [first] = earlier;
    if (first === undefined) return;
    const same = first.data.idempotency?.fingerprint === entry.data.idempotency?.fingerprint;
    this.#demand(same, entry, `answers key ${key} for another payload`);
    // Only a call that waits for approval, and a kill that was released since, go on under one key.
    const last = earlier.at(-1);
    const waited = this.#decisionOf(last)?.data.outcome === 'require-approval';
    const kill = last?.type === 'kill-engaged' && entry.type === 'kill-engaged';
    this.#demand(waited || kill, entry, `answers key ${key} a second time`);
  }

  /** The decision that a keyed authorization led to; its ticket may be the last entry. */
  #decisionOf(entry: RawEntry | undefined): RawEntry | undefined {
    return this.entries.find(
      (each) => each.type === 'action-decided' && each.command === entry?.command,
    );
  }

  #open(entry: RawEntry): void {
    const { session, budget, active } = entry.data;
    this.#demand(!this.sessions.has(session), entry, 'opens a session twice');
    this.#demand(entry.sequence === 1, entry, 'does not begin its session’s sequence');
    const status = active ? 'active' : 'created';
    this.sessions.set(session, { opened: entry, status, sequence: 1, abortedIndex: Infinity });
    for (const [unit, limit] of Object.entries(budget as Readonly<Record<string, number>>)) {
      const account = { limit, reserved: 0, posted: 0, overrun: 0, frozen: false };
      this.accounts.set(`session:${session}|${unit}`, account);
    }
    const subject = { org: entry.by.org, principal: entry.by.id, agent: entry.data.agent };
    this.#demand(this.#engaged(subjectKeys(subject)) === undefined, entry, 'opens under a kill');
  }

  #transition(entry: RawEntry): void {
    const session = this.sessions.get(entry.session ?? '');
    const moves: Readonly<Record<string, readonly [from: readonly string[], to: string]>> = {
      activate: [['created'], 'active'],
      pause: [['active'], 'paused'],
      resume: [['paused'], 'active'],
      complete: [['active', 'paused'], 'completed'],
      abort: [['created', 'active', 'paused'], 'aborted'],
    };
    const move = moves[entry.data.transition];
    if (session === undefined || move === undefined) return this.#object(entry, 'goes nowhere');
    this.#demand(move[0].includes(session.status), entry, `leaves ${session.status}`);
    session.status = move[1];
    if (move[1] === 'aborted') session.abortedIndex = entry.index;
  }

  #decide(entry: RawEntry): void {
    const { data } = entry;
    const session = this.sessions.get(entry.session ?? '');
    if (session === undefined) return this.#object(entry, 'decides in no session');
    if (data.outcome !== 'allow') {
      this.#demand(data.permit === 'none', entry, 'gives a permit without an allow');
      this.#demand(data.reservations.length === 0, entry, 'reserves without an allow');
      return;
    }
    this.#demand(session.status === 'active', entry, `allows in a session ${session.status}`);
    const live = session.opened.data.mode === 'live';
    this.#demand(data.permit === 'none' || live, entry, 'gives a permit in a dry run');
    if (data.consumed) this.#consume(entry);
    if (data.tool === 'wire' && live) {
      this.#demand(data.consumed, entry, 'wires without an approval');
    }
    this.#demand(data.tool !== 'erase', entry, 'allows what is blocked');
    const latch = this.#engaged(this.#latchKeys(entry));
    this.#demand(latch === undefined, entry, `allows under the kill ${latch}`);
    if (data.permit === 'none') return;
    this.#reserve(entry);
  }

  #reserve(entry: RawEntry): void {
    const { data } = entry;
    const held = new Map<string, number>();
    for (const { budget, amount } of data.reservations) {
      const account = this.accounts.get(budget);
      if (account === undefined) {
        this.#object(entry, `reserves in no account ${budget}`);
        continue;
      }
      this.#demand(!account.frozen, entry, `reserves in the frozen ${budget}`);
      account.reserved += amount;
      held.set(budget, amount);
      this.#within(account, entry, budget);
    }
    for (const budget of this.accounts.keys()) {
      if (!budget.startsWith(`session:${entry.session}|`)) continue;
      this.#demand(held.has(budget), entry, `passes by the budget ${budget}`);
    }
    this.#demand(!this.permits.has(data.decision), entry, 'gives a permit twice');
    this.permits.set(data.decision, {
      entry,
      held,
      state: data.permit === 'started' ? 'started' : 'issued',
      startedIndex: data.permit === 'started' ? entry.index : Infinity,
      resolvedIndex: Infinity,
      expiresAt: data.expiresAt,
      usage: {},
    });
  }

  #start(entry: RawEntry): void {
    const permit = this.permits.get(entry.data.permit);
    if (permit === undefined) return this.#object(entry, 'starts no permit');
    this.#demand(permit.state === 'issued', entry, `starts a permit that is ${permit.state}`);
    this.#demand(entry.at < permit.expiresAt, entry, 'starts a permit that is over');
    const status = this.sessions.get(entry.session ?? '')?.status;
    this.#demand(status === 'active', entry, `starts in a session ${status}`);
    const latch = this.#engaged(this.#latchKeys(permit.entry));
    this.#demand(latch === undefined, entry, `starts under the kill ${latch}`);
    const since = this.killsOver(permit.entry, permit.entry.index, entry.index);
    this.#demand(since.length === 0, entry, `starts what was killed: ${since.join()}`);
    this.#demand(permit.entry.data.policyVersion === this.#version, entry, 'starts an old verdict');
    permit.state = 'started';
    permit.startedIndex = entry.index;
    permit.expiresAt = entry.data.expiresAt;
  }

  #resolve(entry: RawEntry): void {
    const { data, type } = entry;
    const permit = this.permits.get(data.permit);
    if (permit === undefined) return this.#object(entry, 'resolves no permit');
    const ran = type === 'permit-settled' || (type === 'permit-expired' && data.started);
    const expected = ran ? 'started' : 'issued';
    this.#demand(permit.state === expected, entry, `resolves a permit that is ${permit.state}`);
    if (type === 'permit-expired') {
      this.#demand(entry.at >= permit.expiresAt, entry, 'expires a permit before its time');
    }
    permit.state = 'resolved';
    permit.resolvedIndex = entry.index;
    permit.usage = data.usage ?? {};
    const left = new Map(permit.held);
    for (const { budget, amount, used } of data.resolved) {
      this.#demand(left.get(budget) === amount, entry, `resolves what was not held in ${budget}`);
      left.delete(budget);
      this.#demand(ran || used === 0, entry, 'charges what never ran');
      const account = this.accounts.get(budget);
      if (account === undefined) continue;
      account.reserved -= amount;
      account.posted += used;
      account.overrun += Math.max(0, used - amount);
      account.frozen ||= used > amount;
      this.#within(account, entry, budget);
    }
    this.#demand(left.size === 0, entry, 'leaves a reservation behind');
  }

  #within(account: Account, entry: RawEntry, budget: string): void {
    const { limit, reserved, posted, overrun } = account;
    this.#demand(reserved >= 0 && posted >= 0, entry, `makes ${budget} negative`);
    const fits = posted + reserved <= limit + overrun;
    this.#demand(fits, entry, `overspends ${budget}: ${posted} + ${reserved} of ${limit}`);
  }

  #ticket(entry: RawEntry): void {
    const { data, type, by } = entry;
    if (type === 'ticket-requested') {
      this.#demand(!this.tickets.has(data.ticket), entry, 'requests a ticket twice');
      this.tickets.set(data.ticket, { entry, state: 'pending', expiresAt: data.expiresAt });
      return;
    }
    const ticket = this.tickets.get(data.ticket);
    if (ticket === undefined) return this.#object(entry, 'decides no ticket');
    const open = ['pending', 'approved'].includes(ticket.state);
    const pending = ticket.state === 'pending';
    if (type === 'ticket-expired') {
      this.#demand(open && entry.at >= ticket.expiresAt, entry, 'expires a ticket before its time');
    } else if (type === 'ticket-cancelled') {
      this.#demand(open, entry, `cancels a ticket that is ${ticket.state}`);
    } else {
      const asker = ticket.entry.by;
      this.#demand(pending, entry, `decides a ticket that is ${ticket.state}`);
      this.#demand(by.org === asker.org, entry, 'decides for another org');
      this.#demand(by.id !== asker.id, entry, 'decides its own ticket');
      const may = by.roles.some((role) => ticket.entry.data.approverRoles.includes(role));
      this.#demand(may, entry, 'decides without the role');
      this.#demand(entry.at < ticket.expiresAt, entry, 'decides a ticket that is over');
    }
    ticket.state = type.slice('ticket-'.length);
    if (type === 'ticket-approved') ticket.expiresAt = data.expiresAt;
  }

  #consume(entry: RawEntry): void {
    const { data } = entry;
    const ticket = this.tickets.get(data.ticket);
    if (ticket === undefined) return this.#object(entry, 'uses no ticket');
    this.#demand(ticket.state === 'approved', entry, `uses a ticket that is ${ticket.state}`);
    this.#demand(entry.at < ticket.expiresAt, entry, 'uses an approval that is over');
    for (const member of boundMembers) {
      const same = ticket.entry.data[member] === data[member];
      this.#demand(same, entry, `uses an approval for another ${member}`);
    }
    this.#demand(ticket.entry.session === entry.session, entry, 'uses another session’s approval');
    const since = this.killsOver(entry, ticket.entry.index, entry.index);
    this.#demand(since.length === 0, entry, `uses an approval that was killed: ${since.join()}`);
    ticket.state = 'consumed';
  }

  #latchKeys(decided: RawEntry): readonly string[] {
    const session = this.sessions.get(decided.session ?? '')?.opened;
    if (session === undefined) return [];
    const { tool, action } = decided.data;
    const { org, id: principal } = session.by;
    return [
      ...subjectKeys({ org, principal, agent: session.data.agent }),
      `session|${org}|${decided.session}`,
      `action|${org}|${action}`,
      `tool|${org}|${tool}`,
    ];
  }

  #engaged(keys: readonly string[]): string | undefined {
    return this.kills.find(({ key, releasedAt }) => releasedAt === Infinity && keys.includes(key))
      ?.key;
  }

  #demand(holds: boolean, entry: RawEntry, problem: string): void {
    if (!holds) this.#object(entry, problem);
  }

  #object(entry: RawEntry, problem: string): void {
    this.problems.push(`entry ${entry.index} (${entry.type}) ${problem}`);
  }
}

function subjectKeys(subject: { org: string; principal: string; agent: string }): string[] {
  const { org, principal, agent } = subject;
  return ['system', `org|${org}`, `principal|${org}|${principal}`, `agent|${org}|${agent}`];
}

function scopeKey(scope: Readonly<Record<string, string>>): string {
  const parts = [scope['kind'], scope['org'], scope['id'] ?? scope['name']];
  return parts.filter((part) => part !== undefined).join('|');
}
