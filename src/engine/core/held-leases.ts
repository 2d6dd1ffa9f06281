/** The leases that this process holds, found by session when the log says that one changed. */
import type { RecordsByKind } from '../../kernel/index.ts';

type LeaseRecord = RecordsByKind['lease'];

/** What holds a lease in this process. */
export interface HeldLease {
  readonly session: string;
  /** How the log has the session's lease now. */
  observe(record: LeaseRecord): void;
  /** It is not held any more. */
  lose(message: string): void;
}

const closedMessage = 'the control plane was closed';

/** The leases that this process holds, so that what others append reaches them. */
export class HeldLeases {
  readonly #bySession = new Map<string, Set<HeldLease>>();
  #isClosed = false;

  add(lease: HeldLease): void {
    if (this.#isClosed) return lease.lose(closedMessage);
    const known = this.#bySession.get(lease.session);
    if (known === undefined) this.#bySession.set(lease.session, new Set([lease]));
    else known.add(lease);
  }

  remove(lease: HeldLease): void {
    const known = this.#bySession.get(lease.session);
    known?.delete(lease);
    if (known?.size === 0) this.#bySession.delete(lease.session);
  }

  get size(): number {
    return this.#bySession.size;
  }

  /** A lease as the log has it now: whoever holds it under another fence has lost it. */
  changed(record: LeaseRecord | undefined): void {
    if (record === undefined) return;
    for (const lease of this.#bySession.get(record.session) ?? []) lease.observe(record);
  }

  /** Nothing is renewed any more: whoever works on has no lease to rely on. */
  close(): void {
    this.#isClosed = true;
    for (const leases of this.#bySession.values()) {
      for (const lease of leases) lease.lose(closedMessage);
    }
  }
}
