/** What a bill has to be before it is recorded. */
import { expect, test } from 'vitest';
import { reconciliationProblem } from './reconciliation.ts';

const row = { day: '2026-01-01', model: 'small', billed: 2, recorded: 1 };

test('a model that is billed twice on a day is refused: neither row is guessed', () => {
  const other = { ...row, model: 'large' };
  expect(reconciliationProblem('bill', [row, other, { ...row, billed: 3 }], 0)).toBe(
    '`small` is billed twice on 2026-01-01',
  );
});

test('another day, or another model, is another row', () => {
  const rows = [row, { ...row, day: '2026-01-02' }, { ...row, model: 'large' }];
  expect(reconciliationProblem('bill', rows, 0)).toBeUndefined();
});
