/**
 * The baseline: what anyone pays who writes two rows per step durably and governs nothing.
 *
 * A governed action is two commits, so the baseline is two transactions of two inserts; rows are
 * as long as the product's entries, and the settings are the product's own, set by its own code.
 */
import { randomBytes } from 'node:crypto';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { applySettings } from '../src/storage/sqlite/connection.ts';

export class BareWriter {
  readonly #database: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #first: StatementSync;
  readonly #second: StatementSync;
  readonly #commit: StatementSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    applySettings(this.#database);
    for (const table of ['first', 'second']) {
      this.#database.exec(`CREATE TABLE ${table} (id INTEGER PRIMARY KEY, body TEXT) STRICT`);
    }
    this.#begin = this.#database.prepare('BEGIN IMMEDIATE');
    this.#first = this.#database.prepare('INSERT INTO first (body) VALUES (?)');
    this.#second = this.#database.prepare('INSERT INTO second (body) VALUES (?)');
    this.#commit = this.#database.prepare('COMMIT');
  }

  /** One durable transaction of two inserts. */
  transact(body: string): void {
    this.#begin.run();
    this.#first.run(body);
    this.#second.run(body);
    this.#commit.run();
  }

  /** Transactions committed so far. */
  count(): number {
    const sql = 'SELECT count(*) AS n FROM first JOIN second USING (id)';
    return Number(this.#database.prepare(sql).get()?.['n']);
  }

  close(): void {
    this.#database.close();
  }
}

/** A row of `bytes` characters that no two transactions share the start of. */
export function bareRow(bytes: number): string {
  return randomBytes(16).toString('hex').padEnd(bytes, 'x');
}
