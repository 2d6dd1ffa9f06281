/**
 * Permits: start, settle, void, expire. Their states are in `permit-states.ts`.
 *
 * A permit is resolved once. Whoever resolves it again gets the first outcome, and nothing changes.
 */
import { type Amounts, amountOf, largerOf } from '../amount.ts';
import { countedUnits } from '../budget/reservation.ts';
import { worstCaseAmounts } from '../model/model-call.ts';
import { type ModelReport, type ModelRun, modelUsage } from '../model/model-usage.ts';
import type { ExpirePermit, SettlePermit, StartPermit, VoidPermit } from '../command.ts';
import { lineRefusal, startRefusal } from '../rights/delegation.ts';
import type { Event, Resolution } from '../event.ts';
import { isWithdrawn } from '../approval/grant.ts';
import type { HandlerFor, HandlerResult } from '../handled.ts';
import { inactiveSession } from '../session/own-session.ts';
import { isInputRefused, judgeOutput } from '../session/handle-screening.ts';
import { leaseRefusal } from '../session/lease.ts';
import { absenceRefusal } from '../kill/heartbeat.ts';
import { limits } from '../limits.ts';
import { sortedEntries } from '../order.ts';
import { canMovePermit, isOpenPermit } from './permit-states.ts';
import { isOwner, isSystem, type PrincipalReference } from '../principal.ts';
import type { StateView } from '../record.ts';
import type { DecisionRecord } from './decision-record.ts';
import { reject } from '../rejection.ts';
import { quarantineRefusal } from '../tool/quarantine.ts';
import { engagedAfter, killedMessage } from '../kill/engaged-latch.ts';

function ownPermit(
  view: StateView,
  by: PrincipalReference,
  id: string,
): DecisionRecord | undefined {
  const decision = view.get('decision', id);
  if (decision === undefined || decision.permit === 'none') return undefined;
  return isOwner(by, decision) || isSystem(by) ? decision : undefined;
}

export const startPermit: HandlerFor<StartPermit> = (view, command, context) => {
  const decision = ownPermit(view, command.by, command.permit);
  if (decision === undefined) return { rejection: reject('permit-unknown') };
  if (!canMovePermit(decision.permit, 'start')) {
    return { rejection: reject('permit-not-startable', `the permit is ${decision.permit}`) };
  }
  if (context.now >= decision.expiresAt) return { rejection: reject('permit-expired') };
  const session = view.get('session', decision.session);
  if (session === undefined) return { rejection: reject('session-not-active') };
  const inactive = inactiveSession(view, session);
  if (inactive !== undefined) return { rejection: inactive };
  const lost = leaseRefusal(view, session, command.fence, context.now);
  if (lost !== undefined) return { rejection: lost };
  const unfit = lineRefusal(view, session, context.now);
  if (unfit !== undefined) return { rejection: unfit };
  const latch = engagedAfter(view, decision.index, decision);
  if (latch !== undefined) return { rejection: reject('killed', killedMessage(latch)) };
  const absent = absenceRefusal(view, decision.org, context.now);
  if (absent !== undefined) return { rejection: absent };
  const tool = view.get('tool', decision.tool);
  if (tool?.definition !== decision.definition) return { rejection: reject('tool-changed') };
  if (tool.quarantine !== undefined) return { rejection: quarantineRefusal(tool) };
  const incapable = startRefusal(view, session, decision);
  if (incapable !== undefined) return { rejection: incapable };
  if (view.get('policy', 'active')?.version !== decision.policyVersion) {
    const message = 'the policy changed since the permit was issued';
    return { rejection: reject('permit-not-startable', message, 'authorize the call again') };
  }
  if (isWithdrawn(view, decision)) {
    const message = 'the grant that stood in for an approver was revoked';
    return { rejection: reject('permit-not-startable', message, 'authorize the call again') };
  }
  if (isInputRefused(view, session, decision)) {
    const message = 'a guardrail refused what came into the session since the permit was issued';
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
  if (!canMovePermit(decision.permit, 'settle') && decision.late !== 'awaited') {
    return { events: [], subject, replayed: true };
  }
  const { modelTerms: terms } = decision;
  if (command.model !== undefined && terms === undefined) {
    const message = 'it was not the permit of a model call';
    return { rejection: reject('model-missing', message) };
  }
  const ran =
    terms === undefined
      ? undefined
      : modelUsage(terms, reportOf(command), view.get('prices', 'active'), context.now);
  const usage = usageOf(decision, command.usage, ran, context.now);
  if (decision.late === 'awaited') return lateUsage(view, decision, command, { usage, ran });
  const resolved = resolvedBy(view, decision, usage);
  const output = judgeOutput(view, decision, command.facts);
  const settled: Event = {
    type: 'permit-settled',
    session: decision.session,
    data: {
      permit: decision.id,
      outcome: command.outcome,
      usage,
      resolved,
      ...(ran === undefined ? {} : { model: ran.outcome }),
      ...(output === undefined ? {} : { output, facts: command.facts?.found ?? [] }),
    },
  };
  return { events: [settled, ...overrunEvents(decision, resolved)], subject };
};

/** Only a call that failed can have been turned away; of another the claim is no answer at all. */
function reportOf({ model = {}, outcome }: SettlePermit): ModelReport {
  return model.refused === true && outcome !== 'failed' ? {} : model;
}

/**
 * What a permit had used that was given up: its reservation is resolved, and stays as it was resolved. What
 * is more is booked as a debt, and freezes as any overrun does.
 */
function lateUsage(
  view: StateView,
  decision: DecisionRecord,
  { outcome }: SettlePermit,
  { usage, ran }: { readonly usage: Amounts; readonly ran: ModelRun | undefined },
): HandlerResult {
  const subject = { kind: 'decision', key: decision.id } as const;
  const resolved = resolvedBy(view, decision, usage, { isPosted: true });
  const debts = resolved
    .filter(({ used, amount }) => used > amount)
    .map(({ used, ...reservation }) => ({ ...reservation, debt: used - reservation.amount }));
  const told: Event = {
    type: 'usage-late',
    session: decision.session,
    data: {
      permit: decision.id,
      outcome,
      usage,
      posted: largerOf(decision.posted, usage),
      debts,
      ...(ran === undefined ? {} : { model: ran.outcome }),
    },
  };
  return { events: [told, ...overrunEvents(decision, resolved)], subject, replayed: true };
}

/** Overruns, and whether they freeze their budgets. */
function overrunEvents(
  decision: DecisionRecord,
  resolved: readonly Resolution[],
): readonly Event[] {
  return resolved
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
}

/**
 * What was used: a unit that was reserved and is not reported counts in full. Of a model call it is what was
 * computed, or all that was reserved; what is reported can only raise it.
 */
function usageOf(
  decision: DecisionRecord,
  stated: Amounts | 'reserved',
  ran: ModelRun | undefined,
  now: number,
): Amounts {
  const usage: Record<string, number> = {};
  for (const { unit, amount } of decision.reservations) usage[unit] = amount;
  const told = stated === 'reserved' ? {} : stated;
  const reported = ran === undefined ? told : largerOf(ran.amounts ?? allReserved(decision), told);
  for (const [unit, amount] of Object.entries(reported)) {
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

/** All that a call held, and of a model call all that it could come to, with a budget or without. */
function allReserved({ modelTerms, reservations }: DecisionRecord): Amounts {
  const worst = modelTerms === undefined ? {} : (worstCaseAmounts(modelTerms) ?? {});
  const held = Object.fromEntries(reservations.map(({ unit, amount }) => [unit, amount]));
  const all = largerOf(worst, held);
  // Whatever a call did, it runs no longer.
  return Object.hasOwn(all, countedUnits.concurrent) ? { ...all, concurrent: 0 } : all;
}

export const voidPermit: HandlerFor<VoidPermit> = (view, command) => {
  const decision = ownPermit(view, command.by, command.permit);
  if (decision === undefined) return { rejection: reject('permit-unknown') };
  const subject = { kind: 'decision', key: decision.id } as const;
  if (decision.permit === 'voided' || decision.permit === 'expired') {
    return { events: [], subject, replayed: true };
  }
  if (!canMovePermit(decision.permit, 'void')) {
    return { rejection: reject('permit-not-voidable', `the permit is ${decision.permit}`) };
  }
  const data = { permit: decision.id, resolved: resolvedBy(view, decision, {}) };
  return { events: [{ type: 'permit-voided', session: decision.session, data }], subject };
};

export const expirePermit: HandlerFor<ExpirePermit> = (view, command, context) => {
  if (!isSystem(command.by)) return { rejection: reject('permission-denied') };
  const decision = ownPermit(view, command.by, command.permit);
  if (decision === undefined) return { rejection: reject('permit-unknown') };
  const started = decision.permit === 'started';
  if (!isOpenPermit(decision.permit) || context.now < decision.expiresAt)
    return { rejection: reject('not-due') };
  const usage = started ? allReserved(decision) : {};
  const resolved = resolvedBy(view, decision, usage);
  const data = { permit: decision.id, started, usage, resolved };
  return {
    events: [{ type: 'permit-expired', session: decision.session, data }],
    subject: { kind: 'decision', key: decision.id },
  };
};

/**
 * How each reservation is resolved. A budget that has counted as far as it can is full, and stays so: a
 * permit that could not be resolved in it would stay open for ever.
 */
function resolvedBy(
  view: StateView,
  { reservations }: DecisionRecord,
  usage: Amounts,
  /** Whether what was reserved was posted already. */
  { isPosted = false }: { readonly isPosted?: boolean } = {},
): readonly Resolution[] {
  return reservations.map((each) => {
    const others = (view.get('budget', each.budget)?.posted ?? 0) - (isPosted ? each.amount : 0);
    const countable = limits.amountMax - others;
    return { ...each, used: Math.min(countable, amountOf(usage, each.unit)) };
  });
}
