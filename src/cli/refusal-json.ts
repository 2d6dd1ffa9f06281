/** What went wrong, for programs: the same object whichever command it was. */
import { CommanderError } from 'commander';
import { ControlPlaneError } from '../engine/error.ts';
import { rejectionCodes } from '../kernel/rejection.ts';
import { CommandError, type ExitCode, exitCodes, messageOf } from './exit.ts';
import { withoutPasswords } from './store-options.ts';
import { jsonLine, print } from './terminal.ts';

/** What would help whoever's words are not understood. */
export const usageHelp = 'run it with `--help` to see what it takes';

/** With `--json`, whatever was not done is a line on standard output, too: nothing could be anything. */
export async function printRefusal(words: readonly string[], failure: unknown): Promise<void> {
  const behind = words.indexOf('--');
  if (!words.slice(0, behind === -1 ? words.length : behind).includes('--json')) return;
  const refusal = failure instanceof CommanderError ? misuse(failure) : asRefusal(failure);
  await print(jsonLine({ error: refusalJson(refusal) }));
}

/** What nobody can act on is a fault of ours, and is said to be one. */
export function asRefusal(failure: unknown): ControlPlaneError | CommandError {
  if (ControlPlaneError.is(failure) || failure instanceof CommandError) return failure;
  const help = 'this is a fault of agent-control-plane; please report it';
  return new CommandError(`internal error: ${messageOf(failure)}`, help, { cause: failure });
}

/** Words that the parser of the command line does not understand; what they may have meant is the help. */
function misuse({ message }: CommanderError): CommandError {
  const [first = '', meant] = message.split('\n');
  const help = meant === undefined ? usageHelp : meant.replace(/^\(Did (.*)\)$/, 'did $1');
  return new CommandError(first.replace(/^error: /, ''), help);
}

/** A rejection is an answer of the control plane, and a bad one; a fault means that there is none. */
export function exitCodeOf(failure: unknown): ExitCode {
  if (failure instanceof CommandError) return failure.exitCode;
  const isRejection = ControlPlaneError.is(failure) && Object.hasOwn(rejectionCodes, failure.code);
  return isRejection ? exitCodes.bad : exitCodes.unable;
}

/** A refusal for programs: the code, where it has one, what is wrong, and what would help. */
export function refusalJson(failure: ControlPlaneError | CommandError): object {
  const { message, help } = failure;
  return {
    ...(ControlPlaneError.is(failure) ? { code: failure.code } : {}),
    message: withoutPasswords(message),
    ...(help === undefined || help === '' ? {} : { help }),
  };
}
