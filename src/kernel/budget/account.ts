/**
 * Budget arithmetic: reserve, post, void, expire.
 *
 * A budget is an account with a scope, a unit and a limit: a session's own, or one of a budget plan.
 * Reserving counts an amount against the limit before the work; posting replaces a reservation by what was
 * used; voiding and expiring give it back. Each reservation is resolved once, by the permit that holds it.
 *
 * INVARIANT: reservedEver = (posted - overrun) + released + reserved
 * INVARIANT: posted + reserved <= limit + overrun (with the limit in force at the last reservation)
 */
import { limits } from '../limits.ts';
import { reject, type Rejection } from '../rejection.ts';
import { formatAmount } from '../amount.ts';
import type { BucketLevel } from './bucket.ts';

export interface BudgetRecord {
  /** What the budget belongs to: `session:s-1`, or the plan, member and window of a plan's account. */
  readonly scope: string;
  readonly unit: string;
  /** Of a plan's account: the plan's limit when something was last reserved. */
  readonly limit: number;
  /** Held by open permits. */
  readonly reserved: number;
  /** Used, overruns included. */
  readonly posted: number;
  /** The part of `posted` that exceeded what was reserved for it. */
  readonly overrun: number;
  /** Given back by posting less, voiding or expiring. */
  readonly released: number;
  /** Sum of all reservations ever made. */
  readonly reservedEver: number;
  /** An overrun freezes the budget: it admits nothing further, until the limit of its plan is raised. */
  readonly frozen: boolean;
  /** Limits under which the plan's warning, and its first refusal, were told: a higher one tells again. */
  readonly warnedAt?: number;
  readonly exhaustedAt?: number;
  /** Of a token bucket. */
  readonly bucket?: BucketLevel;
}

/**
 * An amount held in one budget. Built with its members in this order, which is the canonical one, so that a
 * record has the same text whether its event was just made or read back from the log.
 */
export interface Reservation {
  readonly amount: number;
  /** Of a token bucket: the time (ms) in which all of it flows back. */
  readonly bucketMs?: number;
  readonly budget: string;
  /** Of a plan's account: the limit in force. */
  readonly limit?: number;
  /** Where the plan says that an overrun freezes nothing. */
  readonly onOverrun?: 'continue';
  readonly unit: string;
}

export function openBudget(scope: string, unit: string, limit: number): BudgetRecord {
  return {
    scope,
    unit,
    limit,
    reserved: 0,
    posted: 0,
    overrun: 0,
    released: 0,
    reservedEver: 0,
    frozen: false,
  };
}

export function budgetKey(scope: string, unit: string): string {
  return `${scope}|${unit}`;
}

export function available(budget: BudgetRecord): number {
  return Math.max(0, budget.limit - budget.reserved - budget.posted);
}

/** Whether an overrun still holds under a limit: whoever raised it has seen what happened. */
export function isFrozen(budget: BudgetRecord, limit: number): boolean {
  return budget.frozen && limit <= budget.limit;
}

/** Why `amount` cannot be reserved, or undefined where it can. */
export function refusalOf(budget: BudgetRecord, amount: number): Rejection | undefined {
  const name = `\`${budget.scope}\` in ${budget.unit}`;
  if (budget.frozen) {
    return reject('budget-frozen', `budget ${name} is frozen after an overrun`);
  }
  // Written as a difference so that no sum can pass 2^53 - 1.
  if (amount > available(budget)) {
    return reject(
      'budget-exceeded',
      `budget ${name} has ${formatAmount(budget.unit, available(budget))} left, ` +
        `${formatAmount(budget.unit, amount)} needed`,
      budget.scope.startsWith('session:')
        ? 'wait for open permits to settle, or open a session with a larger budget'
        : 'wait for open permits to settle or the next window, or ask for a higher limit',
    );
  }
  if (amount > limits.amountMax - budget.reservedEver) {
    return reject('amount-out-of-range', `budget ${name} cannot count further`);
  }
  return undefined;
}

export function reserve(budget: BudgetRecord, amount: number): BudgetRecord {
  return checked({
    ...budget,
    reserved: budget.reserved + amount,
    reservedEver: budget.reservedEver + amount,
  });
}

/**
 * Resolves a reservation by what was used. More than reserved is booked in full and freezes the budget,
 * unless its plan says that work goes on.
 */
export function post(
  budget: BudgetRecord,
  reserved: number,
  used: number,
  freezes = true,
): BudgetRecord {
  const overrun = Math.max(0, used - reserved);
  return checked({
    ...budget,
    reserved: budget.reserved - reserved,
    posted: budget.posted + used,
    overrun: budget.overrun + overrun,
    released: budget.released + Math.max(0, reserved - used),
    frozen: budget.frozen || (freezes && overrun > 0),
  });
}

/** Books what was used beyond a reservation that is resolved already. */
export function owe(budget: BudgetRecord, debt: number, freezes: boolean): BudgetRecord {
  return checked({
    ...budget,
    posted: budget.posted + debt,
    overrun: budget.overrun + debt,
    frozen: budget.frozen || freezes,
  });
}

/** Resolves a reservation by giving all of it back: void, or expiry before the start. */
export function release(budget: BudgetRecord, reserved: number): BudgetRecord {
  return checked({
    ...budget,
    reserved: budget.reserved - reserved,
    released: budget.released + reserved,
  });
}

/** The pair assertion: what a transition computed must conserve every amount. */
function checked(budget: BudgetRecord): BudgetRecord {
  const conserved =
    budget.reservedEver === budget.posted - budget.overrun + budget.released + budget.reserved;
  const counted =
    Number.isSafeInteger(budget.posted) &&
    Number.isSafeInteger(budget.reservedEver) &&
    budget.reserved >= 0 &&
    budget.posted >= 0;
  if (!conserved || !counted) {
    throw new Error(`assertion: budget ${budgetKey(budget.scope, budget.unit)} does not add up`);
  }
  return budget;
}
