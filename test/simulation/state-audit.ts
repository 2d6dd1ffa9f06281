/**
 * The records of leases, locks, kill switches and heartbeats in a simulated store, held against the auditor's
 * models with every commit that writes one.
 */
import type { StoredRecord } from '../../src/storage/storage.ts';
import type { Models } from './models.ts';
import type { Commit } from './record-audit.ts';

type Row = Readonly<Record<string, unknown>>;

/** What is wrong with the records of a commit, once its entries are in the models. */
export function wrongStates({ size, records }: Commit, models: Models): readonly string[] {
  return records.flatMap((record) => {
    const expected = expectedRow(record, models);
    if (expected === undefined) return [];
    const row = JSON.parse(record.value) as Row;
    return Object.entries(expected)
      .filter(([member, value]) => row[member] !== value)
      .map(([member, value]) => {
        const shown = `${String(row[member])}, and by the entries ${String(value)}`;
        return `commit to ${size}: ${record.kind} ${record.key} has ${member} ${shown}`;
      });
  });
}

/** What a record has to say, or undefined for one that is of no model here. */
function expectedRow(
  { kind, key }: StoredRecord,
  { leases, locks, operators }: Models,
): Row | undefined {
  switch (kind) {
    case 'lease':
      return { ...(leases.of(key) ?? { status: 'none' }) };
    case 'lock':
      return { decision: locks.holder(key) ?? '' };
    case 'latch': {
      const status = operators.latch(key);
      const supervised = status === 'supervised' ? true : undefined;
      return { engaged: status === 'engaged', supervised };
    }
    case 'heartbeat':
      return { ...(operators.heard(key) ?? { at: undefined }) };
    default:
      return undefined;
  }
}
