/**
 * Seeded simulations of several workers over one faulty store. A failing seed names the command
 * line that runs it again. And the proof that the auditor can fail: sabotaged stores that it has to
 * object to.
 */
import { randomInt } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  appendLeaves,
  readEntry,
  rootHash,
  type SealedEntry,
  sealEntry,
} from '../../src/log/index.ts';
import type { Batch, Head, StoredRecord } from '../../src/storage/storage.ts';
import { operationKinds } from './operation.ts';
import { parcelEvents } from './parcel-count.ts';
import { commandLine, simulate, type SimulationResult } from './simulate.ts';
import { wrapped } from './wrapped-store.ts';

const steps = Number(process.env['SIM_STEPS'] ?? 350);
const freshRuns = Number(process.env['SIM_RUNS'] ?? 3);

/** Seeds that once found something, in the source or in a mutant of it, are kept for good. */
const keptSeeds = [
  'a-0',
  'a-4',
  'a-11',
  'b-1',
  'b-3',
  'kill-1',
  'doubt-2',
  'soak-5',
  'lease-4',
  'line-17',
  'r461192080',
  'r444293153',
  'r675644858',
];
const freshSeeds = Array.from({ length: freshRuns }, () => `r${randomInt(1_000_000_000)}`);

test.each(keptSeeds)('seed %s holds', async (seed) => {
  expectHolds(await simulate({ seed, steps }));
});

test.each(freshSeeds)('fresh seed %s holds', async (seed) => {
  expectHolds(await simulate({ seed, steps }));
});

/** Refusals that simulations are about, as commands and their codes. */
const refusals = [
  'acquire-lease lease-held',
  'acquire-lease session-not-active',
  'renew-lease lease-lost',
  'authorize lease-lost',
  'start-permit lease-lost',
  'authorize resource-locked',
  'authorize operator-absent',
  'authorize killed',
  'heartbeat heartbeat-unwanted',
  'heartbeat permission-denied',
  'release-kill latch-not-engaged',
  'release-kill second-principal-needed',
  'set-budget second-principal-needed',
  'activate-policy second-principal-needed',
  'approve-ticket self-approval',
];

test('the same seed gives the same log, byte for byte', async () => {
  const first = await simulate({ seed: 'twice', steps: 150 });
  const second = await simulate({ seed: 'twice', steps: 150 });
  expect(second.bodies).toEqual(first.bodies);
  expect(second.replies).toEqual(first.replies);
  expect((await simulate({ seed: 'thrice', steps: 150 })).root).not.toBe(first.root);
});

test('simulations meet what they are about', async () => {
  // Some of it is rare, and no one seed has to meet all of it.
  const [types, replies, answers, parcels]: Record<string, number>[] = [{}, {}, {}, {}];
  let isOnProbation = false;
  let crashes = 0;
  for (const seed of ['cov-31', 'cov-34', 'cov-40', 'cov-41']) {
    const met = await simulate({ seed, steps: 800 });
    expectHolds(met);
    Object.assign(types ?? {}, met.types);
    Object.assign(replies ?? {}, met.replies);
    Object.assign(answers ?? {}, met.met);
    Object.assign(parcels ?? {}, met.parcels);
    isOnProbation ||= met.bodies.some((body) => /was released under supervision/.test(body));
    crashes += met.crashes;
  }
  for (const type of [
    'permit-started',
    'permit-settled',
    'permit-voided',
    'permit-expired',
    'usage-late',
    'budget-frozen',
    'budget-overrun',
    'budget-warned',
    'budget-exhausted',
    'budget-set',
    'budget-closed',
    'kill-engaged',
    'kill-released',
    'ticket-requested',
    'ticket-approved',
    'ticket-denied',
    'ticket-escalated',
    'ticket-expired',
    'policy-activated',
    'session-transitioned',
    'key-issued',
    'key-revoked',
    'agent-transitioned',
    'handoff-issued',
    'ticket-edited',
    'grant-revoked',
    'command-rejected',
    'ticket-reminded',
    'ticket-cancelled',
    'lease-acquired',
    'lease-renewed',
    'lease-released',
    'lease-expired',
    'operator-heartbeat',
    'heartbeat-lapsed',
    'change-proposed',
    'change-confirmed',
  ]) {
    expect(types).toHaveProperty(type);
  }
  for (const reply of ['decided', 'opened', 'settled', 'latched', 'refused', 'fault', 'unheard']) {
    expect(replies).toHaveProperty(reply);
  }
  // Processes decide for each other, and what is left comes back on each of its ways.
  expect(Object.keys(parcels ?? {}).toSorted()).toEqual([...parcelEvents, 'lost'].toSorted());
  expect(crashes).toBeGreaterThan(0);
  expect(isOnProbation).toBe(true);
  // Nothing that anybody does fails always, and what is refused is met.
  const accepted = operationKinds.map((kind) =>
    kind === 'authorize' ? 'authorize allowed' : `${kind} accepted`,
  );
  expect(Object.keys(answers ?? {})).toEqual(expect.arrayContaining([...accepted, ...refusals]));
});

test('the auditor objects to a store that acknowledges without writing', async () => {
  let appends = 0;
  const { problems } = await simulate({
    seed: 'sabotage',
    steps: 200,
    sabotage: (store) =>
      wrapped(store, async (batch) => {
        appends += 1;
        return appends % 20 === 0 ? { status: 'appended' } : store.append(batch);
      }),
  });
  expect(problems.some((problem) => /not (in the log|logged)/.test(problem))).toBe(true);
});

test('the auditor objects to a store that lets a conflict through', async () => {
  const { problems } = await simulate({
    seed: 'conflict-12',
    steps: 200,
    sabotage: (store) =>
      wrapped(store, async (batch) => {
        // What was decided on an old head is sealed anew behind the new one: every hash holds.
        const head = await store.head();
        const moved = head.size !== batch.expectedSize && batch.entries.length > 0;
        return store.append(moved ? sealedBehind(head, batch) : batch);
      }),
  });
  expect(problems.some((problem) => problem.startsWith('entry '))).toBe(true);
});

test('the auditor objects to a store that loses an append it acknowledged', async () => {
  let appends = 0;
  const { problems } = await simulate({
    seed: 'sabotage-3',
    steps: 200,
    sabotage: (store) =>
      wrapped(store, async (batch) => {
        appends += 1;
        // The entries are kept, the records are not: the tables fall behind the log.
        return store.append(appends % 15 === 0 ? { ...batch, records: [] } : batch);
      }),
  });
  expect(problems.some((problem) => problem.startsWith('verify:'))).toBe(true);
});

test('the auditor objects to a store that forgets what was spent', async () => {
  const { problems } = await simulate({
    seed: 'sabotage-4',
    steps: 150,
    sabotage: (store) =>
      wrapped(store, (batch) => store.append({ ...batch, records: batch.records.map(forgetful) })),
  });
  expect(problems.some((problem) => /^commit to .* has posted 0/.test(problem))).toBe(true);
});

test.each([
  ['lease', { status: 'expired' }, /^commit to .* lease .* has status expired/],
  ['lock', { decision: '' }, /^commit to .* lock .* has decision , and by the entries 0/],
  ['latch', { engaged: false }, /^commit to .* latch .* has engaged false/],
  ['heartbeat', { lapsed: true }, /^commit to .* heartbeat .* has lapsed true/],
])('the auditor objects to a store that changes a %s', async (kind, change, objection) => {
  const changed = (record: StoredRecord): StoredRecord => {
    if (record.kind !== kind) return record;
    return { ...record, value: JSON.stringify({ ...JSON.parse(record.value), ...change }) };
  };
  const { problems } = await simulate({
    seed: 'state-1',
    steps: 150,
    sabotage: (store) =>
      wrapped(store, (batch) => store.append({ ...batch, records: batch.records.map(changed) })),
  });
  expect(problems.some((problem) => objection.test(problem))).toBe(true);
});

/** Shows the command line that runs a failing seed again. */
function expectHolds(result: SimulationResult): void {
  const { problems } = result;
  const again = problems.length === 0 ? '' : commandLine(result);
  expect({ again, problems }).toEqual({ again: '', problems: [] });
}

/** An account as it would be had nothing ever been used. */
function forgetful(record: StoredRecord): StoredRecord {
  if (record.kind !== 'budget') return record;
  const { posted, overrun, ...budget } = JSON.parse(record.value) as BudgetAmounts;
  const released = budget.released + posted - overrun;
  const value = JSON.stringify({ ...budget, posted: 0, overrun: 0, released });
  return { ...record, value };
}

interface BudgetAmounts {
  readonly posted: number;
  readonly overrun: number;
  readonly released: number;
}

/** The batch, decided on another head, moved behind this one with a chain and root that hold. */
function sealedBehind(head: Head, batch: Batch): Batch {
  const by = head.size - batch.expectedSize;
  const entries: SealedEntry[] = [];
  for (const { body } of batch.entries) {
    const { log, index, previous: _, format: __, ...draft } = readEntry(body);
    const previous = entries.at(-1)?.leaf ?? head.previous;
    entries.push(sealEntry(draft, { log, index: index + by, previous }));
  }
  const leaves = entries.map(({ leaf }) => leaf);
  const frontier = appendLeaves({ size: head.size, hashes: head.frontier }, leaves);
  return {
    ...batch,
    expectedSize: head.size,
    expectedPrevious: head.previous,
    entries,
    contents: batch.contents.map((content) => ({ ...content, index: content.index + by })),
    head: {
      size: frontier.size,
      previous: leaves.at(-1) ?? head.previous,
      root: rootHash(frontier),
      frontier: frontier.hashes,
      at: Math.max(head.at, batch.head.at),
    },
  };
}
