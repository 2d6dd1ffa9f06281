/**
 * The proof that the auditor's models of rights can object: a log that holds, changed in one place at a time as
 * a kernel that is wrong would have written it.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { rightsSteps } from './random-rights.ts';
import { audited, entriesOf, type KnownEntry, played } from './rights-audit.ts';

type Loose = Record<string, unknown>;
/** What can be written over. */
type LooseEntry = Omit<KnownEntry, 'data' | 'by'> & { readonly data: Loose; readonly by: Loose };

interface Change {
  readonly name: string;
  readonly objection: RegExp;
  /** Changes the log from an entry on, and says whether the entry was one to change. */
  readonly change: (entry: LooseEntry, log: KnownEntry[]) => boolean;
}

const drop = ({ index }: LooseEntry, log: KnownEntry[]): true => {
  log.splice(index, 1);
  return true;
};
const isAllow = ({ type, data }: { type: string; data: Loose }): boolean =>
  type === 'action-decided' && data['outcome'] === 'allow';

const changes: readonly Change[] = [
  {
    name: 'never issued a key',
    objection: /by a key that was never issued/,
    change: (entry, log) => entry.type === 'key-issued' && drop(entry, log),
  },
  {
    name: 'has a key act for another',
    objection: /by another’s key/,
    change: ({ type, by }) =>
      type === 'session-opened' && by['credential'] !== undefined && Boolean((by['id'] = 'eve')),
  },
  {
    name: 'opens a session with a suspended agent',
    objection: /works with agent retired, suspended/,
    change: ({ type, data }) => type === 'session-opened' && Boolean((data['agent'] = 'retired')),
  },
  {
    name: 'delegates in a circle',
    objection: /closes a circle/,
    change: ({ type, data }, log) => {
      const [parent] = (data['ancestors'] ?? []) as readonly string[];
      const above = log.find(
        (each) => each.type === 'session-opened' && each.data.session === parent,
      );
      return (
        type === 'session-opened' &&
        above !== undefined &&
        Boolean((data['agent'] = above.data.agent))
      );
    },
  },
  {
    name: 'gives less than is used',
    objection: /more than session .* was given/,
    change: ({ type, data }) =>
      type === 'session-opened' && Boolean((data['delegation'] = { actions: ['nothing'] })),
  },
  {
    name: 'lets an agent do more than it can',
    objection: /more than agent .* can/,
    change: (entry) => isAllow(entry) && Boolean((entry.data['action'] = 'no.such.action')),
  },
  {
    name: 'takes up a hand-off twice',
    objection: /takes up a hand-off again/,
    change: (entry, log) => {
      const { type, data } = entry;
      if (type !== 'session-opened' || data['handoff'] === undefined) return false;
      log.splice(entry.index, 0, ...log.slice(entry.index, entry.index + 1));
      return true;
    },
  },
  {
    name: 'takes up a hand-off from before a kill',
    objection: /takes up a hand-off from before a kill/,
    change: (entry, log) => {
      const { type, data, by } = entry;
      const [opened] = log.slice(entry.index, entry.index + 1);
      if (type !== 'session-opened' || data['handoff'] === undefined || opened === undefined) {
        return false;
      }
      const kill = {
        ...opened,
        type: 'kill-engaged',
        data: { scope: { kind: 'org', org: by['org'] } },
      };
      log.splice(entry.index, 0, kill as unknown as KnownEntry);
      return true;
    },
  },
  {
    name: 'takes up another’s hand-off',
    objection: /takes up another’s hand-off/,
    change: ({ type, data }) =>
      type === 'handoff-issued' && Boolean((data['principal'] = 'nobody')),
  },
  {
    name: 'has the requester approve',
    objection: /is decided by who asks/,
    change: ({ type, data, by }, log) => {
      const asked = log.find(
        (each) => each.type === 'ticket-requested' && each.data.ticket === data['ticket'],
      );
      return type === 'ticket-approved' && Boolean((by['id'] = asked?.by.id));
    },
  },
  {
    name: 'counts an approver twice',
    objection: /counts somebody twice/,
    change: (entry, log) => {
      const { type, data, by } = entry;
      const first = log.find(
        (each) => each.type === 'ticket-endorsed' && each.data.ticket === data['ticket'],
      );
      return type === 'ticket-approved' && first !== undefined && Boolean((by['id'] = first.by.id));
    },
  },
  {
    name: 'takes one approval for two',
    objection: /is approval 1 of its ticket/,
    change: (entry, log) => entry.type === 'ticket-endorsed' && drop(entry, log),
  },
  {
    name: 'uses a grant once more than it says',
    objection: /is use \d+ of 0/,
    change: ({ type, data }) => {
      const given = data['grant'] as { terms: Loose } | undefined;
      return type === 'ticket-approved' && given !== undefined && ((given.terms['uses'] = 0), true);
    },
  },
  {
    name: 'uses a grant beyond its cost',
    objection: /takes its grant beyond 0 actions/,
    change: ({ type, data }) => {
      const given = data['grant'] as { terms: Loose } | undefined;
      const isGiven = type === 'ticket-approved' && given !== undefined;
      return isGiven && Boolean((given.terms['cost'] = { actions: 0 }));
    },
  },
  {
    name: 'lets one alone make a change that takes two',
    objection: /was made by one alone/,
    change: (entry, log) => entry.type === 'change-confirmed' && drop(entry, log),
  },
  {
    name: 'has a change confirmed by who proposed it',
    objection: /confirms its own proposal/,
    change: ({ type, data, by }, log) => {
      const proposed = log.findLast(
        (each) => each.type === 'change-proposed' && each.data.proposal === data['proposal'],
      );
      return type === 'change-confirmed' && Boolean((by['id'] = proposed?.by.id));
    },
  },
];

const logs = fc
  .sample(rightsSteps, { numRuns: 150, seed: 7 })
  .map((sequence) => entriesOf(played(sequence)));

test.each(changes)('the models object to a log that $name', ({ change, objection }) => {
  const met = logs.some((log) =>
    log.some((_, place) => {
      const copy = structuredClone(log);
      const entry = copy[place] as unknown as LooseEntry;
      if (!change(entry, copy)) return false;
      return audited(copy).problems.some((problem) => objection.test(problem));
    }),
  );
  expect(met).toBe(true);
});
