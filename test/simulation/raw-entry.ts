/** Entries as the log has them: parsed, and not otherwise understood. */

export interface RawEntry {
  readonly index: number;
  readonly at: number;
  readonly type: string;
  readonly session?: string;
  readonly sequence?: number;
  readonly command: string;
  readonly by: { readonly id: string; readonly org: string; readonly roles: readonly string[] };
  readonly data: RawData;
}

/** Members of all types of entries; an entry has those of its own type. */
interface RawData {
  readonly idempotency?: { readonly key: string; readonly fingerprint: string };
  readonly session: string;
  readonly agent: string;
  readonly mode: string;
  readonly active: boolean;
  /** Limits by unit where a session opens; a name where a budget freezes. */
  readonly budget: unknown;
  readonly transition: string;
  readonly document: { readonly version: number };
  readonly decision: string;
  readonly tool: string;
  readonly action: string;
  readonly resource: string;
  readonly argumentsDigest: string;
  readonly definition: string;
  readonly policyVersion: number;
  readonly outcome: string;
  readonly code: string;
  readonly ticket: string;
  readonly consumed: boolean;
  readonly permit: string;
  readonly started: boolean;
  readonly expiresAt: number;
  readonly reservations: readonly { readonly budget: string; readonly amount: number }[];
  readonly resolved: readonly {
    readonly budget: string;
    readonly amount: number;
    readonly used: number;
  }[];
  readonly usage?: Readonly<Record<string, number>>;
  readonly approverRoles: readonly string[];
  readonly scope: Readonly<Record<string, string>>;
  readonly command: string;
  readonly rejection: { readonly code: string };
}
