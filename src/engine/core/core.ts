/**
 * The core: what sessions, administration and the feed share. Builds commands, submits them, and routes
 * committed events to deadlines, running work, waiters and subscribers.
 */
import {
  type Command,
  type DecisionRecord,
  engagedAfter,
  engagedLatch,
  credentialRefusal,
  heartbeatDue,
  handle,
  isOpenPermit,
  type Kill,
  latchKey,
  nextReminder,
  type PrincipalReference,
  type RecordsByKind,
  systemPrincipal,
  type TicketRecord,
} from '../../kernel/index.ts';
import type { EvaluatorRegistry } from '../../evaluators/index.ts';
import { Principal } from '../../identity/principal.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Answered, Submission } from '../store/batch.ts';
import type { PlacedEvent } from '../store/placed-event.ts';
import type { Clock } from '../clock.ts';
import { assertNames, type CommandBody } from './command-body.ts';
import { type Deadline, Deadlines, expiryOf } from './deadlines.ts';
import { killEffects } from './kill-effects.ts';
import { ControlPlaneError, fault, rejected } from '../error.ts';
import { heard } from './heard.ts';
import { HeldLeases } from './held-leases.ts';
import { type Ids, systemIds } from '../ids.ts';
import { committed, type Payload } from './payload.ts';
import type { Replica } from '../store/replica.ts';
import { RunningWork } from './running.ts';
import { Sequencer } from '../store/sequencer.ts';

export type Listener = (events: readonly PlacedEvent[]) => void;

export interface CoreOptions {
  readonly log: string;
  readonly storage: Storage;
  readonly replica: Replica;
  readonly clock: Clock;
  readonly ids: Ids;
  /** How often other processes' events are looked for while nothing is committed, ms. */
  readonly pollMs: number;
  readonly evaluators: EvaluatorRegistry;
}

export class Core {
  readonly running = new RunningWork();
  readonly leases = new HeldLeases();
  readonly options: CoreOptions;
  readonly #sequencer: Sequencer;
  readonly #deadlines: Deadlines;
  /** With each listener, what to do for it when the control plane closes. */
  readonly #listeners = new Map<Listener, (() => void) | undefined>();
  readonly #closers: (() => Promise<void>)[] = [];
  #cancelPoll: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  #isOver = false;

  constructor(options: CoreOptions) {
    this.options = options;
    this.#deadlines = new Deadlines(options.clock, ({ kind, key }) => this.#expire(kind, key));
    // No log has it, and two processes must not share it, whatever ids they were given.
    const sender = systemIds.next(options.clock.now());
    const onEvents = (events: readonly PlacedEvent[]): void => this.#route(events);
    this.#sequencer = new Sequencer({ ...options, sender, onEvents });
    for (const { id, permit, expiresAt } of options.replica.cache.live('decision')) {
      this.#watchPermit(id, permit, expiresAt);
    }
    for (const ticket of options.replica.cache.live('ticket')) this.#watchTicket(ticket);
    for (const lease of options.replica.cache.live('lease')) this.#watchLease(lease);
    for (const each of options.replica.cache.live('heartbeat')) this.#watchHeartbeat(each);
    // CRASH: whoever engaged a kill switch may have died before what it made void was recorded.
    for (const owed of killEffects(options.replica.cache)) void this.#submitEffect(owed);
    this.#poll();
  }

  /**
   * Watches the work of a permit that was just issued, and gives its signal. A kill or abort that was
   * committed after the decision and before this call has been routed already: it is looked up here.
   */
  watch(decision: RecordsByKind['decision']): AbortSignal {
    const signal = this.running.add(decision);
    const { cache } = this.options.replica;
    const latch = engagedAfter(cache, decision.index, decision);
    if (latch !== undefined) this.running.abortKilled(latch);
    for (const session of [decision.session, ...(decision.ancestors ?? [])]) {
      if (cache.peek('session', session)?.status !== 'aborted') continue;
      this.running.abortSession(session);
    }
    return signal;
  }

  /** Whether a kill switch covers a ticket now. */
  isKilled(ticket: TicketRecord): boolean {
    return engagedLatch(this.options.replica.cache, ticket) !== undefined;
  }

  /**
   * The log's time: a clock that was set back makes nothing good again that is over by the log. What is
   * answered without a command is held against this, as commands are.
   */
  get now(): number {
    const { clock, replica } = this.options;
    return Math.max(clock.now(), replica.head.at);
  }

  /** The principal's reference; throws `principal-not-minted` for anything not minted here. */
  referenceOf(principal: Principal): PrincipalReference {
    const reference = Principal.referenceOf(principal, this);
    if (reference === undefined) throw fault('principal-not-minted');
    return reference;
  }

  /** As `referenceOf`, for reading: throws what the kernel refuses under a credential that ended. */
  readerOf(principal: Principal): PrincipalReference {
    const by = this.referenceOf(principal);
    const { cache } = this.options.replica;
    const refusal = credentialRefusal(cache, { by, kind: 'authorize' }, this.now);
    if (refusal !== undefined) throw rejected(refusal);
    return by;
  }

  /** Submits a command and returns the record that answers it. Throws on refusals and faults. */
  async submit<K extends keyof RecordsByKind>(
    by: PrincipalReference,
    body: CommandBody,
    kind: K,
    payload: Payload = { contents: [] },
  ): Promise<{ readonly record: RecordsByKind[K]; readonly answered: Answered }> {
    const answered = await this.#sequencer.submit(this.#submission(by, body, payload));
    if (answered.answer.status === 'rejected')
      throw rejected(answered.answer.rejection, answered.position);
    if (answered.answer.kind !== kind || answered.record === undefined) {
      throw fault('internal-error', `the answer to ${body.kind} is missing`);
    }
    return { record: answered.record as RecordsByKind[K], answered };
  }

  /**
   * Engages a kill switch. Work in this process is stopped before the store is even asked, which may take
   * as long as the store likes. Where the store fails, the kill is written before anything else when the
   * store returns; until then the store admits nothing anyway.
   */
  async engageKill(
    by: PrincipalReference,
    body: Omit<Kill, 'id' | 'by' | 'commitments'>,
    reason: string | undefined,
  ): Promise<RecordsByKind['latch']> {
    const submission = this.#submission(by, body, committed(this.options.ids, { reason }));
    const may = this.#mayKill(submission.command);
    if (may) this.running.abortKilled(latchKey(body.scope));
    try {
      const answered = await this.#sequencer.submit(submission);
      if (answered.answer.status === 'rejected')
        throw rejected(answered.answer.rejection, answered.position);
      return answered.record as RecordsByKind['latch'];
    } catch (failure) {
      const storeFailed =
        ControlPlaneError.is(failure) &&
        ['store-unavailable', 'outcome-unknown', 'overloaded'].includes(failure.code);
      if (!storeFailed || !may) throw failure;
      this.#sequencer.journal(submission);
      // What was admitted while the store was failing started after the first sweep.
      this.running.abortKilled(latchKey(body.scope));
      throw fault('kill-local-only', failure.message, failure);
    }
  }

  /** Whether the kernel would engage it: who may not kill stops no work while the store is down. */
  #mayKill(command: Command): boolean {
    const { idempotencyKey: _, ...unkeyed } = command;
    const { cache, head } = this.options.replica;
    const context = { now: this.now, index: head.size };
    return handle(cache, unkeyed, context).answer.status === 'done';
  }

  listen(listener: Listener, onClose?: () => void): () => void {
    if (this.#isOver) onClose?.();
    else this.#listeners.set(listener, onClose);
    return () => this.#listeners.delete(listener);
  }

  /** Runs when the control plane closes, while commands can still be submitted. */
  beforeClose(task: () => Promise<void>): void {
    this.#closers.push(task);
  }

  /** Another process may have appended. */
  hint(): void {
    if (!this.isClosed) this.#sequencer.hint();
  }

  /** Reads what other processes appended now, not at the next poll. */
  follow(): Promise<void> {
    return this.#sequencer.follow();
  }

  /** Nothing begins from now on: how it ended could not be recorded. */
  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  /** Whoever asks again waits for the same, and is told the same. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#cancelPoll?.();
    this.#deadlines.stop();
    this.running.abortAll();
    try {
      await Promise.all(this.#closers.map((task) => task()));
      this.leases.close();
      await this.#sequencer.close();
      await this.options.storage.close();
    } finally {
      // Also where the store could not be closed: nothing is heard any more that one could wait for.
      this.#isOver = true;
      for (const onClose of this.#listeners.values()) onClose?.();
      this.#listeners.clear();
    }
    if (this.#sequencer.unwritten) throw fault('kill-local-only', 'it is not in the log');
  }

  #submission(by: PrincipalReference, body: CommandBody, payload: Payload) {
    assertNames(body);
    const { ids, clock } = this.options;
    const command = {
      ...body,
      id: ids.next(clock.now()),
      by,
      ...(payload.commitments === undefined ? {} : { commitments: payload.commitments }),
    } as Command;
    return { command, contents: payload.contents };
  }

  #poll(): void {
    const { clock, pollMs } = this.options;
    this.#cancelPoll = clock.after(pollMs, () => {
      void this.#sequencer.follow().finally(() => {
        if (!this.isClosed) this.#poll();
      });
    });
  }

  #expire(kind: Deadline['kind'], key: string): void {
    if (this.isClosed) return;
    if (kind === 'decision') this.running.abortExpired(key);
    const { replica, clock } = this.options;
    const { expiresAt = 0 } = (kind === 'ticket' ? replica.cache.peek(kind, key) : undefined) ?? {};
    const body = expiryOf(kind, key, clock.now() < expiresAt);
    // A refusal means that another process was first, or that it is not due yet by the log's time.
    void this.#submitExpiry(this.#submission(systemPrincipal, body, { contents: [] }), kind, key);
  }

  /** What is void already: that the log does not say so of each is no harm, and another process may have. */
  async #submitEffect(body: CommandBody): Promise<void> {
    if (this.isClosed) return;
    try {
      await this.#sequencer.submit(this.#submission(systemPrincipal, body, { contents: [] }));
    } catch {
      // The store failed, or the control plane closed.
    }
  }

  async #submitExpiry(submission: Submission, kind: Deadline['kind'], key: string): Promise<void> {
    try {
      const { answer } = await this.#sequencer.submit(submission);
      if (answer.status === 'done') return;
    } catch {
      // A store that fails is asked again; whatever ended the sequencer ends this too.
    }
    this.#rewatch(kind, key);
  }

  /** An expiry that did not happen is tried again, as long as the record is open. */
  #rewatch(kind: Deadline['kind'], key: string): void {
    if (this.isClosed) return;
    const retryAt = this.options.clock.now() + 1_000;
    const record = this.options.replica.cache.peek(kind, key);
    if (record === undefined) {
      // Another process's permit is known by its events alone, until its expiry is decided here.
      if (kind === 'decision') this.#watchPermit(key, 'issued', retryAt);
      return;
    }
    const at = Math.max(record.expiresAt, retryAt);
    if ('permit' in record) this.#watchPermit(key, record.permit, at);
    else if ('fence' in record) this.#watchLease({ ...record, expiresAt: at });
    else if ('lapsed' in record) this.#watchHeartbeat(record, retryAt);
    else this.#watchTicket(record, retryAt);
  }

  #watchPermit(key: string, permit: DecisionRecord['permit'], expiresAt: number): void {
    const name = { kind: 'decision', key } as const;
    if (isOpenPermit(permit)) this.#deadlines.set(name, expiresAt);
    else this.#deadlines.drop(name);
  }

  /** By the policy as it is now: it may ask for another time than when it was sent, or for none. */
  #watchHeartbeat(heartbeat: RecordsByKind['heartbeat'] | undefined, notBefore = 0): void {
    if (heartbeat === undefined) return;
    const { org, lapsed } = heartbeat;
    const due = lapsed ? undefined : heartbeatDue(this.options.replica.cache, org);
    if (due === undefined) this.#deadlines.drop({ kind: 'heartbeat', key: org });
    else this.#deadlines.set({ kind: 'heartbeat', key: org }, Math.max(due, notBefore));
  }

  /** `notBefore`: when it was just tried. */
  #watchTicket(ticket: TicketRecord | undefined, notBefore = 0): void {
    if (ticket === undefined) return;
    const name = { kind: 'ticket', key: ticket.id } as const;
    const open = ticket.status === 'pending' || ticket.status === 'approved';
    const at = Math.min(ticket.expiresAt, nextReminder(ticket)?.at ?? Infinity);
    if (open) this.#deadlines.set(name, Math.max(at, notBefore));
    else this.#deadlines.drop(name);
  }

  #watchLease(lease: RecordsByKind['lease'] | undefined): void {
    if (lease === undefined) return;
    const name = { kind: 'lease', key: lease.session } as const;
    if (lease.status === 'active') this.#deadlines.set(name, lease.expiresAt);
    else this.#deadlines.drop(name);
  }

  /** A lease changed: its deadline moves, and whoever holds it under another fence is told. */
  #leaseChanged(lease: RecordsByKind['lease'] | undefined): void {
    this.#watchLease(lease);
    this.leases.changed(lease);
  }

  #ended(permit: string): void {
    this.#deadlines.drop({ kind: 'decision', key: permit });
    this.running.remove(permit);
  }

  #route(events: readonly PlacedEvent[]): void {
    if (events.length === 0) return;
    const { cache } = this.options.replica;
    for (const { event } of events) {
      switch (event.type) {
        case 'action-decided':
          this.#watchPermit(event.data.decision, event.data.permit, event.data.expiresAt);
          if (event.data.consumed) this.#watchTicket(cache.peek('ticket', event.data.ticket));
          break;
        case 'permit-started':
          this.#watchPermit(event.data.permit, 'started', event.data.expiresAt);
          break;
        case 'permit-expired':
          this.running.abortExpired(event.data.permit);
          this.#ended(event.data.permit);
          break;
        case 'permit-settled':
        case 'permit-voided':
          this.#ended(event.data.permit);
          break;
        case 'ticket-requested':
        case 'ticket-escalated':
        case 'ticket-reminded':
        case 'ticket-approved':
        case 'ticket-denied':
        case 'ticket-cancelled':
        case 'ticket-expired':
          this.#watchTicket(cache.peek('ticket', event.data.ticket));
          break;
        case 'lease-acquired':
        case 'lease-renewed':
        case 'lease-released':
        case 'lease-expired':
          this.#leaseChanged(cache.peek('lease', event.session ?? ''));
          break;
        case 'policy-activated':
          for (const each of cache.live('heartbeat')) this.#watchHeartbeat(each);
          break;
        case 'operator-heartbeat':
        case 'heartbeat-lapsed':
          this.#watchHeartbeat(cache.peek('heartbeat', event.data.org));
          break;
        case 'kill-engaged':
          this.running.abortKilled(latchKey(event.data.scope));
          for (const effect of killEffects(cache)) void this.#submitEffect(effect);
          break;
        case 'session-transitioned':
          if (event.data.transition === 'abort') this.running.abortSession(event.session ?? '');
          break;
        default:
          break;
      }
    }
    for (const listener of this.#listeners.keys()) heard(() => listener(events));
  }
}
