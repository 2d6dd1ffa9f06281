/** What the demo's tools work on: a folder with files, and a real order database beside them. */
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CommandError, messageOf } from '../exit.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { scratchFolder } from './policy.ts';
import { SharedFolder } from './shared-folder.ts';

export interface Workspace {
  readonly folder: string;
  readonly orders: OrderBook;
  /** What the MCP server of the second act serves. */
  readonly shared: SharedFolder;
  readonly logFile: string;
  /** A file outside the scratch folder that the agent has no business with. */
  readonly ledger: string;
  /** Where a path that a tool was given is. */
  locate(path: string): string;
  /** Closes the database; removes the folder unless it was asked to be kept. */
  dispose(): void;
}

export const ledgerText = 'day,total\n2026-01-02,1204.50\n';

export function openWorkspace(keep: string | undefined): Workspace {
  const { path: folder, remove } =
    keep === undefined
      ? temporaryFolder('agent-control-plane-demo-')
      : { path: kept(keep), remove: () => {} };
  mkdirSync(join(folder, scratchFolder));
  mkdirSync(join(folder, 'archive'));
  const ledger = join(folder, 'archive', 'ledger.csv');
  writeFileSync(ledger, ledgerText);
  const orders = new OrderBook(join(folder, 'orders.db'));
  return {
    folder,
    orders,
    shared: new SharedFolder(join(folder, 'shared')),
    ledger,
    logFile: join(folder, 'control-plane.db'),
    locate: (path) => join(folder, path),
    dispose() {
      orders.close();
      remove();
    },
  };
}

function kept(path: string): string {
  const folder = resolve(path);
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (stat !== undefined && (!stat.isDirectory() || readdirSync(folder).length > 0)) {
    throw new CommandError(
      `\`${path}\` is not an empty folder`,
      'name a new or empty one to `--keep`',
    );
  }
  try {
    mkdirSync(folder, { recursive: true });
  } catch (failure) {
    throw new CommandError(`\`${path}\` cannot be made: ${messageOf(failure)}`, '', {
      cause: failure,
    });
  }
  return folder;
}

export interface Order {
  readonly id: string;
  readonly customer: string;
  readonly status: string;
  readonly total: string;
  readonly refunded: string;
}

const seed: readonly (readonly [id: string, customer: string, cents: number])[] = [
  ['o-1001', 'Grace', 8_900],
  ['o-1002', 'Alan', 1_250],
  ['o-1003', 'Barbara', 12_000],
];
/** Enough rows that a report over all of them takes a while. */
const furtherOrders = 57;

/** Orders and refunds in SQLite. Amounts are whole cents; a refund is a row of its own. */
export class OrderBook {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    this.#database.exec(`
      CREATE TABLE orders (
        id TEXT PRIMARY KEY, customer TEXT NOT NULL, status TEXT NOT NULL, cents INTEGER NOT NULL
      ) STRICT;
      CREATE TABLE refunds (
        id INTEGER PRIMARY KEY, order_id TEXT NOT NULL, cents INTEGER NOT NULL, reason TEXT NOT NULL
      ) STRICT;
      BEGIN`);
    const insert = this.#database.prepare("INSERT INTO orders VALUES (?, ?, 'paid', ?)");
    for (const row of seed) insert.run(...row);
    for (let number = 0; number < furtherOrders; number += 1) {
      insert.run(`o-${1_100 + number}`, `customer ${number}`, 1_000 + 37 * number);
    }
    this.#database.exec('COMMIT');
  }

  order(id: string): Order {
    const order = this.#rows('WHERE orders.id = ?', id)[0];
    if (order === undefined) throw new Error(`there is no order ${id}`);
    return order;
  }

  all(): readonly Order[] {
    return this.#rows('WHERE true ORDER BY orders.id');
  }

  setStatus(id: string, status: string): Order {
    const { id: known } = this.order(id);
    this.#database.prepare('UPDATE orders SET status = ? WHERE id = ?').run(status, known);
    return this.order(known);
  }

  remove(id: string): void {
    this.#database.prepare('DELETE FROM orders WHERE id = ?').run(id);
  }

  refund(id: string, amount: string, reason: string): Order {
    const { id: known } = this.order(id);
    this.#database
      .prepare('INSERT INTO refunds (order_id, cents, reason) VALUES (?, ?, ?)')
      .run(known, centsOf(amount), reason);
    return this.order(known);
  }

  /** How many refunds were made, of one order or of all, and what they add up to. */
  refunds(id?: string): { readonly count: number; readonly total: string } {
    const row = this.#database
      .prepare(
        `SELECT count(*) AS count, total(cents) AS cents
        FROM refunds WHERE ? IS NULL OR order_id = ?`,
      )
      .get(id ?? null, id ?? null);
    return { count: Number(row?.['count']), total: decimal(Number(row?.['cents'])) };
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #rows(where: string, ...values: string[]): readonly Order[] {
    const rows = this.#database
      .prepare(
        `SELECT id, customer, status, cents,
          (SELECT total(cents) FROM refunds WHERE order_id = orders.id) AS refunded
        FROM orders ${where}`,
      )
      .all(...values);
    return rows.map((row) => ({
      id: String(row['id']),
      customer: String(row['customer']),
      status: String(row['status']),
      total: decimal(Number(row['cents'])),
      refunded: decimal(Number(row['refunded'])),
    }));
  }
}

function centsOf(amount: string): number {
  const parts = /^([0-9]{1,9})(?:\.([0-9]{2}))?$/.exec(amount);
  if (parts === null) throw new Error(`\`${amount}\` is not an amount in dollars and cents`);
  return Number(parts[1]) * 100 + Number(parts[2] ?? 0);
}

function decimal(cents: number): string {
  return (cents / 100).toFixed(2);
}
