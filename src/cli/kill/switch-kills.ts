/** Engages or releases kill switches: as many as can be, and then says which could not. */
import { type ControlPlane, ControlPlaneError } from '../../engine/index.ts';
import type { Principal } from '../../identity/principal.ts';
import { acting } from '../acting.ts';
import { refusalJson } from '../refusal-json.ts';
import type { ActingOptions } from '../acting-options.ts';
import { CommandError, exitCodes } from '../exit.ts';
import { readKillScope } from '../kill-scope-text.ts';
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

type Outcome =
  | { readonly scope: string; readonly latch: Awaited<ReturnType<ControlPlane['kill']>> }
  | { readonly scope: string; readonly failure: ControlPlaneError | CommandError };

export function switchKills(
  order: 'engage' | 'release',
  { file, scopes }: Targets,
  options: KillOptions,
): Promise<void> {
  return acting(file, options, async (plane, by) => {
    let failed = 0;
    for (const scope of new Set(scopes)) {
      // One after the other: an answer stands on the screen before the next is asked for.
      const { reason, supervised } = options;
      const outcome = await switched(order, scope, { plane, by, reason, supervised });
      if ('failure' in outcome) failed += 1;
      await printOutcome(order, outcome, options.json === true);
    }
    if (failed > 0) process.exitCode = exitCodes.bad;
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
    const latch = await (order === 'engage'
      ? plane.kill({ scope, by, reason })
      : plane.release({ scope, by, reason, ...(supervised === true ? { supervised } : {}) }));
    return { scope: text, latch };
  } catch (failure) {
    const isTold = ControlPlaneError.is(failure) || failure instanceof CommandError;
    if (!isTold) throw failure;
    return { scope: text, failure };
  }
}

async function printOutcome(
  order: 'engage' | 'release',
  outcome: Outcome,
  json: boolean,
): Promise<void> {
  if (json) {
    const { scope } = outcome;
    const line =
      'failure' in outcome
        ? { scope, error: refusalJson(outcome.failure) }
        : latchJson(outcome.latch);
    return print(jsonLine(line));
  }
  if (!('failure' in outcome)) return print(shown(`${outcome.scope} ${order}d`));
  const { stderr } = terminal();
  const { scope, failure } = outcome;
  const code = ControlPlaneError.is(failure) ? `${failure.code}: ` : '';
  const failed = `${scope} was not ${order}d: ${code}${failure.message}`;
  stderr.write(`${colorsFor(stderr).red('error:')} ${shown(failed)}\n`);
  if (failure.help !== undefined) stderr.write(`help: ${shown(failure.help)}\n`);
}
