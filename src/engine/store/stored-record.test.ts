/** Records as they are stored, and back, where their entries lie close by, far apart, and not at all. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RecordChange } from '../../kernel/index.ts';
import { sealEntry } from '../../log/index.ts';
import type { StoredEntry } from '../../storage/storage.ts';
import { fromStored, toStored } from './stored-record.ts';

const at = 1_000;

function idOf(index: number): string {
  return `d-${index}`;
}

/** This entry is about a decision, and does not decide it. */
const notDeciding = 4;

/** A log in which each entry but one decides one call; that is all of it that these tests look at. */
function entryAt(index: number): StoredEntry {
  const by = { id: 'ann', org: 'acme', roles: [], via: 'host-assertion' };
  const data = { decision: idOf(index), tool: `tool of ${index}`, reservations: [] };
  const type = index === notDeciding ? 'ticket-requested' : 'action-decided';
  const draft = { at, type, command: idOf(index), by, data };
  const previous = index === 0 ? null : '0'.repeat(64);
  return sealEntry(draft, { log: 'main', index, previous });
}

function decisionAt(index: number, key = idOf(index)): RecordChange {
  const kept = { session: 's-1', org: 'acme', principal: 'ann', agent: 'bot', mode: 'live', index };
  const permit = { permit: 'issued', expiresAt: 9, posted: {} };
  const value = { ...kept, ...permit, id: key, tool: `tool of ${index}` };
  return { kind: 'decision', key, value } as unknown as RecordChange;
}

/** Reads that are counted, of a log of so many entries. */
function logOf(size: number) {
  const reads: [from: number, limit: number][] = [];
  return {
    reads,
    readEntries: (from: number, limit: number) => {
      reads.push([from, limit]);
      const length = Math.max(0, Math.min(limit, size - from));
      return Promise.resolve(Array.from({ length }, (_, place) => entryAt(from + place)));
    },
  };
}

test('each decision is read from its own entry, and each entry once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(
        fc.oneof(fc.nat(100), fc.nat(5_000)).filter((index) => index !== notDeciding),
        { maxLength: 20 },
      ),
      async (indexes) => {
        const log = logOf(5_001);
        const changes = indexes.map((index) => decisionAt(index));
        const read = await fromStored(log, changes.map(toStored));
        for (const [place, change] of read.entries()) {
          expect(change).toMatchObject(changes[place] ?? {});
        }
        expect(read).toHaveLength(changes.length);
        const covered = log.reads.flatMap(([from, limit]) =>
          Array.from({ length: limit }, (_, place) => from + place),
        );
        expect(new Set(covered).size).toBe(covered.length);
        expect(Math.max(0, ...log.reads.map(([, limit]) => limit))).toBeLessThanOrEqual(1_000);
      },
    ),
    { numRuns: 60 },
  );
});

test('many decisions close to each other are read in bounded pieces', async () => {
  const log = logOf(6_006);
  const changes = Array.from({ length: 200 }, (_, place) => decisionAt(30 * place + 5));
  expect(await fromStored(log, changes.map(toStored))).toHaveLength(200);
  expect(log.reads.length).toBeLessThan(10);
  for (const [, limit] of log.reads) expect(limit).toBeLessThanOrEqual(1_000);
});

test('what lies between decisions far apart is not read', async () => {
  const log = logOf(5_001);
  await fromStored(log, [decisionAt(0), decisionAt(5_000)].map(toStored));
  expect(log.reads).toEqual([
    [0, 1],
    [5_000, 1],
  ]);
});

test('what is no decision needs no entry', async () => {
  const log = logOf(0);
  const latch = { kind: 'latch', key: 'org:acme', value: { engaged: true } } as unknown;
  expect(await fromStored(log, [toStored(latch as RecordChange)])).toEqual([latch]);
  expect(log.reads).toEqual([]);
});

test.each([
  ['is not in the log', decisionAt(7)],
  ['is that of another decision', decisionAt(3, idOf(2))],
  ['does not decide it', decisionAt(notDeciding)],
])('a decision whose entry %s is refused', async (_, change) => {
  const read = fromStored(logOf(5), [toStored(change)]);
  await expect(read).rejects.toMatchObject({ code: 'log-inconsistent' });
});
