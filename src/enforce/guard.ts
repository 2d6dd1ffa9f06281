/**
 * The guard: the policy enforcement point for plain async functions.
 *
 * `guard(session, tool)` takes the tool's code into a closure and gives back a function that decides first.
 * The code runs only with a permit for exactly the arguments that were decided on: they were read once, and
 * what the code gets is the frozen value of the bytes that were hashed. When it ends, what happened is
 * recorded before the caller has the result.
 */
import { assertSession } from './a-session.ts';
import { types } from 'node:util';
import {
  assertMembers,
  bindTool,
  ControlPlaneError,
  type Permit,
  type Session,
  type Settlement,
  type ToolDeclaration,
} from '../engine/index.ts';
import { formatAmount, parseAmounts, quoted } from '../kernel/index.ts';
import { ActionRefused } from './action-refused.ts';
import {
  type CallOptions,
  grant,
  type Granted,
  settle,
  settleFailed,
  settleUnbegun,
} from './granted.ts';
import { unlessAborted } from './unless-aborted.ts';

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

export type GuardedTool<A, R> = (callArguments: A, options?: CallOptions) => Promise<R>;

/** Binds a tool to a session. The returned function is the only way to its code. */
export function guard<A, R>(session: Session, tool: Tool<A, R>): GuardedTool<A, R>;
/** Of `tools.map` there are a place and the list behind the tool, which ask for nothing. */
export function guard<A, R>(session: Session, tool: Tool<A, R>, more?: unknown): GuardedTool<A, R> {
  if (typeof more === 'object' && more !== null) {
    throw new ControlPlaneError('input-invalid', '`guard` takes no options', {
      help: 'give them with each call of the function that it returns',
    });
  }
  const { name, execute }: Partial<Tool<A, R>> = toolGiven(tool);
  if (typeof execute !== 'function') {
    throw new ControlPlaneError(
      'tool-ungovernable',
      `tool ${quoted(name)} has no execute function`,
    );
  }
  if (types.isGeneratorFunction(execute)) throw deferred(name);
  const guarded = guardWork<A, R>(session, tool, tool);
  // A tool of a class is its own `this`, as it is where nobody guards it.
  const work = execute.bind(tool);
  return (callArguments, options) => guarded(callArguments, work, options);
}

/** A tool that was not found where it was looked up must not end in a bare `TypeError`. */
function toolGiven<A, R>(tool: Tool<A, R> | null | undefined): Tool<A, R> {
  if (tool !== undefined && tool !== null) return tool;
  throw new ControlPlaneError('tool-ungovernable', 'there is no tool to guard');
}

/** As `guard`, where a framework hands a tool more than its arguments: each call brings its code. */
export function guardWork<A, R>(
  session: Session,
  declaration: ToolDeclaration,
  code: Pick<Tool<A, R>, 'usage' | 'dryRun'>,
): (callArguments: A, work: Tool<A, R>['execute'], options?: CallOptions) => Promise<R> {
  assertSession(session);
  const bound = bindTool(declaration);
  assertCode(declaration.name, 'usage', code.usage);
  assertCode(declaration.name, 'dryRun', code.dryRun);
  const usage = code.usage?.bind(code);
  const dryRun = code.dryRun?.bind(code);
  return async function guarded(callArguments, work, given = {}) {
    const options = optionsOf(given);
    const read = session.read(callArguments);
    const granted = await grant(session, bound, read, options);
    // What was decided on is what the code gets, whoever wrote it.
    const frozen = granted.read.value as A;
    if ('rehearsed' in granted) {
      if (dryRun === undefined) throw new ActionRefused(granted.decision, 'dry-run');
      return dryRun(frozen);
    }
    return run(
      session,
      granted,
      async (context) => ranNow(declaration.name, await work(frozen, context)),
      (result) => usage?.(result, frozen),
    );
  };
}

/** What cannot be called would be found once a call has run, and every call count in full. */
function assertCode(tool: string, member: string, code: unknown): void {
  if (code === undefined || typeof code === 'function') return;
  const message = `tool ${quoted(tool)}: \`${member}\` is no function`;
  throw new ControlPlaneError('tool-ungovernable', message);
}

/**
 * The code of a generator runs when somebody asks for its values: that would be after its permit was settled,
 * with no kill switch that stops it.
 */
function ranNow<R>(tool: string, result: R): R {
  if (types.isGeneratorObject(result)) throw deferred(tool);
  return result;
}

function deferred(tool: unknown): ControlPlaneError {
  const message = `tool ${quoted(tool)} is a generator, whose code runs once its call is over`;
  return new ControlPlaneError('tool-ungovernable', message, {
    help: 'run it to its end in `execute`, and return what it came to',
  });
}

const optionsKnown = [
  'idempotencyKey',
  'estimate',
  'waitForApproval',
  'signal',
] as const satisfies readonly (keyof CallOptions)[];

/**
 * A misspelt key would have the call run twice. `list.map(guarded)` gives a number, which asks for
 * nothing.
 */
function optionsOf(given: CallOptions | number): CallOptions {
  if (typeof given === 'number') return {};
  assertMembers('the options of a call', given, optionsKnown);
  return given;
}

/** Runs the code under a permit and settles it by what happened, before the caller has the result. */
async function run<R>(
  session: Session,
  granted: Granted,
  execute: (context: ToolContext) => Promise<R> | R,
  usageOf: (result: R) => Settlement['usage'],
): Promise<R> {
  const { permit, signal } = granted;
  if (signal.aborted) throw (await settleUnbegun(session, granted)).thrown;
  let result: R;
  try {
    result = await session.attend(signal, () => execute(Object.freeze({ signal, permit })));
  } catch (failure) {
    throw (await settleFailed(session, granted, failure)).thrown;
  }
  const usage = await reportedUsage(signal, () => usageOf(result));
  const settled = await settle(session, granted, { outcome: 'succeeded', result, usage });
  return settled.result as R;
}

/**
 * A usage that throws or cannot be counted is none: everything that was reserved counts. A promise of one is
 * waited for, whatever the types say, until the call is stopped or its time is over: it would be no amount at
 * all, and end the process where it rejects.
 */
async function reportedUsage(
  signal: AbortSignal,
  usageOf: () => Settlement['usage'] | PromiseLike<Settlement['usage']>,
): Promise<Settlement['usage']> {
  try {
    const told = usageOf();
    const usage = isPromise(told) ? await unlessAborted(signal, told, 'it was stopped') : told;
    const amounts = usage === undefined ? undefined : parseAmounts(usage);
    if (amounts === undefined) return undefined;
    // Read once: what is counted is what was checked.
    const texts = Object.entries(amounts).map(([unit, each]) => [unit, formatAmount(unit, each)]);
    return Object.fromEntries(texts) as NonNullable<Settlement['usage']>;
  } catch {
    return undefined;
  }
}

function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value;
}
