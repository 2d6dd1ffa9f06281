/**
 * Golden history, format 1: entries that were written once must fold and verify for ever.
 *
 * A failure of the first test means that this version writes other bytes than the frozen one. Before the
 * first release that may be meant: `npx vitest run test/pins -u` freezes anew, and the change is seen in
 * review. After it, the format gets a new number and the old file stays.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { verify } from '../../src/engine/index.ts';
import { readEntry, rootHash } from '../../src/log/index.ts';
import { memory } from '../../src/storage/memory.ts';
import { type History, makeHistory } from './history.ts';

const path = join(import.meta.dirname, '..', 'vectors', 'history-1.json');

/** Every event type of format 1 with the members of its data, as wire format. */
const eventTypes: Readonly<Record<string, string>> = {
  'action-decided':
    'action argumentsDigest code commitments consumed decision definition determinedBy estimate ' +
    'expiresAt facts fence grant guidance help idempotency lock message model modelTerms outcome permit plans policyEffect ' +
    'policyHash policyVersion remembers reservations resource risk runTimeoutMs shadow step suggestions ticket tool',
  'agent-registered': 'before capabilities name org owner version',
  'agent-transitioned': 'agent commitments from org to transition',
  'budget-closed': 'commitments org plan',
  'budget-exhausted': 'budget decision limit unit',
  'budget-frozen': 'budget overrun permit unit',
  'budget-overrun': 'budget overrun permit unit',
  'budget-set': 'before commitments org plan',
  'budget-warned': 'budget decision limit percent unit used',
  'change-confirmed': 'proposal',
  'change-proposed': 'change expiresAt proposal',
  'command-rejected': 'command commitments rejection subject',
  'grant-revoked': 'agent commitments grant org principal',
  'handoff-issued': 'agent budget delegation expiresAt handoff principal',
  'heartbeat-lapsed': 'org since',
  'input-screened':
    'commitments determinedBy effective facts message outcome policyHash policyVersion screening under',
  'key-issued': 'commitments expiresAt id org principal roles secretHash teams',
  'key-revoked': 'key',
  'kill-engaged': 'commitments scope',
  'kill-released': 'commitments scope supervised',
  'lease-acquired': 'expiresAt fence holder owner termMs',
  'lease-expired': 'fence holder onStuck',
  'lease-released': 'fence',
  'lease-renewed': 'expiresAt fence',
  'notification-abandoned': 'attempts commitments entry notifier',
  'notification-delivered': 'attempts entry notifier',
  'notifier-advanced': 'cursor notifier',
  'operator-heartbeat': 'expiresAt org',
  'permit-expired': 'permit resolved started usage',
  'permit-settled': 'commitments facts model outcome output permit resolved usage',
  'permit-started': 'expiresAt permit',
  'permit-voided': 'permit resolved',
  'policy-activated': 'before document hash',
  'prices-activated': 'before document hash',
  'risk-escalated': 'action decision escalations from to',
  'session-opened':
    'active agent ancestors budget commitments delegation handoff lineage mode session',
  'session-transitioned': 'commitments transition',
  'ticket-approved': 'commitments expiresAt grant ticket',
  'ticket-cancelled': 'ticket',
  'ticket-denied': 'commitments ticket',
  'ticket-edited': 'argumentsDigest commitments estimate resource ticket tool',
  'ticket-endorsed': 'commitments ticket',
  'ticket-escalated': 'ticket',
  'ticket-expired': 'ticket',
  'ticket-reminded': 'ticket',
  'ticket-requested':
    'action approverPrincipals approverRoles argumentsDigest definition escalation estimate expiresAt ' +
    'plans policyVersion quorum reason reasonRequired remindMs resource risk ticket tool',
  'tool-approved': 'action before commitments definition estimate hasSchema name resource',
  'tool-quarantined': 'action before commitments definition estimate hasSchema name resource',
  'tool-registered': 'action before definition estimate hasSchema isModel name resource',
  'usage-late': 'debts model outcome permit posted usage',
  'usage-reconciled': 'freezeAbovePercent org rows source stopped',
};

const envelope = 'at by command data format index log previous type';
const envelopeInSession = 'at by command data format index log previous sequence session type';

function frozenHistory(): History {
  return JSON.parse(readFileSync(path, 'utf8')) as History;
}

test('the same script still writes the frozen history, byte for byte', async () => {
  const made = await makeHistory();
  await expect(`${JSON.stringify(made, null, 1)}\n`).toMatchFileSnapshot(path);
});

test('the frozen history folds to its records and verifies', async () => {
  const { log, head, entries, contents, records } = frozenHistory();
  const store = memory();
  await store.open(log);
  await store.append({ expectedSize: 0, expectedPrevious: null, entries, contents, records, head });
  const report = await verify(store, { anchor: { size: head.size, root: head.root } });
  await store.close();
  expect(report.faults).toEqual([]);
  expect(report.entries).toBe(head.size);
  expect(report.records).toBe(records.length);
  expect(report.contents).toBe(contents.length);
  expect(head.root).toBe(rootHash({ size: head.size, hashes: head.frontier }));
});

test('event types and the members of their data are the pinned ones', () => {
  const found = new Map<string, Set<string>>();
  for (const { body } of frozenHistory().entries) {
    const { type, data } = readEntry(body);
    const members = found.get(type) ?? new Set<string>();
    for (const member of Object.keys(data)) members.add(member);
    found.set(type, members);
  }
  const named = [...found].map(([type, members]) => [type, [...members].toSorted().join(' ')]);
  expect(Object.fromEntries(named)).toEqual(eventTypes);
});

test('every event type that the source declares is in the history', () => {
  const source = readFileSync(join(import.meta.dirname, '../../src/kernel/event.ts'), 'utf8');
  const declared = source.slice(source.indexOf('EventDataByType {'), source.indexOf('EventType ='));
  const types = [...declared.matchAll(/^ {2}readonly '([a-z-]+)':/gm)].map(([, type = '']) => type);
  expect(types.toSorted()).toEqual(Object.keys(eventTypes));
});

test('the envelope of an entry has the pinned members', () => {
  const shapes = frozenHistory().entries.map(({ body }) => {
    const members = Object.keys(JSON.parse(body) as object);
    return members.toSorted().join(' ');
  });
  expect([...new Set(shapes)].toSorted()).toEqual([envelope, envelopeInSession].toSorted());
});
