/** How a SQLite file is opened. */
export type Mode = 'read-write' | 'read-only';

export interface SqliteOptions {
  /** How long to wait for other processes' commits before an append rejects with `busy`. */
  readonly busyTimeoutMs?: number;
  /** `read-only` looks at a file without creating, migrating or writing anything. */
  readonly mode?: Mode;
}
