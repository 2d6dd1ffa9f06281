/**
 * What every enforcement point does around the work it guards: decide, wait for an approver where that is
 * wanted, use the permit up, and record how it ended before anybody has the result.
 */
import {
  type AuthorizeRequest,
  type BoundTool,
  ControlPlaneError,
  type Decision,
  faultCodes,
  type Permit,
  type ReadArguments,
  type Session,
  type Settled,
  type Settlement,
  thrownText,
  thrownWhole,
  assertTruth,
} from '../engine/index.ts';
import { ActionRefused } from './action-refused.ts';

export interface CallOptions {
  /** Same key and same arguments: the call runs once, and a repeat is refused or answered as before. */
  readonly idempotencyKey?: string | undefined;
  readonly estimate?: Readonly<Record<string, string | number>> | undefined;
  /** Whether to wait for an approver; otherwise a call that needs one is refused with its ticket. */
  readonly waitForApproval?: boolean | undefined;
  /** The caller's own signal. */
  readonly signal?: AbortSignal | undefined;
}

/** A permit with the decision that issued it. */
export interface Granted {
  readonly decision: Decision;
  readonly permit: Permit;
  /** The arguments that were decided on: the caller's own, or those that an approver edited them to. */
  readonly read: ReadArguments;
  /** Fires when the call is killed, its session aborted, its time over, or the caller gives up. */
  readonly signal: AbortSignal;
  /** What was used where the code of the call is never entered: nothing of what it was estimated at. */
  readonly unused: NonNullable<Settlement['usage']>;
}

/** A call that was allowed in a session that runs nothing. */
export interface Rehearsed {
  readonly decision: Decision;
  readonly read: ReadArguments;
  readonly rehearsed: true;
}

/** Decides a call and takes its permit. Throws `ActionRefused` for anything but an allow. */
export async function grant(
  session: Session,
  tool: BoundTool,
  read: ReadArguments,
  options: CallOptions & Pick<AuthorizeRequest, 'model'>,
): Promise<Granted | Rehearsed> {
  assertSignal(options.signal);
  assertTruth('waitForApproval', options.waitForApproval);
  const asked = await decide(session, tool, read, options);
  if (asked.decision.code === 'call-edited') return grantEdited(session, tool, asked, options);
  return permitted(session, tool, asked, options);
}

/**
 * Before anything is decided: whoever gave up wants nothing reserved or run, and what is no signal would be
 * found only once the permit had started.
 */
function assertSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  try {
    // What runs is stopped by such a one: what it does not take now, it would not take then.
    AbortSignal.any([signal]);
  } catch {
    throw new ControlPlaneError('input-invalid', '`signal` is no AbortSignal');
  }
  if (signal.aborted) throw signal.reason;
}

/**
 * An approver edited the call: it is made as edited, decided again from the start. What the caller expected
 * it to cost was said of other arguments.
 */
async function grantEdited(
  session: Session,
  tool: BoundTool,
  { decision }: Decided,
  options: CallOptions & Pick<AuthorizeRequest, 'model'>,
): Promise<Granted | Rehearsed> {
  const { idempotencyKey, waitForApproval, signal } = options;
  const { ticket = '' } = decision;
  const read = await session.editedArguments(ticket);
  // One key for each edit of each keyed call: a repetition of the call finds the answer to the edited one.
  const key = idempotencyKey === undefined ? undefined : `${ticket}.${read.digest}`;
  const edited = {
    ...(key === undefined ? {} : { idempotencyKey: key }),
    ...(waitForApproval === undefined ? {} : { waitForApproval }),
    ...(signal === undefined ? {} : { signal }),
  };
  return permitted(session, tool, await decide(session, tool, read, edited), options);
}

interface Decided {
  readonly decision: Decision;
  readonly read: ReadArguments;
}

async function permitted(
  session: Session,
  tool: BoundTool,
  { decision, read }: Decided,
  options: CallOptions,
): Promise<Granted | Rehearsed> {
  if (decision.outcome === 'allow' && decision.mode !== 'live') {
    return { decision, read, rehearsed: true };
  }
  if (decision.outcome !== 'allow' || decision.permit === undefined) {
    throw new ActionRefused(decision);
  }
  const { permit } = decision;
  const { signal, estimate } = options;
  const either = signal === undefined ? permit.signal : AbortSignal.any([permit.signal, signal]);
  const units = Object.keys({ ...tool.record.estimate, ...estimate });
  const unused = Object.fromEntries(units.map((unit) => [unit, 0]));
  const granted = { decision, permit, read, signal: either, unused };
  if (either.aborted) throw (await settleUnbegun(session, granted)).thrown;
  session.take(permit, tool, read);
  return granted;
}

/**
 * Gives back a call that was stopped before its code was entered, and gives what is to be thrown for it, as
 * `settleFailed` does. Enforcement points ask for its signal right before the code: once a kill is answered,
 * nothing that it covers begins.
 */
export async function settleUnbegun(
  session: Session,
  { decision, permit, signal, unused }: Granted,
): Promise<{ readonly thrown: unknown }> {
  const thrown: unknown = signal.reason;
  const model = decision.model === undefined ? {} : { model: { refused: true } as const };
  const settlement = {
    ...model,
    outcome: 'failed',
    usage: unused,
    result: thrownText(thrown),
  } as const;
  try {
    await session.settle(permit, settlement);
  } catch {
    // Nothing ran, whether that is recorded or not: the permit expires, and is charged in full.
  }
  return { thrown };
}

/** Decides a call; where an approver is waited for, decides it again once the ticket is decided. */
async function decide(
  session: Session,
  tool: BoundTool,
  read: ReadArguments,
  options: CallOptions & Pick<AuthorizeRequest, 'model'>,
): Promise<Decided> {
  const { idempotencyKey, estimate, model, waitForApproval, signal } = options;
  const request = {
    tool,
    arguments: read,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(estimate === undefined ? {} : { estimate }),
    ...(model === undefined ? {} : { model }),
  };
  for (;;) {
    const decision = await session.authorize(request);
    const { outcome, ticket } = decision;
    const waits = outcome === 'require-approval' && waitForApproval === true;
    if (!waits || ticket === undefined) return { decision, read };
    const ruling = await session.ticketDecided(ticket, { signal });
    if (ruling === 'approved') continue;
    await assertDecided(session, decision);
    return { decision: await session.authorize(request), read };
  }
}

/** Nobody is asked anew by a wait: whoever cancelled the ticket would find another one in its place. */
export async function assertDecided(session: Session, decision: Decision): Promise<void> {
  const lapsed = await session.ticketLapsed(decision.ticket ?? '');
  if (lapsed !== undefined) throw new ActionRefused(decision, lapsed);
}

/**
 * Records a failure, and gives what is to be thrown for it: the failure itself, or what the policy left of
 * its text. In an object, since it may be a promise, which nobody is to wait for. A tool that was stopped
 * may have done half its work: nobody knows, and that is kept.
 */
export async function settleFailed(
  session: Session,
  granted: Granted,
  failure: unknown,
  more: Pick<Settlement, 'model'> = {},
): Promise<{ readonly thrown: unknown }> {
  const outcome = granted.signal.aborted ? 'unknown' : 'failed';
  const settlement = { ...more, outcome, result: thrownWhole(failure) } as const;
  const { result, redacted } = await settle(session, granted, settlement, failure);
  // Not the failure with another message: its stack and its cause say the same again.
  return { thrown: redacted === 0 ? failure : new Error(String(result)) };
}

/**
 * Records what happened and gives the result as it may be passed on. The effect is there: a settlement that
 * fails must not look like a call that can be repeated.
 */
export async function settle(
  session: Session,
  { decision, permit }: Granted,
  settlement: Settlement,
  toolFailure?: unknown,
): Promise<Pick<Settled, 'result' | 'redacted'>> {
  let settled: Settled;
  try {
    settled = await session.settle(permit, settlement);
  } catch (failure) {
    const message = faultCodes['outcome-unrecorded'];
    throw new ControlPlaneError('outcome-unrecorded', message, {
      cause: toolFailure === undefined ? failure : new AggregateError([toolFailure, failure]),
    });
  }
  if (settled.released) return settled;
  throw new ActionRefused(decision, 'output-withheld', settled.message);
}
