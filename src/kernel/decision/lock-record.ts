/** The record of a resource's lock: which open permit works on it. */

/** Key: `org|resource`, or `org#` and the hash of a resource that is long. */
export interface LockRecord {
  readonly org: string;
  readonly resource: string;
  /** The decision whose permit holds it; empty where it is free. */
  readonly decision: string;
}
