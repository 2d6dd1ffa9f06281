/** What a fold gives back is what was put, also where it kept no more than a text. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isLive, type RecordChange } from '../../kernel/index.ts';
import { Fold } from './fold.ts';
import { toStored } from '../store/record-cache.ts';

/** A decision as far as liveness and parent go, with text that takes up to three bytes a unit. */
const anyDecision = fc.record({
  key: fc.constantFrom('d-1', 'd-2', 'd-3', 'd-4'),
  permit: fc.constantFrom('none', 'issued', 'started', 'succeeded', 'voided'),
  session: fc.constantFrom('s-1', 's-2', 'ses 🙂'),
  // Longer than a piece, and seldom: two in a row say no more than one.
  message: fc.oneof(
    { weight: 9, arbitrary: fc.string({ unit: 'grapheme' }) },
    { weight: 1, arbitrary: fc.constant('\u20ac'.repeat(1_500_000)) },
  ),
});

interface Drawn {
  readonly key: string;
  readonly permit: string;
  readonly session: string;
  readonly message: string;
}

function changeOf({ key, ...members }: Drawn): RecordChange {
  return { kind: 'decision', key, value: { id: key, ...members } } as unknown as RecordChange;
}

test('each record is as it was put last, live or not, and is compared as such', () => {
  fc.assert(
    fc.property(fc.array(anyDecision, { maxLength: 12 }), (decisions) => {
      const fold = new Fold();
      const last = new Map<string, RecordChange>();
      for (const change of decisions.map(changeOf)) {
        fold.put(change);
        last.set(change.key, change);
      }
      for (const [key, change] of last) {
        expect(fold.get('decision', key)).toEqual(change.value);
        expect(fold.expected('decision', key)).toEqual(toStored(change));
      }
    }),
    { numRuns: 60 },
  );
});

test('a record counts as compared until it changes', () => {
  const fold = new Fold();
  const [live, settled] = ['started', 'succeeded'].map((permit) =>
    changeOf({ key: permit, permit, session: 's-1', message: '' }),
  );
  if (live === undefined || settled === undefined) throw new Error('two were made');
  expect([isLive(live), isLive(settled)]).toEqual([true, false]);
  fold.put(live);
  fold.put(settled);
  expect([...fold.notCompared('decision')]).toEqual(['started', 'succeeded']);
  fold.expected('decision', 'started');
  fold.expected('decision', 'succeeded');
  expect([...fold.notCompared('decision')]).toEqual([]);
  fold.put(settled);
  expect([...fold.notCompared('decision')]).toEqual(['succeeded']);
  expect(fold.expected('decision', 'unknown')).toBeUndefined();
});
