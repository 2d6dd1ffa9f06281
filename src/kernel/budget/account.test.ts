/** Budget arithmetic, one row for each way an amount can go. */
import { expect, test } from 'vitest';
import { available, openBudget, owe, post, refusalOf, release, reserve } from './account.ts';
import { limits } from '../limits.ts';

const open = (limit: number) => openBudget('session:s', 'usd', limit);

test.each([
  { limit: 10, amount: 10, code: undefined },
  { limit: 10, amount: 11, code: 'budget-exceeded' },
  { limit: 0, amount: 0, code: undefined },
  { limit: 0, amount: 1, code: 'budget-exceeded' },
  { limit: limits.amountMax, amount: limits.amountMax, code: undefined },
])('a limit of $limit and $amount needed: $code', ({ limit, amount, code }) => {
  expect(refusalOf(open(limit), amount)?.code).toBe(code);
});

test('posting less gives the rest back, posting the same gives nothing', () => {
  const held = reserve(open(10), 6);
  expect(available(held)).toBe(4);
  expect(post(held, 6, 2)).toMatchObject({ posted: 2, released: 4, reserved: 0, frozen: false });
  expect(post(held, 6, 6)).toMatchObject({ posted: 6, released: 0, reserved: 0, frozen: false });
  expect(release(held, 6)).toMatchObject({ posted: 0, released: 6, reserved: 0 });
});

test('posting more is booked in full and freezes', () => {
  const frozen = post(reserve(open(10), 2), 2, 50);
  expect(frozen).toMatchObject({ posted: 50, overrun: 48, frozen: true });
  expect(available(frozen)).toBe(0);
  expect(refusalOf(frozen, 0)?.code).toBe('budget-frozen');
});

test('a frozen budget stays frozen', () => {
  const both = reserve(reserve(open(10), 2), 2);
  expect(post(post(both, 2, 3), 2, 1).frozen).toBe(true);
  expect(owe(post(both, 2, 3), 1, false).frozen).toBe(true);
});

test('no sum passes what can be counted', () => {
  const used = post(reserve(open(limits.amountMax), limits.amountMax), limits.amountMax, 0);
  expect(refusalOf(used, 1)?.code).toBe('amount-out-of-range');
});

test('arithmetic that does not add up is an assertion, not a balance', () => {
  expect(() => release(open(10), 1)).toThrow('does not add up');
  expect(() => reserve(open(10), 0.1 + 0.2)).toThrow('does not add up');
  expect(() => reserve(open(10), Number.NaN)).toThrow('does not add up');
});
