/** What `verify` is asked and what it answers. */
import type { Head } from '../../storage/storage.ts';

export interface VerifyFault {
  /** Index of the first bad entry; undefined where a table and not an entry is wrong. */
  readonly index: number | undefined;
  readonly code: string;
  readonly message: string;
}

/** Texts that entries commit to and that are no longer beside the log. */
export interface ErasedContents {
  readonly contents: number;
  /** Index of the first entry that lacks one. */
  readonly first: number;
}

export interface VerifyReport {
  readonly holds: boolean;
  readonly log: string;
  readonly entries: number;
  readonly records: number;
  /** Contents that are there; each fits what its entry commits to. */
  readonly contents: number;
  /** Contents that are gone: erased, by whoever could. Undefined where none is. */
  readonly erased: ErasedContents | undefined;
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
