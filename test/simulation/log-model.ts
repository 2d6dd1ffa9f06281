/**
 * The auditor's model of a log: what must hold at every prefix, by arithmetic of its own. It shares
 * no code with the kernel: it reads the raw entries and objects to what cannot be. Money is in its ledger.
 */
import { callKeys, lineKeys, scopeKey } from './covering-latches.ts';
import { Ledger } from './ledger.ts';
import type { RawEntry, RawPolicy } from './raw-entry.ts';
import { TicketModel } from './ticket-model.ts';

interface PermitModel {
  readonly entry: RawEntry;
  state: 'issued' | 'started' | 'resolved';
  startedIndex: number;
  resolvedIndex: number;
  expiresAt: number;
  usage: Readonly<Record<string, number>>;
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
  readonly ledger = new Ledger((entry, problem) => this.object(entry, problem));
  readonly permits = new Map<string, PermitModel>();
  readonly tickets = new TicketModel(this);
  readonly sessions = new Map<string, SessionModel>();
  /** Every engagement of a latch, with the index of its release. */
  readonly kills: { readonly key: string; readonly index: number; releasedAt: number }[] = [];
  /** Entries that keep the answer for an idempotency key. */
  readonly answers = new Map<string, RawEntry[]>();
  readonly rejections: RawEntry[] = [];
  /** The policy that is active, and since when. */
  policy: RawPolicy = { version: 0 };
  policyAt = 0;

  add(entry: RawEntry): void {
    const before = this.entries.at(-1);
    this.demand(entry.index === this.entries.length, entry, 'stands at the wrong index');
    this.demand(before === undefined || entry.at >= before.at, entry, 'is older than the last');
    this.entries.push(entry);
    if (entry.session !== undefined && entry.type !== 'session-opened') this.#inSession(entry);
    const key = entry.data.idempotency?.key;
    if (key !== undefined) this.#answer(key, entry);
    this.#byType(entry);
  }

  /** The kills in force, or engaged after `since`, that cover a permit at `index`. */
  killsOver(permit: RawEntry, since: number, until: number): readonly string[] {
    const keys = new Set(this.latchKeys(permit));
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
        this.demand(
          data.document.version > this.policy.version,
          entry,
          'goes back to an old policy',
        );
        this.policy = data.document;
        this.policyAt = entry.at;
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
      case 'usage-late':
        return this.#late(entry);
      case 'budget-set':
        return this.ledger.setPlan(entry);
      case 'budget-closed':
        return this.ledger.closePlan(entry);
      case 'budget-frozen':
      case 'budget-overrun':
      case 'budget-warned':
      case 'budget-exhausted':
        return this.ledger.notice(entry);
      default:
        if (entry.type.startsWith('ticket-')) this.tickets.add(entry);
    }
  }

  #inSession(entry: RawEntry): void {
    const session = this.sessions.get(entry.session ?? '');
    if (session === undefined) return this.object(entry, 'belongs to no session');
    session.sequence += 1;
    this.demand(entry.sequence === session.sequence, entry, 'breaks its session’s sequence');
  }

  #answer(key: string, entry: RawEntry): void {
    const earlier = this.answers.get(key) ?? [];
    this.answers.set(key, [...earlier, entry]);
    const [first] = earlier;
    if (first === undefined) return;
    const same = first.data.idempotency?.fingerprint === entry.data.idempotency?.fingerprint;
    this.demand(same, entry, `answers key ${key} for another payload`);
    // What waits for an approver or a second principal goes on under its key, and a kill that was
    // released since kills again.
    const last = earlier.at(-1);
    const waited =
      this.#decisionOf(last)?.data.outcome === 'require-approval' ||
      (last?.type === 'command-rejected' && last.data.rejection.code === 'second-principal-needed');
    const kill = last?.type === 'kill-engaged' && entry.type === 'kill-engaged';
    this.demand(waited || kill, entry, `answers key ${key} a second time`);
  }

  /** The decision that a keyed authorization led to; its ticket may be the last entry. */
  #decisionOf(entry: RawEntry | undefined): RawEntry | undefined {
    return this.entries.find(
      (each) => each.type === 'action-decided' && each.command === entry?.command,
    );
  }

  #open(entry: RawEntry): void {
    const { session, active, ancestors = [] } = entry.data;
    this.demand(!this.sessions.has(session), entry, 'opens a session twice');
    this.demand(entry.sequence === 1, entry, 'does not begin its session’s sequence');
    const status = active ? 'active' : 'created';
    this.sessions.set(session, { opened: entry, status, sequence: 1, abortedIndex: Infinity });
    this.ledger.openSession(entry);
    for (const above of ancestors) this.#active(entry, above, 'opens');
    const keys = lineKeys([entry, ...this.#opened(ancestors)]);
    this.demand(this.#engaged(keys) === undefined, entry, 'opens under a kill');
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
    if (session === undefined || move === undefined) return this.object(entry, 'goes nowhere');
    this.demand(move[0].includes(session.status), entry, `leaves ${session.status}`);
    session.status = move[1];
    if (move[1] === 'aborted') session.abortedIndex = entry.index;
  }

  #decide(entry: RawEntry): void {
    const { data } = entry;
    const session = this.sessions.get(entry.session ?? '');
    if (session === undefined) return this.object(entry, 'decides in no session');
    if (data.outcome !== 'allow') {
      this.demand(data.permit === 'none', entry, 'gives a permit without an allow');
      this.demand(data.reservations.length === 0, entry, 'reserves without an allow');
      return;
    }
    for (const each of this.line(entry)) this.#active(entry, each, 'allows');
    const live = session.opened.data.mode === 'live';
    this.demand(data.permit === 'none' || live, entry, 'gives a permit in a dry run');
    if (data.consumed) this.tickets.consume(entry);
    if (data.tool === 'wire' && live) {
      const isWaived = data.consumed || data.grant !== undefined;
      this.demand(isWaived, entry, 'wires without an approval');
    }
    this.demand(data.tool !== 'erase', entry, 'allows what is blocked');
    const latch = this.#engaged(this.latchKeys(entry));
    this.demand(latch === undefined, entry, `allows under the kill ${latch}`);
    if (data.permit === 'none') return;
    this.#reserve(entry);
  }

  #reserve(entry: RawEntry): void {
    const { data } = entry;
    this.ledger.reserve(entry);
    this.demand(!this.permits.has(data.decision), entry, 'gives a permit twice');
    this.permits.set(data.decision, {
      entry,
      state: data.permit === 'started' ? 'started' : 'issued',
      startedIndex: data.permit === 'started' ? entry.index : Infinity,
      resolvedIndex: Infinity,
      expiresAt: data.expiresAt,
      usage: {},
    });
  }

  #start(entry: RawEntry): void {
    const permit = this.permits.get(entry.data.permit);
    if (permit === undefined) return this.object(entry, 'starts no permit');
    this.demand(permit.state === 'issued', entry, `starts a permit that is ${permit.state}`);
    this.demand(entry.at < permit.expiresAt, entry, 'starts a permit that is over');
    for (const each of this.line(entry)) this.#active(entry, each, 'starts');
    const latch = this.#engaged(this.latchKeys(permit.entry));
    this.demand(latch === undefined, entry, `starts under the kill ${latch}`);
    const since = this.killsOver(permit.entry, permit.entry.index, entry.index);
    this.demand(since.length === 0, entry, `starts what was killed: ${since.join()}`);
    this.demand(
      permit.entry.data.policyVersion === this.policy.version,
      entry,
      'starts an old verdict',
    );
    permit.state = 'started';
    permit.startedIndex = entry.index;
    this.ledger.start(entry);
    permit.expiresAt = entry.data.expiresAt;
  }

  #resolve(entry: RawEntry): void {
    const { data, type } = entry;
    const permit = this.permits.get(data.permit);
    if (permit === undefined) return this.object(entry, 'resolves no permit');
    const ran = type === 'permit-settled' || (type === 'permit-expired' && data.started);
    const expected = ran ? 'started' : 'issued';
    this.demand(permit.state === expected, entry, `resolves a permit that is ${permit.state}`);
    if (type === 'permit-expired') {
      this.demand(entry.at >= permit.expiresAt, entry, 'expires a permit before its time');
    }
    permit.state = 'resolved';
    permit.resolvedIndex = entry.index;
    permit.usage = data.usage ?? {};
    const told = data.resolved.every(
      ({ unit, used }) => type === 'permit-voided' || (data.usage?.[unit] ?? 0) === used,
    );
    this.demand(told, entry, 'charges its budgets another usage than it tells');
    this.ledger.resolve(entry);
  }

  #late(entry: RawEntry): void {
    const permit = this.permits.get(entry.data.permit);
    const resolved = this.entries[permit?.resolvedIndex ?? -1];
    const isGivenUp = resolved?.type === 'permit-expired' && resolved.data.started;
    if (permit === undefined || !isGivenUp) return this.object(entry, 'comes late for no permit');
    const { usage: told = {}, posted = {} } = entry.data;
    const charged = permit.usage;
    for (const unit of new Set([...Object.keys(charged), ...Object.keys(told)])) {
      const most = Math.max(charged[unit] ?? 0, told[unit] ?? 0);
      this.demand(posted[unit] === most, entry, `posts another amount of ${unit} than was charged`);
    }
    permit.usage = posted;
    this.ledger.late(entry);
  }

  /** The session of an entry, and those that it works on behalf of. */
  line(entry: RawEntry): readonly string[] {
    const session = entry.session ?? '';
    return [session, ...(this.sessions.get(session)?.opened.data.ancestors ?? [])];
  }

  #active(entry: RawEntry, session: string, does: string): void {
    const status = this.sessions.get(session)?.status;
    this.demand(status === 'active', entry, `${does} in a session ${status}`);
  }

  /** Every latch that covers a call. */
  latchKeys(decided: RawEntry): readonly string[] {
    const line = this.#opened(this.line(decided));
    return [...lineKeys(line), ...callKeys(decided.data, line[0]?.by.org ?? '')];
  }

  #opened(ids: readonly string[]): readonly RawEntry[] {
    return ids.flatMap((id) => this.sessions.get(id)?.opened ?? []);
  }

  #engaged(keys: readonly string[]): string | undefined {
    return this.kills.find(({ key, releasedAt }) => releasedAt === Infinity && keys.includes(key))
      ?.key;
  }

  demand(holds: boolean, entry: RawEntry, problem: string): void {
    if (!holds) this.object(entry, problem);
  }

  object(entry: RawEntry, problem: string): void {
    this.problems.push(`entry ${entry.index} (${entry.type}) ${problem}`);
  }
}
