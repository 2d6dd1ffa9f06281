/**
 * The records of a simulated store, held against the auditor's ledger after every commit: what each
 * account has, that its money is conserved, that the open reservations are what it has reserved, and how
 * many permits each principal has open.
 */
import type { StoredRecord } from '../../src/storage/storage.ts';
import type { Ledger } from './ledger.ts';

/** One commit as the store took it: the log's size since, and the records that it wrote. */
export interface Commit {
  readonly size: number;
  readonly records: readonly StoredRecord[];
}

const amounts = ['limit', 'reserved', 'posted', 'overrun', 'released', 'reservedEver'] as const;

interface BudgetRow extends Readonly<Record<(typeof amounts)[number], number>> {
  readonly frozen: boolean;
}

export class RecordAudit {
  readonly #ledger: Ledger;
  readonly #budgets = new Map<string, BudgetRow>();
  readonly #openPermits = new Map<string, number>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** What is wrong after a commit, once its entries are in the ledger. */
  check({ size, records }: Commit): readonly string[] {
    for (const { kind, key, value } of records) {
      if (kind === 'budget') this.#budgets.set(key, JSON.parse(value) as BudgetRow);
      if (kind === 'principal') {
        const { openPermits } = JSON.parse(value) as { readonly openPermits: number };
        this.#openPermits.set(key, openPermits);
      }
    }
    return [...this.#wrongBudgets(), ...this.#wrongPrincipals()].map(
      (problem) => `commit to ${size}: ${problem}`,
    );
  }

  *#wrongBudgets(): Generator<string> {
    const held = this.#ledger.held();
    const { accounts } = this.#ledger;
    for (const key of this.#budgets.keys()) {
      if (!accounts.has(key)) yield `budget ${key} comes from no entry`;
    }
    for (const [key, account] of accounts) {
      const row = this.#budgets.get(key);
      if (row === undefined) {
        yield `budget ${key} is missing`;
        continue;
      }
      for (const name of amounts) {
        if (row[name] !== account[name]) {
          yield `budget ${key} has ${name} ${row[name]}, and by the entries ${account[name]}`;
        }
      }
      if (row.frozen !== account.frozen) yield `budget ${key} is frozen: ${String(row.frozen)}`;
      const { reservedEver, posted, overrun, released, reserved } = row;
      if (reservedEver !== posted - overrun + released + reserved) {
        yield `budget ${key} does not conserve its money`;
      }
      if (reserved !== (held.get(key) ?? 0)) yield `budget ${key} reserves what no permit holds`;
    }
  }

  *#wrongPrincipals(): Generator<string> {
    const open = this.#ledger.openPermits();
    for (const name of new Set([...open.keys(), ...this.#openPermits.keys()])) {
      const [row, count] = [this.#openPermits.get(name) ?? 0, open.get(name) ?? 0];
      if (row !== count)
        yield `principal ${name} has ${row} open permits, and by the entries ${count}`;
    }
  }
}
