/** What `verify` is asked and what it answers. */
import type { Head } from '../../storage/storage.ts';

export interface VerifyFault {
  /** Index of the first bad entry; undefined where a table and not an entry is wrong. */
  readonly index: number | undefined;
  readonly code: string;
  readonly message: string;
}

export interface VerifyReport {
  readonly holds: boolean;
  readonly log: string;
  readonly entries: number;
  readonly records: number;
  readonly contents: number;
  /** The head that was verified. */
  readonly head: Head;
  /** What is wrong: the first bad entry, or, where all entries are good, the first bad record. */
  readonly faults: readonly VerifyFault[];
}

export interface VerifyOptions {
  readonly log?: string;
  /** A head seen earlier, which this log must continue. */
  readonly anchor?: { readonly size: number; readonly root: string };
  readonly onProgress?: (done: number, total: number) => void;
}
