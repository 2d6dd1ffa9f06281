/**
 * The proof that the auditor’s ledger can object: the log of a simulation that holds, changed in one
 * place at a time as a control plane that is wrong would have written it.
 */
import { beforeAll, expect, test } from 'vitest';
import { LogModel } from './log-model.ts';
import type { RawEntry } from './raw-entry.ts';
import { simulate } from './simulate.ts';

/** Several, since some of what is changed is rare. */
const logs: (readonly string[])[] = [];

beforeAll(async () => {
  for (const seed of ['ledger-1', 'ledger-2', 'ledger-3', 'ledger-4']) {
    logs.push((await simulate({ seed, steps: 500 })).bodies);
  }
});

/** What can be written over: entries are read anew for each test. */
type Loose = Record<string, unknown>;

interface Change {
  readonly name: string;
  readonly type: string;
  /** Changes an entry, and says whether it could. */
  readonly change: (data: Loose) => boolean;
  readonly objection: RegExp;
}

const changes: readonly Change[] = [
  {
    name: 'leaves one account out',
    type: 'action-decided',
    change: (data) => lists(data['reservations'], (all) => all.pop() !== undefined),
    objection: /passes by the budget/,
  },
  {
    name: 'reserves more than there is',
    type: 'action-decided',
    change: (data) =>
      lists(data['reservations'], (all) =>
        all.some((each) => {
          if (each['unit'] !== 'usd' || each['bucketMs'] !== undefined) return false;
          each['amount'] = 10 ** 12;
          return true;
        }),
      ),
    objection: /overspends|reserves another amount/,
  },
  {
    name: 'reserves under another limit than the plan’s',
    type: 'action-decided',
    change: (data) =>
      lists(data['reservations'], (all) =>
        all.some((each) => typeof each['limit'] === 'number' && (each['limit'] += 1) > 0),
      ),
    objection: /under another limit/,
  },
  {
    name: 'charges less than was used',
    type: 'permit-settled',
    change: (data) =>
      lists(data['resolved'], (all) =>
        all.some((each) => typeof each['used'] === 'number' && each['used'] > 0 && zero(each)),
      ),
    objection: /charges 0 in/,
  },
  {
    name: 'leaves a reservation behind',
    type: 'permit-settled',
    change: (data) => lists(data['resolved'], (all) => all.pop() !== undefined),
    objection: /leaves a reservation behind/,
  },
  {
    name: 'does not tell an overrun',
    type: 'budget-frozen',
    change: (data) => ((data['permit'] = 'another'), true),
    objection: /never tells/,
  },
  {
    name: 'says what was not before a plan',
    type: 'budget-set',
    change: (data) => ((data['before'] = { id: 'another' }), true),
    objection: /another plan before it/,
  },
  {
    name: 'has a session work on behalf of nobody’s',
    type: 'session-opened',
    change: (data) => ((data['ancestors'] = ['nobody']), true),
    objection: /ancestors that are no line/,
  },
  {
    name: 'tells late of another permit',
    type: 'usage-late',
    change: (data) => ((data['permit'] = 'another'), true),
    objection: /comes late for no permit/,
  },
  {
    name: 'charges nothing where a provider said nothing',
    type: 'permit-settled',
    change: (data) => {
      const isUnsaid = JSON.stringify(data['model'] ?? {}).includes('"problem"');
      return isUnsaid && lists(data['resolved'], zeroAll) && zeroUsage(data);
    },
    objection: /charges too little/,
  },
];

test('the logs that are changed hold as they are', () => {
  for (const bodies of logs) expect(problemsOf(bodies.map(entryOf))).toEqual([]);
});

test.each(changes)('the ledger objects to a log that $name', ({ type, change, objection }) => {
  const changed = logs
    .map((bodies) => bodies.map(entryOf))
    .find((log) => log.some((entry) => entry.type === type && change({ ...entry }['data'])));
  expect(changed).toBeDefined();
  expect(problemsOf(changed ?? []).filter((problem) => objection.test(problem))).not.toEqual([]);
});

function entryOf(body: string): RawEntry & { data: Loose } {
  return JSON.parse(body) as RawEntry & { data: Loose };
}

function problemsOf(entries: readonly RawEntry[]): readonly string[] {
  const model = new LogModel();
  for (const entry of entries) model.add(entry);
  model.ledger.end();
  return model.problems;
}

function lists(value: unknown, change: (all: Loose[]) => boolean): boolean {
  return Array.isArray(value) && value.length > 0 && change(value as Loose[]);
}

function zero(each: Loose): boolean {
  each['used'] = 0;
  return true;
}

function zeroAll(all: Loose[]): boolean {
  return all.every(zero);
}

function zeroUsage(data: Loose): boolean {
  data['usage'] = {};
  return true;
}
