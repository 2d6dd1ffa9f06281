/**
 * `apply`: one event onto the state. Pure; the only place where records come from.
 *
 * The same function runs when a decision is made, when a log is replayed and when it is verified, so that
 * what the tables say can be compared with what the log says.
 */
import { applyDecision, applyLateUsage, applyPermit } from './decision/apply-decision.ts';
import { applyNotice, applyPlan } from './budget/apply-budget.ts';
import { applyLease } from './session/apply-lease.ts';
import { applySession } from './session/apply-session.ts';
import { grantRevoked } from './approval/apply-grant.ts';
import { applyRegistry } from './registry/apply-registry.ts';
import { applyTicket } from './approval/apply-ticket.ts';
import { isToolEvent, toolChange } from './tool/apply-tool.ts';
import { budgetKey, openBudget } from './budget/account.ts';
import type { Event, EventPosition } from './event.ts';
import { latchKey } from './kill/latch.ts';
import { type LatchMove, latchStates, latchStatus } from './kill/latch-states.ts';
import type { RecordChange, StateView } from './record.ts';

/** The records to put in place. At most one change for each record. */
export function apply(
  view: StateView,
  event: Event,
  position: EventPosition,
): readonly RecordChange[] {
  const changes = changesOf(view, event, position);
  const { idempotency } = event.data;
  if (idempotency === undefined) return changes;
  const { key, fingerprint, answer } = idempotency;
  return [...changes, { kind: 'command', key, value: { fingerprint, answer } }];
}

function changesOf(
  view: StateView,
  event: Event,
  position: EventPosition,
): readonly RecordChange[] {
  if (isToolEvent(event)) return [toolChange(view, event, position)];
  switch (event.type) {
    case 'agent-registered':
    case 'agent-transitioned':
    case 'policy-activated':
    case 'prices-activated':
    case 'key-issued':
    case 'key-revoked':
    case 'change-proposed':
    case 'change-confirmed':
    case 'operator-heartbeat':
    case 'heartbeat-lapsed':
      return [applyRegistry(view, event, position)];
    case 'handoff-issued':
      return [applySession(view, event, position), handoffOffered(event, position)];
    case 'kill-engaged':
    case 'kill-released':
      return [latchChange(view, event, position)];
    case 'usage-reconciled':
    case 'command-rejected':
      return [];
    case 'session-opened':
      return [
        applySession(view, event, position),
        ...openedBudgets(event.data),
        ...takenUp(view, event.data.handoff),
      ];
    case 'session-transitioned':
    case 'budget-frozen':
    case 'budget-overrun':
    case 'risk-escalated':
    case 'input-screened':
      return [applySession(view, event, position)];
    case 'action-decided':
      return [applySession(view, event, position), ...applyDecision(view, event, position)];
    case 'budget-warned':
    case 'budget-exhausted':
      return [applySession(view, event, position), applyNotice(view, event)];
    case 'budget-set':
    case 'budget-closed':
      return [applyPlan(view, event)];
    case 'permit-started':
    case 'permit-settled':
    case 'permit-voided':
    case 'permit-expired':
      return [applySession(view, event, position), ...applyPermit(view, event, position)];
    case 'usage-late':
      return [applySession(view, event, position), ...applyLateUsage(view, event)];
    case 'grant-revoked':
      return [grantRevoked(view, event.data, event.data.grant)];
    case 'lease-acquired':
    case 'lease-renewed':
    case 'lease-released':
    case 'lease-expired':
      return [applySession(view, event, position), applyLease(view, event)];
    case 'ticket-requested':
    case 'ticket-endorsed':
    case 'ticket-edited':
    case 'ticket-escalated':
    case 'ticket-reminded':
    case 'ticket-approved':
    case 'ticket-denied':
    case 'ticket-cancelled':
    case 'ticket-expired':
      return [applySession(view, event, position), ...applyTicket(view, event, position)];
    case 'notification-delivered':
    case 'notification-abandoned':
    case 'notifier-advanced':
      return [cursorChange(view, event)];
  }
}

function handoffOffered(
  event: Extract<Event, { readonly type: 'handoff-issued' }>,
  { by, index }: EventPosition,
): RecordChange {
  const { handoff: key, agent, principal, delegation, budget, credential, expiresAt } = event.data;
  const value = {
    session: event.session ?? '',
    org: by.org,
    agent,
    ...(principal === undefined ? {} : { principal }),
    delegation,
    budget,
    ...(credential === undefined ? {} : { credential }),
    expiresAt,
    offeredIndex: index,
    used: false,
  };
  return { kind: 'handoff', key, value };
}

/** A hand-off is taken up once. */
function takenUp(view: StateView, key: string | undefined): readonly RecordChange[] {
  if (key === undefined) return [];
  const handoff = view.get('handoff', key);
  if (handoff === undefined) throw new Error('assertion: a hand-off that was never issued');
  return [{ kind: 'handoff', key, value: { ...handoff, used: true } }];
}

/** INVARIANT: a cursor never goes back, or what was delivered would be sent again for ever. */
function cursorChange(
  view: StateView,
  event: Extract<Event, { readonly type: `notification-${string}` | 'notifier-advanced' }>,
): RecordChange {
  const { notifier: name } = event.data;
  const to = event.type === 'notifier-advanced' ? event.data.cursor : event.data.entry + 1;
  const cursor = Math.max(view.get('notifier', name)?.cursor ?? 0, to);
  return { kind: 'notifier', key: name, value: { name, cursor } };
}

function openedBudgets({
  session,
  budget,
}: Extract<Event, { readonly type: 'session-opened' }>['data']): readonly RecordChange[] {
  const scope = `session:${session}`;
  return Object.entries(budget).map(([unit, limit]) => ({
    kind: 'budget',
    key: budgetKey(scope, unit),
    value: openBudget(scope, unit, limit),
  }));
}

function latchMove(
  event: Extract<Event, { readonly type: 'kill-engaged' | 'kill-released' }>,
): LatchMove {
  if (event.type === 'kill-engaged') return 'kill';
  return event.data.supervised === true ? 'supervise' : 'release';
}

function latchChange(
  view: StateView,
  event: Extract<Event, { readonly type: 'kill-engaged' | 'kill-released' }>,
  position: EventPosition,
): RecordChange {
  const key = latchKey(event.data.scope);
  const before = view.get('latch', key);
  const after = latchStates[latchStatus(before)][latchMove(event)];
  if (after === undefined) throw new Error(`assertion: latch ${key} is ${latchStatus(before)}`);
  const engaged = after === 'engaged';
  return {
    kind: 'latch',
    key,
    value: {
      scope: key,
      engaged,
      ...(after === 'supervised' ? { supervised: true as const } : {}),
      engagedIndex: engaged ? position.index : (before?.engagedIndex ?? position.index),
      changedAt: position.at,
      by: position.by.id,
    },
  };
}
