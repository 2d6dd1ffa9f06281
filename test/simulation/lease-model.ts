/**
 * The auditor's model of leases, by the log alone: who holds a session until when, under which fence, what
 * whoever starts work in it has to show, and what becomes of a session that nobody drives any more.
 */
import type { LogModel } from './log-model.ts';
import { isControlPlane, type RawEntry } from './raw-entry.ts';

export interface Lease {
  fence: number;
  owner: string;
  termMs: number;
  expiresAt: number;
  status: 'active' | 'released' | 'expired';
}

/** The fence that starts work: that of the lease, none, or whatever: nobody can start anything. */
export type NeededFence = number | 'none' | 'nothing will do';

export class LeaseModel {
  /** What each permit that was started needed, by the index of its start. */
  readonly neededAtStart = new Map<number, NeededFence>();
  readonly #log: LogModel;
  readonly #leases = new Map<string, Lease>();
  /** What has to hold once the command is over. */
  #afterwards: (() => void)[] = [];
  #command = '';

  /** The model of the log MUST be given each entry after `begin` and before `add`. */
  constructor(log: LogModel) {
    this.#log = log;
  }

  /** With the first entry of another command, the one before it is over. */
  begin({ command }: RawEntry): void {
    if (command !== this.#command) this.end();
    this.#command = command;
  }

  add(entry: RawEntry): void {
    switch (entry.type) {
      case 'lease-acquired':
        return this.#acquired(entry);
      case 'lease-renewed':
        return this.#renewed(entry);
      case 'lease-released':
        return this.#released(entry);
      case 'lease-expired':
        return this.#expired(entry);
      case 'session-transitioned':
        return this.#moved(entry);
      case 'action-decided':
        return this.#decided(entry);
      case 'permit-started': {
        const needed = this.#needed(entry);
        this.#demand(needed !== 'nothing will do', entry, 'starts in a session that nobody drives');
        this.neededAtStart.set(entry.index, needed);
      }
    }
  }

  /** The command, or the log, is over. */
  end(): void {
    for (const check of this.#afterwards.splice(0)) check();
  }

  of(session: string): Readonly<Lease> | undefined {
    return this.#leases.get(session);
  }

  /** Whether a session is held under a fence, as far as the log says. */
  isActive(session: string, fence: number): boolean {
    const lease = this.#leases.get(session);
    return lease?.status === 'active' && lease.fence === fence;
  }

  #acquired(entry: RawEntry): void {
    const { data, at, by, session = '' } = entry;
    const { fence = 0, owner, termMs, expiresAt } = data;
    const before = this.#leases.get(session);
    const isHeld = before?.status === 'active' && at < before.expiresAt;
    this.#demand(!isHeld || before.owner === owner, entry, 'takes a lease that is held');
    this.#demand(fence === (before?.fence ?? 0) + 1, entry, 'does not take the next fence');
    const { opened, status } = this.#log.sessions.get(session) ?? {};
    this.#demand(status === 'active', entry, `takes the lease of a session ${status}`);
    const isOwn = opened?.by.id === by.id && opened.by.org === by.org;
    this.#demand(isOwn, entry, 'takes the lease of another’s session');
    const most = this.#log.policy.leases?.termMs ?? Infinity;
    this.#demand(termMs <= most, entry, 'takes a lease for longer than the policy says');
    this.#demand(expiresAt === at + termMs, entry, 'takes a lease that ends at another time');
    this.#leases.set(session, { fence, owner, termMs, expiresAt, status: 'active' });
  }

  #renewed(entry: RawEntry): void {
    const lease = this.#own(entry);
    if (lease === undefined) return;
    this.#demand(entry.at < lease.expiresAt, entry, 'renews a lease that is over');
    const since = entry.at - (lease.expiresAt - lease.termMs);
    this.#demand(since >= lease.termMs / 4, entry, 'renews what was just renewed');
    const { expiresAt } = entry.data;
    this.#demand(expiresAt === entry.at + lease.termMs, entry, 'renews a lease for another term');
    lease.expiresAt = expiresAt;
  }

  /** By whoever holds it, or with the end of its session. */
  #released(entry: RawEntry): void {
    const lease = this.#own(entry, isEnded(this.#statusOf(entry)));
    if (lease !== undefined) lease.status = 'released';
  }

  #own(entry: RawEntry, isEnding = false): Lease | undefined {
    const { data, at, by, session = '' } = entry;
    const lease = this.#leases.get(session);
    if (lease?.status !== 'active') {
      this.#log.object(entry, 'is of no lease that is held');
      return undefined;
    }
    this.#demand(lease.fence === data.fence, entry, `is under fence ${data.fence}`);
    if (isEnding) return lease;
    this.#demand(at < lease.expiresAt, entry, 'is of a lease whose time is over');
    const isOwn = this.#log.sessions.get(session)?.opened.by.id === by.id;
    this.#demand(isOwn, entry, 'is of another’s lease');
    return lease;
  }

  #expired(entry: RawEntry): void {
    const { data, at, session = '' } = entry;
    const lease = this.#leases.get(session);
    if (lease?.status !== 'active') return this.#log.object(entry, 'expires no lease');
    this.#demand(isControlPlane(entry), entry, 'is said by somebody');
    this.#demand(lease.fence === data.fence, entry, `expires fence ${data.fence}`);
    this.#demand(at >= lease.expiresAt, entry, 'expires a lease that is held');
    lease.status = 'expired';
    const { onStuck = 'pause' } = this.#log.policy.leases ?? {};
    this.#demand(data.onStuck === onStuck, entry, `does ${data.onStuck} with what is stuck`);
    const before = this.#statusOf(entry);
    const after = stuck[onStuck]?.[before] ?? before;
    this.#afterwards.push(() => {
      const became = this.#statusOf(entry);
      this.#demand(became === after, entry, `leaves its session ${became}, not ${after}`);
      const isAsking = isEnded(after) && this.#log.tickets.isPendingIn(session);
      this.#demand(!isAsking, entry, 'leaves questions of a session that is over');
    });
  }

  /** Whoever ends a session ends its lease. */
  #moved(entry: RawEntry): void {
    if (!isEnded(this.#statusOf(entry))) return;
    this.#afterwards.push(() => {
      const isHeld = this.#leases.get(entry.session ?? '')?.status === 'active';
      this.#demand(!isHeld, entry, 'ends a session and leaves its lease');
    });
  }

  #decided(entry: RawEntry): void {
    const { fence, code, step } = entry.data;
    const needed = this.#needed(entry);
    const fits = needed === 'none' ? fence === undefined : fence === needed;
    const shown = `fence ${fence ?? 'none'}, where it takes ${needed}`;
    if (code === 'lease-lost') this.#demand(!fits, entry, `is refused with ${shown}`);
    else if (step !== 'session') this.#demand(fits, entry, `goes on with ${shown}`);
  }

  #needed({ session = '', at }: RawEntry): NeededFence {
    const lease = this.#leases.get(session);
    if (lease === undefined || lease.status === 'released') return 'none';
    const isHeld = lease.status === 'active' && at < lease.expiresAt;
    return isHeld ? lease.fence : 'nothing will do';
  }

  #statusOf({ session }: RawEntry): string {
    return this.#log.sessions.get(session ?? '')?.status ?? 'unknown';
  }

  #demand(holds: boolean, entry: RawEntry, problem: string): void {
    this.#log.demand(holds, entry, problem);
  }
}

function isEnded(status: string): boolean {
  return status === 'completed' || status === 'aborted';
}

/** What becomes of a session that nobody drives any more; whatever is not named stays as it is. */
const stuck: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  pause: { active: 'paused' },
  abort: { created: 'aborted', active: 'aborted', paused: 'aborted' },
  alert: {},
};
