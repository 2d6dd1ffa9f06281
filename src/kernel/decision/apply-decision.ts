/** Decisions, their permits, and the budgets that permits reserve, post and give back. */
import { sessionOf } from '../session/apply-session.ts';
import { originOf } from '../session/origin.ts';
import { accountAt } from '../budget/apply-budget.ts';
import {
  type BudgetRecord,
  isFrozen,
  owe,
  post,
  release,
  type Reservation,
  reserve,
} from '../budget/account.ts';
import { corrected, taken } from '../budget/bucket.ts';
import { planLimit } from '../budget/plan-limit.ts';
import { grantUsed } from '../approval/apply-grant.ts';
import { moved } from '../approval/apply-ticket.ts';
import type { Event, EventPosition, Resolution } from '../event.ts';
import { lockFreed, lockTaken } from './lock.ts';
import { openPermitsChange } from '../session/principal-record.ts';
import { canMovePermit, type PermitMove, type PermitStatus } from './permit-states.ts';
import type { StageVerdict } from '../policy/evaluator-fact.ts';
import type { RecordChange, StateView } from '../record.ts';
import type { DecisionRecord } from './decision-record.ts';
import { wholeDecision } from './kept-decision.ts';

type Of<T extends Event['type']> = Extract<Event, { readonly type: T }>;

export function applyDecision(
  view: StateView,
  event: Of<'action-decided'>,
  position: EventPosition,
): readonly RecordChange[] {
  const changes: RecordChange[] = event.data.reservations.map((reservation) =>
    reservationChange(view, reservation, position.at),
  );
  const session = sessionOf(view, event.session);
  const { data } = event;
  const decision = wholeDecision(data, position.at, {
    ...originOf(session),
    mode: session.mode,
    index: position.index,
    permit: data.permit,
    expiresAt: data.expiresAt,
    posted: {},
  });
  changes.push({ kind: 'decision', key: decision.id, value: decision });
  if (decision.permit !== 'none') changes.push(openPermitsChange(view, session, 1));
  changes.push(...lockTaken(view, decision));
  if (data.grant !== undefined) {
    const { id, cost } = data.grant;
    changes.push(grantUsed(view, session, id, cost, position.at));
  }
  if (data.consumed) {
    const ticket = view.get('ticket', data.ticket);
    if (ticket === undefined) throw new Error('assertion: a ticket is used that is not there');
    changes.push({
      kind: 'ticket',
      key: ticket.id,
      value: { ...ticket, status: moved(ticket, 'use') },
    });
  }
  return changes;
}

export function applyPermit(
  view: StateView,
  event: Of<'permit-started' | 'permit-settled' | 'permit-voided' | 'permit-expired'>,
  { at, index }: EventPosition,
): readonly RecordChange[] {
  const decision = view.get('decision', event.data.permit);
  if (decision === undefined) throw new Error('assertion: a permit without its decision');
  if (event.type === 'permit-started') {
    expectMove(decision, 'start', 'started');
    const { expiresAt } = event.data;
    return [
      { kind: 'decision', key: decision.id, value: { ...decision, permit: 'started', expiresAt } },
    ];
  }
  const started =
    event.type === 'permit-settled' || (event.type === 'permit-expired' && event.data.started);
  const status = resolvedStatus(event);
  expectMove(decision, moves[event.type], status);
  const posted = event.type === 'permit-voided' ? {} : event.data.usage;
  const output = event.type === 'permit-settled' ? event.data.output : undefined;
  const isGivenUp = event.type === 'permit-expired' && started;
  const resolved = { ...decision, permit: status, posted, resolvedIndex: index };
  const told = output === undefined ? resolved : { ...resolved, output: inOneOrder(output) };
  const value = isGivenUp ? { ...told, late: 'awaited' as const } : told;
  return [
    { kind: 'decision', key: decision.id, value },
    openPermitsChange(view, decision, -1),
    ...lockFreed(view, decision),
    ...resolve(view, event.data.resolved, { charged: started, takenAt: decision.decidedAt, at }),
  ];
}

/**
 * In the order in which it is judged, whether its event was just made or read back: `verify` adds up the
 * texts of decisions, on the log's side and on that of the tables.
 */
function inOneOrder(verdict: StageVerdict): StageVerdict {
  const { outcome, effective, redacted, determinedBy, message } = verdict;
  const places = redacted === undefined ? {} : { redacted };
  return { outcome, effective, ...places, determinedBy, message };
}

/** What a permit that was given up had used is told: what is more than was charged is a debt. */
export function applyLateUsage(view: StateView, event: Of<'usage-late'>): readonly RecordChange[] {
  const decision = view.get('decision', event.data.permit);
  if (decision?.late !== 'awaited') throw new Error('assertion: usage that nobody waits for');
  const value: DecisionRecord = { ...decision, late: 'told', posted: event.data.posted };
  const debts = event.data.debts.map(({ budget, debt, onOverrun, bucketMs }) =>
    budgetChange(view, budget, (record) => {
      const owing = frozenSince(view, owe(record, debt, onOverrun !== 'continue'), record);
      if (bucketMs === undefined) return owing;
      const owed = { limit: 0, bucketMs, reserved: 0, used: debt, takenAt: 0, at: 0 };
      return { ...owing, bucket: corrected(record.bucket, owed) };
    }),
  );
  return [{ kind: 'decision', key: decision.id, value }, ...debts];
}

function resolvedStatus(
  event: Of<'permit-settled' | 'permit-voided' | 'permit-expired'>,
): PermitStatus {
  if (event.type === 'permit-settled') return event.data.outcome;
  if (event.type === 'permit-voided') return 'voided';
  return event.data.started ? 'unknown' : 'expired';
}

const moves = {
  'permit-settled': 'settle',
  'permit-voided': 'void',
  'permit-expired': 'expire',
} as const satisfies Readonly<Record<string, PermitMove>>;

/** The pair assertion: a permit is resolved, and started, once. */
function expectMove({ id, permit }: DecisionRecord, move: PermitMove, to: PermitStatus): void {
  if (!canMovePermit(permit, move, to)) throw new Error(`assertion: permit ${id} is ${permit}`);
}

interface Resolving {
  readonly charged: boolean;
  /** Log times of the reservation, and of its resolution. */
  readonly takenAt: number;
  readonly at: number;
}

function resolve(
  view: StateView,
  resolved: readonly Resolution[],
  { charged, takenAt, at }: Resolving,
): readonly RecordChange[] {
  return resolved.map(({ budget, amount, used, limit = 0, onOverrun, bucketMs }) =>
    budgetChange(view, budget, (record) => {
      const value = charged
        ? frozenSince(view, post(record, amount, used, onOverrun !== 'continue'), record)
        : release(record, amount);
      if (bucketMs === undefined) return value;
      // Under a limit that was lowered since, more had flowed back than the new one would have let.
      const fastest = Math.max(limit, record.limit);
      const change = { limit: fastest, bucketMs, reserved: amount, used, takenAt, at };
      return { ...value, bucket: corrected(record.bucket, change) };
    }),
  );
}

/**
 * An account that freezes has the limit that its plan has by then: only whoever raises it after the overrun
 * has seen what happened.
 */
function frozenSince(view: StateView, account: BudgetRecord, before: BudgetRecord): BudgetRecord {
  if (!account.frozen || account.overrun === before.overrun) return account;
  const limit = planLimit(view, account.scope);
  return limit === undefined || limit === account.limit ? account : { ...account, limit };
}

/** A plan's account comes into being with its first reservation, and has the limit in force since. */
function reservationChange(
  view: StateView,
  { budget: key, amount, unit, limit, bucketMs }: Reservation,
  at: number,
): RecordChange {
  if (limit === undefined) return budgetChange(view, key, (record) => reserve(record, amount));
  const account = view.get('budget', key) ?? accountAt(key, unit, limit);
  const frozen = isFrozen(account, limit);
  const value = reserve({ ...account, limit, frozen }, amount);
  if (bucketMs === undefined) return { kind: 'budget', key, value };
  const bucket = taken(account.bucket, { limit, bucketMs, amount, at });
  return { kind: 'budget', key, value: { ...value, bucket } };
}

function budgetChange(
  view: StateView,
  key: string,
  change: (budget: BudgetRecord) => BudgetRecord,
): RecordChange {
  const budget = view.get('budget', key);
  if (budget === undefined) throw new Error(`assertion: budget ${key} is missing`);
  return { kind: 'budget', key, value: change(budget) };
}
