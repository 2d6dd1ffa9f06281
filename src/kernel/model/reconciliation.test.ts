/** What a bill has to be before it is recorded. */
import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
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

const { reconciledRowsMax, driftPercentMax } = limits;
const many = (count: number) =>
  Array.from({ length: count }, (_, position) => ({ ...row, model: `m${position}` }));

test('a bill of as many rows, at as much above, as there may be is recorded', () => {
  expect(reconciliationProblem('bill', many(reconciledRowsMax), driftPercentMax)).toBeUndefined();
});

test.each([
  ['one row too many', many(reconciledRowsMax + 1), 0, 'rows'],
  ['a percentage below 0', [row], -1, 'percentage'],
  ['a percentage above the most', [row], driftPercentMax + 1, 'percentage'],
  ['half a percent', [row], 0.5, 'percentage'],
  ['a model without a name', [{ ...row, model: '' }], 0, 'no name of a model'],
  ['less than nothing billed', [{ ...row, billed: -1 }], 0, 'cannot be counted'],
  ['less than nothing recorded', [{ ...row, recorded: -1 }], 0, 'cannot be counted'],
  ['more than can be counted', [{ ...row, billed: 2 ** 53 }], 0, 'cannot be counted'],
])('a bill with %s is refused', (_, rows, percent, message) => {
  expect(reconciliationProblem('bill', rows, percent)).toContain(message);
});
