/** Files that a command makes, and never overwrites. */
import { existsSync, writeFileSync } from 'node:fs';
import { CommandError, messageOf } from './exit.ts';

/** Throws a `CommandError` where there is something at the path already. */
export function assertAbsent(path: string): void {
  if (existsSync(path)) throw exists(path);
}

/** Writes a file that is not there yet. */
export function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' });
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === 'EEXIST') throw exists(path);
    const message = `\`${path}\` cannot be written: ${messageOf(failure)}`;
    throw new CommandError(message, undefined, { cause: failure });
  }
}

function exists(path: string): CommandError {
  return new CommandError(`\`${path}\` is there already`, 'give another name, or move it away');
}
