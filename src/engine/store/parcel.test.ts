/** Commands as the text that one process leaves and another reads, and the answers that come back. */
import { expect, test } from 'vitest';
import type { Command } from '../../kernel/index.ts';
import type { Parcel } from '../../storage/storage.ts';
import type { Answered, Submission } from './batch.ts';
import { parcelText, readParcels, repliesTo, replyIn } from './parcel.ts';

const by = { id: 'ada', org: 'acme', roles: ['platform-admin'], via: 'configuration' };

function submission(id: string): Submission {
  const agent = { org: '*', name: id, version: '1', capabilities: [{ actions: ['**'] }] };
  const command: Command = { kind: 'register-agent', id, by, agent };
  return { command, contents: [{ field: 'reason', salt: 's', text: `why ${id} 😀` }] };
}

function parcel(sender: string, ...ids: readonly string[]): Parcel {
  return { sender, number: 1, text: parcelText(ids.map(submission)) };
}

/** The answer of a command is told apart from another's by where it stands. */
function answered(position: number): Answered {
  const answer = { status: 'done', kind: 'agent', key: `k${position}` } as const;
  return { answer, replayed: false, record: undefined, index: position, position, at: 5 };
}

const known = (): boolean => true;

test('what is read is what was left', () => {
  const [left] = readParcels([parcel('a', 'one', 'two')], 2, known);
  expect(left?.name).toEqual({ sender: 'a', number: 1 });
  expect(left?.submissions).toEqual([submission('one'), submission('two')]);
});

test('of many parcels as many are read as there is room for, each whole or not at all', () => {
  const parcels = [parcel('a', '1', '2'), parcel('b', '3', '4'), parcel('c', '5')];
  const sendersIn = (room: number) =>
    readParcels(parcels, room, known).map(({ name }) => name.sender);
  expect(sendersIn(5)).toEqual(['a', 'b', 'c']);
  // What is small enough goes along, and the sender of the other decides for himself.
  expect(sendersIn(3)).toEqual(['a', 'c']);
  expect(sendersIn(1)).toEqual(['c']);
  expect(sendersIn(0)).toEqual([]);
});

test('a parcel whose commands cannot be decided here takes no room', () => {
  const parcels = [parcel('a', 'odd', 'two'), parcel('b', 'three', 'four')];
  const isKnown = (commands: readonly Command[]) => commands.every(({ id }) => id !== 'odd');
  expect(readParcels(parcels, 2, isKnown).map(({ name }) => name.sender)).toEqual(['b']);
});

test('each sender gets the answers to its own commands, and none for what failed', () => {
  const left = readParcels([parcel('a', '1', '2'), parcel('b', '3')], 9, known);
  const outcomes = [
    { answered: answered(7) },
    { failure: new Error('odd') },
    { answered: answered(8) },
  ];
  const replies = repliesTo(left, outcomes, 9);
  expect(replies.map(({ sender, number }) => [sender, number])).toEqual([
    ['a', 1],
    ['b', 1],
  ]);
  // As text it has no member that is not there, which is the same to whoever reads it.
  expect(replies.map(({ text }) => replyIn(text))).toEqual([
    { answers: [answered(7), null], urgentTo: 9 },
    { answers: [answered(8)], urgentTo: 9 },
  ]);
});
