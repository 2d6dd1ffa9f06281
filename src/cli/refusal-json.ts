/** What went wrong, for programs: the same object whichever command it was. */
import { ControlPlaneError } from '../engine/error.ts';
import { CommandError } from './exit.ts';
import { jsonLine, print } from './terminal.ts';

/** With `--json`, whatever was not done is a line on standard output, too: nothing could be anything. */
export async function printRefusal(words: readonly string[], failure: unknown): Promise<void> {
  const behind = words.indexOf('--');
  if (!words.slice(0, behind === -1 ? words.length : behind).includes('--json')) return;
  const known = ControlPlaneError.is(failure) || failure instanceof CommandError;
  if (known) await print(jsonLine({ error: refusalJson(failure) }));
}

/** A refusal for programs: the code, where it has one, what is wrong, and what would help. */
export function refusalJson(failure: ControlPlaneError | CommandError): object {
  const { message, help } = failure;
  return {
    ...(ControlPlaneError.is(failure) ? { code: failure.code } : {}),
    message,
    ...(help === undefined || help === '' ? {} : { help }),
  };
}
