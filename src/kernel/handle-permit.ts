/**
 * Permits: start, settle, void, expire.
 *
 *   issued ─start─► started ─settle─► succeeded | failed | unknown
 *     ├─void──► voided   └──time──► unknown (charged in full: nobody knows what it did)
 *     └─time──► expired  (given back)
 *
 * A permit is resolved once. Whoever resolves it again gets the first outcome, and nothing changes.
 */
import { type Amounts, amountOf } from './amount.ts';
import { countedUnits } from './budget/reservation.ts';
import type { ExpirePermit, SettlePermit, StartPermit, VoidPermit } from './command.ts';
import type { Event, Resolution } from './event.ts';
import { type HandlerFor, isOwner } from './handled.ts';
import { judgeOutput } from './handle-screening.ts';
import { killedMessage } from './handle-session.ts';
import { limits } from './limits.ts';
import { sortedEntries } from './order.ts';
import { permits, type PrincipalReference } from './principal.ts';
import type { DecisionRecord, StateView } from './record.ts';
import { reject } from './rejection.ts';
import { engagedAfter, subjectOf } from './ticket.ts';

function ownPermit(
  view: StateView,
  by: PrincipalReference,
  id: string,
): DecisionRecord | undefined {
  const decision = view.get('decision', id);
  if (decision === undefined || decision.permit === 'none') return undefined;
  return isOwner(by, decision) || permits(by, 'expire') ? decision : undefined;
}

export const startPermit: HandlerFor<StartPermit> = (view, command, context) => {
  const decision = ownPermit(view, command.by, command.permit);
  if (decision === undefined) return { rejection: reject('permit-unknown') };
  if (decision.permit !== 'issued') {
    return { rejection: reject('permit-not-startable', `the permit is ${decision.permit}`) };
  }
  if (context.now >= decision.expiresAt) return { rejection: reject('permit-expired') };
  if (view.get('session', decision.session)?.status !== 'active') {
    return { rejection: reject('session-not-active') };
  }
  if (view.get('agent', decision.agent)?.enabled !== true) {
    return { rejection: reject('agent-disabled') };
  }
  const latch = engagedAfter(view, decision.index, subjectOf(decision));
  if (latch !== undefined) return { rejection: reject('killed', killedMessage(latch)) };
  if (view.get('tool', decision.tool)?.definition !== decision.definition) {
    return { rejection: reject('tool-changed') };
  }
  if (view.get('policy', 'active')?.version !== decision.policyVersion) {
    const message = 'the policy changed since the permit was issued';
    return { rejection: reject('permit-not-startable', message, 'authorize the call again') };
  }
  const expiresAt = context.now + decision.runTimeoutMs;
  return {
    events: [
      {
        type: 'permit-started',
        session: decision.session,
        data: { permit: decision.id, expiresAt },
      },
    ],
    subject: { kind: 'decision', key: decision.id },
  };
};

export const settlePermit: HandlerFor<SettlePermit> = (view, command, context) => {
  const decision = ownPermit(view, command.by, command.permit);
  if (decision === undefined) return { rejection: reject('permit-unknown') };
  const subject = { kind: 'decision', key: decision.id } as const;
  if (decision.permit === 'issued') return { rejection: reject('permit-not-started') };
  if (decision.permit !== 'started') return { events: [], subject, replayed: true };
  const usage = usageOf(decision, command.usage, context.now);
  const resolved = resolutionsOf(view, decision, usage);
  if (resolved === undefined) return { rejection: reject('amount-out-of-range') };
  const overruns: Event[] = resolved
    .filter((each) => each.used > each.amount)
    .map((each) => ({
      type: each.onOverrun === 'continue' ? 'budget-overrun' : 'budget-frozen',
      session: decision.session,
      data: {
        budget: each.budget,
        unit: each.unit,
        permit: decision.id,
        overrun: each.used - each.amount,
      },
    }));
  const output = judgeOutput(view, decision, command.facts);
  const settled: Event = {
    type: 'permit-settled',
    session: decision.session,
    data: {
      permit: decision.id,
      outcome: command.outcome,
      usage,
      resolved,
      ...(output === undefined ? {} : { output, facts: command.facts?.found ?? [] }),
    },
  };
  return { events: [settled, ...overruns], subject };
};

/** What was used: a unit that was reserved and is not reported counts in full. */
function usageOf(decision: DecisionRecord, reported: Amounts | 'reserved', now: number): Amounts {
  const usage: Record<string, number> = {};
  for (const { unit, amount } of decision.reservations) usage[unit] = amount;
  for (const [unit, amount] of Object.entries(reported === 'reserved' ? {} : reported)) {
    // One call is one action: that is counted here, and nobody reports it away.
    if (unit !== 'actions') usage[unit] = amount;
  }
  // Nor the time it took, by the log's clock, nor that it has ended.
  const startedAt = decision.expiresAt - decision.runTimeoutMs;
  const seconds = Math.ceil(Math.max(0, now - startedAt) / 1_000);
  // What runs longer than it may was cut off at that time, whenever its end is recorded.
  const secondsMax = Math.ceil(decision.runTimeoutMs / 1_000);
  if (Object.hasOwn(usage, countedUnits.seconds)) {
    usage[countedUnits.seconds] = Math.min(seconds, secondsMax);
  }
  if (Object.hasOwn(usage, countedUnits.concurrent)) usage[countedUnits.concurrent] = 0;
  return Object.fromEntries(sortedEntries(usage));
}

/** How each reservation is resolved, or undefined where a budget could not count the amount. */
function resolutionsOf(
  view: StateView,
  decision: DecisionRecord,
  usage: Amounts,
): readonly Resolution[] | undefined {
  const resolved = decision.reservations.map((each) => ({
    ...each,
    used: amountOf(usage, each.unit),
  }));
  const countable = resolved.every(
    ({ budget, used }) => used <= limits.amountMax - (view.get('budget', budget)?.posted ?? 0),
  );
  return countable ? resolved : undefined;
}

export const voidPermit: HandlerFor<VoidPermit> = (view, command) => {
  const decision = ownPermit(view, command.by, command.permit);
  if (decision === undefined) return { rejection: reject('permit-unknown') };
  const subject = { kind: 'decision', key: decision.id } as const;
  if (decision.permit === 'voided' || decision.permit === 'expired') {
    return { events: [], subject, replayed: true };
  }
  if (decision.permit !== 'issued') {
    return { rejection: reject('permit-not-voidable', `the permit is ${decision.permit}`) };
  }
  const data = { permit: decision.id, resolved: givenBack(decision) };
  return { events: [{ type: 'permit-voided', session: decision.session, data }], subject };
};

export const expirePermit: HandlerFor<ExpirePermit> = (view, command, context) => {
  if (!permits(command.by, 'expire')) return { rejection: reject('permission-denied') };
  const decision = ownPermit(view, command.by, command.permit);
  if (decision === undefined) return { rejection: reject('permit-unknown') };
  const started = decision.permit === 'started';
  const open = started || decision.permit === 'issued';
  if (!open || context.now < decision.expiresAt) return { rejection: reject('not-due') };
  const resolved = started ? chargedInFull(decision) : givenBack(decision);
  const data = { permit: decision.id, started, resolved };
  return {
    events: [{ type: 'permit-expired', session: decision.session, data }],
    subject: { kind: 'decision', key: decision.id },
  };
};

function givenBack(decision: DecisionRecord): readonly Resolution[] {
  return decision.reservations.map((each) => ({ ...each, used: 0 }));
}

function chargedInFull(decision: DecisionRecord): readonly Resolution[] {
  return decision.reservations.map((each) => ({
    ...each,
    used: each.unit === countedUnits.concurrent ? 0 : each.amount,
  }));
}
