/**
 * Records as they are stored, and back. All but decisions are stored whole. Of a decision the tables keep
 * what changes with its permit; the rest is read from its entry, which says it anyway.
 */
import {
  isLive,
  type KeptDecision,
  keptDecision,
  parentOf,
  type RecordChange,
  wholeDecision,
} from '../../kernel/index.ts';
import { readEntry } from '../../log/index.ts';
import type { Storage, StoredEntry, StoredRecord } from '../../storage/storage.ts';
import { fault } from '../error.ts';
import { placedEvent } from './placed-event.ts';

interface KeptDecisionChange {
  readonly kind: 'decision';
  readonly key: string;
  readonly value: KeptDecision;
}
type KeptChange = Exclude<RecordChange, { readonly kind: 'decision' }> | KeptDecisionChange;

/** Entries this close to each other are read in one go, with those between them. */
const gapMax = 32;
const rangeMax = 1_000;

export function toStored(change: RecordChange): StoredRecord {
  const kept = change.kind === 'decision' ? keptDecision(change.value) : change.value;
  return {
    kind: change.kind,
    key: change.key,
    parent: parentOf(change),
    live: isLive(change),
    value: JSON.stringify(kept),
  };
}

/** Records that were read, whole. Throws `log-inconsistent` where a decision is not in the entry it names. */
export async function fromStored(
  storage: Pick<Storage, 'readEntries'>,
  records: readonly StoredRecord[],
): Promise<readonly RecordChange[]> {
  const parsed = records.map(({ kind, key, value }) => {
    const data: unknown = JSON.parse(value);
    return { kind, key, value: data } as KeptChange;
  });
  const decisions = parsed.filter((each) => each.kind === 'decision');
  const entries = await entriesAt(
    storage,
    decisions.map(({ value }) => value.index),
  );
  return parsed.map((each) => (each.kind === 'decision' ? decisionOf(each, entries) : each));
}

function decisionOf(
  { key, value: kept }: KeptDecisionChange,
  entries: ReadonlyMap<number, StoredEntry>,
): RecordChange {
  const entry = entries.get(kept.index);
  const placed = entry === undefined ? undefined : placedEvent(readEntry(entry.body));
  if (placed?.event.type !== 'action-decided' || placed.event.data.decision !== key) {
    throw fault('log-inconsistent', `entry ${kept.index} is not that of decision ${key}`);
  }
  return { kind: 'decision', key, value: wholeDecision(placed.event.data, placed.at, kept) };
}

async function entriesAt(
  storage: Pick<Storage, 'readEntries'>,
  indexes: readonly number[],
): Promise<ReadonlyMap<number, StoredEntry>> {
  const found = new Map<number, StoredEntry>();
  const wanted = [...new Set(indexes)].toSorted((left, right) => left - right);
  for (let next = 0; next < wanted.length;) {
    const from = wanted[next] ?? 0;
    let to = from;
    for (; next < wanted.length; next += 1) {
      const index = wanted[next] ?? 0;
      if (index - to > gapMax || index - from >= rangeMax) break;
      to = index;
    }
    for (const entry of await storage.readEntries(from, to - from + 1)) {
      found.set(entry.index, entry);
    }
  }
  return found;
}
