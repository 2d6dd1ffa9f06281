/**
 * A simple model of a governed shop: what each request is answered, from plain objects and
 * arithmetic. It knows nothing of logs, batches or records. Amounts are micro-USD; times are
 * milliseconds.
 */

export interface ModelSession {
  status: 'active' | 'paused' | 'completed' | 'aborted';
  readonly number: number;
  readonly limit: { readonly actions: number; readonly usd: number };
  readonly reserved: { actions: number; usd: number };
  readonly posted: { actions: number; usd: number };
  frozen: boolean;
  overrun: number;
  /** `ours` where the handle in use took it; it lasts longer than any script. */
  lease: 'none' | 'ours' | 'another’s';
}

/** One budget that all sessions spend from, once there is a plan for it. */
export interface ModelPurse {
  limit: number;
  /** The limit when something was last reserved, or froze it. */
  seen: number;
  reserved: number;
  posted: number;
  overrun: number;
  frozen: boolean;
}

export interface ModelPermit {
  /** Whether there was a purse when it was issued. */
  readonly fromPurse: boolean;
  readonly session: ModelSession;
  readonly tool: 'pay' | 'refund';
  readonly amount: number;
  readonly seq: number;
  readonly version: number;
  state: 'issued' | 'started' | 'resolved';
  posted: Readonly<Record<string, number>>;
  outcome: string;
  expiresAt: number;
  /** Given up and charged in full: what it had used may still be told, once. */
  isAwaited: boolean;
}

export interface ModelTicket {
  readonly session: ModelSession;
  readonly amount: number;
  readonly seq: number;
  readonly version: number;
  readonly requestedAt: number;
  status: 'pending' | 'approved' | 'denied' | 'cancelled' | 'expired' | 'consumed';
  expiresAt: number;
}

interface ModelLatch {
  engaged: boolean;
  seq: number;
}

const permitStartMs = 60_000;
export const runTimeoutMs = 25_000;
export const ticketTimeoutMs = 40_000;
export const heartbeatMs = 100_000;

export interface Answer {
  readonly outcome: string;
  readonly code: string;
  readonly permit?: ModelPermit;
  readonly ticket?: ModelTicket;
}

export class ShopModel {
  readonly sessions: ModelSession[] = [];
  readonly permits: ModelPermit[] = [];
  readonly tickets: ModelTicket[] = [];
  readonly latches = new Map<string, ModelLatch>();
  purse: ModelPurse | undefined;
  version = 1;
  wall = 0;
  /** Time of the last entry: the log never goes back. */
  #at = 0;
  #seq = 0;
  #policyAt = 0;
  #heartbeat: { readonly at: number; lapsed: boolean } | undefined;

  /** Begins a command; returns the log's time at which it is decided. */
  begin(writes = true): number {
    this.#seq += 1;
    const now = Math.max(this.#at, this.wall);
    if (writes) this.#at = now;
    return now;
  }

  killed(session: ModelSession, tool?: string): boolean {
    return this.#covering(session, tool).some((latch) => latch.engaged);
  }

  open(limit: ModelSession['limit']): string {
    this.begin();
    const latch = this.latches.get('org');
    if (latch?.engaged === true) return 'killed';
    this.sessions.push({
      status: 'active',
      number: this.sessions.length,
      limit,
      reserved: { actions: 0, usd: 0 },
      posted: { actions: 0, usd: 0 },
      frozen: false,
      overrun: 0,
      lease: 'none',
    });
    return 'resolved';
  }

  setPurse(limit: number): void {
    this.begin(this.purse?.limit !== limit);
    const empty = { seen: limit, reserved: 0, posted: 0, overrun: 0, frozen: false };
    this.purse = { ...(this.purse ?? empty), limit };
  }

  transition(session: ModelSession, name: 'pause' | 'resume' | 'complete' | 'abort'): string {
    this.begin();
    const { status } = session;
    const legal = { pause: ['active'], resume: ['paused'] }[name as 'pause' | 'resume'];
    if (!(legal ?? ['active', 'paused']).includes(status)) return 'transition-illegal';
    if (name === 'resume' && this.killed(session)) return 'killed';
    const next = { pause: 'paused', resume: 'active', complete: 'completed', abort: 'aborted' };
    session.status = next[name] as ModelSession['status'];
    if (session.status === 'completed' || session.status === 'aborted') {
      for (const ticket of this.tickets) {
        if (ticket.session === session && ticket.status === 'pending') ticket.status = 'cancelled';
      }
    }
    return 'resolved';
  }

  authorize(
    session: ModelSession,
    tool: 'pay' | 'refund' | 'erase',
    amount: number,
    later: boolean,
  ): Answer {
    const now = this.begin();
    const deny = (code: string): Answer => ({ outcome: 'deny', code });
    if (session.status !== 'active') return deny('session-not-active');
    if (session.lease === 'another’s') return deny('lease-lost');
    if (this.killed(session, tool)) return deny('killed');
    if (now >= this.#presentUntil()) return deny('operator-absent');
    if (tool === 'erase') return deny('policy-denied');
    const ticket = tool === 'refund' ? this.#bound(session, amount, now) : undefined;
    if (ticket?.status === 'denied') return deny('approval-denied');
    const { limit, reserved, posted } = session;
    if (reserved.actions + posted.actions + 1 > limit.actions) return deny('budget-exceeded');
    if (session.frozen) return deny('budget-frozen');
    if (amount > Math.max(0, limit.usd - reserved.usd - posted.usd)) {
      return deny('budget-exceeded');
    }
    const short = this.#purseRefuses(amount);
    if (short !== undefined) return deny(short);
    // Refunds are locked, and all of them are of one resource.
    if (tool === 'refund' && this.permits.some(isOpenRefund)) return deny('resource-locked');
    if (tool === 'refund' && ticket?.status !== 'approved') {
      const asked = ticket ?? this.#ask(session, amount, now);
      return { outcome: 'require-approval', code: 'approval-required', ticket: asked };
    }
    if (ticket !== undefined) ticket.status = 'consumed';
    reserved.actions += 1;
    reserved.usd += amount;
    if (this.purse !== undefined) {
      const { limit: seen, seen: before, frozen } = this.purse;
      this.purse.frozen = frozen && seen <= before;
      this.purse.seen = seen;
      this.purse.reserved += amount;
    }
    const permit: ModelPermit = {
      fromPurse: this.purse !== undefined,
      session,
      tool,
      amount,
      seq: this.#seq,
      version: this.version,
      state: later ? 'issued' : 'started',
      posted: {},
      outcome: '',
      isAwaited: false,
      expiresAt: now + (later ? permitStartMs : runTimeoutMs),
    };
    this.permits.push(permit);
    return { outcome: 'allow', code: 'allowed', permit };
  }

  #purseRefuses(amount: number): string | undefined {
    if (this.purse === undefined) return undefined;
    const { limit, seen, reserved, posted, frozen } = this.purse;
    if (frozen && limit <= seen) return 'budget-frozen';
    return amount > Math.max(0, limit - reserved - posted) ? 'budget-exceeded' : undefined;
  }

  start(permit: ModelPermit): string {
    const now = this.begin();
    if (permit.state !== 'issued') return 'permit-not-startable';
    if (now >= permit.expiresAt) return 'permit-expired';
    if (permit.session.status !== 'active') return 'session-not-active';
    if (permit.session.lease === 'another’s') return 'lease-lost';
    if (this.#killedSince(permit.session, permit.tool, permit.seq)) return 'killed';
    if (now >= this.#presentUntil()) return 'operator-absent';
    if (permit.version !== this.version) return 'permit-not-startable';
    permit.state = 'started';
    permit.expiresAt = now + runTimeoutMs;
    return 'resolved';
  }

  settle(permit: ModelPermit, used: number): string {
    const open = permit.state === 'started';
    this.begin(open || permit.state === 'issued' || permit.isAwaited);
    if (permit.state === 'issued') return 'permit-not-started';
    if (open) this.#resolve(permit, used, 'settled');
    else if (permit.isAwaited) this.#late(permit, used);
    return 'resolved';
  }

  void(permit: ModelPermit): string {
    const given = permit.outcome === 'voided' || permit.outcome === 'expired';
    this.begin(!given);
    if (given) return 'resolved';
    if (permit.state !== 'issued') return 'permit-not-voidable';
    this.#resolve(permit, undefined, 'voided');
    return 'resolved';
  }

  rule(ticket: ModelTicket, ruling: 'approve' | 'deny' | 'cancel'): string {
    const now = this.begin();
    const cancellable = ruling === 'cancel' && ticket.status === 'approved';
    if (ticket.status !== 'pending' && !cancellable) return 'ticket-not-pending';
    if (now >= ticket.expiresAt) {
      ticket.status = 'expired';
      return 'ticket-expired';
    }
    if (ruling === 'approve') {
      if (this.#killedSince(ticket.session, 'refund', ticket.seq)) return 'killed';
      ticket.expiresAt = now + (ticket.expiresAt - ticket.requestedAt);
    }
    const status = { approve: 'approved', deny: 'denied', cancel: 'cancelled' } as const;
    ticket.status = status[ruling];
    return 'resolved';
  }

  /** What it makes void is cancelled, one by one. */
  kill(key: string): void {
    const now = this.begin();
    this.latches.set(key, { engaged: true, seq: this.#seq });
    for (const ticket of this.tickets) {
      const isOpen = ticket.status === 'pending' || ticket.status === 'approved';
      if (!isOpen || !this.#killedSince(ticket.session, 'refund', ticket.seq)) continue;
      ticket.status = now >= ticket.expiresAt ? 'expired' : 'cancelled';
    }
  }

  release(key: string): string {
    this.begin();
    const latch = this.latches.get(key);
    if (latch?.engaged !== true) return 'latch-not-engaged';
    latch.engaged = false;
    return 'resolved';
  }

  raisePolicy(): void {
    this.#policyAt = this.begin();
    this.version += 1;
  }

  takeLease(session: ModelSession): string {
    this.begin();
    if (session.status !== 'active') return 'session-not-active';
    if (session.lease !== 'none') return 'lease-held';
    session.lease = 'ours';
    return 'resolved';
  }

  giveBack(session: ModelSession): void {
    this.begin();
    session.lease = 'none';
  }

  /** Whoever comes back after a crash holds nothing, and what was held is still. */
  forget(): void {
    for (const session of this.sessions) {
      if (session.lease === 'ours') session.lease = 'another’s';
    }
  }

  heartbeat(): void {
    const now = this.begin(false);
    const last = this.#heartbeat;
    if (last !== undefined && !last.lapsed && now - last.at < heartbeatMs / 4) return;
    this.#at = now;
    this.#heartbeat = { at: now, lapsed: false };
  }

  #presentUntil(): number {
    return Math.max(this.#heartbeat?.at ?? 0, this.#policyAt) + heartbeatMs;
  }

  /** Time passes: what falls due expires. */
  advance(ms: number): void {
    this.wall += ms;
    const now = Math.max(this.#at, this.wall);
    for (const permit of this.permits) {
      if (permit.state === 'resolved' || this.wall < permit.expiresAt) continue;
      const started = permit.state === 'started';
      this.#resolve(permit, started ? permit.amount : undefined, started ? 'unknown' : 'expired');
      permit.isAwaited = started;
      this.#at = now;
    }
    for (const ticket of this.tickets) {
      const open = ticket.status === 'pending' || ticket.status === 'approved';
      if (!open || this.wall < ticket.expiresAt) continue;
      ticket.status = 'expired';
      this.#at = now;
    }
    if (this.#heartbeat?.lapsed !== false || this.wall < this.#presentUntil()) return;
    this.#heartbeat.lapsed = true;
    this.kill('org');
  }

  #resolve(permit: ModelPermit, used: number | undefined, outcome: string): void {
    const { session, amount } = permit;
    permit.state = 'resolved';
    permit.outcome = outcome;
    session.reserved.actions -= 1;
    session.reserved.usd -= amount;
    const purse = permit.fromPurse ? this.purse : undefined;
    if (purse !== undefined) purse.reserved -= amount;
    if (used === undefined) return;
    session.posted.actions += 1;
    this.#charge(permit, used, Math.max(0, used - amount));
  }

  /** What is more than was charged is owed. */
  #late(permit: ModelPermit, used: number): void {
    permit.isAwaited = false;
    const debt = Math.max(0, used - permit.amount);
    this.#charge(permit, debt, debt);
  }

  #charge(permit: ModelPermit, used: number, overrun: number): void {
    const { session } = permit;
    const purse = permit.fromPurse ? this.purse : undefined;
    for (const each of purse === undefined ? [session] : [session, purse]) {
      each.overrun += overrun;
      each.frozen ||= overrun > 0;
    }
    session.posted.usd += used;
    if (purse !== undefined) purse.posted += used;
    // Whoever raises it after this has seen the overrun, and nobody before.
    if (purse !== undefined && overrun > 0) purse.seen = purse.limit;
    permit.posted = { actions: 1, usd: (permit.posted['usd'] ?? 0) + used };
  }

  /** The ticket that stands for this call; one that lapsed is withdrawn and none stands. */
  #bound(session: ModelSession, amount: number, now: number): ModelTicket | undefined {
    const ticket = this.tickets.findLast((t) => t.session === session && t.amount === amount);
    if (ticket === undefined) return undefined;
    const stands =
      now < ticket.expiresAt &&
      ticket.version === this.version &&
      (ticket.status === 'denied' || !this.#killedSince(session, 'refund', ticket.seq));
    return stands && ['approved', 'pending', 'denied'].includes(ticket.status) ? ticket : undefined;
  }

  #ask(session: ModelSession, amount: number, now: number): ModelTicket {
    const last = this.tickets.findLast((t) => t.session === session && t.amount === amount);
    if (last?.status === 'pending' || last?.status === 'approved') last.status = 'cancelled';
    const expiresAt = now + ticketTimeoutMs;
    const ticket: ModelTicket = {
      session,
      amount,
      seq: this.#seq,
      version: this.version,
      requestedAt: now,
      status: 'pending',
      expiresAt,
    };
    this.tickets.push(ticket);
    return ticket;
  }

  #covering(session: ModelSession, tool?: string): readonly ModelLatch[] {
    const keys = ['org', `session ${session.number}`, `tool ${tool}`];
    return keys.flatMap((key) => this.latches.get(key) ?? []);
  }

  #killedSince(session: ModelSession, tool: string, seq: number): boolean {
    return this.#covering(session, tool).some((latch) => latch.engaged || latch.seq > seq);
  }
}

function isOpenRefund({ tool, state }: ModelPermit): boolean {
  return tool === 'refund' && state !== 'resolved';
}
