/** Files that a command makes, and never overwrites. */
import { closeSync, existsSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { CommandError, messageOf } from './exit.ts';

/** Throws a `CommandError` where there is something at the path already. */
export function assertAbsent(path: string): void {
  if (existsSync(path)) throw exists(path);
}

/** Writes a file that is not there yet. */
export function writeNew(path: string, text: string): void {
  try {
    writeWhole(path, text);
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === 'EEXIST') throw exists(path);
    const message = `\`${path}\` cannot be written: ${messageOf(failure)}`;
    throw new CommandError(message, undefined, { cause: failure });
  }
}

/** The whole text or no file: what is left of half of one, on a full disk, would be in the next one's way. */
export function writeWhole(path: string, text: string): void {
  const file = openSync(path, 'wx');
  try {
    writeFileSync(file, text);
  } catch (failure) {
    rmSync(path, { force: true });
    throw failure;
  } finally {
    closeSync(file);
  }
}

function exists(path: string): CommandError {
  return new CommandError(`\`${path}\` is there already`, 'give another name, or move it away');
}
