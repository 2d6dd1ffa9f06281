/**
 * Leases as a worker holds them: renewed by themselves at each third of their term, and a signal when lost.
 *
 * The token that proves the owner is made here and stays here; commands carry its SHA-256.
 */
import { createHash } from 'node:crypto';
import type { Principal } from '../../identity/principal.ts';
import { isQualifiedName, limits, type RecordsByKind } from '../../kernel/index.ts';
import type { Core } from '../core/core.ts';
import { assertMembers } from '../known-members.ts';
import { ControlPlaneError, fault, faultCodes } from '../error.ts';
import type { HeldLease } from '../core/held-leases.ts';

type LeaseRecord = RecordsByKind['lease'];

export interface LeaseRequest {
  /** Name of the worker, for people who look for whoever holds a session. */
  readonly holder: string;
  /** How long the lease outlives its last renewal, ms; the policy may shorten it. */
  readonly termMs?: number;
}

/** What a handle of a session sends with whatever starts work: the fence of the lease it took last. */
export class Fencing {
  fence: number | undefined;

  get member(): { readonly fence?: number } {
    return this.fence === undefined ? {} : { fence: this.fence };
  }
}

interface Holding {
  readonly core: Core;
  readonly principal: Principal;
  readonly fencing: Fencing;
  readonly owner: string;
}

export class Lease implements HeldLease {
  readonly session: string;
  /** Grows with every acquisition of the session's lease; pass it on to resources that can check it. */
  readonly fence: number;
  readonly #holding: Holding;
  readonly #lost = new AbortController();
  #termMs: number;
  #expiresAt: number;
  #cancelBeat: (() => void) | undefined;
  #cancelEnd: (() => void) | undefined;
  #ended = false;
  /** A release that the store did not take: who asks once more means it. */
  #isOwed = false;

  constructor(holding: Holding, record: LeaseRecord) {
    this.#holding = holding;
    this.session = record.session;
    this.fence = record.fence;
    this.#termMs = record.termMs;
    this.#expiresAt = record.expiresAt;
    this.#schedule();
    holding.core.leases.add(this);
  }

  /** Fires when the lease is lost: whoever drives the session MUST stop. A release does not fire it. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** Log time (ms) at which it runs out unless it is renewed. */
  get expiresAt(): number {
    return this.#expiresAt;
  }

  /** Renews it now. Throws `lease-lost` where it is not held any more. */
  async renew(): Promise<void> {
    if (this.#ended) throw this.#lostError();
    const { core, principal, owner } = this.#holding;
    const body = { kind: 'renew-lease', session: this.session, owner, fence: this.fence } as const;
    try {
      const { record } = await core.submit(core.referenceOf(principal), body, 'lease');
      this.observe(record);
      // Where the log's time stands still, until a clock that was set back has caught up, a renewal moves no
      // end: that it was granted is what counts, or a lease would be lost that nobody else can have.
      if (!this.#ended) this.#scheduleEnd();
    } catch (failure) {
      if (isRefusal(failure)) this.lose(failure.message);
      throw failure;
    }
  }

  /**
   * Gives it back: the next worker need not wait. Doing so twice, or after it was lost, changes nothing;
   * where the store failed, it is asked again.
   */
  async release(): Promise<void> {
    if (this.#ended && !this.#isOwed) return;
    const { core, principal, owner, fencing } = this.#holding;
    const body = { kind: 'release-lease', session: this.session, owner } as const;
    const by = core.referenceOf(principal);
    this.#end();
    this.#isOwed = false;
    try {
      await core.submit(by, { ...body, fence: this.fence }, 'lease');
      if (fencing.fence === this.fence) fencing.fence = undefined;
    } catch (failure) {
      // Somebody else has it already, or the session has ended: there is nothing to give back.
      if (isRefusal(failure)) return;
      this.#isOwed = true;
      throw failure;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  /** For the core: how the log has the lease now. */
  observe(record: LeaseRecord): void {
    if (this.#ended) return;
    if (record.fence !== this.fence || record.status !== 'active') {
      return this.lose(`the lease is ${record.status}, under fence ${record.fence}`);
    }
    if (record.expiresAt <= this.#expiresAt) return;
    this.#termMs = record.termMs;
    this.#expiresAt = record.expiresAt;
    this.#schedule();
  }

  /** For the core: it is not held any more. */
  lose(message: string): void {
    if (this.#ended) return;
    this.#end();
    this.#lost.abort(new ControlPlaneError('lease-lost', message));
  }

  #end(): void {
    this.#ended = true;
    this.#cancelBeat?.();
    this.#cancelEnd?.();
    this.#holding.core.leases.remove(this);
  }

  #schedule(): void {
    this.#scheduleEnd();
    this.#scheduleBeat();
  }

  /** The end that comes where no heartbeat succeeds: a silent store loses the lease too. */
  #scheduleEnd(): void {
    const { now, options } = this.#holding.core;
    this.#cancelEnd?.();
    this.#cancelEnd = options.clock.after(this.#expiresAt - now, () =>
      this.lose('it was not renewed in time'),
    );
  }

  #scheduleBeat(): void {
    const { clock } = this.#holding.core.options;
    this.#cancelBeat?.();
    // A third: one heartbeat may fail, and the log has three entries in each term and no more.
    this.#cancelBeat = clock.after(Math.ceil(this.#termMs / 3), () => {
      this.#scheduleBeat();
      // A refusal has fired the signal; a store that fails is asked again at the next beat.
      this.renew().catch(() => undefined);
    });
  }

  #lostError(): ControlPlaneError {
    const reason: unknown = this.signal.reason;
    return ControlPlaneError.is(reason)
      ? reason
      : new ControlPlaneError('lease-lost', 'the lease was released');
  }
}

/** Whether the kernel said no, and not a store that may say yes the next time. */
function isRefusal(failure: unknown): failure is ControlPlaneError {
  return ControlPlaneError.is(failure) && !Object.hasOwn(faultCodes, failure.code);
}

/** Takes the lease of a session. Throws `lease-held` while another worker holds it. */
export async function takeLease(
  core: Core,
  { principal, session, fencing }: { principal: Principal; session: string; fencing: Fencing },
  request: LeaseRequest,
): Promise<Lease> {
  assertMembers('the options of a lease', request, ['holder', 'termMs']);
  const { holder, termMs } = request;
  if (!isQualifiedName(holder)) throw fault('input-invalid', 'the holder of a lease is a name');
  const { leaseTermMsMin, leaseTermMsMax } = limits;
  const isTerm =
    termMs === undefined ||
    (Number.isSafeInteger(termMs) && termMs >= leaseTermMsMin && termMs <= leaseTermMsMax);
  if (!isTerm) {
    const range = `${leaseTermMsMin} to ${leaseTermMsMax}`;
    throw fault('input-invalid', `the term of a lease is a whole number of ms from ${range}`);
  }
  const by = core.referenceOf(principal);
  const owner = createHash('sha256').update(core.options.ids.secret()).digest('hex');
  const { record } = await core.submit(
    by,
    {
      kind: 'acquire-lease',
      session,
      holder,
      owner,
      ...(termMs === undefined ? {} : { termMs }),
    },
    'lease',
  );
  fencing.fence = record.fence;
  const lease = new Lease({ core, principal, fencing, owner }, record);
  // What ended it in the commit that gave it was told before anybody could hear of it.
  core.leases.changed(core.options.replica.cache.peek('lease', session));
  return lease;
}
