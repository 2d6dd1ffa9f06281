/** Decisions, their permits, and the budgets that permits reserve, post and give back. */
import { sessionOf } from './apply-session.ts';
import { accountAt } from './apply-budget.ts';
import {
  type BudgetRecord,
  isFrozen,
  post,
  release,
  type Reservation,
  reserve,
} from './budget/account.ts';
import type { Event, EventPosition, Resolution } from './event.ts';
import type { DecisionRecord, PermitStatus, RecordChange, StateView } from './record.ts';

type Of<T extends Event['type']> = Extract<Event, { readonly type: T }>;

export function applyDecision(
  view: StateView,
  event: Of<'action-decided'>,
  position: EventPosition,
): readonly RecordChange[] {
  const changes: RecordChange[] = event.data.reservations.map((reservation) =>
    reservationChange(view, reservation),
  );
  const session = sessionOf(view, event.session);
  const { data } = event;
  const decision: DecisionRecord = {
    id: data.decision,
    session: session.id,
    org: session.org,
    principal: session.principal,
    agent: session.agent,
    tool: data.tool,
    action: data.action,
    resource: data.resource,
    argumentsDigest: data.argumentsDigest,
    definition: data.definition,
    policyVersion: data.policyVersion,
    policyHash: data.policyHash,
    mode: session.mode,
    outcome: data.outcome,
    step: data.step,
    code: data.code,
    message: data.message,
    help: data.help,
    determinedBy: data.determinedBy,
    risk: data.risk,
    guidance: data.guidance,
    suggestions: data.suggestions,
    ticket: data.ticket,
    reservations: data.reservations,
    permit: data.permit,
    expiresAt: data.expiresAt,
    runTimeoutMs: data.runTimeoutMs,
    decidedAt: position.at,
    index: position.index,
    posted: {},
    ...(data.shadow === undefined ? {} : { shadow: data.shadow }),
  };
  changes.push({ kind: 'decision', key: decision.id, value: decision });
  if (data.consumed) {
    const ticket = view.get('ticket', data.ticket);
    if (ticket?.status !== 'approved')
      throw new Error('assertion: a ticket is used that is not approved');
    changes.push({ kind: 'ticket', key: ticket.id, value: { ...ticket, status: 'consumed' } });
  }
  return changes;
}

export function applyPermit(
  view: StateView,
  event: Of<'permit-started' | 'permit-settled' | 'permit-voided' | 'permit-expired'>,
): readonly RecordChange[] {
  const decision = view.get('decision', event.data.permit);
  if (decision === undefined) throw new Error('assertion: a permit without its decision');
  if (event.type === 'permit-started') {
    expectPermit(decision, ['issued']);
    const { expiresAt } = event.data;
    return [
      { kind: 'decision', key: decision.id, value: { ...decision, permit: 'started', expiresAt } },
    ];
  }
  const started =
    event.type === 'permit-settled' || (event.type === 'permit-expired' && event.data.started);
  expectPermit(decision, [started ? 'started' : 'issued']);
  const posted =
    event.type === 'permit-settled'
      ? event.data.usage
      : Object.fromEntries(
          event.data.resolved.filter((r) => r.used > 0).map((r) => [r.unit, r.used]),
        );
  const output = event.type === 'permit-settled' ? event.data.output : undefined;
  const value = {
    ...decision,
    permit: resolvedStatus(event),
    posted,
    ...(output === undefined ? {} : { output }),
  };
  return [
    { kind: 'decision', key: decision.id, value },
    ...resolve(view, event.data.resolved, started),
  ];
}

function resolvedStatus(
  event: Of<'permit-settled' | 'permit-voided' | 'permit-expired'>,
): PermitStatus {
  if (event.type === 'permit-settled') return event.data.outcome;
  if (event.type === 'permit-voided') return 'voided';
  return event.data.started ? 'unknown' : 'expired';
}

/** The pair assertion: a permit is resolved, and started, once. */
function expectPermit(decision: DecisionRecord, expected: readonly PermitStatus[]): void {
  if (!expected.includes(decision.permit)) {
    throw new Error(`assertion: permit ${decision.id} is ${decision.permit}`);
  }
}

function resolve(
  view: StateView,
  resolved: readonly Resolution[],
  charged: boolean,
): readonly RecordChange[] {
  return resolved.map(({ budget, amount, used, onOverrun }) =>
    budgetChange(view, budget, (record) =>
      charged ? post(record, amount, used, onOverrun !== 'continue') : release(record, amount),
    ),
  );
}

/** A plan's account comes into being with its first reservation, and has the limit in force since. */
function reservationChange(
  view: StateView,
  { budget: key, amount, unit, limit }: Reservation,
): RecordChange {
  if (limit === undefined) return budgetChange(view, key, (record) => reserve(record, amount));
  const account = view.get('budget', key) ?? accountAt(key, unit, limit);
  const frozen = isFrozen(account, limit);
  return { kind: 'budget', key, value: reserve({ ...account, limit, frozen }, amount) };
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
