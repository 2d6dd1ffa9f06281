/** What a fold gives back is what was put; what is settled for good it keeps as the text of the tables. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isLive, type RecordChange } from '../../kernel/index.ts';
import { Fold } from './fold.ts';
import { toStored } from '../store/stored-record.ts';

/** A decision as far as liveness and parent go, with text that takes up to three bytes a unit. */
const anyDecision = fc.record({
  key: fc.constantFrom('d-1', 'd-2', 'd-3', 'd-4'),
  permit: fc.constantFrom('none', 'issued', 'started', 'succeeded', 'unknown'),
  late: fc.constantFrom('awaited' as const, 'told' as const, undefined),
  session: fc.constantFrom('s-1', 's-2', 'ses 🙂'),
  // Longer than a piece, and seldom: two in a row say no more than one.
  agent: fc.oneof(
    { weight: 9, arbitrary: fc.string({ unit: 'grapheme' }) },
    { weight: 1, arbitrary: fc.constant('\u20ac'.repeat(1_500_000)) },
  ),
});

interface Drawn {
  readonly key: string;
  readonly permit: string;
  readonly session: string;
  readonly agent: string;
  readonly late?: string | undefined;
}

function changeOf({ key, late, ...members }: Drawn): RecordChange {
  const value = { id: key, ...members, ...(late === undefined ? {} : { late }) };
  return { kind: 'decision', key, value } as unknown as RecordChange;
}

/** Whether an event can still change it. */
function isOpen({ permit, late }: Drawn): boolean {
  return permit === 'issued' || permit === 'started' || late === 'awaited';
}

const settled = 'it is settled for good';

function readFrom(fold: Fold, key: string): unknown {
  try {
    return fold.get('decision', key);
  } catch (failure) {
    return String(failure).includes('is settled for good') ? settled : failure;
  }
}

test('a decision is as it was put last while it can change, and is compared as the tables have it', () => {
  fc.assert(
    fc.property(fc.array(anyDecision, { maxLength: 12 }), (decisions) => {
      const fold = new Fold();
      const last = new Map<string, Drawn>();
      for (const drawn of decisions) {
        fold.put(changeOf(drawn));
        last.set(drawn.key, drawn);
      }
      for (const [key, drawn] of last) {
        const change = changeOf(drawn);
        expect(readFrom(fold, key)).toEqual(isOpen(drawn) ? change.value : settled);
        expect(fold.expected('decision', key)).toEqual(toStored(change));
      }
    }),
    { numRuns: 60 },
  );
});

test('a record counts as compared until it changes', () => {
  const fold = new Fold();
  const [live, ended] = ['started', 'succeeded'].map((permit) =>
    changeOf({ key: permit, permit, session: 's-1', agent: '' }),
  );
  if (live === undefined || ended === undefined) throw new Error('two were made');
  expect([isLive(live), isLive(ended)]).toEqual([true, false]);
  fold.put(live);
  fold.put(ended);
  expect([...fold.notCompared('decision')]).toEqual(['started', 'succeeded']);
  fold.expected('decision', 'started');
  fold.expected('decision', 'succeeded');
  expect([...fold.notCompared('decision')]).toEqual([]);
  fold.put(ended);
  expect([...fold.notCompared('decision')]).toEqual(['succeeded']);
  expect(fold.expected('decision', 'unknown')).toBeUndefined();
});

test('another kind of record that is settled is read as it was put', () => {
  const fold = new Fold();
  const ticket = { id: 't-1', session: 's-1', status: 'denied', note: '\u20ac🙂' };
  fold.put({ kind: 'ticket', key: 't-1', value: ticket } as unknown as RecordChange);
  expect(fold.get('ticket', 't-1')).toEqual(ticket);
});
