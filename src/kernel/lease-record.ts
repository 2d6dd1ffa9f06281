/** Records of who holds what for a while: leases of sessions, locks of resources. */

/** Key: the session. */
export interface LeaseRecord {
  readonly session: string;
  /** Name of the worker that holds it, or did. */
  readonly holder: string;
  /** SHA-256 of the owner's token, hex. */
  readonly owner: string;
  readonly fence: number;
  readonly termMs: number;
  /** Log time (ms) at which it runs out where nobody renews it. */
  readonly expiresAt: number;
  readonly status: 'active' | 'released' | 'expired';
}

/** Key: `org|resource`. */
export interface LockRecord {
  readonly org: string;
  readonly resource: string;
  /** The decision whose permit holds it; empty where it is free. */
  readonly decision: string;
}
