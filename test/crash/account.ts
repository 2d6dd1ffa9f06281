/**
 * Holds a log against what its users were told: what was acknowledged is there, nothing started twice, no
 * budget was overdrawn, no approval was used twice, and the records are what the entries come to.
 */
import { expect } from 'vitest';
import { verify } from '../../src/engine/index.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { ApprovalModel } from '../simulation/approval-model.ts';
import { LogModel } from '../simulation/log-model.ts';
import type { RawEntry } from '../simulation/raw-entry.ts';
import { RightsModel } from '../simulation/rights-model.ts';

/** What somebody who acts says, each line after the step it tells of. */
export interface Line {
  /** The control plane is open. */
  readonly ready?: boolean;
  /** A decision was answered, with its index and outcome. */
  readonly ack?: string;
  readonly index?: number;
  readonly outcome?: string;
  /** A tool is running under a permit, from inside it. */
  readonly start?: string;
  readonly key?: string;
  /** A settlement was answered. */
  readonly settled?: string;
  /** A guarded call with a shared key returned. */
  readonly keyed?: string;
  /** A head that was seen: the log's size, and the leaf of its last entry. */
  readonly size?: number;
  readonly leaf?: string;
  /** A ticket whose call was allowed. */
  readonly used?: string;
  /** The code of what was thrown. */
  readonly failed?: string;
}

/** Codes that say that the library itself is wrong, whatever happens to its store. */
const never: ReadonlySet<string> = new Set(['internal-error', 'log-inconsistent']);

/** What models that know the entries alone make of a whole log that verifies. Closes the store. */
export async function readLog(
  store: Storage,
): Promise<{ readonly model: LogModel; readonly leaves: readonly string[] }> {
  const { faults, erased, head } = await verify(store);
  expect([faults, erased]).toEqual([[], undefined]);
  const leaves: string[] = [];
  const [model, rights] = [new LogModel(), new RightsModel()];
  const approvals = new ApprovalModel(rights);
  for (let from = 0; from < head.size; from += 5_000) {
    for (const { body, leaf } of await store.readEntries(from, 5_000)) {
      const entry = JSON.parse(body) as RawEntry;
      leaves.push(leaf);
      model.add(entry);
      rights.add(entry);
      approvals.add(entry);
    }
  }
  await store.close();
  rights.end();
  expect([...model.problems, ...rights.problems]).toEqual([]);
  expect(model.entries).toHaveLength(head.size);
  return { model, leaves };
}

/** Closes the store. Returns the log's size. */
export async function account(store: Storage, lines: readonly Line[]): Promise<number> {
  const { model, leaves } = await readLog(store);
  for (const { ack, index = -1, outcome } of lines) {
    if (ack === undefined) continue;
    const logged = model.entries[index]?.data;
    expect(logged?.decision).toBe(ack);
    expect(logged?.outcome).toBe(outcome);
  }
  for (const { size, leaf } of lines) {
    if (size !== undefined) expect(leaves[size - 1]).toBe(leaf);
  }
  nothingTwice(model, lines);
  expect(lines.filter(({ failed = '' }) => never.has(failed))).toEqual([]);
  for (const { limit, posted, reserved, overrun } of model.ledger.accounts.values()) {
    expect(posted + reserved).toBeLessThanOrEqual(limit + overrun);
  }
  return leaves.length;
}

function nothingTwice(model: LogModel, lines: readonly Line[]): void {
  const starts = lines.flatMap(({ start }) => start ?? []);
  expect(new Set(starts).size).toBe(starts.length);
  const started = [...model.permits.values()].filter(({ startedIndex }) => startedIndex < Infinity);
  for (const id of starts) expect(model.permits.get(id)?.startedIndex).toBeLessThan(Infinity);
  expect(starts.length).toBeLessThanOrEqual(started.length);
  const settled = lines.flatMap((line) => line.settled ?? []);
  for (const id of settled) expect(model.permits.get(id)?.state).toBe('resolved');
  const used = lines.flatMap((line) => line.used ?? []);
  expect(new Set(used).size).toBe(used.length);
  for (const id of used) expect(model.tickets.stateOf(id)).toBe('consumed');
}
