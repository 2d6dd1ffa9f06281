/**
 * The guard: the policy enforcement point for plain async functions.
 *
 * `guard(session, tool)` takes the tool's code into a closure and gives back a function that decides first.
 * The code runs only with a permit for exactly the arguments that were decided on: they were read once, and
 * what the code gets is the frozen value of the bytes that were hashed. When it ends, what happened is
 * recorded before the caller has the result.
 */
import {
  bindTool,
  type BoundTool,
  ControlPlaneError,
  type Decision,
  faultCodes,
  type Permit,
  type ReadArguments,
  type Session,
  type Settled,
  type Settlement,
  type ToolDeclaration,
} from '../engine/index.ts';
import { parseAmounts } from '../kernel/index.ts';
import { ActionRefused } from './action-refused.ts';

/** What a tool's code gets beside its arguments. */
export interface ToolContext {
  /** Fires when the call is killed, its session aborted, its time over, or the caller gives up. */
  readonly signal: AbortSignal;
  readonly permit: Permit;
}

/** A tool: its declaration and its code. */
export interface Tool<A, R> extends ToolDeclaration {
  readonly execute: (callArguments: A, context: ToolContext) => Promise<R> | R;
  /** What a call really cost, by unit, where that can be told from its result. */
  readonly usage?:
    | ((result: R, callArguments: A) => Readonly<Record<string, string | number>>)
    | undefined;
  /** What a dry run returns in place of the result; without it a dry run throws `dry-run`. */
  readonly dryRun?: ((callArguments: A) => R) | undefined;
}

export interface CallOptions {
  /** Same key and same arguments: the call runs once, and a repeat is refused or answered as before. */
  readonly idempotencyKey?: string;
  readonly estimate?: Readonly<Record<string, string | number>>;
  /** Whether to wait for an approver; otherwise a call that needs one is refused with its ticket. */
  readonly waitForApproval?: boolean;
  /** The caller's own signal. */
  readonly signal?: AbortSignal;
}

export type GuardedTool<A, R> = (callArguments: A, options?: CallOptions) => Promise<R>;

/** Binds a tool to a session. The returned function is the only way to its code. */
export function guard<A, R>(session: Session, tool: Tool<A, R>): GuardedTool<A, R> {
  const { execute, usage, dryRun } = tool;
  if (typeof execute !== 'function') {
    throw new ControlPlaneError(
      'tool-ungovernable',
      `tool \`${tool.name}\` has no execute function`,
    );
  }
  const guarded = guardWork<A, R>(session, tool, { usage, dryRun });
  return (callArguments, options) => guarded(callArguments, execute, options);
}

/** As `guard`, where a framework hands a tool more than its arguments: each call brings its code. */
export function guardWork<A, R>(
  session: Session,
  declaration: ToolDeclaration,
  { usage, dryRun }: Pick<Tool<A, R>, 'usage' | 'dryRun'>,
): (callArguments: A, work: Tool<A, R>['execute'], options?: CallOptions) => Promise<R> {
  const bound = bindTool(declaration);
  return async function guarded(callArguments, work, options = {}) {
    const read = session.read(callArguments);
    const decision = await decide(session, bound, read, options);
    const frozen = read.value as A;
    if (decision.outcome === 'allow' && decision.mode !== 'live') {
      if (dryRun === undefined) throw new ActionRefused(decision, 'dry-run');
      return dryRun(frozen);
    }
    if (decision.outcome !== 'allow' || decision.permit === undefined) {
      throw new ActionRefused(decision);
    }
    const permit = session.take(decision.permit, bound, read);
    return run(
      session,
      { decision, permit, signal: options.signal },
      (context) => work(frozen, context),
      (result) => usage?.(result, frozen),
    );
  };
}

/** Decides a call; where an approver is waited for, decides it again once the ticket is decided. */
async function decide(
  session: Session,
  tool: BoundTool,
  read: ReadArguments,
  options: CallOptions,
): Promise<Decision> {
  const { idempotencyKey, estimate, waitForApproval, signal } = options;
  const request = {
    tool,
    arguments: read,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(estimate === undefined ? {} : { estimate }),
  };
  for (;;) {
    const decision = await session.authorize(request);
    if (decision.outcome !== 'require-approval' || waitForApproval !== true) return decision;
    if (decision.ticket === undefined) return decision;
    const ruling = await orAborted(session.ticketDecided(decision.ticket), signal);
    if (ruling === 'refused') return session.authorize(request);
  }
}

/** Runs the code under a permit and settles it by what happened, before the caller has the result. */
async function run<R>(
  session: Session,
  granted: Granted,
  execute: (context: ToolContext) => Promise<R> | R,
  usageOf: (result: R) => Settlement['usage'],
): Promise<R> {
  const { permit } = granted;
  const signals = [permit.signal, ...(granted.signal === undefined ? [] : [granted.signal])];
  const signal = AbortSignal.any(signals);
  let result: R;
  try {
    result = await execute(Object.freeze({ signal, permit }));
  } catch (failure) {
    // A tool that was stopped may have done half its work: nobody knows, and that is what is recorded.
    const outcome = signal.aborted ? 'unknown' : 'failed';
    await settle(session, granted, { outcome, result: String(failure) }, failure);
    throw failure;
  }
  const usage = reportedUsage(result, usageOf);
  return (await settle(session, granted, { outcome: 'succeeded', result, usage })) as R;
}

/** A usage that throws or cannot be counted is none: everything that was reserved counts. */
function reportedUsage<R>(
  result: R,
  usageOf: (result: R) => Settlement['usage'],
): Settlement['usage'] {
  try {
    const usage = usageOf(result);
    return usage !== undefined && parseAmounts(usage) !== undefined ? usage : undefined;
  } catch {
    return undefined;
  }
}

/** A permit with the decision that issued it and the caller's own signal. */
interface Granted {
  readonly decision: Decision;
  readonly permit: Permit;
  readonly signal: AbortSignal | undefined;
}

/**
 * Records what happened and gives the result as it may be passed on. The effect is there: a settlement that
 * fails must not look like a call that can be repeated.
 */
async function settle(
  session: Session,
  { decision, permit }: Granted,
  settlement: Settlement,
  toolFailure?: unknown,
): Promise<unknown> {
  let settled: Settled;
  try {
    settled = await session.settle(permit, settlement);
  } catch (failure) {
    const message = faultCodes['outcome-unrecorded'];
    throw new ControlPlaneError('outcome-unrecorded', message, {
      cause: toolFailure === undefined ? failure : new AggregateError([toolFailure, failure]),
    });
  }
  if (settled.released) return settled.result;
  throw new ActionRefused(decision, 'output-withheld', settled.message);
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
