/** Engages or releases kill switches: as many as can be, and then says which could not. */
import type { ControlPlane } from '../../engine/index.ts';
import { ControlPlaneError } from '../../engine/error.ts';
import type { Principal } from '../../identity/principal.ts';
import { latchStatus } from '../../kernel/index.ts';
import { acting } from '../acting.ts';
import { exitCodeOf, refusalJson } from '../refusal-json.ts';
import type { ActingOptions } from '../acting-options.ts';
import { CommandError, exitCodes } from '../exit.ts';
import { readKillScope } from '../kill-scope-text.ts';
import { withoutPasswords } from '../store-options.ts';
import { colorsFor, jsonLine, print, shown, terminal } from '../terminal.ts';
import { latchJson } from './list-kills.ts';

export interface KillOptions extends ActingOptions {
  readonly reason: string;
  readonly supervised?: true;
}

interface Targets {
  readonly file: string;
  readonly scopes: readonly string[];
}

interface Failed {
  readonly scope: string;
  readonly failure: ControlPlaneError | CommandError;
}

interface Switched {
  readonly scope: string;
  readonly latch: Awaited<ReturnType<ControlPlane['kill']>>;
  /** Whether the log has heard of it; undefined where that does not matter, or could not be found out. */
  readonly known: boolean | undefined;
}

type Outcome = Switched | Failed;

export async function switchKills(
  order: 'engage' | 'release',
  { file, scopes }: Targets,
  options: KillOptions,
): Promise<void> {
  const { reason, supervised } = options;
  const json = options.json === true;
  const failures: Failed['failure'][] = [];
  /** What the store did not take, and is asked to take once more when it is closed. */
  const late: string[] = [];
  const done = acting(file, options, async (plane, by) => {
    for (const scope of new Set(scopes)) {
      // One after the other: an answer stands on the screen before the next is asked for.
      const outcome = await switched(order, scope, { plane, by, reason, supervised });
      if ('failure' in outcome && isLocalOnly(outcome.failure)) late.push(scope);
      else if ('failure' in outcome) failures.push(outcome.failure);
      await printOutcome(order, outcome, json);
    }
  });
  await done.catch((failure: unknown) => {
    throw isLocalOnly(failure) ? unwritten(failure) : failure;
  });
  for (const scope of late) {
    await print(json ? jsonLine({ scope, engaged: true }) : shown(`${scope} engaged`));
  }
  if (failures.length > 0) process.exitCode = Math.max(...failures.map(exitCodeOfOne));
}

/** What is no scope is refused, as what the control plane refuses; what could not be asked is not. */
function exitCodeOfOne(failure: Failed['failure']): number {
  return ControlPlaneError.is(failure) ? exitCodeOf(failure) : exitCodes.bad;
}

function isLocalOnly(failure: unknown): failure is ControlPlaneError {
  return ControlPlaneError.is(failure) && failure.code === 'kill-local-only';
}

/** Here the code's own sentence would promise too much: this process does not wait for the store. */
function triedOnceMore(cause: ControlPlaneError): ControlPlaneError {
  const why = cause.cause instanceof Error ? cause.cause.message : cause.message;
  const message = `it is tried once more as this command ends: ${why}`;
  return new ControlPlaneError('kill-local-only', message, { cause });
}

/** The process ends: there is nobody left to write it when the store returns. */
function unwritten(cause: ControlPlaneError): ControlPlaneError {
  const message = 'what the store did not take is not engaged, and this command has ended';
  return new ControlPlaneError('kill-local-only', message, {
    help: 'look at `kill list`, and engage what is missing as soon as the store takes writes',
    cause,
  });
}

interface Order {
  readonly plane: ControlPlane;
  readonly by: Principal;
  readonly reason: string;
  readonly supervised: true | undefined;
}

async function switched(
  order: 'engage' | 'release',
  text: string,
  { plane, by, reason, supervised }: Order,
): Promise<Outcome> {
  try {
    const scope = readKillScope(text);
    if (order === 'release') {
      const how = supervised === true ? { supervised } : {};
      const latch = await plane.release({ scope, by, reason, ...how });
      return { scope: text, latch, known: undefined };
    }
    const latch = await plane.kill({ scope, by, reason });
    // It is engaged, whatever becomes of this.
    const known = await plane.isKnown(scope).catch(() => undefined);
    return { scope: text, latch, known };
  } catch (failure) {
    const isTold = ControlPlaneError.is(failure) || failure instanceof CommandError;
    if (!isTold) throw failure;
    return { scope: text, failure: isLocalOnly(failure) ? triedOnceMore(failure) : failure };
  }
}

async function printOutcome(
  order: 'engage' | 'release',
  outcome: Outcome,
  json: boolean,
): Promise<void> {
  const { scope } = outcome;
  if (json) {
    const line =
      'failure' in outcome
        ? { scope, error: refusalJson(outcome.failure) }
        : { ...latchJson(outcome.latch), ...(outcome.known === false ? { known: false } : {}) };
    return print(jsonLine(line));
  }
  const { stderr } = terminal();
  if (!('failure' in outcome)) {
    const how = latchStatus(outcome.latch) === 'supervised' ? ', under supervision' : '';
    await print(shown(`${scope} ${order}d${how}`));
    if (outcome.known !== false) return;
    const why = `nothing in the log is called ${scope} yet: look whether it is spelt so`;
    stderr.write(`${colorsFor(stderr).yellow('warning:')} ${shown(why)}\n`);
    return;
  }
  const { failure } = outcome;
  const code = ControlPlaneError.is(failure) ? `${failure.code}: ` : '';
  const failed = `${scope} was not ${order}d: ${code}${withoutPasswords(failure.message)}`;
  stderr.write(`${colorsFor(stderr).red('error:')} ${shown(failed)}\n`);
  if (failure.help !== undefined) stderr.write(`help: ${shown(failure.help)}\n`);
}
