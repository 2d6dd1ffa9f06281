/** What rows hold, as what it has to be. */
import { StorageError } from '../storage.ts';

/** An integer of a row: PostgreSQL's `bigint` comes as text. */
export function integerCell(cell: unknown, column: string): number {
  const value = typeof cell === 'string' ? Number(cell) : cell;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new StorageError('corrupt', `column \`${column}\` does not hold an integer`);
}

/** Text of a row; somebody else's table can hold anything. */
export function textCell(cell: unknown, column: string): string {
  if (typeof cell === 'string') return cell;
  throw new StorageError('corrupt', `column \`${column}\` does not hold text`);
}
