/** The record of a session's lease: which worker holds it, and until when. */

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
