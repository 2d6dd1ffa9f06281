/**
 * The proof that the auditor’s models of leases, locks, operators, tickets and proposals can object: the log of
 * a simulation that holds, changed in one place at a time as a control plane that is wrong would have written it.
 */
import { beforeAll, expect, test } from 'vitest';
import { Models } from './models.ts';
import type { RawEntry } from './raw-entry.ts';
import { simulate } from './simulate.ts';

/** What can be written over: entries are read anew for each test. */
type Loose = Record<string, unknown>;
type LooseEntry = RawEntry & { readonly data: Loose } & { at: number; by: RawEntry['by'] };

const logs: (readonly string[])[] = [];

beforeAll(async () => {
  for (const seed of ['cov-31', 'cov-41']) {
    logs.push((await simulate({ seed, steps: 800 })).bodies);
  }
});

interface Change {
  readonly name: string;
  readonly type: string;
  /** Changes an entry, and says whether it could. `null` has it left out. */
  readonly change: ((entry: LooseEntry) => boolean) | null;
  readonly objection: RegExp;
}

const set =
  (name: string, value: (before: number) => unknown) =>
  ({ data }: LooseEntry): boolean => {
    data[name] = value(data[name] as number);
    return true;
  };

const where =
  (holds: (data: Loose) => boolean, change: (entry: LooseEntry) => boolean) =>
  (entry: LooseEntry): boolean =>
    holds(entry.data) && change(entry);

const bySomebody = (entry: LooseEntry): boolean => {
  entry.by = { id: 'user:mallory', org: 'acme', roles: ['operator'], via: 'host-assertion' };
  return true;
};

const leaseChanges: readonly Change[] = [
  {
    name: 'gives a fence again',
    type: 'lease-acquired',
    change: set('fence', (fence) => fence - 1),
    objection: /does not take the next fence/,
  },
  {
    name: 'gives a lease for longer than the policy says',
    type: 'lease-acquired',
    change: set('termMs', () => 80_000),
    objection: /for longer than the policy says/,
  },
  {
    name: 'gives a lease to somebody whose session it is not',
    type: 'lease-acquired',
    change: bySomebody,
    objection: /takes the lease of another’s session/,
  },
  {
    name: 'renews under another fence',
    type: 'lease-renewed',
    change: set('fence', (fence) => fence + 1),
    objection: /is under fence/,
  },
  {
    name: 'renews for another term',
    type: 'lease-renewed',
    change: set('expiresAt', (at) => at + 1),
    objection: /renews a lease for another term/,
  },
  {
    name: 'lets a lease expire because somebody says so',
    type: 'lease-expired',
    change: bySomebody,
    objection: /is said by somebody/,
  },
  {
    name: 'does something else with what is stuck than the policy says',
    type: 'lease-expired',
    change: where(
      ({ onStuck }) => onStuck !== 'alert',
      set('onStuck', () => 'alert'),
    ),
    objection: /does alert with what is stuck/,
  },
  {
    name: 'leaves stuck work as it is',
    type: 'session-transitioned',
    change: null,
    objection: /leaves its session/,
  },
  {
    name: 'lets a call go on under a stale fence',
    type: 'action-decided',
    change: where(
      ({ fence, outcome }) => fence !== undefined && outcome === 'allow',
      set('fence', (fence) => fence + 1),
    ),
    objection: /goes on with fence/,
  },
  {
    name: 'lets a call go on that shows no fence',
    type: 'action-decided',
    change: where(
      ({ fence, step }) => fence !== undefined && step !== 'session',
      set('fence', () => undefined),
    ),
    objection: /goes on with fence none/,
  },
  {
    name: 'refuses whoever holds the lease',
    type: 'lease-acquired',
    change: null,
    objection: /is refused with fence/,
  },
  {
    name: 'does not say that a lease was given back',
    type: 'lease-released',
    change: null,
    objection: /goes on with fence|takes a lease that is held|leaves its lease/,
  },
];

const otherChanges: readonly Change[] = [
  {
    name: 'works on a resource that another call has',
    type: 'action-decided',
    change: where(
      ({ code }) => code === 'resource-locked',
      ({ data }) => {
        Object.assign(data, { outcome: 'allow', code: 'allowed', step: 'permit' });
        return true;
      },
    ),
    objection: /works on .*, which/,
  },
  {
    name: 'takes no lock',
    type: 'action-decided',
    change: where(
      ({ lock }) => lock === true,
      set('lock', () => undefined),
    ),
    objection: /takes a lock: undefined/,
  },
  {
    name: 'finds a free resource locked',
    type: 'action-decided',
    change: where(
      ({ permit }) => permit === 'started',
      set('code', () => 'resource-locked'),
    ),
    objection: /and it is free/,
  },
  {
    name: 'goes on without an operator',
    type: 'action-decided',
    change: where(
      ({ code }) => code === 'operator-absent',
      ({ data }) => {
        Object.assign(data, { code: 'budget-exceeded', step: 'budget' });
        return true;
      },
    ),
    objection: /goes on without an operator/,
  },
  {
    name: 'misses an operator who is there',
    type: 'action-decided',
    change: where(
      ({ code }) => code === 'killed',
      set('code', () => 'operator-absent'),
    ),
    objection: /misses an operator who is there/,
  },
  {
    name: 'hears nobody who operates',
    type: 'operator-heartbeat',
    change: (entry) => {
      entry.by = { ...entry.by, roles: ['agent'] };
      return true;
    },
    objection: /is a heartbeat of nobody who operates/,
  },
  {
    name: 'lapses for somebody',
    type: 'heartbeat-lapsed',
    change: bySomebody,
    objection: /is said by somebody/,
  },
  {
    name: 'lapses before its time',
    type: 'operator-heartbeat',
    change: null,
    objection: /was never heard|lapses since another time/,
  },
  {
    name: 'lapses and stops nothing',
    type: 'kill-engaged',
    change: null,
    objection: /lapses and stops nothing/,
  },
  {
    name: 'asks nobody about what is on probation',
    type: 'action-decided',
    change: where(
      ({ message }) => /under supervision/.test(String(message)),
      ({ data }) => {
        Object.assign(data, { outcome: 'allow', code: 'allowed', step: 'permit' });
        return true;
      },
    ),
    objection: /asks nobody, and .* is on probation/,
  },
  {
    name: 'releases what is not engaged',
    type: 'kill-engaged',
    change: null,
    objection: /releases what is released/,
  },
  {
    name: 'has somebody escalate a ticket',
    type: 'ticket-escalated',
    change: bySomebody,
    objection: /is said by somebody/,
  },
  {
    name: 'reminds of a ticket before its time',
    type: 'ticket-requested',
    change: where(
      ({ remindMs }) => remindMs !== undefined,
      set('remindMs', (ms) => ms * 9),
    ),
    objection: /reminds of a ticket before its time/,
  },
  {
    name: 'lets those decide who were not asked',
    type: 'ticket-approved',
    change: (entry) => {
      entry.by = { ...entry.by, roles: ['auditor'] };
      return true;
    },
    objection: /decides without the role/,
  },
  {
    name: 'lets those grant to whom a ticket was escalated',
    type: 'ticket-approved',
    change: where(
      ({ grant }) => grant !== undefined,
      (entry) => {
        entry.by = { ...entry.by, roles: ['admin'] };
        return true;
      },
    ),
    objection: /grants what it was only handed|decides without the role/,
  },
  {
    name: 'has the control plane cancel what nothing made void',
    type: 'kill-engaged',
    change: null,
    objection: /is cancelled though nothing made it void/,
  },
  {
    name: 'makes a change without its confirmation',
    type: 'change-confirmed',
    change: null,
    objection: /was made by one alone/,
  },
  {
    name: 'confirms what was not proposed',
    type: 'change-proposed',
    change: null,
    objection: /confirms no proposal/,
  },
  {
    name: 'confirms another change than was proposed',
    type: 'change-proposed',
    change: set('change', () => 'close-budget'),
    objection: /confirms close-budget/,
  },
  {
    name: 'has somebody confirm what they proposed',
    type: 'change-proposed',
    change: (entry) => {
      entry.by = { ...entry.by, id: 'user:ruth', org: 'acme' };
      return true;
    },
    objection: /confirms its own proposal/,
  },
  {
    name: 'confirms a proposal that is over',
    type: 'change-proposed',
    change: set('expiresAt', () => 1),
    objection: /confirms a proposal that is over/,
  },
  {
    name: 'names other plans than count a call',
    type: 'action-decided',
    change: where(
      ({ plans, permit }) => plans !== undefined && permit !== 'none',
      set('plans', () => ['acme/nothing']),
    ),
    objection: /names other plans than count it/,
  },
];

test('the logs that are changed hold as they are', () => {
  for (const bodies of logs) expect(problemsOf(bodies.map(entryOf))).toEqual([]);
});

test.each([...leaseChanges, ...otherChanges])(
  'a model objects to a log that $name',
  ({ type, change, objection }) => {
    // Not each entry of a type shows it: what was left out may have had no consequence.
    expect(
      logs.some((bodies) =>
        bodies.some((body, place) => {
          if (!body.includes(`"type":"${type}"`)) return false;
          const entry = entryOf(body);
          if (entry.type !== type || (change !== null && !change(entry))) return false;
          return problemsWith(bodies, place, change === null ? undefined : entry).some((problem) =>
            objection.test(problem),
          );
        }),
      ),
    ).toBe(true);
  },
);

function problemsWith(
  bodies: readonly string[],
  place: number,
  entry: LooseEntry | undefined,
): readonly string[] {
  const entries = bodies.map(entryOf);
  entries.splice(place, 1, ...(entry === undefined ? [] : [entry]));
  return problemsOf(entries);
}

function entryOf(body: string): LooseEntry {
  return JSON.parse(body) as LooseEntry;
}

function problemsOf(entries: readonly RawEntry[]): readonly string[] {
  const models = new Models();
  for (const entry of entries) models.add(entry);
  models.end();
  return models.problems;
}
